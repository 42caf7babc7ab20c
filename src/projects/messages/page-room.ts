/** Room that the entries of one page may take, in bytes; clients take 4 MiB by default. */
const MOST_BYTES = 3_000_000;

/** Keeps a page of entries with long texts below what clients take. */
export class PageRoom {
  #left = MOST_BYTES;
  #isFull = false;
  #isEmpty = true;

  /** Whether something was left for the next page. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Whether an entry of so many bytes still fits; the first one does, and none behind a refused one. */
  takes(bytes: number): boolean {
    this.#left -= bytes;
    if (this.#left < 0 && !this.#isEmpty) this.#isFull = true;
    this.#isEmpty = false;
    return !this.#isFull;
  }
}
