/**
 * Stages that share a stream: which do, and that nothing but the streams tells.
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeText } from "../src/batch/text.ts";
import { from } from "../src/flow/mod.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { assemble } from "../src/pipeline/assemble.ts";
import { joined } from "../src/pipeline/joined.ts";
import { Run } from "../src/pipeline/run.ts";
import { DEFAULT_RUN_OPTIONS } from "../src/pipeline/run_input.ts";
import { parsePipeline } from "../src/plan.ts";
import { VOCABULARY } from "../stages/mod.ts";
import { cut, randomCuts, run } from "./support/operators.ts";
import { forSeeds } from "./support/random.ts";
import { exampleResources } from "./support/resources.ts";

/** The word of the first stage of each stream. */
function streamsOf(pipeline: string): string {
  const { stages } = assemble(parsePipeline(pipeline, VOCABULARY).plan, {
    vocabulary: VOCABULARY,
    limits: DEFAULT_LIMITS,
    budget: { take: () => {} },
    abort: new AbortController(),
    reject: () => {},
    lines: () => {},
    notice: () => {},
    event: () => {},
    resources: exampleResources(),
  });
  for (const { operator } of stages) operator.dispose?.();
  return joined(stages).map(({ name }) => name).join(" ");
}

function start(pipeline: string, body: ReadableStream<Uint8Array>, edgeBytes = 1): Run {
  return new Run({
    id: "test",
    plan: parsePipeline(pipeline, VOCABULARY).plan,
    pipeline,
    name: null,
    vocabulary: VOCABULARY,
    limits: { ...DEFAULT_LIMITS, edgeBytes },
    options: DEFAULT_RUN_OPTIONS,
    body,
    figures: { wireBytes: 0, bytes: 0 },
    resources: exampleResources(),
  });
}

test("light stages share the stream of a stage below that does not wait, and of no other", () => {
  const table = [
    ["json | throttle 5/s | where n > 1 | stats count", "json throttle stats"],
    ["json | buffer 10 | stats count", "json buffer"],
    ["json | buffer auto | head 1 | where n > 1", "json buffer where"],
    ["json | throttle 5/s by n | buffer 10 | where n > 1", "json throttle buffer"],
    ["json | buffer 10 | buffer 20 | where n > 1", "json buffer buffer"],
    ["json | where n > 1 | throttle 5/s", "json where throttle"],
    ["json | buffer 10 | parallel 2 (where n > 1)", "json buffer parallel"],
    ["json | throttle 5/s | throttle 1/s | let a = 1", "json throttle throttle"],
    ["json | buffer 10 overflow=drop_oldest | where n > 1", "json buffer where"],
    ['json | buffer 10 | lookup http "https://geo.example/{n}" as geo', "json buffer lookup"],
    [
      'json | buffer 10 | tee (lookup http "https://geo.example/{n}" as geo) (stats count)',
      "json buffer tee",
    ],
  ] as const;
  for (const [pipeline, streams] of table) assert.equal(streamsOf(pipeline), streams, pipeline);
});

test("what shares a stream gives what it gives by itself, under any cuts, and is told of by itself", async () => {
  const rows = Array.from({ length: 60 }, (_, n) => `{"n":${n},"k":"${n % 3}"}\n`);
  const bytes = encodeText(rows.join(""));
  const table = [
    ["throttle 1000000/s | where n > 9 | stats count by k", 60, 50],
    ["buffer 7 | where n > 9 | sort -n", 60, 50],
    ["buffer auto | stats sum(n) by k", 60, 3],
    ["where n > 9 | throttle 1000000/s by k burst=100 | sort k", 50, 50],
  ] as const;
  await forSeeds(8, async (random) => {
    for (const [stages, rowsIn, passed] of table) {
      const pipeline = `json | ${stages}`;
      const { output } = await run(pipeline, bytes);
      const pieces = cut(bytes, randomCuts(random, bytes.length));
      const made = start(pipeline, from(pieces));
      assert.equal(await new Response(made.results).text(), output, pipeline);
      const report = await made.ended;
      assert.equal(report.state, "complete");
      const light = report.stages.find(({ stage }) => stage === "throttle" || stage === "buffer")!;
      assert.deepEqual([light.rowsIn, light.rowsOut], [rowsIn, rowsIn], pipeline);
      assert.equal(report.stages[light.index + 1]!.rowsIn, rowsIn, pipeline);
      assert.equal(report.stages[light.index + 1]!.rowsOut, passed, pipeline);
    }
  });
});

test("a stage that has enough ends the upload through the stream that it shares", async () => {
  for (const light of ["throttle 1000000/s burst=1000", "buffer 5", "buffer auto"]) {
    const reasons: unknown[] = [];
    let n = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(encodeText(`{"n":${n++}}\n`)),
      cancel: (reason) => void reasons.push(reason),
    }, { highWaterMark: 0 });
    const made = start(`json | ${light} | head 2`, endless);
    assert.equal(await new Response(made.results).text(), '{"n":0}\n{"n":1}\n', light);
    assert.equal((await made.ended).state, "complete");
    assert.equal(reasons.length, 1, light);
  }
});

test("the queue of a buffer that shares its stream keeps its bound, and fills while nobody reads", async () => {
  let n = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const lines = Array.from({ length: 50 }, () => `{"n":${n++},"text":"${"x".repeat(4000)}"}\n`);
      if (n > 5000) controller.close();
      else controller.enqueue(encodeText(lines.join("")));
    },
  }, { highWaterMark: 0 });
  const made = start("json | buffer 40 | let a = n", body, DEFAULT_LIMITS.edgeBytes);
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  const buffer = made.report().stages[1]!;
  assert.ok(buffer.queueDepth > 20 && buffer.queueHighWater <= 40, JSON.stringify(buffer));
  assert.equal((await new Response(made.results).text()).split("\n").length, 5001);
});
