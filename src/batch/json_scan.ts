/**
 * Finds the values of some keys in a line of JSON, without parsing the rest: one pass over the bytes, which checks the
 * whole grammar of RFC 8259.
 * @module
 */
import { MAX_JSON_DEPTH } from "./json_fault.ts";
import { escapeLast, numberEnd, wordEnd } from "./json_scalar.ts";
import { JSON_KIND, type JsonTape } from "./json_tape.ts";

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const LETTER_F = 0x66;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const TRUE = [0x74, 0x72, 0x75, 0x65];
const FALSE = [0x66, 0x61, 0x6c, 0x73, 0x65];
const NULL = [0x6e, 0x75, 0x6c, 0x6c];

/** 1 for the bytes of strings that stand for themselves and are ASCII. */
const PLAIN = Uint8Array.from(
  { length: 256 },
  (_, byte) => Number(byte >= SPACE && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH),
);

/**
 * Scans lines for the values of top-level `keys`, given as their UTF-8. Of a key that stands twice the last value counts.
 * Holds a byte for each level of nesting.
 */
export class JsonScanner {
  #bytes: Uint8Array = new Uint8Array();
  #end = 0;
  /** Of the last string or value read. */
  #kind: number = JSON_KIND.none;
  readonly #open = new Uint8Array(MAX_JSON_DEPTH);

  constructor(readonly keys: readonly Uint8Array[]) {}

  /**
   * Writes row `row` of the tape from the line at `start`, and gives where its line feed is, or `end` when it has none
   * before that. -1, with the row in an unspecified state, for what is left to the parser: no JSON object, keys with
   * escapes, deep nesting, anything but ASCII outside strings.
   */
  scan(bytes: Uint8Array, start: number, end: number, tape: JsonTape, row: number): number {
    this.#bytes = bytes;
    this.#end = end;
    let at = this.#space(start);
    if (bytes[at] !== OPEN_OBJECT || at >= end) return -1;
    at = this.#space(at + 1);
    if (at < end && bytes[at] === CLOSE_OBJECT) return this.#lineEnd(at + 1);
    while (at < end) {
      const keyStart = at + 1;
      const keyEnd = this.#string(at) - 1;
      if (keyEnd < 0 || this.#kind === JSON_KIND.other) return -1;
      at = this.#space(keyEnd + 1);
      if (at >= end || bytes[at] !== COLON) return -1;
      const from = this.#space(at + 1);
      at = this.#value(from);
      if (at < 0) return -1;
      const key = this.#keyOf(keyStart, keyEnd);
      if (key >= 0) this.#write(tape, key, row, from, at);
      at = this.#space(at);
      if (at >= end) return -1;
      if (bytes[at] === CLOSE_OBJECT) return this.#lineEnd(at + 1);
      if (bytes[at] !== COMMA) return -1;
      at = this.#space(at + 1);
    }
    return -1;
  }

  /** Where the line ends of which only white space is left; -1 when it is something else. */
  #lineEnd(at: number): number {
    const end = this.#space(at);
    return end === this.#end || this.#bytes[end] === LINE_FEED ? end : -1;
  }

  #write(tape: JsonTape, key: number, row: number, from: number, to: number): void {
    const kind = this.#kind;
    const place = key * tape.room + row;
    const inside = kind === JSON_KIND.ascii || kind === JSON_KIND.text ? 1 : 0;
    tape.starts[place] = kind === JSON_KIND.none ? -1 : from + inside;
    tape.ends[place] = to - inside;
    tape.kinds[place] = kind;
    tape.summary[key]! |= kind;
  }

  /** The number of the key `bytes[start, end)`, or -1. */
  #keyOf(start: number, end: number): number {
    const bytes = this.#bytes;
    const length = end - start;
    for (let key = 0; key < this.keys.length; key++) {
      const name = this.keys[key]!;
      if (name.length !== length) continue;
      let at = 0;
      while (at < length && name[at] === bytes[start + at]) at++;
      if (at === length) return key;
    }
    return -1;
  }

  /** Behind the white space at `at`; a line feed is none here, since it ends the line. */
  #space(at: number): number {
    const bytes = this.#bytes;
    for (; at < this.#end; at++) {
      const byte = bytes[at]!;
      if (byte > SPACE) break;
      if (byte !== SPACE && byte !== TAB && byte !== CARRIAGE_RETURN) break;
    }
    return at;
  }

  /** Behind the value at `at`, whose kind it sets; -1 when there is none. */
  #value(at: number): number {
    const first = at < this.#end ? this.#bytes[at]! : 0;
    if (first === QUOTE) return this.#string(at);
    if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) return this.#scalar(at, first);
    const end = this.#nested(at);
    this.#kind = JSON_KIND.other;
    return end;
  }

  #scalar(at: number, first: number): number {
    switch (first) {
      case LETTER_T:
        this.#kind = JSON_KIND.other;
        return wordEnd(this.#bytes, at, this.#end, TRUE);
      case LETTER_F:
        this.#kind = JSON_KIND.other;
        return wordEnd(this.#bytes, at, this.#end, FALSE);
      case LETTER_N:
        this.#kind = JSON_KIND.none;
        return wordEnd(this.#bytes, at, this.#end, NULL);
      default:
        this.#kind = JSON_KIND.number;
        return numberEnd(this.#bytes, at, this.#end);
    }
  }

  /** Behind the array or object at `at`, which is inside the line's object. */
  #nested(at: number): number {
    const bytes = this.#bytes;
    const open = this.#open;
    let depth = 0;
    let next = at;
    for (;;) {
      // Here a value begins.
      let byte = bytes[next]!;
      const end = this.#end;
      if (next < end && (byte === OPEN_OBJECT || byte === OPEN_ARRAY)) {
        if (depth === MAX_JSON_DEPTH - 1) return -1;
        open[depth++] = byte;
        next = this.#space(next + 1);
        if (next < end && bytes[next] === byte + 2) {
          next++;
          depth--;
        } else {
          if (byte === OPEN_OBJECT) next = this.#key(next);
          if (next < 0) return -1;
          continue;
        }
      } else {
        next = byte === QUOTE ? this.#string(next) : this.#scalar(next, next < end ? byte : 0);
        if (next < 0) return -1;
      }
      // Here a value has ended.
      for (;;) {
        if (depth === 0) return next;
        next = this.#space(next);
        if (next >= end) return -1;
        byte = bytes[next]!;
        const inside = open[depth - 1]!;
        next++;
        if (byte === COMMA) {
          next = this.#space(next);
          if (inside === OPEN_OBJECT) next = this.#key(next);
          if (next < 0) return -1;
          break;
        }
        if (byte !== inside + 2) return -1;
        depth--;
      }
    }
  }

  /** From a key at `at` to the value behind it; -1 when there is none. */
  #key(at: number): number {
    const end = this.#string(at);
    if (end < 0) return -1;
    const colon = this.#space(end);
    return colon < this.#end && this.#bytes[colon] === COLON ? this.#space(colon + 1) : -1;
  }

  /** Behind the string at `at`, whose kind it sets: `ascii`, `text`, or `other` with escapes. -1 when there is none. */
  #string(at: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    if (at >= end || bytes[at] !== QUOTE) return -1;
    let kind: number = JSON_KIND.ascii;
    for (at++;; at++) {
      // No plain byte is a line feed, so that this stops at the line's end at the latest, or at that of the bytes.
      while (PLAIN[bytes[at]!] === 1) at++;
      if (at >= end) return -1;
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        this.#kind = kind;
        return at + 1;
      }
      if (byte < SPACE) return -1;
      if (byte !== BACKSLASH) kind = Math.max(kind, JSON_KIND.text);
      else {
        kind = JSON_KIND.other;
        at = escapeLast(bytes, at + 1, end);
        if (at < 0) return -1;
      }
    }
  }
}
