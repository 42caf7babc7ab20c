import { LRUCache } from 'lru-cache';
import type { Database } from '../../db/database.js';
import type { KnownToken } from '../domain/known-token.js';
import { hashToken, mayBeToken, type TokenHash } from '../domain/token.js';
import { findToken } from '../storage/known-tokens.js';

/** How long a token is remembered, in milliseconds; the most that is promised. */
const REMEMBERED_MS = 5_000;

/** Most tokens that are remembered. */
const MOST_REMEMBERED = 50_000;

/**
 * Finds tokens, remembering them for a moment.
 *
 * Unknown tokens are not remembered: a token works as soon as it is made. Concurrent questions for
 * one token share one query. What a query returns is not remembered when anything was outdated
 * while it ran, because it may have read the state before.
 */
export class TokenLookup {
  readonly #remembered: LRUCache<TokenHash, KnownToken>;
  readonly #asked = new Map<TokenHash, Promise<KnownToken | undefined>>();
  #outdatings = 0;

  constructor(
    private readonly database: Database,
    rememberedMs: number = REMEMBERED_MS,
  ) {
    this.#remembered = new LRUCache({ max: MOST_REMEMBERED, ttl: rememberedMs });
  }

  /** Returns the token with its owner, at once when remembered, or undefined when it is unknown. */
  find(value: string): KnownToken | Promise<KnownToken | undefined> {
    if (!mayBeToken(value)) return Promise.resolve(undefined);
    const hash = hashToken(value);
    return this.#remembered.get(hash) ?? this.#asked.get(hash) ?? this.#ask(hash);
  }

  /** Forgets one token, or all of them. */
  forget(hash: TokenHash | undefined): void {
    this.#outdatings += 1;
    if (hash === undefined) {
      this.#remembered.clear();
      this.#asked.clear();
    } else {
      this.#remembered.delete(hash);
      this.#asked.delete(hash);
    }
  }

  async #ask(hash: TokenHash): Promise<KnownToken | undefined> {
    const outdatings = this.#outdatings;
    const start = performance.now();
    const asked = this.database.read((tx) => findToken(tx, hash));
    this.#asked.set(hash, asked);
    try {
      const found = await asked;
      // Its age counts from the question: the answer may be as old as that.
      if (found !== undefined && outdatings === this.#outdatings)
        this.#remembered.set(hash, found, { start });
      return found;
    } finally {
      if (this.#asked.get(hash) === asked) this.#asked.delete(hash);
    }
  }
}
