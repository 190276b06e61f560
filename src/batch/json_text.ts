/**
 * JSON strings with escapes as UTF-8, without making JavaScript strings of them.
 * @module
 */
import { TextColumn } from "./column.ts";

const QUOTE = 0x22;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
/** What the letter behind a backslash stands for; 0 for others. */
const ESCAPED = new Uint8Array(128);
for (const same of [QUOTE, SLASH, BACKSLASH]) ESCAPED[same] = same;
ESCAPED[0x62] = 0x08;
ESCAPED[0x66] = 0x0c;
ESCAPED[0x6e] = 0x0a;
ESCAPED[0x72] = 0x0d;
ESCAPED[0x74] = 0x09;

/**
 * The column with the escapes resolved of the rows that have some, on bytes of its own: all its texts take. Null when an
 * escape stands for half a surrogate pair, which UTF-8 has no bytes for. The strings must be valid.
 */
export function unescapedColumn(
  column: TextColumn,
  hasEscapes: (row: number) => boolean,
): TextColumn | null {
  const { bytes, starts, ends } = column;
  const count = starts.length;
  let size = 0;
  for (let row = 0; row < count; row++) if (starts[row]! >= 0) size += ends[row]! - starts[row]!;
  // No escape is shorter than the UTF-8 of what it stands for.
  const target = new Uint8Array(size);
  const result = new TextColumn(target, new Int32Array(count), new Int32Array(count));
  let at = 0;
  for (let row = 0; row < count; row++) {
    const start = starts[row]!;
    result.starts[row] = start < 0 ? -1 : at;
    if (start < 0) continue;
    if (hasEscapes(row)) at = unescape(bytes, start, ends[row]!, target, at);
    else {
      target.set(bytes.subarray(start, ends[row]!), at);
      at += ends[row]! - start;
    }
    if (at < 0) return null;
    result.ends[row] = at;
  }
  return result;
}

/** Writes the text of `bytes[start, end)` at `to`; gives where it ends, or -1 for half a surrogate pair. */
function unescape(
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  to: number,
): number {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte !== BACKSLASH) target[to++] = byte;
    else if (bytes[++at] !== LETTER_U) target[to++] = ESCAPED[bytes[at]!]!;
    else {
      let code = unit(bytes, at + 1);
      at += 4;
      if (code >= 0xd800 && code < 0xe000) {
        const low = pairAt(bytes, at + 1, end);
        if (code >= 0xdc00 || low < 0) return -1;
        code = 0x10000 + ((code - 0xd800) << 10) + low;
        at += 6;
      }
      to = writeCharacter(target, to, code);
    }
  }
  return to;
}

/** What the second escape of a surrogate pair adds; -1 when there is none at `at`. */
function pairAt(bytes: Uint8Array, at: number, end: number): number {
  if (at + 6 > end || bytes[at] !== BACKSLASH || bytes[at + 1] !== LETTER_U) return -1;
  const code = unit(bytes, at + 2);
  return code >= 0xdc00 && code < 0xe000 ? code - 0xdc00 : -1;
}

/** The number that four hexadecimal digits are. */
function unit(bytes: Uint8Array, at: number): number {
  let code = 0;
  for (let index = at; index < at + 4; index++) {
    const byte = bytes[index]!;
    code = code << 4 | (byte & 0x0f) + (byte > 0x40 ? 9 : 0);
  }
  return code;
}

function writeCharacter(target: Uint8Array, at: number, code: number): number {
  if (code < 0x80) target[at++] = code;
  else {
    if (code < 0x800) target[at++] = 0xc0 | code >> 6;
    else {
      if (code < 0x10000) target[at++] = 0xe0 | code >> 12;
      else {
        target[at++] = 0xf0 | code >> 18;
        target[at++] = 0x80 | code >> 12 & 0x3f;
      }
      target[at++] = 0x80 | code >> 6 & 0x3f;
    }
    target[at++] = 0x80 | code & 0x3f;
  }
  return at;
}
