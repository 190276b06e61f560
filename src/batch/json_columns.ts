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
import { JSON_KIND, type JsonBlock, type JsonPlaces } from "./json_tape.ts";
import { unescapedColumn } from "./json_text.ts";
import { property } from "./objects.ts";
import { decodeText } from "./text.ts";

const LETTER_T = 0x74;

/** The columns of a block of lines; each is of the type that its values have, and has JSON.parse's values in any case. */
export class JsonColumns {
  /** `parsed` holds the rows that the scan left to the parser, by row number. */
  constructor(
    readonly paths: readonly (readonly string[])[],
    readonly block: JsonBlock,
    readonly parsed: ReadonlyMap<number, Row>,
  ) {}

  /** Whether columns of few rows cost less than those of all, which are views of what the scan has left. */
  get takesFew(): boolean {
    return this.block.fields.some(({ summary }) =>
      summary !== JSON_KIND.number && (summary & ~JSON_KIND.text) !== 0
    );
  }

  /** The column of the field of that number, of only the rows in `few` unless that is null. */
  make(field: number, few: Uint32Array | null): Column {
    const places = this.block.fields[field]!;
    const { summary } = places;
    let column: Column | null = null;
    if (summary !== 0 && (summary & ~(JSON_KIND.number | JSON_KIND.long)) === 0) {
      column = this.#numbers(places, few);
    } else if ((summary & ~(JSON_KIND.text | JSON_KIND.escaped)) === 0) {
      column = this.#text(places, few);
    }
    return column ?? this.#values(places, field, few);
  }

  /** Null when there is a number that no number column holds: past the range of doubles, or a zero with a sign. */
  #numbers(places: JsonPlaces, few: Uint32Array | null): NumberColumn | null {
    const { kinds, numbers, starts, ends, summary } = places;
    const all = numbers.length === 0 ? new Float64Array(this.block.rows).fill(NaN) : numbers;
    const taken = few === null ? all : pick(all, few, new Float64Array(few.length));
    if ((summary & JSON_KIND.long) === 0) return new NumberColumn(taken);
    const values = taken === numbers ? taken.slice() : taken;
    for (let index = 0; index < values.length; index++) {
      const row = few === null ? index : few[index]!;
      if (kinds[row] !== JSON_KIND.long) continue;
      const number = Number(decodeText(this.block.bytes, starts[row]!, ends[row]!));
      if (!Number.isFinite(number) || Object.is(number, -0)) return null;
      values[index] = number;
    }
    return new NumberColumn(values);
  }

  /** Null when there is a half of a surrogate pair, which has no UTF-8. */
  #text({ starts, ends, kinds, summary }: JsonPlaces, few: Uint32Array | null): TextColumn | null {
    const from = few === null ? starts : pick(starts, few, new Int32Array(few.length));
    const to = few === null ? ends : pick(ends, few, new Int32Array(few.length));
    const column = new TextColumn(this.block.bytes, from, to);
    if ((summary & JSON_KIND.escaped) === 0) return column;
    return unescapedColumn(
      column,
      (index) => kinds[few === null ? index : few[index]!] === JSON_KIND.escaped,
    );
  }

  #values(places: JsonPlaces, field: number, few: Uint32Array | null): ValueColumn {
    const count = few?.length ?? this.block.rows;
    const values = new Array<Value>(count);
    for (let index = 0; index < count; index++) {
      values[index] = this.#value(places, field, few === null ? index : few[index]!);
    }
    return new ValueColumn(values);
  }

  #value({ starts, ends, kinds, numbers }: JsonPlaces, field: number, row: number): Value {
    const start = starts[row]!;
    switch (kinds[row]) {
      case JSON_KIND.none:
        return null;
      case JSON_KIND.number:
        return numbers[row]!;
      case JSON_KIND.text:
        return decodeText(this.block.bytes, start, ends[row]!);
      case JSON_KIND.escaped:
        return JSON.parse(`"${decodeText(this.block.bytes, start, ends[row]!)}"`) as string;
      case JSON_KIND.boolean:
        return this.block.bytes[start] === LETTER_T;
      case JSON_KIND.parsed:
        return valueAt(this.parsed.get(row), this.paths[field]!);
      default:
        return JSON.parse(decodeText(this.block.bytes, start, ends[row]!)) as Value;
    }
  }
}

/** The values of those rows, in `target`. */
function pick<Numbers extends Float64Array | Int32Array>(
  values: Numbers,
  rows: Uint32Array,
  target: Numbers,
): Numbers {
  for (let index = 0; index < rows.length; index++) target[index] = values[rows[index]!]!;
  return target;
}

function valueAt(row: Row | undefined, path: readonly string[]): Value {
  let value: Value | undefined = row;
  for (const segment of path) value = property(value, segment);
  return value ?? null;
}
