/**
 * Blocks of access log lines, real, odd and broken, for tests that compare two scans.
 * @module
 */
import { readFileSync } from "node:fs";
import { utf8 } from "./format_run.ts";
import { between, pickOne } from "./random.ts";

/** The beginning of a line, up to its time. */
export const HEAD = "::1 - - [17/May/2015:10:05:03 +0000]";

const REAL_LINES = readFileSync(new URL("../../demo/access.log", import.meta.url), "utf8")
  .split("\n").slice(0, 1500);

/** Lines in which something is not usual. */
export const SPECIAL_LINES: readonly string[] = [
  `${HEAD} "GET /a?b HTTP/1.1" 200 5 "-" "Mozilla/5.0 (X11; \\"q\\")"`,
  '::1 - - [-] "\\x16\\x03" - - "" "" "extra"',
  'a b c d [x] y [17/May/2015:10:05:03 +0000] "GET / HTTP/1.0" 404 - "r',
  '127.0.0.1 - john doe [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 2326',
  'a.rather.long.host.name.example.org ident user [1/x] "\\\\" 200 12345678901234567890 "',
  'a b c [12/Mar/15] "" - 5',
  'host:80 ::1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "-" "-"',
  `${HEAD} "${"\\".repeat(33)}" 200 5 "-"`,
  `${HEAD} "${'\\"'.repeat(17)}" 304 - "-"`,
  `10.0.0.1 - - [17/May/2015:10:05:04 +0000] "POST /a/${
    "b".repeat(40)
  }?c HTTP/2.0" 200 123456789 "-" "-"`,
  `10.0.0.1 - - [17/May/2015:10:05:60 +0000] "PUT  HTTP/1.1" 200 1 "${"r".repeat(70)}" "-"`,
  '123.123.123.123 - - [17/May/2015:10:06:04 -0700] "GET /?? HTTP/1.x" 301 0 "-" "a"',
  `1234567890.123456 - - [x] - - [17/May/2015:10:06:04 +0000] "GET ${
    "/".repeat(55)
  } HTTP/1.1" 200 0 "-" "-"`,
  '10.0.0.1 - - [17/May/2015:10:06:04 +0000] "- / HTTP/1" 200 1234567890123456 "-" "-"',
  "\r",
  "",
];
const MUTATIONS = utf8(' "\\[]-/:0a\xe9\r\n\0');

/** Some lines: mostly real ones; sometimes hundreds, sometimes one that is long. */
export function block(random: () => number): Uint8Array {
  const count = random() < 0.05 ? between(random, 400, 1200) : between(random, 1, 60);
  let text = "";
  for (let line = 0; line < count; line++) {
    const kind = random();
    if (kind < 0.7) text += pickOne(random, REAL_LINES);
    else if (kind < 0.99) text += pickOne(random, SPECIAL_LINES);
    else text += `${HEAD} "${"/long".repeat(between(random, 0, 8000))}" 200 1 "-" "-"`;
    text += random() < 0.9 ? "\n" : pickOne(random, ["\r\n", "\n\n", "\n\r\n", "\r\r\n"]);
  }
  return utf8(random() < 0.5 ? text : text.slice(0, -1));
}

/** A copy with some bytes changed, inserted, removed or repeated; often none, often one in each hundred. */
export function mutated(random: () => number, bytes: Uint8Array): Uint8Array {
  const most = random() < 0.5 ? 8 : Math.ceil(bytes.length / 100);
  const edits = Array.from({ length: between(random, 0, most) }, () => ({
    at: between(random, 0, bytes.length),
    drop: pickOne(random, [0, 1, 1, 1, 2, 5, 40]),
    add: pickOne(random, [0, 1, 1, 1, 2, 16]),
  })).sort((left, right) => left.at - right.at);
  const result: number[] = [];
  let from = 0;
  for (const { at, drop, add } of edits) {
    for (; from < at; from++) result.push(bytes[from]!);
    from = Math.max(from, Math.min(at + drop, bytes.length));
    for (let count = 0; count < add; count++) {
      result.push(random() < 0.8 ? pickOne(random, [...MUTATIONS]) : between(random, 0, 255));
    }
  }
  for (; from < bytes.length; from++) result.push(bytes[from]!);
  return Uint8Array.from(result);
}
