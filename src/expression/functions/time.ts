/**
 * Functions over instants, all in UTC. An instant is a time, ISO 8601 text, or a number of milliseconds since 1970.
 * @module
 */
import type { Value } from "../../batch/column.ts";
import type { FieldType } from "../../schema.ts";
import { toText } from "../compare.ts";
import type { FunctionDefinition } from "../function.ts";
import { MAX_TEXT_LENGTH, nullSafe, toInstant } from "./define.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const DAY_MS = 86_400_000;
const SAMPLE = "2026-01-02T03:04:05.678Z";

/** From `time` and `unix_ms` to `weekday` and `format_time`. */
export const TIME_FUNCTIONS: readonly FunctionDefinition[] = [
  {
    ...ofInstant("time", "The instant that ISO 8601 text or milliseconds since 1970 mean", "time", {
      work: (instant) => instant,
      json: `"${SAMPLE}"`,
    }),
    instants: (instant) => instant!,
  },
  ofNumber(
    "unix",
    "Whole seconds since 1970",
    (at) => Math.floor(at.getTime() / 1000),
    `1767323045`,
  ),
  ofNumber("unix_ms", "Milliseconds since 1970", (at) => at.getTime(), `1767323045678`),
  ofNumber("year", "The year in UTC", (at) => at.getUTCFullYear(), `2026`),
  ofNumber("month", "The month in UTC, 1 to 12", (at) => at.getUTCMonth() + 1, `1`),
  ofNumber("day", "The day of the month in UTC, 1 to 31", (at) => at.getUTCDate(), `2`),
  ofNumber("hour", "The hour in UTC, 0 to 23", (at) => at.getUTCHours(), `3`),
  ofNumber("minute", "The minute, 0 to 59", (at) => at.getUTCMinutes(), `4`),
  ofNumber("second", "The second, 0 to 59", (at) => at.getUTCSeconds(), `5`),
  ofNumber("weekday", "The ISO day of the week in UTC, 1 for Monday to 7", isoWeekday, `5`),
  ofInstant("date", "The day in UTC as `YYYY-MM-DD`", "text", {
    work: isoDate,
    json: `"2026-01-02"`,
  }),
  nullSafe({
    name: "format_time",
    signature: "format_time(time, format)",
    summary:
      "The instant in UTC after a strftime format of %Y %m %d %H %M %S %j %b %a %y %e %Z %%; " +
      "any other directive stays as it is",
    arity: [2, 2],
    result: "text",
    apply: (time = null, format = null) => formatTime(toInstant(time), toText(format)),
    example: [`format_time("${SAMPLE}", "%d %b %Y %H:%M:%S")`, `"02 Jan 2026 03:04:05"`],
  }),
];

function ofInstant(
  name: string,
  summary: string,
  result: FieldType,
  { work, json }: { readonly work: (instant: Date) => Value; readonly json: string },
): FunctionDefinition {
  return nullSafe({
    name,
    signature: `${name}(time)`,
    summary,
    arity: [1, 1],
    result,
    apply: (time = null) => {
      const instant = toInstant(time);
      return instant === null ? null : work(instant);
    },
    example: [`${name}("${SAMPLE}")`, json],
  });
}

function ofNumber(
  name: string,
  summary: string,
  work: (instant: Date) => number,
  json: string,
): FunctionDefinition {
  return ofInstant(name, summary, "number", { work, json });
}

function isoWeekday(instant: Date): number {
  return (instant.getUTCDay() + 6) % 7 + 1;
}

function isoDate(instant: Date): string {
  return instant.toISOString().split("T")[0]!;
}

const DIRECTIVES = new Map<string, (instant: Date) => string>([
  ["Y", (at) => isoDate(at).slice(0, -6)],
  ["m", (at) => padded(at.getUTCMonth() + 1, 2)],
  ["d", (at) => padded(at.getUTCDate(), 2)],
  ["H", (at) => padded(at.getUTCHours(), 2)],
  ["M", (at) => padded(at.getUTCMinutes(), 2)],
  ["S", (at) => padded(at.getUTCSeconds(), 2)],
  ["j", (at) => padded(dayOfYear(at), 3)],
  ["b", (at) => MONTHS[at.getUTCMonth()]!],
  ["a", (at) => WEEKDAYS[at.getUTCDay()]!],
  ["y", (at) => isoDate(at).slice(-8, -6)],
  ["e", (at) => String(at.getUTCDate()).padStart(2, " ")],
  ["Z", () => "UTC"],
  ["%", () => "%"],
]);

function formatTime(instant: Date | null, format: string | null): string | null {
  if (instant === null || format === null || format.length > MAX_TEXT_LENGTH / 4) return null;
  return format.replace(
    /%([YmdHMSjbayeZ%])/g,
    (_match, directive: string) => DIRECTIVES.get(directive)!(instant),
  );
}

function padded(number: number, width: number): string {
  return String(number).padStart(width, "0");
}

function dayOfYear(instant: Date): number {
  const startOfYear = new Date(instant);
  startOfYear.setUTCMonth(0, 1);
  return Math.round((instant.getTime() - startOfYear.getTime()) / DAY_MS) + 1;
}
