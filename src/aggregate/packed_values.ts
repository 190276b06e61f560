/**
 * Lists of values as JSON-safe data: an instant would otherwise come back as text.
 * @module
 */
import type { Value } from "../batch/column.ts";

/** Values with instants as milliseconds, and where those stand. */
export interface PackedValues {
  readonly values: readonly Value[];
  readonly times: readonly number[];
}

/** The values as data. */
export function packValues(values: readonly Value[]): PackedValues {
  const times = [...values.keys()].filter((index) => values[index] instanceof Date);
  if (times.length === 0) return { values: [...values], times };
  return {
    values: values.map((value) => value instanceof Date ? value.getTime() : value),
    times,
  };
}

/** The values back. */
export function unpackValues({ values, times }: PackedValues): Value[] {
  const unpacked = [...values];
  for (const index of times) unpacked[index] = new Date(values[index] as number);
  return unpacked;
}
