/**
 * How saved state becomes bytes and comes back: plain values, typed arrays, and the few other kinds that states hold.
 * @module
 */
import type { Value } from "../batch/column.ts";
import { decodeText, encodeText } from "../batch/text.ts";
import { define } from "../batch/objects.ts";

/** The kinds of values, by their first byte. The order is the format: kinds are only added at the end. */
const KINDS = [
  "null",
  "undefined",
  "true",
  "false",
  "number",
  "bigint",
  "text",
  "units",
  "array",
  "object",
  "map",
  "set",
  "date",
  "typed",
] as const;
type Kind = (typeof KINDS)[number];

const TYPED = [
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigUint64Array,
  BigInt64Array,
] as const;

const FIRST_BYTES = 4096;

/**
 * Encodes what {@link Operator.save} may give: null, undefined, booleans, numbers, bigints, text of any code units, dates,
 * arrays, plain objects, maps, sets and typed arrays, which are copied in the machine's byte order. Costs up to twice the
 * bytes of the result. Throws TypeError on anything else, naming it.
 */
export function encodeState(state: unknown): Uint8Array {
  const writer = new Writer();
  writer.value(state);
  return writer.bytes();
}

/** What {@link encodeState} was given, in objects and arrays of its own. Throws Error on bytes that are no whole state. */
export function decodeState(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  const value = reader.value();
  if (reader.at !== bytes.length) throw broken(reader.at);
  return value;
}

function broken(at: number): Error {
  return new Error(`Cannot read a saved state: it is broken at byte ${at}`);
}

class Writer {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  value(value: unknown): void {
    switch (typeof value) {
      case "undefined":
        return this.#kind("undefined");
      case "boolean":
        return this.#kind(value ? "true" : "false");
      case "number":
        this.#kind("number");
        return this.#number(value);
      case "bigint":
        this.#kind("bigint");
        return this.#text(String(value));
      case "string":
        return this.#string(value);
      case "object":
        return this.#object(value);
    }
    throw new TypeError(`Cannot save a ${typeof value}`);
  }

  #object(value: object | null): void {
    if (value === null) return this.#kind("null");
    if (Array.isArray(value)) return this.#items("array", value);
    if (value instanceof Map) return this.#items("map", [...value].flat(1));
    if (value instanceof Set) return this.#items("set", [...value]);
    if (value instanceof Date) {
      this.#kind("date");
      return this.#number(value.getTime());
    }
    if (ArrayBuffer.isView(value)) return this.#typed(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      throw new TypeError(`Cannot save an object of the class ${value.constructor.name}`);
    }
    const entries = Object.entries(value);
    this.#kind("object");
    this.#count(entries.length);
    for (const [key, inner] of entries) {
      this.#string(key);
      this.value(inner);
    }
  }

  #items(kind: Kind, items: readonly unknown[]): void {
    this.#kind(kind);
    this.#count(items.length);
    for (const item of items) this.value(item);
  }

  #typed(value: ArrayBufferView): void {
    const kind = TYPED.findIndex((type) => value instanceof type);
    if (kind < 0) throw new TypeError(`Cannot save a ${value.constructor.name}`);
    this.#kind("typed");
    this.#byte(kind);
    this.#raw(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }

  /** UTF-8, except where that would lose lone surrogates. */
  #string(text: string): void {
    if (text.isWellFormed()) {
      this.#kind("text");
      return this.#text(text);
    }
    this.#kind("units");
    const units = new Uint16Array(text.length);
    for (let at = 0; at < units.length; at++) units[at] = text.charCodeAt(at);
    this.#raw(new Uint8Array(units.buffer));
  }

  #text(text: string): void {
    this.#raw(encodeText(text));
  }

  #kind(kind: Kind): void {
    this.#byte(KINDS.indexOf(kind));
  }

  #byte(byte: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = byte;
  }

  #count(count: number): void {
    this.#room(4);
    this.#view.setUint32(this.#length, count, true);
    this.#length += 4;
  }

  #number(number: number): void {
    this.#room(8);
    this.#view.setFloat64(this.#length, number, true);
    this.#length += 8;
  }

  #raw(bytes: Uint8Array): void {
    this.#count(bytes.length);
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #room(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

class Reader {
  at = 0;
  readonly #view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(): unknown {
    const start = this.at;
    switch (KINDS[this.#byte()]) {
      case "null":
        return null;
      case "undefined":
        return undefined;
      case "true":
        return true;
      case "false":
        return false;
      case "number":
        return this.#number();
      case "bigint":
        return BigInt(this.#text());
      case "text":
        return this.#text();
      case "units":
        return this.#units();
      case "array":
        return this.#items();
      case "object":
        return this.#object();
      case "map":
        return new Map(pairs(this.#items()));
      case "set":
        return new Set(this.#items());
      case "date":
        return new Date(this.#number());
      case "typed":
        return this.#typed();
    }
    throw broken(start);
  }

  #object(): Record<string, Value> {
    const object: Record<string, Value> = {};
    for (let left = this.#count(); left > 0; left--) {
      define(object, String(this.value()), this.value() as Value);
    }
    return object;
  }

  #items(): unknown[] {
    const items: unknown[] = [];
    for (let left = this.#count(); left > 0; left--) items.push(this.value());
    return items;
  }

  #typed(): ArrayBufferView {
    const Type = TYPED[this.#byte()];
    if (Type === undefined) throw broken(this.at - 1);
    return new Type(this.#raw().slice().buffer);
  }

  #units(): string {
    const units = new Uint16Array(this.#raw().slice().buffer);
    let text = "";
    for (const unit of units) text += String.fromCharCode(unit);
    return text;
  }

  #text(): string {
    const raw = this.#raw();
    return decodeText(raw, 0, raw.length);
  }

  #byte(): number {
    this.#need(1);
    return this.bytes[this.at++]!;
  }

  #count(): number {
    this.#need(4);
    this.at += 4;
    return this.#view.getUint32(this.at - 4, true);
  }

  #number(): number {
    this.#need(8);
    this.at += 8;
    return this.#view.getFloat64(this.at - 8, true);
  }

  #raw(): Uint8Array {
    const length = this.#count();
    this.#need(length);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  #need(bytes: number): void {
    if (this.at + bytes > this.bytes.length) throw broken(this.at);
  }
}

function* pairs(items: readonly unknown[]): Generator<[unknown, unknown]> {
  for (let at = 0; at < items.length; at += 2) yield [items[at], items[at + 1]];
}
