/**
 * Keys back from bytes to columns, for the rows that a group-by gives.
 * @module
 */
import { type Column, NumberColumn, TextColumn, TimeColumn, type Value } from "../batch/column.ts";
import { ValueColumn } from "../batch/column.ts";
import { decodeText } from "../batch/text.ts";
import { LENGTH_BYTES, TAG } from "./key.ts";

/** Where the payloads of one key of some groups stand in the arena. */
interface Payloads {
  readonly tags: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/**
 * The keys of groups `[from, to)` of an arena as a {@link GroupTable} lays it out, one column a key. Keys of one type
 * (or null) give a column of that type; text shares the arena's bytes.
 */
export function keyColumns(
  arena: Uint8Array,
  offsets: Uint32Array,
  from: number,
  to: number,
  keys: number,
): Column[] {
  const view = new DataView(arena.buffer, arena.byteOffset, arena.byteLength);
  const all = Array.from({ length: keys }, () => newPayloads(to - from));
  for (let row = 0; row < to - from; row++) {
    const at = offsets[from + row]!;
    const end = offsets[from + row + 1]!;
    if (keys === 1) setPayload(all[0]!, row, arena[at]!, at + 1, end);
    else splitTuple(all, row, view, at + 1);
  }
  return all.map((payloads) => columnOf(arena, view, payloads));
}

function newPayloads(rows: number): Payloads {
  return {
    tags: new Uint8Array(rows),
    starts: new Int32Array(rows),
    ends: new Int32Array(rows),
  };
}

function setPayload(payloads: Payloads, row: number, tag: number, start: number, end: number) {
  payloads.tags[row] = tag;
  payloads.starts[row] = tag === TAG.null ? -1 : start;
  payloads.ends[row] = end;
}

function splitTuple(all: readonly Payloads[], row: number, view: DataView, start: number): void {
  let at = start;
  for (const payloads of all) {
    const tag = view.getUint8(at);
    at += 1;
    let length = 0;
    if (tag === TAG.number || tag === TAG.time) length = 8;
    else if (tag === TAG.text || tag === TAG.json) {
      length = view.getUint32(at, true);
      at += LENGTH_BYTES;
    }
    setPayload(payloads, row, tag, at, at + length);
    at += length;
  }
}

function columnOf(arena: Uint8Array, view: DataView, payloads: Payloads): Column {
  const { tags, starts, ends } = payloads;
  const tag = tags.find((one) => one !== TAG.null) ?? TAG.null;
  const uniform = tags.every((one) => one === tag || one === TAG.null);
  if (uniform && tag === TAG.text) return new TextColumn(arena, starts, ends);
  if (uniform && (tag === TAG.number || tag === TAG.time)) {
    const numbers = new Float64Array(tags.length);
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
