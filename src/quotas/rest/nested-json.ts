import { type JsonStyle, writeString } from '../../rpc/json.js';

/** Text is turned into bytes when it has grown this long; small pieces would cost more than they save. */
const PIECE_LENGTH = 262_144;

/**
 * Writes an object of objects of objects, entry by entry, as entries come in the order of their
 * keys; what is written already is bytes, so that a long answer costs little more than itself.
 */
export class NestedJson {
  readonly #pieces: Buffer[] = [];
  readonly #colon: string;
  readonly #comma: string;
  #text = '{';
  #path: readonly string[] = [];

  /** @param depth - how many keys lead to a value. */
  constructor(
    private readonly depth: number,
    private readonly style: JsonStyle,
  ) {
    this.#colon = style.spaced ? ': ' : ':';
    this.#comma = style.spaced ? ', ' : ',';
  }

  /** Adds a value; entries that share their first keys must come one after the other. */
  add(path: readonly string[], value: string): void {
    let shared = 0;
    while (shared < this.#path.length - 1 && this.#path[shared] === path[shared]) shared += 1;
    if (this.#path.length > 0) this.#text += '}'.repeat(this.depth - 1 - shared) + this.#comma;
    for (let level = shared; level < this.depth; level += 1) {
      const opening = level === this.depth - 1 ? value : '{';
      this.#text += writeString(path[level] ?? '', this.style) + this.#colon + opening;
    }
    this.#path = path;
    if (this.#text.length > PIECE_LENGTH) this.#flush();
  }

  /** Returns the whole object in pieces. */
  end(): readonly Uint8Array[] {
    this.#text += '}'.repeat(this.#path.length > 0 ? this.depth : 1);
    this.#flush();
    return this.#pieces;
  }

  #flush(): void {
    this.#pieces.push(Buffer.from(this.#text));
    this.#text = '';
  }
}
