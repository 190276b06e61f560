/**
 * Texts as 64 bits of hash in AssemblyScript: those of `ValueHasher` in `src/aggregate/value_hash.ts`, bit for bit; how they are made is
 * told there. Part of `columns.kernel.ts`.
 *
 * Up to 3 bytes behind a cell are read and cut off.
 * @module
 */

import { INPUT, LEFT, VALUES } from "./layout.kernel";

/**
 * Writes the two halves of the hash of each cell to `VALUES`, under the seeds `first` and `second`. `starts` and `ends` are where
 * those of the column lie, offsets from `base` bytes before the input. Cells that do not lie in the `length` bytes of the
 * input are listed in `LEFT`, nulls among them. Gives how many.
 */
export function hash(
  count: i32,
  starts: usize,
  ends: usize,
  base: i32,
  length: i32,
  first: i32,
  second: i32,
): i32 {
  let left = 0;
  for (let cell = 0; cell < count; cell++) {
    const place = <usize> cell << 2;
    const start = load<i32>(starts + place) - base;
    const end = load<i32>(ends + place) - base;
    if (start < 0 || end > length) {
      store<i32>(LEFT + (left << 2), cell);
      left++;
      continue;
    }
    const size = end - start;
    const whole = INPUT + end - (size & 3);
    let one = first;
    let two = second;
    let at: usize = INPUT + start;
    for (; at < whole; at += 4) {
      const word = load<u32>(at);
      one = rotl(one ^ Mix.one(word), 13) * 5 + 0xe6546b64;
      two = rotl(two ^ Mix.two(word), 15) * 5 + 0x0bcaa747;
    }
    const bits = (size & 3) << 3;
    const rest: u32 = bits == 0 ? 0 : bswap(load<u32>(at)) >> (32 - bits);
    one ^= Mix.one(rest) ^ size;
    two ^= Mix.two(rest) ^ size;
    one += two;
    two += one;
    one = Mix.all(one);
    two = Mix.all(two);
    one += two;
    store<i32>(VALUES + (place << 1), one);
    store<i32>(VALUES + (place << 1), two + one, 4);
  }
  return left;
}

/** The mixing of words, compiled into the loop. */
class Mix {
  @inline
  static one(word: u32): i32 {
    return <i32> (rotl(word * 0xcc9e2d51, 15) * 0x1b873593);
  }

  @inline
  static two(word: u32): i32 {
    return <i32> (rotl(word * 0xab0e9789, 17) * 0x38b34ae5);
  }

  @inline
  static all(value: u32): i32 {
    const half = (value ^ value >> 16) * 0x85ebca6b;
    const most = (half ^ half >> 13) * 0xc2b2ae35;
    return <i32> (most ^ most >> 16);
  }
}
