import type { Database } from '../../db/database.js';
import type { Tx } from '../../db/tx.js';
import type { Clock } from '../../kernel/clock.js';
import { OperatorError } from '../../kernel/operator-error.js';
import { expiryOf, generateToken, hashToken, mayBeToken, type TokenHash } from '../domain/token.js';
import { announceRevoked } from '../storage/announcements.js';
import {
  findComponent,
  findUser,
  type ListedToken,
  listTokens,
  revokeToken,
  type TokenFilter,
} from '../storage/token-list.js';
import { insertTokens, tokensByHash } from '../storage/token-rows.js';

/** Whose token to make, and what it may be used for. */
export interface CreateTokenCommand {
  readonly owner:
    | { readonly kind: 'user'; readonly nameOrUuid: string }
    | { readonly kind: 'component'; readonly name: string };
  /** Absent means generated. */
  readonly value?: string;
  /** Null means never; absent means 30 days for users and never for components. */
  readonly expiresAt?: Date | null;
  /** Id of the project the token speaks for. */
  readonly project?: string;
  readonly roles?: readonly string[];
}

/** A token that was just made; its value is shown now or never. */
export interface CreatedToken {
  readonly id: bigint;
  readonly value: string;
  readonly ownerName: string;
  readonly expiresAt: Date | null;
}

/** Whether a token still works, as far as the token itself is concerned. */
export type TokenState = 'usable' | 'expired' | 'revoked';

/** A token as operators see it. */
export type TokenSummary = ListedToken & { readonly state: TokenState };

/** Which token: by its number or by its value. */
export type TokenSelector = { readonly id: bigint } | { readonly value: string };

/** What became of a revocation. */
export interface Revocation {
  readonly id: bigint;
  /** True when the token had been revoked before. */
  readonly wasRevoked: boolean;
}

/** Makes, lists and revokes tokens, for operators. */
export class Tokens {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly forget: (hash: TokenHash) => void,
  ) {}

  /** Makes a token; throws an OperatorError when the owner does not exist or the value is taken. */
  async create(command: CreateTokenCommand): Promise<CreatedToken> {
    const { owner, project, roles = [] } = command;
    const value = command.value ?? generateToken();
    if (!mayBeToken(value)) throw new OperatorError('A token has 1 to 255 characters');
    const expiresAt = expiryOf(owner.kind, command.expiresAt, this.clock.now());
    return this.database.transact(async (tx) => {
      const { id: ownerId, name } = await findOwner(tx, owner);
      const hash = hashToken(value);
      if ((await tokensByHash(tx, [hash])).length > 0)
        throw new OperatorError('This token exists already; choose another value');
      const [id = 0n] = await insertTokens(tx, [
        {
          hash,
          userId: owner.kind === 'user' ? ownerId : null,
          componentId: owner.kind === 'component' ? ownerId : null,
          project: project ?? null,
          roles,
          expiresAt,
        },
      ]);
      return { id, value, ownerName: name, expiresAt };
    });
  }

  /** Returns tokens with their owners, oldest first, revoked and expired ones included. */
  async list(filter: TokenFilter = {}): Promise<readonly TokenSummary[]> {
    const now = this.clock.now();
    const tokens = await this.database.snapshot(async (tx) => {
      if (filter.user !== undefined) await findOwner(tx, { kind: 'user', nameOrUuid: filter.user });
      if (filter.component !== undefined)
        await findOwner(tx, { kind: 'component', name: filter.component });
      return listTokens(tx, filter);
    });
    return tokens.map((token) => ({ ...token, state: stateOf(token, now) }));
  }

  /**
   * Revokes a token for good; every process stops accepting it at once. Revoking again changes
   * nothing. Throws an OperatorError when there is no such token.
   */
  async revoke(which: TokenSelector): Promise<Revocation> {
    const revoked = await this.database.transact(async (tx) => {
      const found = await revokeToken(tx, 'id' in which ? which : { hash: hashToken(which.value) });
      if (found !== undefined) await announceRevoked(tx, [found.hash]);
      return found;
    });
    if (revoked === undefined)
      throw new OperatorError('id' in which ? `No token has the id ${which.id}` : 'Unknown token');
    this.forget(revoked.hash);
    return { id: revoked.id, wasRevoked: !revoked.isNew };
  }
}

async function findOwner(tx: Tx, owner: CreateTokenCommand['owner']) {
  const found =
    owner.kind === 'user'
      ? await findUser(tx, owner.nameOrUuid)
      : await findComponent(tx, owner.name);
  if (found !== undefined) return found;
  throw new OperatorError(
    owner.kind === 'user'
      ? `No user has the name or uuid ${JSON.stringify(owner.nameOrUuid)}`
      : `No component has the name ${JSON.stringify(owner.name)}`,
  );
}

function stateOf(token: ListedToken, now: Date): TokenState {
  if (token.revokedAt !== null) return 'revoked';
  return token.expiresAt !== null && token.expiresAt <= now ? 'expired' : 'usable';
}
