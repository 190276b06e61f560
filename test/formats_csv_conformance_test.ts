/**
 * Other projects' cases for separated values, read in place (CONFORMANCE_DIR). Cases that are not ours are printed by
 * name with the reason.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { RunError } from "../src/errors.ts";
import type { Value } from "../src/batch/column.ts";
import { folder, skip, tally, type Verdict } from "./support/conformance.ts";
import { utf8 } from "./support/format_run.ts";
import { everyByte, run } from "./support/operators.ts";

test("csv_spectrum", { skip }, async () => {
  const names = readdirSync(new URL("csv_spectrum/csvs/", folder!)).sort();
  await tally("csv_spectrum", names, (name) => name, async (name) => {
    if (name === "location_coordinates.csv") {
      return { unmapped: "its JSON has another telephone number than its CSV" };
    }
    const input = readFileSync(new URL(`csv_spectrum/csvs/${name}`, folder!));
    const json = readFileSync(
      new URL(`csv_spectrum/json/${name.replace(".csv", ".json")}`, folder!),
      "utf8",
    );
    const bytes = new Uint8Array(input);
    const { rows, rejects } = await run("csv", bytes, { cuts: everyByte(bytes.length) });
    assert.deepEqual(rejects, []);
    const texts = rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value ?? ""]))
    );
    assert.deepEqual(texts, JSON.parse(json));
    return null;
  });
});

interface DenoCase {
  readonly name: string;
  readonly input: string;
  readonly options?: Readonly<Record<string, unknown>> | null;
  readonly expected?: readonly Value[];
  readonly output?: readonly Value[];
  readonly throws?: string;
  readonly error?: unknown;
  readonly [option: string]: unknown;
}

const FOREIGN = ["trimLeadingSpace", "comment", "lazyQuotes"];
const FACTS = new Set(["name", "input", "options", "expected", "output", "throws", "message"]);
/** Cases that differ by decision, by the end of their names. */
const DIFFERENT: readonly (readonly [string, string])[] = [
  ["CRLFInQuotedField", "a line end in quotes is kept as it is written"],
  ["BadDoubleQuotes", "a quote inside an unquoted field is text"],
  ["error column Unicode code point number", "a quote inside an unquoted field is text"],
  ["BadBareQuote", "a quote inside an unquoted field is text"],
  ["BadTrailingQuote", "a quote inside an unquoted field is text"],
  ["bad quote in bare field", "a quote inside an unquoted field is text"],
  ["skipFirstRow=true with empty data", "an empty upload has no rows and is no fault"],
];

async function checkDeno(one: DenoCase): Promise<Verdict> {
  const options: Record<string, unknown> = { ...one.options };
  for (const [key, value] of Object.entries(one)) if (!FACTS.has(key)) options[key] = value;
  const failed = one.throws !== undefined || one.error !== undefined ||
    options["error"] !== undefined;
  const foreign = FOREIGN.find((option) => options[option] !== undefined);
  if (foreign !== undefined) return { unmapped: `the option ${foreign}` };
  const separator = String(options["separator"] ?? ",").replace("__undefined__", ",");
  if (separator.charCodeAt(0) > 127) return { unmapped: "a separator outside of ASCII" };
  for (const [end, reason] of DIFFERENT) if (one.name.endsWith(end)) return { unmapped: reason };
  const expected = (one.expected ?? one.output ?? []) as (readonly string[] | object)[];
  const widths = new Set(expected.map((row) => Object.keys(row).length));
  if (!failed && widths.size > 1) return { unmapped: "records of several widths; here rejects" };
  const named = options["columns"] as readonly (string | { name: string })[] | undefined;
  const names = named?.map((column) => typeof column === "string" ? column : column.name);
  const fixed = Number(options["fieldsPerRecord"] ?? 0);
  const columns = names ??
    (fixed > 0 ? Array.from({ length: fixed }, (_, i) => `c${i + 1}`) : null);
  const header = options["skipFirstRow"] === true ? "yes" : "no";
  const words = columns === null ? "" : ` columns=(${columns.map((name) => `\`${name}\``)})`;
  const pipeline = `csv header=${header}${words} separator=${JSON.stringify(separator)}`;
  const outcome = await run(pipeline, one.input, { cuts: everyByte(utf8(one.input).length) })
    .catch((fault) => fault);
  if (failed) {
    const refused = outcome instanceof Error || outcome.rejects.length > 0;
    assert.ok(refused, "it was read");
    return null;
  }
  if (outcome instanceof Error && !(outcome instanceof RunError)) throw outcome;
  assert.ok(!(outcome instanceof Error), String(outcome));
  const rows = outcome.rows.map((row: object) => Object.values(row).map((value) => value ?? ""));
  assert.deepEqual(rows, expected.map((row) => Object.values(row)));
  return null;
}

for (const suite of ["csv_parse_cases", "csv_stream_cases"]) {
  test(`csv: ${suite}`, { skip }, async () => {
    const text = readFileSync(new URL(`csv/${suite}.jsonl`, folder!), "utf8");
    const cases = text.trimEnd().split("\n").map((line) => JSON.parse(line) as DenoCase);
    await tally(suite, cases, ({ name }) => name, checkDeno);
  });
}
