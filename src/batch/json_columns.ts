/**
 * Columns out of lines of JSON of which only the places of some values are known.
 * @module
 */
import {
  type Column,
  NumberColumn,
  type Row,
  TextColumn,
  type Value,
  ValueColumn,
} from "./column.ts";
import { JSON_KIND, type JsonTape } from "./json_tape.ts";
import { property } from "./objects.ts";
import { decodeText } from "./text.ts";

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
/** The most decimal digits that a double always holds exactly. */
const EXACT_DIGITS = 15;
const POWERS_OF_TEN = Float64Array.from({ length: 16 }, (_, power) => Number(`1e${power}`));

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The columns of a block of lines; each is of the type that its values have, and has JSON.parse's values in any case. */
export class JsonColumns {
  /** `parsed` holds the rows that the scan left to the parser, by row number. */
  constructor(
    readonly bytes: Uint8Array,
    readonly keys: readonly string[],
    readonly tape: JsonTape,
    readonly rows: number,
    readonly parsed: ReadonlyMap<number, Row>,
  ) {}

  /** The column of one of the keys, of only the rows in `few` unless that is null. */
  make(name: string, few: Uint32Array | null): Column {
    const key = this.keys.indexOf(name);
    const summary = this.tape.summary[key]!;
    const parsed = this.parsed.size > 0;
    if (!parsed && summary === JSON_KIND.number) {
      const numbers = this.#numbers(key, few);
      if (numbers !== null) return new NumberColumn(numbers);
    } else if (!parsed && (summary & ~(JSON_KIND.ascii | JSON_KIND.text)) === 0) {
      const column = this.#text(key, few);
      if ((summary & JSON_KIND.text) === 0 || isUtf8(column)) return column;
    }
    const count = few?.length ?? this.rows;
    const values = new Array<Value>(count);
    for (let index = 0; index < count; index++) {
      values[index] = this.#value(key, few === null ? index : few[index]!);
    }
    return new ValueColumn(values);
  }

  /** Null when there is a number that no number column holds: past the range of doubles, or a zero with a sign. */
  #numbers(key: number, few: Uint32Array | null): Float64Array | null {
    const { bytes, tape: { starts, ends, room } } = this;
    const count = few?.length ?? this.rows;
    const numbers = new Float64Array(count);
    const base = key * room;
    for (let index = 0; index < count; index++) {
      const place = base + (few === null ? index : few[index]!);
      const start = starts[place]!;
      if (start < 0) numbers[index] = NaN;
      else {
        const number = jsonNumber(bytes, start, ends[place]!);
        if (!Number.isFinite(number) || (number === 0 && bytes[start] === MINUS)) return null;
        numbers[index] = number;
      }
    }
    return numbers;
  }

  #text(key: number, few: Uint32Array | null): TextColumn {
    const { bytes, tape: { starts, ends, room } } = this;
    const base = key * room;
    if (few === null) {
      const last = base + this.rows;
      return new TextColumn(bytes, starts.subarray(base, last), ends.subarray(base, last));
    }
    return new TextColumn(
      bytes,
      Int32Array.from(few, (row) => starts[base + row]!),
      Int32Array.from(few, (row) => ends[base + row]!),
    );
  }

  #value(key: number, row: number): Value {
    const { bytes, tape: { starts, ends, kinds, room } } = this;
    const place = key * room + row;
    const start = starts[place]!;
    const end = ends[place]!;
    switch (kinds[place]) {
      case JSON_KIND.none:
        return null;
      case JSON_KIND.ascii:
      case JSON_KIND.text:
        return decodeText(bytes, start, end);
      case JSON_KIND.parsed:
        return property(this.parsed.get(row), this.keys[key]!) ?? null;
      default:
        return JSON.parse(decodeText(bytes, start, end)) as Value;
    }
  }
}

function isUtf8({ bytes, starts, ends }: TextColumn): boolean {
  for (let row = 0; row < starts.length; row++) {
    const start = starts[row]!;
    if (start < 0) continue;
    let at = start;
    while (at < ends[row]! && bytes[at]! < 0x80) at++;
    if (at === ends[row]!) continue;
    try {
      strict.decode(bytes.subarray(at, ends[row]!));
    } catch {
      return false;
    }
  }
  return true;
}

/** The double that JSON.parse makes of the number `bytes[start, end)`; plain decimals make no string. */
function jsonNumber(bytes: Uint8Array, start: number, end: number): number {
  const negative = bytes[start] === MINUS;
  const from = negative ? start + 1 : start;
  let digits = 0;
  let point = end - 1;
  for (let at = from; at < end; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit >= 0 && digit <= 9) digits = digits * 10 + digit;
    else if (bytes[at] === POINT) point = at;
    else return Number(decodeText(bytes, start, end));
  }
  if (end - from > EXACT_DIGITS) return Number(decodeText(bytes, start, end));
  // Both sides of the division are exact, so its result is the nearest double (Clinger 1990).
  const magnitude = digits / POWERS_OF_TEN[end - 1 - point]!;
  return negative ? -magnitude : magnitude;
}
