/**
 * Rows of a batch that are gathered one by one.
 * @module
 */

/** So many that V8 keeps them in its heap, where an array costs little. */
const FIRST_ROWS = 16;

/** Row numbers, ascending when they are added so. Grows by doubling, at most twice the rows. */
export class RowList {
  length = 0;
  #rows = new Uint32Array(FIRST_ROWS);

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

/** So many lists wait for their next use. */
const MOST_LISTS = 1024;

/** Row lists that are used again and again. Holds at most 1024 that nobody uses. */
export class RowLists {
  readonly #spare: RowList[] = [];

  /** An empty list. */
  take(): RowList {
    return this.#spare.pop() ?? new RowList();
  }

  /** Takes a list back, whose rows are of no interest any more. */
  give(list: RowList): void {
    list.clear();
    if (this.#spare.length < MOST_LISTS) this.#spare.push(list);
  }
}
