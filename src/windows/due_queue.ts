/**
 * What is due next: a binary heap.
 * @module
 */

/** Something that is due once, at a time; the older first where two are due at the same. */
export interface Due<Item> {
  readonly at: number;
  /** The place among those of the same time. */
  readonly order: number;
  readonly item: Item;
}

/** Holds what was pushed until it is popped, the earliest first. O(log n) each. */
export class DueQueue<Item> {
  readonly #heap: Due<Item>[] = [];

  /** When the first is due; Infinity when there is none. */
  get next(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  push(due: Due<Item>): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(due);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(due, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = due;
  }

  /** Takes the first. */
  pop(): Due<Item> | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function before<Item>(left: Due<Item>, right: Due<Item>): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order);
}
