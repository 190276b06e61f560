/**
 * `logfmt` held to the cases of go-logfmt (CONFORMANCE_DIR).
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import logfmt from "../stages/logfmt.ts";
import { runFormat, sharedFolder, utf8 } from "./support/format_run.ts";

const folder = sharedFolder("CONFORMANCE_DIR", "shared/conformance");

interface Case {
  readonly kind: string;
  readonly input?: string;
  readonly input_hex?: string;
  readonly records?: readonly (readonly (readonly [string, string | null])[])[];
  readonly line?: number;
}

test("go_logfmt", { skip: folder === null && "no CONFORMANCE_DIR" }, () => {
  const text = readFileSync(new URL("go_logfmt/cases.jsonl", folder!), "utf8");
  const cases = text.trimEnd().split("\n").map((line) => JSON.parse(line) as Case);
  let passed = 0;
  for (const { kind, input = "", input_hex: hex, records = [], line } of cases) {
    if (kind === "decode_encode") {
      console.log(`go_logfmt: not mapped: ${JSON.stringify(input)}: nothing here writes logfmt`);
      continue;
    }
    const bytes = hex === undefined
      ? utf8(input)
      : Uint8Array.from(hex.match(/../g)!, (pair) => parseInt(pair, 16));
    const { rows, rejects } = runFormat(logfmt, [bytes]);
    if (kind === "error") assert.deepEqual(rejects.map((reject) => reject.line), [line], input);
    else {
      // Go has no value for a key alone; here it is true. Empty lines are no rows.
      const ours = rows.map((row) =>
        Object.entries(row).map(([key, value]) => [key, value === true ? null : value])
      );
      const theirs = records.filter(({ length }) => length > 0).map((pairs) => [
        ...new Map(pairs).entries(),
      ]);
      assert.deepEqual(ours, theirs, input);
      assert.deepEqual(rejects, [], input);
    }
    passed++;
  }
  console.log(`go_logfmt: ${passed} passed, 0 failed, ${cases.length - passed} not mapped`);
});
