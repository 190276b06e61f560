/**
 * Rows of a batch that are gathered one by one.
 * @module
 */

/** Row numbers, ascending when they are added so. Grows by doubling, at most twice the rows. */
export class RowList {
  length = 0;
  #rows = new Uint32Array(64);

  add(row: number): void {
    if (this.length === this.#rows.length) {
      const more = new Uint32Array(2 * this.length);
      more.set(this.#rows);
      this.#rows = more;
    }
    this.#rows[this.length++] = row;
  }

  /** The rows in memory of their own. */
  take(): Uint32Array {
    return this.#rows.slice(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }
}
