/**
 * How saved state becomes bytes: plain values, typed arrays, and the few other kinds that states hold.
 * @module
 */
import { encodeText } from "../batch/text.ts";
import { type Kind, KINDS, TYPED } from "./kinds.ts";

const FIRST_BYTES = 4096;

/**
 * Encodes what `save` of an operator may give: null, undefined, booleans, numbers, bigints, text of any code units, dates,
 * arrays, plain objects, maps, sets and typed arrays, which are copied in the machine's byte order. Costs up to twice the
 * bytes of the result. Throws TypeError on anything else, naming it.
 */
export function encodeState(state: unknown): Uint8Array {
  const writer = new Writer();
  writer.value(state);
  return writer.bytes();
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
