/**
 * Finds a multipart delimiter in bytes that come in pieces.
 * @module
 */

/**
 * Where the delimiter starts, and whether all of it is there. `at` is the length of the bytes when nothing is found,
 * so that everything before `at` is content in every case.
 */
export interface Found {
  at: number;
  whole: boolean;
}

/**
 * Boyer-Moore-Horspool over a pattern that begins with a byte it does not hold again (the CR before a boundary, which
 * cannot hold one): skips by the pattern's length where the text is unlike it, and compares from the front, so text made
 * to resemble it costs a comparison a byte and not a pattern a byte. Several GB/s; holds a table of 256 bytes.
 */
export class DelimiterSearch {
  #pattern: Uint8Array;
  #skip: Uint8Array;

  /** The pattern has 1 to 255 bytes, the first of which occurs once. */
  constructor(pattern: Uint8Array) {
    this.#pattern = pattern;
    const last = pattern.byteLength - 1;
    this.#skip = new Uint8Array(256).fill(pattern.byteLength);
    for (let i = 0; i < last; i++) this.#skip[pattern[i] ?? 0] = last - i;
  }

  /** The first whole delimiter, else the start of one that the end of `bytes` cuts, else nothing. */
  find(bytes: Uint8Array): Found {
    const last = this.#pattern.byteLength - 1;
    const size = bytes.byteLength;
    let at = 0;
    while (at + last < size) {
      if (this.#matches(bytes, at, last + 1)) return { at, whole: true };
      at += this.#skip[bytes[at + last] ?? 0] ?? 1;
    }
    // Only the tail is left; a cut delimiter starts at its only possible first byte
    at = bytes.indexOf(this.#pattern[0] ?? 0, Math.max(0, size - last));
    while (at >= 0 && !this.#matches(bytes, at, size - at)) {
      at = bytes.indexOf(this.#pattern[0] ?? 0, at + 1);
    }
    return { at: at < 0 ? size : at, whole: false };
  }

  #matches(bytes: Uint8Array, at: number, length: number): boolean {
    for (let i = 0; i < length; i++) {
      if (bytes[at + i] !== this.#pattern[i]) return false;
    }
    return true;
  }
}
