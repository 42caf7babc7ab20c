import type { PlacementRequest } from './answers.js';

/** Returns the uuid of the provider in the path, as sent: no other spelling than the stored one is found. */
export function uuidFromPath({ parameters: [uuid = ''] }: PlacementRequest): string {
  return uuid;
}
