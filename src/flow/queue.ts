/**
 * A first-in, first-out queue.
 * @module
 */

/** Items in order; both ends in constant time. Memory: the items, and at most as many empty places. */
export class Queue<Item> {
  #items: (Item | undefined)[] = [];
  #head = 0;

  /** How many wait. */
  get length(): number {
    return this.#items.length - this.#head;
  }

  /** The one that waits longest. */
  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  /** Adds an item at the end. */
  push(item: Item): void {
    this.#items.push(item);
  }

  /** Takes the one that waits longest. */
  shift(): Item | undefined {
    const item = this.#items[this.#head];
    if (this.#head === this.#items.length) return undefined;
    this.#items[this.#head++] = undefined;
    if (this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
