/**
 * Instants from ISO 8601 text.
 * @module
 */

const ISO = new RegExp(
  "^(\\d{4})-(\\d\\d)(?:-(\\d\\d)" +
    "(?:[Tt ](\\d\\d):(\\d\\d)(?::(\\d\\d)(?:[.,](\\d{1,9}))?)?([Zz]|[+-]\\d\\d(?::?\\d\\d)?)?)?)?$",
);
/** No accepted spelling is longer, spaces around it aside. */
const MAX_LENGTH = 40;

/** The most milliseconds from 1970 that a `Date` can hold, either way. */
export const MAX_TIME_MS = 8.64e15;

/**
 * The instant that a whole text spells, in milliseconds since 1970; NaN when it spells none. `2015-05`, `2015-05-17`,
 * `2015-05-17T10:05`, with seconds, with a fraction (cut to milliseconds), with `Z`, `+02`, `+0200` or `+02:00`; a space
 * may stand for the `T`, and without a zone it is UTC. Dates that the calendar does not have are none.
 */
export function parseInstant(text: string): number {
  const trimmed = text.length > MAX_LENGTH ? "" : text.trim();
  const match = ISO.exec(trimmed);
  if (match === null) return NaN;
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((group) =>
    Number(match[group] ?? (group === 3 ? 1 : 0))
  ) as [number, number, number, number, number, number];
  if (hour > 23 || minute > 59 || second > 60) return NaN;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return NaN;
  const milliseconds = Number((match[7] ?? "").slice(0, 3).padEnd(3, "0"));
  const zone = zoneMinutes(match[8] ?? "Z");
  return date.getTime() + ((hour * 60 + minute - zone) * 60 + second) * 1000 + milliseconds;
}

function zoneMinutes(zone: string): number {
  if (zone === "Z" || zone === "z") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(":", "") || "0");
  if (hours > 23 || minutes > 59) return NaN;
  return (zone[0] === "-" ? -1 : 1) * (hours * 60 + minutes);
}

/** The instant as a value, null when it is NaN or beyond what a `Date` can hold. */
export function toTime(milliseconds: number): Date | null {
  return Math.abs(milliseconds) <= MAX_TIME_MS ? new Date(Math.trunc(milliseconds)) : null;
}
