/**
 * The format of saved state: what the bytes of a value begin with.
 * @module
 */

/** The kinds of values, by their first byte. The order is the format: kinds are only added at the end. */
export const KINDS = [
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

/** One of {@link KINDS}. */
export type Kind = (typeof KINDS)[number];

/** The typed arrays, by the byte that follows the kind. */
export const TYPED = [
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
