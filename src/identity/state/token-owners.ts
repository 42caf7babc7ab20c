import type { TokenRow } from '../storage/token-rows.js';

/** Returns tokens by their owner, in the order given. */
export function byOwner(
  tokens: readonly TokenRow[],
  ownerOf: (token: TokenRow) => bigint | null,
): ReadonlyMap<bigint, readonly TokenRow[]> {
  const groups = new Map<bigint, TokenRow[]>();
  for (const token of tokens) {
    const owner = ownerOf(token);
    if (owner === null) continue;
    const group = groups.get(owner);
    if (group === undefined) groups.set(owner, [token]);
    else group.push(token);
  }
  return groups;
}
