/**
 * Columns of some fields of access log lines, in WebAssembly: the values that `scanAccessFields` finds.
 * @module
 */
import {
  type AccessFields,
  type AccessFieldScan,
  scanAccessFields,
} from "../batch/access_fields.ts";
import { borrow } from "../batch/chunk_memory.ts";
import { type Column, NULL_COLUMN, NumberColumn, TextColumn, TimeColumn } from "../batch/column.ts";
import { SHORT_BYTES, shortBytes } from "../batch/short_arrays.ts";
import { type AccessKernel, newAccessKernel, sharedAccessKernel } from "./access_kernel.ts";

/** The fields in the order of their bits in the kernel, and of their columns. */
export const KERNEL_FIELDS: readonly string[] = [
  ...["status", "bytes", "time", "ip", "ident", "user", "request"],
  ...["method", "path", "query", "protocol", "referer", "agent"],
];

/** Makes scans for the fields `names`, of lines that need a referer or not, and has room in which lines may be joined. */
export interface AccessFieldScanner {
  (names: readonly string[], referer: boolean): AccessFieldScan;
  readonly room?: Uint8Array;
}

let chosen: AccessFieldScanner | null = null;

/** The scanner to use: on the thread's kernel, or `scanAccessFields` where WebAssembly or its SIMD is missing. */
export function accessFieldScanner(): AccessFieldScanner {
  return chosen ??= scannerOn(sharedAccessKernel()) ??
    ((_names, referer) => scanAccessFields(referer));
}

/** A scanner on a kernel of its own; null where it cannot run. */
export function kernelFieldScanner(): AccessFieldScanner | null {
  return scannerOn(newAccessKernel());
}

function scannerOn(kernel: AccessKernel | null): AccessFieldScanner | null {
  if (kernel === null) return null;
  const scanner = (names: readonly string[], referer: boolean): AccessFieldScan => {
    const fields = KERNEL_FIELDS.filter((name) => names.includes(name));
    const wanted = fields.reduce((bits, name) => bits | 1 << KERNEL_FIELDS.indexOf(name), 0);
    const twin = scanAccessFields(referer);
    return (bytes, start, end, chunk): AccessFields => {
      if (!kernel.fits(end - start)) return twin(bytes, start, end);
      const found = kernel.scan(bytes, start, end, referer);
      const written = kernel.columns(bytes, start, found.rows, wanted);
      const columns = new FieldColumns(fields, found.rows, copied(written, chunk ?? bytes));
      return { ...found, make: (name) => columns.make(name), weight: written.length };
    };
  };
  return Object.assign(scanner, { room: kernel.input });
}

/** Where columns of eight bytes may stand. */
function copied(bytes: Uint8Array, chunk: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = bytes;
  const copy = length <= SHORT_BYTES
    ? shortBytes(length)
    : new Uint8Array(borrow(chunk, length), 0, length);
  copy.set(bytes);
  return copy;
}

/** Columns as views of what the kernel has written. */
class FieldColumns {
  readonly #fields: readonly string[];
  readonly #rows: number;
  readonly #memory: Uint8Array<ArrayBuffer>;
  #texts: Uint8Array | null = null;

  constructor(fields: readonly string[], rows: number, memory: Uint8Array<ArrayBuffer>) {
    this.#fields = fields;
    this.#rows = rows;
    this.#memory = memory;
  }

  make(name: string): Column {
    const index = this.#fields.indexOf(name);
    if (index < 0) return NULL_COLUMN;
    const { buffer, byteOffset } = this.#memory;
    const rows = this.#rows;
    const at = byteOffset + 8 * rows * index;
    if (name === "time") return new TimeColumn(new Float64Array(buffer, at, rows));
    if (name === "status" || name === "bytes") {
      return new NumberColumn(new Float64Array(buffer, at, rows));
    }
    // One object for all columns, by which kernels know bytes that they have already.
    this.#texts ??= this.#memory.subarray(8 * rows * this.#fields.length);
    const starts = new Int32Array(buffer, at, rows);
    return new TextColumn(this.#texts, starts, new Int32Array(buffer, at + 4 * rows, rows));
  }
}
