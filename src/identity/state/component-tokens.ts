import type { Tx } from '../../db/tx.js';
import { BrokenReference } from '../../state/section.js';
import { type DeclaredToken, planToken } from '../domain/declared-tokens.js';
import { generateToken, hashToken, type TokenHash } from '../domain/token.js';
import { announceAll } from '../storage/announcements.js';
import { byOwner } from './token-owners.js';
import {
  deleteTokens,
  insertTokens,
  type NewToken,
  type TokenChange,
  type TokenRow,
  tokensByHash,
  tokensOfComponents,
  updateTokens,
} from '../storage/token-rows.js';
import type { ComponentEntry } from './components.js';

/** Apportion itself: it calls nobody, so that a token nobody asked for would only be a risk. */
const BUILT_IN_COMPONENT = 'astakos';

/** What became of a component's token, and what to say about it. */
export interface ComponentTokenOutcome {
  readonly isChanged: boolean;
  readonly note?: string;
}

/** What there is to write, and what is known. */
interface Work {
  readonly byHash: ReadonlyMap<TokenHash, TokenRow>;
  readonly byComponent: ReadonlyMap<bigint, readonly TokenRow[]>;
  readonly inserted: NewToken[];
  readonly updated: TokenChange[];
  readonly replaced: bigint[];
}

/**
 * Gives each component the token it declares, and one that is generated to a component that
 * declares none and has none. A declared token that is new takes the place of all earlier ones,
 * which stop working at once. Returns one outcome per entry.
 */
export async function applyComponentTokens(
  tx: Tx,
  entries: readonly ComponentEntry[],
  ids: ReadonlyMap<string, bigint>,
): Promise<readonly ComponentTokenOutcome[]> {
  const hashes = entries.flatMap(({ token }) => (token === undefined ? [] : [hashToken(token)]));
  const found = await tokensByHash(tx, hashes);
  const own = await tokensOfComponents(tx, [...ids.values()]);
  const work: Work = {
    byHash: new Map(found.map((row) => [row.hash, row])),
    byComponent: byOwner(own, ({ componentId }) => componentId),
    inserted: [],
    updated: [],
    replaced: [],
  };
  const outcomes = entries.map((entry, index) => {
    const id = ids.get(entry.name) ?? 0n;
    return entry.token === undefined
      ? decideGenerated(entry, id, work)
      : decideDeclared(entry, entry.token, id, index, work);
  });
  await deleteTokens(tx, work.replaced);
  await insertTokens(tx, work.inserted);
  await updateTokens(tx, work.updated);
  if (work.replaced.length + work.updated.length > 0) await announceAll(tx);
  return outcomes;
}

function decideDeclared(
  entry: ComponentEntry,
  value: string,
  componentId: bigint,
  index: number,
  work: Work,
): ComponentTokenOutcome {
  const hash = hashToken(value);
  // A component's token works for ever unless the file says otherwise.
  const declared = declaration(hash, entry.token_expires_at ?? null);
  const plan = planToken(declared, work.byHash.get(hash), (row) => row.componentId === componentId);
  switch (plan.kind) {
    case 'foreign':
      throw new BrokenReference([index, 'token'], 'this token belongs to somebody else');
    case 'revoked':
      return { isChanged: false, note: 'its token was revoked and stays so: declare another one' };
    case 'unchanged':
      return { isChanged: false };
    case 'update':
      work.updated.push({ ...plan.stored, expiresAt: plan.expiresAt });
      return { isChanged: true };
    case 'create':
      work.replaced.push(...(work.byComponent.get(componentId) ?? []).map(({ id }) => id));
      work.inserted.push(newToken(hash, componentId, entry));
      return { isChanged: true };
  }
}

function decideGenerated(
  entry: ComponentEntry,
  componentId: bigint,
  work: Work,
): ComponentTokenOutcome {
  const [oldest] = work.byComponent.get(componentId) ?? [];
  if (oldest === undefined) {
    if (entry.name === BUILT_IN_COMPONENT) return { isChanged: false };
    const value = generateToken();
    work.inserted.push(newToken(hashToken(value), componentId, entry));
    return { isChanged: true, note: `token ${value}` };
  }
  const plan = planToken(declaration(oldest.hash, entry.token_expires_at), oldest, () => true);
  if (plan.kind !== 'update') return { isChanged: false };
  work.updated.push({ ...oldest, expiresAt: plan.expiresAt });
  return { isChanged: true };
}

function declaration(hash: TokenHash, expiresAt: Date | null | undefined): DeclaredToken {
  return { hash, expiresAt, project: null, roles: [] };
}

function newToken(hash: TokenHash, componentId: bigint, entry: ComponentEntry): NewToken {
  return {
    hash,
    userId: null,
    componentId,
    project: null,
    roles: [],
    expiresAt: entry.token_expires_at ?? null,
  };
}
