/**
 * Which fields a plan asks of its format.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Batch } from "../src/batch/batch.ts";
import { demandsOf } from "../src/language/demand.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { explain, parsePipeline } from "../src/plan.ts";
import { defineStage } from "../src/stage.ts";
import type { Vocabulary } from "../src/vocabulary.ts";
import { VOCABULARY } from "../stages/mod.ts";
import { z } from "zod";

function columnsOf(pipeline: string, vocabulary: Vocabulary = VOCABULARY): string {
  const [demand = "all"] = demandsOf(parsePipeline(pipeline, vocabulary).plan, vocabulary);
  return demand === "all" ? demand : [...demand.keys()].sort().join(" ");
}

test("a result that shows whole rows asks for all", () => {
  for (const tail of ["", " | where a > 1", " | sort -a | head 3", " | let b = a", " | drop a"]) {
    assert.equal(columnsOf(`json${tail}`), "all");
  }
});

test("a stage that makes its rows asks for what its arguments name", () => {
  assert.equal(columnsOf("json | stats count"), "");
  assert.equal(
    columnsOf("json | stats p99(ms), count if status >= 500 as bad by path, bin(time, 1m)"),
    "ms path status time",
  );
  assert.equal(columnsOf("json | select a.b as x, upper(c), `odd name`"), "`odd name` a.b c");
  assert.equal(columnsOf("json | stats count by a | sort -count | where count > 1"), "a");
});

test("stages that pass rows on add what they read", () => {
  const pipeline = "json | where a in (1, b) and not c | let d = -e | drop f | sort g | " +
    "top 3 by h | tail 9 | buffer 10 | select d";
  assert.equal(columnsOf(pipeline), "a b c d e f g h");
});

test("the branches of a tee ask together, each for what is asked of the result too", () => {
  assert.equal(columnsOf("json | tee (where a > 1 | select b) (stats count by c)"), "a b c");
  assert.equal(columnsOf("json | tee (head 1) (stats count by c)"), "all");
  assert.equal(columnsOf("json | tee (head 1) (stats sum(c) as s) | select d"), "c d");
});

test("a stage that does not say what it reads may read anything", () => {
  const silent = defineStage({
    name: "silent",
    kind: "row-local",
    summary: "",
    description: "",
    arguments: z.object({}),
    examples: [],
    create: () => ({ push: (batch: Batch) => [batch] }),
  });
  const stages = new Map([...VOCABULARY.stages, ["silent", silent] as const]);
  assert.equal(columnsOf("json | silent | stats count", { ...VOCABULARY, stages }), "all");
});

test("the explanation of a format shows its columns", () => {
  const columns = (pipeline: string) =>
    explain(parsePipeline(pipeline, VOCABULARY), VOCABULARY, DEFAULT_LIMITS).stages.map((stage) =>
      stage.columns
    );
  assert.deepEqual(columns("json | where a > 1 | select b.c"), [
    ["b.c", "a"],
    undefined,
    undefined,
  ]);
  assert.deepEqual(columns("combined | head 1"), ["all", undefined]);
});
