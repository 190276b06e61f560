import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { parsePipeline, pipelineJsonSchema, planToJson, printPlan } from "../src/plan.ts";
import { issuesOf, withoutPositions } from "./support/pipelines.ts";
import { stats, TEST_VOCABULARY, window } from "./support/vocabulary.ts";

const TEXT =
  "json | where status >= 500 | stats count as n by path | tee (head 5) (sort -n | buffer 4MiB) | window 10s";
const JSON_FORM = {
  stages: [
    { stage: "json" },
    { stage: "where", condition: "status >= 500" },
    { stage: "stats", aggregates: ["count as n"], by: ["path"] },
    {
      stage: "tee",
      branches: [
        { stages: [{ stage: "head", count: 5 }] },
        { stages: [{ stage: "sort", keys: ["-n"] }, { stage: "buffer", bound: "4MiB" }] },
      ],
    },
    { stage: "window", length: "10s", ratio: 0.5 },
  ],
};

test("text and JSON give the same plan and convert into each other", () => {
  const text = parsePipeline(TEXT, TEST_VOCABULARY);
  const json = parsePipeline(JSON.stringify(JSON_FORM), TEST_VOCABULARY);
  assert.deepEqual(withoutPositions(json.plan), withoutPositions(text.plan));
  assert.deepEqual(planToJson(text.plan, TEST_VOCABULARY), JSON_FORM);
  assert.equal(printPlan(json.plan, TEST_VOCABULARY), `${TEXT} ratio=0.5`);
});

test("shorter JSON: the bare array, text for lists and branches, numbers for units, empty lists", () => {
  const source = JSON.stringify([
    { stage: "json" },
    { stage: "stats", aggregates: "count as n, sum(a)", by: [] },
    { stage: "tee", branches: ["head 1 | head 2", [{ stage: "head" }]] },
    { stage: "buffer", bound: 7 },
    { stage: "window", length: 1500, memory: 1024 },
  ]);
  assert.equal(
    printPlan(parsePipeline(source, TEST_VOCABULARY).plan, TEST_VOCABULARY),
    "json | stats count as n, sum(a) | tee (head 1 | head 2) (head 10) | buffer 7 | " +
      "window 1500ms memory=1KiB ratio=0.5",
  );
});

test("issues in JSON say where they are", () => {
  const source = JSON.stringify({
    stages: [
      { stage: "combined" },
      { stage: "wher" },
      { stage: "where", condition: "bytes > 1 )" },
      { stage: "head", count: 0 },
      { stage: "head", cuont: 1 },
      { stage: "where" },
      { stage: "sort", keys: ["-status", 5] },
      { stage: "head", count: "x" },
      7,
      { stage: "tee", branches: ["head | foo", { stages: [{ stage: "window", length: "9q" }] }] },
    ],
  });
  assert.equal(
    issuesOf(source),
    [
      "Unknown stage `wher` in /stages/1/stage at line 1, column 1\n" +
      "  wher\n  ^^^^\nDid you mean `where`?",
      "Expected the end of the text, found `)` in /stages/2/condition at line 1, column 11\n" +
      "  bytes > 1 )\n            ^",
      "`count` must be at least 1, found 0 in /stages/3/count at line 1, column 1\n  0\n  ^",
      "Unknown argument `cuont` of `head` in /stages/4/cuont at line 1, column 1\n" +
      "  cuont\n  ^^^^^\nDid you mean `count`?",
      "`where` needs `condition` in /stages/5/stage at line 1, column 1\n" +
      "  where\n  ^^^^^\nUsage: where CONDITION",
      "Expected a string, found 5 in /stages/6/keys/1 at line 1, column 1\n  5\n  ^",
      'Expected a number, found "x" in /stages/7/count at line 1, column 1\n  "x"\n  ^^^',
      'Expected a stage such as {"stage": "head", "count": 10}, found 7 in /stages/8 at line 1, ' +
      "column 1\n  7\n  ^",
      "Unknown stage `foo` in /stages/9/branches/0 at line 1, column 8\n" +
      "  head | foo\n         ^^^\n" +
      "Stages are combined, json, where, let, stats, sort, head, buffer, tee, window",
      "Unknown unit `q` in `9q` in /stages/9/branches/1/stages/0/length at line 1, column 1\n" +
      "  9q\n  ^^\nUnits are ms, s, m, h, d, w, B, kB, KB, MB, GB, TB, KiB, MiB, GiB, TiB",
    ].join("\n\n"),
  );
});

test("meaning is checked in JSON too", () => {
  assert.equal(
    issuesOf('[{"stage":"combined"},{"stage":"where","condition":"1 < stauts"}]'),
    "Unknown field `stauts` in /1/condition at line 1, column 5\n" +
      "  1 < stauts\n      ^^^^^^\nDid you mean `status`?",
  );
});

test("what is no pipeline is refused", () => {
  assert.match(issuesOf('{"stages":'), /^Pipeline is not valid JSON: .* at line 1, column 1\n/);
  assert.equal(
    issuesOf('{"stage":"json"}'),
    'Expected a pipeline such as {"stages": [...]}, found {"stage":"json"} at line 1, column 1\n' +
      '  {"stage":"json"}\n  ^^^^^^^^^^^^^^^^',
  );
  assert.equal(
    issuesOf('[{"stage":"json","__proto__":{"a":1}}]'),
    "Unknown argument `__proto__` of `json` in /0/__proto__ at line 1, column 1\n" +
      "  __proto__\n  ^^^^^^^^^\nUsage: json",
  );
});

test("a stage's zod schema decodes and encodes by itself", () => {
  const decoded = z.decode(stats.arguments, { aggregates: "count as n", by: ["a.b"] });
  assert.deepEqual(withoutPositions(decoded.by), [
    { name: "a.b", expression: { kind: "field", path: ["a", "b"] } },
  ]);
  assert.deepEqual(z.encode(stats.arguments, decoded), { aggregates: "count as n", by: "a.b" });
  const wrong = z.safeDecode(window.arguments, { length: "10q", unless: "a b" });
  assert.deepEqual(wrong.error?.issues.map(({ path, message }) => [path, message]), [
    [["length"], "Unknown unit `q` in `10q`"],
    [["unless"], "Expected the end of the text, found `b`"],
  ]);
});

test("the JSON Schema of a pipeline", () => {
  const schema = pipelineJsonSchema(TEST_VOCABULARY);
  const common = {
    on_error: {
      type: "string",
      enum: ["skip", "fail", "emit"],
      description: "What happens to a line or row that the stage cannot take",
    },
  };
  const definitions = schema["$defs"] as Record<string, unknown>;
  assert.deepEqual(Object.keys(definitions), [...TEST_VOCABULARY.stages.keys()]);
  assert.deepEqual(definitions["head"], {
    type: "object",
    description: "For tests",
    properties: {
      stage: { const: "head", description: "For tests" },
      count: {
        type: "integer",
        minimum: 1,
        maximum: 1_000_000,
        default: 10,
        description: "Rows",
      },
      ...common,
    },
    required: ["stage"],
    additionalProperties: false,
  });
  assert.deepEqual(definitions["tee"], {
    type: "object",
    description: "For tests",
    properties: {
      stage: { const: "tee", description: "For tests" },
      branches: {
        type: "array",
        minItems: 2,
        description: "Branches",
        items: {
          anyOf: [{ type: "string" }, { $ref: "#" }, {
            type: "object",
            properties: { ref: { type: "string" } },
            required: ["ref"],
            additionalProperties: false,
          }],
        },
      },
      ...common,
    },
    required: ["stage", "branches"],
    additionalProperties: false,
  });
});
