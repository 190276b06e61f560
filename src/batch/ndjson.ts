/**
 * NDJSON out: rows as bytes, one JSON object a line.
 * @module
 */
import { LRUCache } from "lru-cache";
import type { Batch } from "./batch.ts";
import { isObject } from "./objects.ts";
import { ByteWriter } from "./byte_writer.ts";
import type { Column, Value } from "./column.ts";
import { encodeText } from "./text.ts";
import { INSTANT_BYTES, writeInstant } from "./timestamp.ts";

const NULL = encodeText("null");
const TRUE = encodeText("true");
const FALSE = encodeText("false");
const OPEN = 123;
const CLOSE = 125;
const COMMA = 44;
const QUOTE = 34;
const NEWLINE = 10;

/** How large a piece grows before the next begins. */
const PIECE_BYTES = 1024 * 1024;

type Extra = Readonly<Record<string, Value>>;

const NOTHING_MORE: Extra = {};
const NO_BYTES = new Uint8Array(0);

/** Shared by all runs of a thread: an encoding never yields, and takes its bytes with it. */
const writer = new ByteWriter();

/**
 * The rows of `batch` that count as NDJSON, one object and a line feed each, fields in the batch's order and the fields
 * of `extra` behind them in every row (when a row has such a field itself, both are written, and JSON readers keep the
 * last). Always valid UTF-8 and JSON: broken text reads as U+FFFD, numbers that are none as null, instants as
 * `2015-05-17T10:05:03.000Z`. Newly allocated; costs about the size of the result twice while it runs.
 */
export function encodeRows(batch: Batch, extra: Extra = NOTHING_MORE): Uint8Array<ArrayBuffer> {
  encodeFrom(batch, 0, tailOf(extra), Infinity);
  return writer.take();
}

/**
 * As {@link encodeRows}, in pieces of whole rows, each made when it is asked for: of 1 MiB and the row that passes it, since
 * what an expression or a lookup has put into rows may be far larger than the rows were. Ordinary batches are one piece.
 */
export function* encodePieces(
  batch: Batch,
  extra: Extra = NOTHING_MORE,
): Generator<Uint8Array<ArrayBuffer>> {
  const tail = tailOf(extra);
  for (let next = 0; next < batch.length;) {
    next = encodeFrom(batch, next, tail, PIECE_BYTES);
    yield writer.take();
  }
}

function tailOf(extra: Extra): Uint8Array {
  if (extra === NOTHING_MORE) return NO_BYTES;
  return encodeText(Object.keys(extra).map((key) => member(key, extra[key] ?? null)).join(","));
}

/** Writes the rows from that index on, until there are `most` bytes; gives the index of the next. */
function encodeFrom(batch: Batch, from: number, tail: Uint8Array, most: number): number {
  writer.clear();
  return batch.open === null
    ? encodeColumns(batch, from, tail, most)
    : encodeOpen(batch, from, tail, most);
}

function member(key: string, value: Value): string {
  return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
}

/** One field of all rows: its key as JSON with what stands before and behind it, and how its values are written. */
interface FieldWriter {
  readonly key: Uint8Array;
  readonly write: (row: number) => void;
}

function encodeColumns(batch: Batch, from: number, tail: Uint8Array, most: number): number {
  const fields = batch.names.map((name, index): FieldWriter => {
    const key = keyBytes(index === 0, name);
    return { key, write: valueWriter(batch.column(name)!) };
  });
  const count = batch.length;
  let index = from;
  for (; index < count && writer.length < most; index++) {
    const row = batch.rowAt(index);
    for (const field of fields) {
      writer.raw(field.key);
      field.write(row);
    }
    if (fields.length === 0) writer.byte(OPEN);
    closeRow(fields.length === 0, tail);
  }
  return index;
}

/** The keys of the last fields that were written, by themselves and what stands before: they are the same again and again. */
const keys = new LRUCache<string, Uint8Array>({
  max: 512,
  maxSize: 64 * 1024,
  sizeCalculation: (key) => key.length,
});

function keyBytes(first: boolean, name: string): Uint8Array {
  const text = first ? `{${name}` : `,${name}`;
  const known = keys.get(text);
  if (known !== undefined) return known;
  const bytes = encodeText(`${text[0]}${JSON.stringify(name)}:`);
  keys.set(text, bytes);
  return bytes;
}

function encodeOpen(batch: Batch, from: number, tail: Uint8Array, most: number): number {
  const plain = batch.names.length === 0 && batch.hidden.size === 0;
  const count = batch.length;
  let index = from;
  for (; index < count && writer.length < most; index++) {
    const at = batch.rowAt(index);
    const value = batch.open!.value(at);
    const row = plain && isObject(value) ? value : batch.row(at);
    const json = JSON.stringify(row);
    writer.text(json);
    // The closing brace is written again, behind the extra fields.
    writer.advance(writer.length - 1);
    closeRow(json.length === 2, tail);
  }
  return index;
}

function closeRow(empty: boolean, tail: Uint8Array): void {
  if (tail.length > 0) {
    if (!empty) writer.byte(COMMA);
    writer.raw(tail);
  }
  writer.byte(CLOSE);
  writer.byte(NEWLINE);
}

function valueWriter(column: Column): (row: number) => void {
  switch (column.kind) {
    case "text":
      return (row) => {
        const start = column.starts[row]!;
        if (start < 0) writer.raw(NULL);
        else writer.quoted(column.bytes, start, column.ends[row]!);
      };
    case "number":
      return (row) => writeNumber(column.values[row]!);
    case "time":
      return (row) => writeTime(column.values[row]!);
    case "boolean":
      return (row) => writer.raw(column.values[row] === 1 ? TRUE : FALSE);
    case "value":
      return (row) => writeValue(column.values[row]!);
    case "constant": {
      const json = encodeText(JSON.stringify(column.constant));
      return () => writer.raw(json);
    }
  }
}

function writeNumber(value: number): void {
  if (Number.isFinite(value)) writer.number(value);
  else writer.raw(NULL);
}

function writeTime(milliseconds: number): void {
  const target = writer.room(INSTANT_BYTES + 2);
  const at = writer.length;
  if (!writeInstant(target, at + 1, milliseconds)) {
    return writer.text(JSON.stringify(new Date(milliseconds)));
  }
  target[at] = QUOTE;
  target[at + 1 + INSTANT_BYTES] = QUOTE;
  writer.advance(at + INSTANT_BYTES + 2);
}

function writeValue(value: Value): void {
  if (typeof value === "number") writeNumber(value);
  else if (value instanceof Date) writeTime(value.getTime());
  else writer.text(JSON.stringify(value));
}
