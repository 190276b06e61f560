/**
 * How bytes become saved state again.
 * @module
 */
import type { Value } from "../batch/column.ts";
import { define } from "../batch/objects.ts";
import { decodeText } from "../batch/text.ts";
import { KINDS, TYPED } from "./kinds.ts";

/** What `encodeState` was given, in objects and arrays of its own. Throws Error on bytes that are no whole state. */
export function decodeState(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  const value = reader.value();
  if (reader.at !== bytes.length) throw broken(reader.at);
  return value;
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

function broken(at: number): Error {
  return new Error(`Cannot read a saved state: it is broken at byte ${at}`);
}
