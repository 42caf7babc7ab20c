import { readFileSync } from 'node:fs';

/**
 * Returns the serialized FileDescriptorSet of every service, as `make gen` writes it for Envoy.
 * `src/rpc` and `dist/rpc` lie equally deep below it.
 */
export function readDescriptors(): Buffer {
  return readFileSync(new URL('../../envoy/apportion.pb', import.meta.url));
}
