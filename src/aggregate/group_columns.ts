/**
 * Keys back from bytes to columns, for the rows that a group-by gives.
 * @module
 */
import { type Column, NumberColumn, TextColumn, TimeColumn, type Value } from "../batch/column.ts";
import { ValueColumn } from "../batch/column.ts";
import { shortBytes, shortFloat64s, shortInt32s } from "../batch/short_arrays.ts";
import { decodeText } from "../batch/text.ts";
import { TAG } from "./key.ts";

/** All keys of a table, as structured-cloneable data: group `n` is `arena[offsets[n], offsets[n + 1])`, tag first. */
export interface GroupTableState {
  readonly arena: Uint8Array;
  readonly offsets: Uint32Array;
}

/** Where the payloads of some groups' keys stand in the arena. */
interface Payloads {
  readonly tags: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/**
 * The keys of `groups` of an arena as a {@link GroupTable} lays it out. Keys of one type (or null) give a column of that
 * type; text shares the arena's bytes.
 */
export function keyColumn(arena: Uint8Array, offsets: Uint32Array, groups: Int32Array): Column {
  const view = new DataView(arena.buffer, arena.byteOffset, arena.byteLength);
  const rows = groups.length;
  const tags = shortBytes(rows);
  const starts = shortInt32s(rows);
  const ends = shortInt32s(rows);
  for (let row = 0; row < rows; row++) {
    const at = offsets[groups[row]!]!;
    tags[row] = arena[at]!;
    starts[row] = tags[row] === TAG.null ? -1 : at + 1;
    ends[row] = offsets[groups[row]! + 1]!;
  }
  return columnOf(arena, view, { tags, starts, ends });
}

function columnOf(arena: Uint8Array, view: DataView, payloads: Payloads): Column {
  const { tags, starts, ends } = payloads;
  const tag = tags.find((one) => one !== TAG.null) ?? TAG.null;
  const uniform = tags.every((one) => one === tag || one === TAG.null);
  if (uniform && tag === TAG.text) return new TextColumn(arena, starts, ends);
  if (uniform && (tag === TAG.number || tag === TAG.time)) {
    const numbers = shortFloat64s(tags.length);
    for (let row = 0; row < numbers.length; row++) {
      numbers[row] = starts[row]! < 0 ? NaN : view.getFloat64(starts[row]!, true);
    }
    return tag === TAG.number ? new NumberColumn(numbers) : new TimeColumn(numbers);
  }
  const values = new Array<Value>(tags.length);
  for (let row = 0; row < tags.length; row++) {
    values[row] = keyValue(arena, view, tags[row]!, starts[row]!, ends[row]!);
  }
  return new ValueColumn(values);
}

function keyValue(
  arena: Uint8Array,
  view: DataView,
  tag: number,
  start: number,
  end: number,
): Value {
  switch (tag) {
    case TAG.null:
      return null;
    case TAG.number:
      return view.getFloat64(start, true);
    case TAG.time:
      return new Date(view.getFloat64(start, true));
    case TAG.text:
      return decodeText(arena, start, end);
    case TAG.json:
      return JSON.parse(decodeText(arena, start, end)) as Value;
    default:
      return tag === TAG.true;
  }
}
