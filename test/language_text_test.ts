import assert from "node:assert/strict";
import { test } from "node:test";
import { printPlan } from "../src/language/pipeline_text.ts";
import type { Plan } from "../src/language/syntax.ts";
import { usage } from "../src/language/usage.ts";
import { parsePipeline } from "../src/plan.ts";
import { withoutPositions } from "./support/pipelines.ts";
import { TEST_VOCABULARY } from "./support/vocabulary.ts";

function stagesOf(text: string): unknown {
  return withoutPositions(parsePipeline(`json | ${text}`, TEST_VOCABULARY).plan.stages.slice(1));
}

function canonical(text: string): string {
  return printPlan(parsePipeline(`json | ${text}`, TEST_VOCABULARY).plan, TEST_VOCABULARY).slice(7);
}

const field = (...path: string[]) => ({ kind: "field", path });
const literal = (value: unknown, raw?: string) => ({
  kind: "literal",
  value,
  ...(raw === undefined ? {} : { raw }),
});

test("text becomes a plan", () => {
  assert.deepEqual(stagesOf("where a.0.`odd name` >= 10ms and not b # rest\n| head"), [
    {
      stage: "where",
      arguments: {
        condition: {
          kind: "binary",
          operator: "and",
          left: {
            kind: "binary",
            operator: ">=",
            left: field("a", "0", "odd name"),
            right: literal(10, "10ms"),
          },
          right: { kind: "unary", operator: "not", operand: field("b") },
        },
      },
    },
    { stage: "head", arguments: { count: 10 } },
  ]);
});

test("positions are offsets in the text", () => {
  const { plan } = parsePipeline('json | where a = "b" | head 5', TEST_VOCABULARY);
  assert.deepEqual(plan.stages.map(({ at }) => at), [
    { start: 0, end: 4 },
    { start: 7, end: 20 },
    { start: 23, end: 29 },
  ]);
});

test("aggregates, columns and their default names", () => {
  assert.deepEqual(
    stagesOf("stats count, p99.9(x), sum(b) if s < 400 by req.host, bin(t, 1m), `a b` as c"),
    [{
      stage: "stats",
      arguments: {
        aggregates: [
          { function: "count", arguments: [], condition: null, name: "count" },
          { function: "p99.9", arguments: [field("x")], condition: null, name: "p99.9(x)" },
          {
            function: "sum",
            arguments: [field("b")],
            condition: { kind: "binary", operator: "<", left: field("s"), right: literal(400) },
            name: "sum(b) if s < 400",
          },
        ],
        by: [
          { name: "req.host", expression: field("req", "host") },
          {
            name: "bin(t, 1m)",
            expression: {
              kind: "call",
              name: "bin",
              arguments: [field("t"), literal(60_000, "1m")],
            },
          },
          { name: "c", expression: field("a b") },
        ],
      },
    }],
  );
});

test("every scalar, options anywhere", () => {
  assert.deepEqual(
    stagesOf("window ratio=0.25 sliding memory=1.5KiB 1.5h label='it\\'s' unless=-x keep a, b.c"),
    [{
      stage: "window",
      arguments: {
        mode: "sliding",
        length: 5_400_000,
        keep: [field("a"), field("b", "c")],
        memory: 1536,
        ratio: 0.25,
        label: "it's",
        unless: { kind: "unary", operator: "-", operand: field("x") },
      },
    }],
  );
});

test("nested pipelines and bounds", () => {
  assert.deepEqual(stagesOf("tee (buffer 100 | head 1) (buffer 4MiB)"), [{
    stage: "tee",
    arguments: {
      branches: [
        {
          stages: [
            { stage: "buffer", arguments: { bound: { rows: 100 } } },
            { stage: "head", arguments: { count: 1 } },
          ],
        },
        { stages: [{ stage: "buffer", arguments: { bound: { bytes: 4_194_304 } } }] },
      ],
    },
  }]);
});

/** What is written, and its canonical text. */
const CANONICAL: readonly (readonly [text: string, canonical: string])[] = [
  ["where a=1", "where a == 1"],
  ["where ((a))", "where a"],
  ["where a or b and not c == 1 + 2 * -d", "where a or b and not c == 1 + 2 * -d"],
  ["where (a or b) and c", "where (a or b) and c"],
  ["where a - (b - c) - d", "where a - (b - c) - d"],
  ["where not (a in (1,2)) or x not in ('y')", 'where not a in (1, 2) or x not in ("y")'],
  ["where not(a)", "where not a"],
  ["where -(5) < - 5", "where -(5) < -5"],
  ["where contains(a, 'b') and a contains 'b'", 'where contains(a, "b") and a contains "b"'],
  ["where `by` = `a` and `not` = x.not", "where `by` == a and `not` == x.not"],
  ["where a > 10_000 and b < 1e3", "where a > 10000 and b < 1000"],
  ["where a = 'x\\u0041\\n\"'", 'where a == "xA\\n\\""'],
  ["let a=1,b = a+1", "let a = 1, b = a + 1"],
  ["sort a desc, +b, -c, d, (-e)", "sort -a, b asc, -c, d, (-e)"],
  ["stats count() as n, avg (x)", "stats count as n, avg(x)"],
  ["stats count by path as path", "stats count by path"],
  ["window 3600s", "window 1h ratio=0.5"],
  ["window 90s keep `ratio`", "window 90s keep `ratio` ratio=0.5"],
  [
    "window 1ms unless=(a or b) extra=(a, b as c)",
    "window 1ms ratio=0.5 unless=(a or b) extra=(a, b as c)",
  ],
];

for (const [text, expected] of CANONICAL) {
  test(`canonical text of: ${text}`, () => {
    assert.equal(canonical(text), expected);
    assert.equal(canonical(expected), expected);
  });
}

test("usage lines come from the declared arguments", () => {
  const lines = [...TEST_VOCABULARY.stages.values()].map(usage);
  assert.deepEqual(lines, [
    "combined",
    "json",
    "where CONDITION",
    "let NAME = EXPRESSION, ...",
    "stats AGGREGATE, ... [by COLUMN, ...]",
    "sort [-]KEY, ...",
    "head [COUNT]",
    "buffer ROWS|BYTES",
    "tee (PIPELINE) ...",
    "window [sliding|tumbling] DURATION [keep FIELD, ...] [memory=SIZE] [ratio=RATIO] " +
    '[label="LABEL"] [unless=UNLESS] [extra=COLUMN, ...]',
  ]);
});

test("a plan is plain data", () => {
  const { plan } = parsePipeline(
    "json | where __proto__.a = 1 | tee (head) (head)",
    TEST_VOCABULARY,
  );
  assert.deepEqual(structuredClone(plan) as Plan, plan);
});
