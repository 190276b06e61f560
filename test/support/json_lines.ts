/**
 * Random lines of JSON, and what is in them.
 */
import type { Row, Value } from "../../src/batch/column.ts";
import { property } from "../../src/batch/objects.ts";
import { utf8 } from "./format_run.ts";
import { between, pickOne } from "./random.ts";

type Random = () => number;

/** Keys that random lines have. */
export const JSON_KEYS = [
  "a",
  "b",
  "ab",
  "ü",
  "",
  "__proto__",
  "k k",
  "length",
  "0",
  "a key of more than eight bytes",
  "a key of more than 8 bytes, too",
];
const PATH_SEGMENTS = [...JSON_KEYS, "a", "b", "a", "1", "2"];
const WORDS = ["", "x", "y", "a longer text than most", "12", "1.0", "ünï 😀", "\u2028", "\ufffd"];
const SPACES = ["", "", "", " ", "\t", " \r "];

/** A number as JSON spells it: of any size, or of plain ones. */
export function randomJsonNumber(random: Random): string {
  const digits = (most: number) =>
    Array.from({ length: between(random, 1, most) }, () => between(random, 0, 9)).join("");
  const whole = random() < 0.3
    ? "0"
    : `${between(random, 1, 9)}${digits(pickOne(random, [2, 20]))}`;
  const fraction = random() < 0.5 ? "" : `.${digits(pickOne(random, [3, 20]))}`;
  const exponent = random() < 0.7
    ? ""
    : `e${pickOne(random, ["", "+", "-"])}${digits(pickOne(random, [2, 3, 6]))}`;
  return `${random() < 0.3 ? "-" : ""}${whole}${fraction}${exponent}`;
}

function randomString(random: Random, text: string): string {
  const plain = JSON.stringify(text);
  if (random() < 0.8 || text === "") return plain;
  const escaped = `\\u${text.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return pickOne(random, [`"${escaped}${plain.slice(2)}`, '"\\ud800"', '"\\"\\\\\\/\\b\\n"']);
}

function randomValue(random: Random, depth: number): string {
  const kind = between(random, 0, depth > 0 ? 9 : 7);
  if (kind < 3) return random() < 0.5 ? String(between(random, 0, 5)) : randomJsonNumber(random);
  if (kind < 6) return randomString(random, pickOne(random, WORDS));
  if (kind < 8) return pickOne(random, ["null", "true", "false"]);
  if (kind === 8) return randomObject(random, depth - 1);
  const items = Array.from({ length: between(random, 0, 3) }, () => randomValue(random, depth - 1));
  return `[${items.map((item) => padded(random, item)).join(",")}]`;
}

function randomObject(random: Random, depth: number): string {
  const members = Array.from({ length: between(random, 0, 6) }, () => {
    const key = randomString(random, pickOne(random, JSON_KEYS));
    return `${padded(random, key)}:${padded(random, randomValue(random, depth))}`;
  });
  return `{${members.length === 0 ? pickOne(random, SPACES) : members.join(",")}}`;
}

/** A line that is an object. */
export function randomJsonLine(random: Random): string {
  return randomObject(random, 2);
}

function padded(random: Random, text: string): string {
  return pickOne(random, SPACES) + text + pickOne(random, SPACES);
}

/** Lines, some of them all of one shape, of which some are mutated in their bytes. */
export function randomJsonUpload(random: Random): Uint8Array {
  const kind = random();
  const shape = utf8(randomObject(random, 3));
  const lines = Array.from({ length: between(random, 1, 30) }, () => {
    const line = kind < 0.3
      ? shape.slice()
      : utf8(kind < 0.6 ? plainLine(random) : padded(random, randomObject(random, 3)));
    for (let times = random() < 0.2 ? between(random, 1, 3) : 0; times > 0; times--) {
      const byte = random() < 0.5 ? pickOne(random, [...utf8('"\\{}[]:,-0e.tn ')]) : 256 * random();
      line[between(random, 0, line.length - 1)] = byte === 10 ? 11 : byte;
    }
    return line;
  });
  return Uint8Array.from(lines.flatMap((line) => [...line, 10]));
}

/** Lines whose fields have one type each, as most have. */
function plainLine(random: Random): string {
  const text = JSON.stringify(pickOne(random, WORDS));
  return `{"a":${between(random, -9, 9)},"ü":${text},"b":${text},"ab":${randomJsonNumber(random)}}`;
}

/** Some different paths that random lines may have. */
export function randomPaths(random: Random): (readonly string[])[] {
  const paths = Array.from(
    { length: between(random, 0, pickOne(random, [2, 8, 40])) },
    () => Array.from({ length: between(random, 1, 3) }, () => pickOne(random, PATH_SEGMENTS)),
  );
  return [...new Map(paths.map((path) => [path.join("."), path])).values()];
}

/** What stands at a path of a row; null when nothing does. */
export function valueAt(row: Row, path: readonly string[]): Value {
  let value: Value | undefined = row;
  for (const segment of path) value = property(value, segment);
  return value ?? null;
}
