/**
 * Finds the values of some fields in lines of JSON, without parsing the rest: one pass over the bytes, which checks the
 * whole grammar of RFC 8259. What it finds, the kernel of `src/kernel/json.kernel.ts` finds in the same bytes.
 * @module
 */
import { MAX_JSON_DEPTH } from "./json_fault.ts";
import { keptBytes } from "./json_kept.ts";
import type { JsonNode, JsonTree } from "./json_paths.ts";
import { escapeLast, isUtf8, JsonNumber, wordEnd } from "./json_scalar.ts";
import { JSON_KIND, type JsonBlock, type JsonScan, JsonTape, type LeftLine } from "./json_tape.ts";
import { lineFeed, trimmedEnd } from "./line_format.ts";

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

const TRUE = [0x74, 0x72, 0x75, 0x65];
const FALSE = [0x66, 0x61, 0x6c, 0x73, 0x65];
const NULL = [0x6e, 0x75, 0x6c, 0x6c];

/** 1 for the bytes of strings that stand for themselves and are ASCII. */
const PLAIN = Uint8Array.from(
  { length: 256 },
  (_, byte) => Number(byte >= SPACE && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH),
);

const NOTHING: readonly JsonNode[] = [];

/**
 * The scan of blocks of lines for these fields. Of a key that stands twice the last value counts, as in `JSON.parse`.
 * Left to the parser are lines that hold no JSON object, escapes in keys beside a wanted one, deep nesting, or anything
 * but ASCII outside strings. Holds 0.4 MB of tape, and 17 bytes for each level of nesting.
 */
export function jsonScan(tree: JsonTree): JsonScan {
  const scanner = new JsonScanner(tree);
  return (bytes, start, end, left) => scanner.scan(bytes, start, end, left);
}

class JsonScanner {
  #bytes: Uint8Array = new Uint8Array();
  #end = 0;
  #row = 0;
  /** Of the last string or scalar read. */
  #kind: number = JSON_KIND.none;
  readonly #tape: JsonTape;
  readonly #root: JsonNode;
  readonly #number = new JsonNumber();
  /** The brackets that are open, what is wanted of each, where it began and how many items came before. */
  readonly #open = new Uint8Array(MAX_JSON_DEPTH);
  readonly #nodes = new Array<JsonNode | null>(MAX_JSON_DEPTH).fill(null);
  readonly #starts = new Int32Array(MAX_JSON_DEPTH);
  readonly #items = new Int32Array(MAX_JSON_DEPTH);
  /** The node of the key last read. */
  #wanted: JsonNode | null = null;

  constructor({ paths, root }: JsonTree) {
    this.#tape = new JsonTape(paths.length);
    this.#root = root;
  }

  scan(bytes: Uint8Array, start: number, end: number, left: LeftLine): JsonBlock {
    const tape = this.#tape;
    this.#bytes = bytes;
    this.#end = end;
    let at = start;
    let rows = 0;
    let lines = 0;
    let empty = 0;
    for (; at < end && rows < tape.room; lines++) {
      let newline = this.#line(at, rows);
      if (newline >= 0) rows++;
      else {
        newline = lineFeed(bytes, at, end);
        const lineEnd = trimmedEnd(bytes, at, newline);
        if (lineEnd === at) empty++;
        else if (left(at, lineEnd, lines, rows)) tape.mark(rows++, JSON_KIND.parsed);
      }
      at = newline + 1;
    }
    const fields = tape.fields(rows);
    const next = Math.min(at, end);
    return { bytes: keptBytes(fields, bytes, start, next), fields, rows, lines, empty, next };
  }

  /** Writes `row` from the line at `start`. Gives where the line ends; -1, with the row unspecified, when it is left. */
  #line(start: number, row: number): number {
    this.#row = row;
    const at = this.#space(start);
    if (at >= this.#end || this.#bytes[at] !== OPEN_OBJECT) return -1;
    this.#tape.mark(row, JSON_KIND.none);
    const end = this.#object(at);
    return end === this.#end || this.#bytes[end] === LINE_FEED ? end : -1;
  }

  /** Behind the line's object at `at` and the white space after it; -1 when there is none. */
  #object(at: number): number {
    let depth = 0;
    this.#wanted = this.#root;
    for (;;) {
      // Here a value begins.
      const wanted = this.#wanted;
      const first = at < this.#end ? this.#bytes[at]! : 0;
      if (wanted !== null) { for (const field of wanted.below) this.#tape.unset(field, this.#row); }
      if (first === OPEN_OBJECT || first === OPEN_ARRAY) {
        if (depth === MAX_JSON_DEPTH) return -1;
        this.#enter(depth++, at, first, wanted);
        at = this.#space(at + 1);
        if (at >= this.#end || this.#bytes[at] !== first + 2) {
          at = this.#member(at, depth - 1);
          if (at < 0) return -1;
          continue;
        }
      } else {
        const end = first === QUOTE ? this.#string(at) : this.#scalar(at, first);
        if (end < 0) return -1;
        if (wanted !== null && wanted.field >= 0) this.#write(wanted.field, at, end);
        at = this.#space(end);
      }
      // Here brackets may close.
      while (at < this.#end && this.#bytes[at] === this.#open[depth - 1]! + 2) {
        this.#leave(--depth, ++at);
        at = this.#space(at);
        if (depth === 0) return at;
      }
      if (at >= this.#end || this.#bytes[at] !== COMMA) return -1;
      at = this.#member(this.#space(at + 1), depth - 1);
      if (at < 0) return -1;
    }
  }

  #enter(depth: number, at: number, bracket: number, wanted: JsonNode | null): void {
    this.#open[depth] = bracket;
    this.#nodes[depth] = wanted;
    this.#starts[depth] = at;
    this.#items[depth] = 0;
  }

  #leave(depth: number, end: number): void {
    const node = this.#nodes[depth]!;
    if (node === null || node.field < 0) return;
    this.#kind = JSON_KIND.other;
    this.#write(node.field, this.#starts[depth]!, end);
  }

  /** From a member or item at `at` inside a bracket to its value, of which it sets what is wanted; -1 for no key. */
  #member(at: number, depth: number): number {
    const children = this.#nodes[depth]?.children ?? NOTHING;
    this.#wanted = null;
    if (this.#open[depth] === OPEN_ARRAY) {
      const item = this.#items[depth]!++;
      for (const child of children) if (child.item === item) this.#wanted = child;
      return at;
    }
    const end = this.#string(at);
    if (end < 0) return -1;
    if (children.length > 0) {
      if (this.#kind === JSON_KIND.escaped) return -1;
      for (const child of children) if (this.#is(child.name, at + 1, end - 1)) this.#wanted = child;
    }
    const colon = this.#space(end);
    return colon < this.#end && this.#bytes[colon] === COLON ? this.#space(colon + 1) : -1;
  }

  #is(name: Uint8Array, start: number, end: number): boolean {
    if (name.length !== end - start) return false;
    let at = 0;
    while (at < name.length && name[at] === this.#bytes[start + at]) at++;
    return at === name.length;
  }

  /** The value of a field, of the kind last read. */
  #write(field: number, start: number, end: number): void {
    const tape = this.#tape;
    let kind = this.#kind;
    const place = field * tape.room + this.#row;
    tape.unset(field, this.#row);
    if (kind === JSON_KIND.none) return;
    let inside = kind === JSON_KIND.text || kind === JSON_KIND.escaped ? 1 : 0;
    if (inside === 1 && !isUtf8(this.#bytes, start, end)) {
      kind = JSON_KIND.other;
      inside = 0;
    }
    tape.kinds[place] = kind;
    if (kind === JSON_KIND.number) tape.numbers[place] = this.#number.value;
    else {
      tape.starts[place] = start + inside;
      tape.ends[place] = end - inside;
    }
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

  /** Behind the word or number at `at`, whose kind it sets; -1 when there is none. */
  #scalar(at: number, first: number): number {
    this.#kind = first === LETTER_N ? JSON_KIND.none : JSON_KIND.boolean;
    if (first === LETTER_N) return wordEnd(this.#bytes, at, this.#end, NULL);
    if (first === LETTER_T) return wordEnd(this.#bytes, at, this.#end, TRUE);
    if (first === LETTER_F) return wordEnd(this.#bytes, at, this.#end, FALSE);
    const end = this.#number.read(this.#bytes, at, this.#end);
    this.#kind = Number.isNaN(this.#number.value) ? JSON_KIND.long : JSON_KIND.number;
    return end;
  }

  /** Behind the string at `at`, whose kind it sets, UTF-8 or not: `text` or `escaped`. -1 when there is none. */
  #string(at: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    if (at >= end || bytes[at] !== QUOTE) return -1;
    this.#kind = JSON_KIND.text;
    for (at++;; at++) {
      // No plain byte is a line feed, so that this stops at the line's end at the latest, or at that of the bytes.
      while (PLAIN[bytes[at]!] === 1) at++;
      if (at >= end) return -1;
      const byte = bytes[at]!;
      if (byte === QUOTE) return at + 1;
      if (byte < SPACE) return -1;
      if (byte !== BACKSLASH) continue;
      this.#kind = JSON_KIND.escaped;
      at = escapeLast(bytes, at + 1, end);
      if (at < 0) return -1;
    }
  }
}
