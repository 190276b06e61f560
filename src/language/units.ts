/**
 * Numbers as the language spells them: `10`, `1.5h`, `64KiB`, `10_000`.
 * @module
 */
import type { Rate } from "./syntax.ts";

/** What a number measures: milliseconds, bytes, or nothing. */
export type Dimension = "plain" | "duration" | "size";

/** Milliseconds of each duration unit, smallest first. */
const DURATION_UNITS: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
  ["w", 604_800_000],
]);

/** Bytes of each size unit; `k` as the prefix for a thousand may be written either way. */
const SIZE_UNITS: ReadonlyMap<string, number> = new Map([
  ["B", 1],
  ["kB", 1e3],
  ["KB", 1e3],
  ["MB", 1e6],
  ["GB", 1e9],
  ["TB", 1e12],
  ["KiB", 2 ** 10],
  ["MiB", 2 ** 20],
  ["GiB", 2 ** 30],
  ["TiB", 2 ** 40],
]);

const PRINTED_SIZES = ["TiB", "GiB", "MiB", "KiB", "TB", "GB", "MB", "kB"];

/** Every unit, for suggestions. */
export const UNITS: readonly string[] = [...DURATION_UNITS.keys(), ...SIZE_UNITS.keys()];

/** A number that was read. */
export interface Quantity {
  /** Milliseconds or bytes when there is a unit. May be infinite when the text is too large. */
  readonly value: number;
  readonly dimension: Dimension;
}

/** A number without sign, then letters: the unit, right or wrong. Sticky: starts at `lastIndex`. */
export const NUMBER_PATTERN = /(\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?)([A-Za-z_]*)/y;

const WHOLE_NUMBER_PATTERN = /^(-?)(\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?)([A-Za-z]*)$/;

/** The quantity of digits and a unit, or null when there is no such unit. Units know upper and lower case. */
export function quantity(digits: string, unit: string): Quantity | null {
  const amount = Number(digits.replaceAll("_", ""));
  if (unit === "") return { value: amount, dimension: "plain" };
  const milliseconds = DURATION_UNITS.get(unit);
  if (milliseconds !== undefined) return { value: amount * milliseconds, dimension: "duration" };
  const bytes = SIZE_UNITS.get(unit);
  return bytes === undefined ? null : { value: amount * bytes, dimension: "size" };
}

/** The quantity that a whole text spells, with a sign perhaps, or null when it does not look like a number. */
export function readQuantity(text: string): Quantity | null {
  const match = WHOLE_NUMBER_PATTERN.exec(text);
  if (match === null) return null;
  const read = quantity(match[2]!, match[3]!);
  if (read === null || !Number.isFinite(read.value)) return null;
  return match[1] === "-" ? { ...read, value: -read.value } : read;
}

/** Milliseconds in the largest unit that divides them: `1m`, `1500ms`. Reads back as exactly the same number. */
export function printDuration(milliseconds: number): string {
  let best = `${milliseconds}ms`;
  if (milliseconds === 0) return best;
  for (const [unit, factor] of DURATION_UNITS) {
    if (milliseconds % factor === 0) best = `${milliseconds / factor}${unit}`;
  }
  return best;
}

/** A rate, its time without a 1: `500/s`, `4MiB/s`, `5/10s`. Reads back as exactly the same rate. */
export function printRate({ amount, unit, everyMs }: Rate): string {
  const time = printDuration(everyMs).replace(/^1(?=[a-z])/, "");
  return `${unit === "bytes" ? printSize(amount) : amount}/${time}`;
}

/** Bytes in the largest unit that divides them: `4MiB`, `10kB`, `17B`. Reads back as exactly the same number. */
export function printSize(bytes: number): string {
  for (const unit of PRINTED_SIZES) {
    const factor = SIZE_UNITS.get(unit)!;
    if (bytes !== 0 && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return `${bytes}B`;
}
