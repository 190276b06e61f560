import assert from "node:assert/strict";
import { test } from "node:test";
import { PipelineError } from "../src/language/diagnostics.ts";
import type { Issue } from "../src/language/diagnostics.ts";
import { Places, readPipelineJson } from "../src/language/pipeline_json.ts";
import { planToJson } from "../src/language/plan_to_json.ts";
import { printPlan, type ReadScope, readText } from "../src/language/pipeline_text.ts";
import { parsePipeline } from "../src/plan.ts";
import { randomPlan, withoutPositions } from "./support/pipelines.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";
import { TEST_VOCABULARY } from "./support/vocabulary.ts";

function scopeFor(issues: Issue[]): ReadScope {
  return {
    vocabulary: TEST_VOCABULARY,
    parameters: new Map(),
    faulty: new Set(),
    stages: 0,
    report: (issue) => issues.push(issue),
  };
}

test("printed text reads back as the same plan", () =>
  forSeeds(1500, (random) => {
    const plan = randomPlan(random);
    const text = printPlan(plan, TEST_VOCABULARY);
    const issues: Issue[] = [];
    const again = readText(text, scopeFor(issues));
    assert.deepEqual(issues, [], text);
    assert.deepEqual(withoutPositions(again), withoutPositions(plan), text);
    assert.equal(printPlan(again, TEST_VOCABULARY), text);
  }));

test("JSON reads back as the same plan", () =>
  forSeeds(1000, (random) => {
    const plan = randomPlan(random);
    const json = JSON.parse(JSON.stringify(planToJson(plan, TEST_VOCABULARY)));
    const issues: Issue[] = [];
    const again = readPipelineJson(json, scopeFor(issues), new Places());
    assert.deepEqual(issues, [], JSON.stringify(json));
    assert.deepEqual(withoutPositions(again), withoutPositions(plan), JSON.stringify(json));
  }));

/** Parses, and lets nothing out but PipelineError; fails when that takes unreasonably long. */
function survives(source: string): void {
  const start = performance.now();
  try {
    parsePipeline(source, TEST_VOCABULARY, new Map([["n", "5"], ["text", "a | b"]]));
  } catch (error) {
    assert.ok(error instanceof PipelineError, `${error} from ${JSON.stringify(source)}`);
    assert.ok(error.issues.length > 0);
    assert.equal(typeof error.message, "string");
  }
  const took = performance.now() - start;
  assert.ok(took < 3000, `Took ${took} ms: ${source.slice(0, 100)}`);
}

const SOUP = [
  ..."( ) , | . = == != < <= =~ + - * / % # \n ` \" ' $ ${ } & ! [ ] { } : \\".split(" "),
  ..."and or not in as by if true null asc desc contains where let stats sort head tee".split(" "),
  ..."combined json window sliding buffer keep ratio= a b.c `x y` $n ${text} ${z:-1}".split(" "),
  ...'1 1.5h 4MiB 1e999 5q 10_000 "s" \'s\' "\\d" count avg(x) lower( \u{1f600} \u0000'.split(" "),
];

test("random tokens give a plan or a PipelineError", () =>
  forSeeds(1500, (random) => {
    const words = Array.from({ length: between(random, 0, 40) }, () => pickOne(random, SOUP));
    survives(words.join(random() < 0.7 ? " " : ""));
  }));

const VALID = [
  'combined | where status >= 500 and path =~ "^/api" | stats count as n, p99(latency) by path | head 5',
  "json | tee (where a in (1, 2) | sort -a) (window sliding 10s keep a, b ratio=0.1 unless=(x or y))",
  '{"stages":[{"stage":"combined"},{"stage":"where","condition":"status > 5"},{"stage":"head","count":3}]}',
  '[{"stage":"json"},{"stage":"tee","branches":["head 1",[{"stage":"sort","keys":["-a","b"]}]]}]',
];

test("mutated pipelines give a plan or a PipelineError", () =>
  forSeeds(1500, (random) => {
    let source = pickOne(random, VALID);
    for (let left = between(random, 1, 6); left > 0; left--) {
      const at = between(random, 0, source.length);
      const cut = random() < 0.5 ? between(random, 0, 8) : 0;
      const added = random() < 0.6 ? pickOne(random, SOUP) : "";
      source = source.slice(0, at) + added + source.slice(at + cut);
    }
    survives(source);
  }));

test("deep and long text ends fast", () => {
  const long = 60_000;
  const hostile = [
    "(".repeat(10_000),
    `json | where ${"(".repeat(10_000)}1${")".repeat(10_000)}`,
    `json | where ${"not ".repeat(10_000)}a`,
    `json | where ${"-".repeat(10_000)}a`,
    `json | where a${" + a".repeat(10_000)}`,
    `json | where ${"lower(".repeat(10_000)}`,
    `json | where a in (${"1,".repeat(20_000)}1)`,
    `json | ${"tee (".repeat(5_000)}`,
    `json | ${"tee (".repeat(500)}head${")".repeat(500)}`,
    `json${" | head".repeat(9_000)}`,
    "|".repeat(long),
    "&".repeat(long),
    "`".repeat(long),
    '"'.repeat(long - 1),
    `"${"\\".repeat(long)}`,
    "$".repeat(long),
    "1".repeat(long),
    `${"1_".repeat(long / 2)}x`,
    " ".repeat(long),
    "#\n".repeat(long / 2),
    "a".repeat(1_000_000),
    `json | where ${"a.".repeat(long / 2)}a`,
    `${"[".repeat(long)}`,
    `${"[".repeat(20_000)}${"]".repeat(20_000)}`,
    `${'{"stages":'.repeat(5_000)}1${"}".repeat(5_000)}`,
    `${'[{"stage":"tee","branches":['.repeat(1000)}${"]}]".repeat(1000)}`,
  ];
  for (const source of hostile) survives(source);
});
