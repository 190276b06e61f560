/**
 * The bytes of texts, one behind the other, and where each of them is. Part of `access_log.kernel.ts`.
 * @module
 */

let first: usize = 0;
let next: usize = 0;

/** What is done with every text, compiled into the loops. Up to 32 bytes behind the last may be written. */
export class Kept {
  /** The texts to come are kept from `at` on. */
  static start(at: usize): void {
    first = at;
    next = at;
  }

  /** Behind the last text. */
  static end(): usize {
    return next;
  }

  /** Keeps the bytes from `start` to `end`, or none for a null, and writes to `column` where they begin, `ends` behind it where they end. */
  @inline
  static cell(start: usize, end: usize, isNull: bool, column: usize, ends: usize): void {
    const at = next;
    const behind = at + (isNull ? 0 : end - start);
    v128.store(at, v128.load(start));
    v128.store(at, v128.load(start, 16), 16);
    if (behind > at + 32) memory.copy(at, start, end - start);
    store<i32>(column, isNull ? -1 : <i32> (at - first));
    store<i32>(column + ends, <i32> (behind - first));
    next = behind;
  }
}
