import type { Tx } from '../../db/tx.js';
import type { Clock } from '../../kernel/clock.js';
import { BrokenReference, type Report, type ReportLine } from '../../state/section.js';
import {
  type DeclaredToken,
  planGeneratedTokens,
  planToken,
  type TokenPlan,
} from '../domain/declared-tokens.js';
import { expiryOf, generateToken, hashToken, type TokenHash } from '../domain/token.js';
import {
  insertTokens,
  type NewToken,
  type TokenChange,
  type TokenRow,
  tokensByHash,
  tokensOfUsers,
  updateTokens,
} from '../storage/token-rows.js';
import { byOwner } from './token-owners.js';
import type { UserEntry } from './users.js';

/** A declared token of one user and what is to be done about it. */
interface Decision {
  readonly token: DeclaredToken;
  readonly plan: TokenPlan<TokenRow>;
}

/**
 * Gives users the tokens they declare and reports each one, without its value. Tokens that the file
 * does not mention stay. Returns whether a stored token changed.
 */
export async function applyUserTokens(
  tx: Tx,
  clock: Clock,
  entries: readonly UserEntry[],
  idOf: (entry: UserEntry) => bigint,
  report: Report,
): Promise<boolean> {
  const declared = new Map(entries.map((entry) => [entry, entry.tokens.map(declarationOf)]));
  const known = await knownTokens(tx, declared, idOf);
  const inserted: NewToken[] = [];
  const updated: TokenChange[] = [];
  entries.forEach((entry, index) => {
    const userId = idOf(entry);
    const decisions = decide(declared.get(entry) ?? [], userId, known);
    decisions.forEach(({ token, plan }, at) => {
      const name = `${entry.username}[${at}]`;
      if (plan.kind === 'foreign')
        throw new BrokenReference(
          [index, 'tokens', at, 'value'],
          'this token belongs to somebody else',
        );
      if (plan.kind === 'update')
        updated.push({ ...token, id: plan.stored.id, expiresAt: plan.expiresAt });
      const value =
        plan.kind === 'create' && token.hash === undefined ? generateToken() : undefined;
      if (plan.kind === 'create') inserted.push(newToken(token, value, userId, clock));
      report(lineOf(name, plan, value));
    });
  });
  await insertTokens(tx, inserted);
  await updateTokens(tx, updated);
  return updated.length > 0;
}

/** What is stored of the declared values, and of the users whose values are generated. */
interface KnownTokens {
  readonly byHash: ReadonlyMap<TokenHash, TokenRow>;
  readonly byUser: ReadonlyMap<bigint, readonly TokenRow[]>;
}

async function knownTokens(
  tx: Tx,
  declared: ReadonlyMap<UserEntry, readonly DeclaredToken[]>,
  idOf: (entry: UserEntry) => bigint,
): Promise<KnownTokens> {
  const hashes: TokenHash[] = [];
  const generating: bigint[] = [];
  for (const [entry, tokens] of declared) {
    for (const { hash } of tokens) if (hash !== undefined) hashes.push(hash);
    if (tokens.some(({ hash }) => hash === undefined)) generating.push(idOf(entry));
  }
  const found = await tokensByHash(tx, hashes);
  const own = await tokensOfUsers(tx, generating);
  return {
    byHash: new Map(found.map((row) => [row.hash, row])),
    byUser: byOwner(own, ({ userId }) => userId),
  };
}

function decide(
  tokens: readonly DeclaredToken[],
  userId: bigint,
  known: KnownTokens,
): readonly Decision[] {
  const candidates = (known.byUser.get(userId) ?? []).filter(
    ({ hash }) => !tokens.some((token) => token.hash === hash),
  );
  const generated = planGeneratedTokens(
    tokens.filter(({ hash }) => hash === undefined),
    candidates,
  )[Symbol.iterator]();
  return tokens.map((token) => {
    const { hash } = token;
    const plan =
      hash === undefined
        ? (generated.next().value as TokenPlan<TokenRow>)
        : planToken(token, known.byHash.get(hash), (row) => row.userId === userId);
    return { token, plan };
  });
}

function declarationOf({ value, expires_at, project, roles }: UserEntry['tokens'][number]) {
  const hash = value === undefined ? undefined : hashToken(value);
  return { hash, expiresAt: expires_at, project, roles };
}

function newToken(
  token: DeclaredToken,
  generated: string | undefined,
  userId: bigint,
  clock: Clock,
): NewToken {
  return {
    hash: token.hash ?? hashToken(generated ?? ''),
    userId,
    componentId: null,
    project: token.project,
    roles: token.roles,
    expiresAt: expiryOf('user', token.expiresAt, clock.now()),
  };
}

function lineOf(name: string, plan: TokenPlan<TokenRow>, value: string | undefined): ReportLine {
  const note =
    plan.kind === 'revoked'
      ? 'was revoked and stays so: declare another one'
      : value === undefined
        ? undefined
        : `token ${value}`;
  const outcome =
    plan.kind === 'create' ? 'created' : plan.kind === 'update' ? 'updated' : 'unchanged';
  return { kind: 'token', name, outcome, ...(note !== undefined && { note }) };
}
