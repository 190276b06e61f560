import assert from "node:assert/strict";
import { test } from "node:test";
import { pipeline } from "../src/builder.ts";
import { PipelineError } from "../src/language/diagnostics.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { explain, findParameters, parsePipeline, printPlan, segments } from "../src/plan.ts";
import type { Schema } from "../src/schema.ts";
import { issuesOf, withoutPositions } from "./support/pipelines.ts";
import {
  combined,
  head,
  json,
  sort,
  stats,
  tee,
  TEST_VOCABULARY,
  where,
} from "./support/vocabulary.ts";

function printed(source: string, parameters: Readonly<Record<string, string>>): string {
  const values = new Map(Object.entries(parameters));
  return printPlan(parsePipeline(source, TEST_VOCABULARY, values).plan, TEST_VOCABULARY);
}

test("a parameter becomes one literal, never syntax", () => {
  const source = "combined | where path == $path and bytes > $least | head $n | window $length";
  assert.equal(
    printed(source, { path: '" or true | head 1', least: "-1_0", n: "7", length: "90s" }),
    'combined | where path == "\\" or true | head 1" and bytes > -10 | head 7 | window 90s ratio=0.5',
  );
});

test("parameters in JSON, as text and with defaults", () => {
  assert.equal(
    printed('[{"stage":"json"},{"stage":"where","condition":"a > $a or b = ${b:-x y}"}]', {
      a: "1s",
    }),
    'json | where a > 1s or b == "x y"',
  );
  assert.equal(
    printed("json | window 1s label=$l", { l: "12" }),
    'json | window 1s ratio=0.5 label="12"',
  );
  assert.equal(printed("json | head ${n:-3}", {}), "json | head 3");
});

test("a parameter that is missing, or of the wrong kind, is told", () => {
  assert.equal(
    issuesOf("json | head $n | where a > $least", { least: "5" }),
    "Parameter `n` has no value at line 1, column 13\n" +
      "  json | head $n | where a > $least\n" +
      "              ^^\n" +
      "Supply `n`, or write a default: `${n:-value}`",
  );
  assert.equal(
    issuesOf("json | head $n", { n: "many" }),
    'Expected COUNT or the end of `head`, found "many" at line 1, column 13\n' +
      "  json | head $n\n" +
      "              ^^\n" +
      "Usage: head [COUNT]",
  );
});

test("the parameters of a pipeline are found without parsing it", () => {
  assert.deepEqual(findParameters("json | where a > ${min:-5} | head $n $min '$no' # $no"), [
    { name: "min", default: "5" },
    { name: "n" },
  ]);
  assert.deepEqual(findParameters('[{"stage":"where","condition":"a > $x"}]'), [{ name: "x" }]);
  assert.deepEqual(findParameters("{"), []);
});

function shown({ fields, open }: Schema): string {
  return [...fields].map(([name, type]) => `${name}: ${type}`).join(", ") + (open ? ", ..." : "");
}

test("schemas of every edge", () => {
  const checked = parsePipeline(
    "combined | where status > 400 | stats count as n by path | tee (head 1) (sort n)",
    TEST_VOCABULARY,
  );
  const all = "path: text, status: number, bytes: number, latency: number, time: time";
  assert.deepEqual(checked.schemas.map(shown), ["", all, all, "path: text, n: number", ", ..."]);
  const nested = [...checked.nested.values()].map((schemas) => schemas.map(shown));
  const grouped = "path: text, n: number";
  assert.deepEqual(nested, [[grouped, grouped], [grouped, grouped]]);
});

test("segments: the cut is before the first stage that is not row-local", () => {
  const cut = (source: string) => {
    const { map, partial, reduce } = segments(
      parsePipeline(source, TEST_VOCABULARY).plan,
      TEST_VOCABULARY,
    );
    return [map, reduce].map((plan) => plan.stages.map(({ stage }) => stage).join(" "))
      .concat(partial?.stage ?? "none");
  };
  assert.deepEqual(cut("json | where a | stats count | sort count"), [
    "json where",
    "stats sort",
    "stats",
  ]);
  assert.deepEqual(cut("json | head 5 | stats count"), ["json", "head stats", "none"]);
  assert.deepEqual(cut("json | where a"), ["json where", "", "none"]);
});

test("explain: text, kind, segment, schema and bounds of every stage", () => {
  const source = "combined | buffer 100 | stats count by path | tee (sort -count) (head)";
  const explained = explain(
    parsePipeline(source, TEST_VOCABULARY),
    TEST_VOCABULARY,
    DEFAULT_LIMITS,
  );
  const fields = {
    path: "text",
    status: "number",
    bytes: "number",
    latency: "number",
    time: "time",
  };
  const grouped = { fields: { path: "text", count: "number" }, open: false };
  const queue = { bytes: 524_288 };
  assert.deepEqual(JSON.parse(JSON.stringify(explained)), {
    pipeline: "combined | buffer 100 | stats count by path | tee (sort -count) (head 10)",
    stages: [
      {
        stage: "combined",
        text: "combined",
        kind: "format",
        segment: "map",
        input: { fields: {}, open: false },
        columns: "all",
        queue,
        stateBytes: 0,
      },
      {
        stage: "buffer",
        text: "buffer 100",
        kind: "row-local",
        segment: "map",
        input: { fields, open: false },
        queue: { rows: 100 },
        stateBytes: 0,
      },
      {
        stage: "stats",
        text: "stats count by path",
        kind: "aggregate",
        segment: "map and reduce",
        input: { fields, open: false },
        queue,
        stateBytes: null,
      },
      {
        stage: "tee",
        text: "tee (sort -count) (head 10)",
        kind: "ordered",
        segment: "reduce",
        input: grouped,
        queue,
        stateBytes: 0,
        nested: [
          [{
            stage: "sort",
            text: "sort -count",
            kind: "ordered",
            segment: "reduce",
            input: grouped,
            queue,
            stateBytes: 1000,
          }],
          [{
            stage: "head",
            text: "head 10",
            kind: "ordered",
            segment: "reduce",
            input: grouped,
            queue,
            stateBytes: 0,
          }],
        ],
      },
    ],
    output: { fields: {}, open: true },
    total: { queueBytes: 1_572_864, queueRows: 100, stateBytes: 134_217_728 },
  });
});

test("the builder makes the same plan as text", () => {
  const start = pipeline(TEST_VOCABULARY).add(combined).add(where, { condition: "status >= 500" });
  const built = start
    .add(stats, { aggregates: ["count as errors"], by: ["path"] })
    .add(tee, { branches: [pipeline(TEST_VOCABULARY).add(head).toJSON(), "sort errors"] })
    .build();
  const written = parsePipeline(
    "combined | where status >= 500 | stats count as errors by path | tee (head) (sort errors)",
    TEST_VOCABULARY,
  );
  assert.deepEqual(withoutPositions(built.plan), withoutPositions(written.plan));
  assert.equal(printPlan(start.build().plan, TEST_VOCABULARY), "combined | where status >= 500");
});

test("the builder's types hold wrong names and values back; its build tells the rest", () => {
  const builder = pipeline(TEST_VOCABULARY).add(json);
  // @ts-expect-error -- no such argument
  builder.add(head, { cuont: 3 });
  // @ts-expect-error -- a number, not a text
  builder.add(head, { count: "3" });
  // @ts-expect-error -- the argument is required
  builder.add(where);
  assert.throws(
    () => builder.add(sort, { keys: ["a +"] }).build(),
    (error) =>
      error instanceof PipelineError &&
      error.message ===
        "Expected a value, found the end of the text in /stages/1/keys/0 at line 1, column 4\n" +
          "  a +\n     ^",
  );
});
