/**
 * An upload that is here as a whole gives what the same upload gives as a stream, and takes no stream for it.
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeText } from "../src/batch/text.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { LazyAbort } from "../src/pipeline/lazy_abort.ts";
import { Run } from "../src/pipeline/run.ts";
import { type Place, Runs } from "../src/pipeline/runs.ts";
import { DEFAULT_RUN_OPTIONS, type RunInput, type RunOptions } from "../src/pipeline/run_input.ts";
import { parsePipeline } from "../src/plan.ts";
import { DEFAULT_RESOURCES } from "../src/resources.ts";
import { type AnyStage, defineStage, NOTHING } from "../src/stage.ts";
import type { Batch } from "../src/batch/batch.ts";
import type { Vocabulary } from "../src/vocabulary.ts";
import { VOCABULARY } from "../stages/mod.ts";
import { z } from "zod";

const idle = {
  kind: "row-local",
  summary: "For tests",
  description: "For tests",
  examples: [],
  arguments: z.object({}),
} as const;

const words: readonly AnyStage[] = [
  defineStage({
    ...idle,
    name: "slow",
    create: () => ({
      push: async (batch: Batch) => {
        await new Promise((resolve) => setImmediate(resolve));
        return [batch];
      },
    }),
  }),
  defineStage({
    ...idle,
    name: "late",
    create: (_, context) => {
      let held: Batch[] = [];
      return {
        push: (batch: Batch) => {
          held.push(batch);
          context.wake();
          return NOTHING;
        },
        take: () => held.splice(0),
        finish: () => held,
        dispose: () => void (held = []),
      };
    },
  }),
];

const vocabulary: Vocabulary = {
  ...VOCABULARY,
  stages: new Map([...VOCABULARY.stages, ...words.map((stage) => [stage.name, stage] as const)]),
};

function start(
  pipeline: string,
  body: Uint8Array | ReadableStream<Uint8Array>,
  options: Partial<RunOptions> = {},
): Run {
  return new Run(inputOf(pipeline, body, { options: { ...DEFAULT_RUN_OPTIONS, ...options } }));
}

function inputOf(
  pipeline: string,
  body: Uint8Array | ReadableStream<Uint8Array>,
  others: Partial<RunInput> = {},
): RunInput {
  return {
    id: "test",
    plan: parsePipeline(pipeline, vocabulary).plan,
    pipeline,
    name: null,
    vocabulary,
    limits: DEFAULT_LIMITS,
    options: DEFAULT_RUN_OPTIONS,
    body,
    figures: { wireBytes: 0, bytes: 0 },
    resources: DEFAULT_RESOURCES,
    ...others,
  };
}

async function read(run: Run): Promise<{ text: string; fault: unknown }> {
  const decoder = new TextDecoder();
  if (run.whole !== null) return { text: decoder.decode(run.whole), fault: null };
  let text = "";
  try {
    for await (const chunk of run.results) text += decoder.decode(chunk, { stream: true });
    return { text, fault: null };
  } catch (fault) {
    return { text, fault };
  }
}

function streamOf(text: string): ReadableStream<Uint8Array> {
  return new Blob([text]).stream();
}

const INPUT = Array.from(
  { length: 40 },
  (_, index) => index % 9 === 4 ? "broken" : `{"n":${index},"path":"/${index % 3}"}`,
).map((line) => `${line}\n`).join("");

const SAME = [
  "json | stats count, sum(n) by path",
  "json | where n > 10 | select n | head 3",
  "json | head 2 | stats count",
  "json | sort -n | head 2",
  "json | tail 2 | let m = n * 2",
  "json | tee (stats count) (where n < 3 | select n)",
  "json | buffer 2 | tail 4",
  "json | top 2 by n",
];

for (const pipeline of SAME) {
  for (const onReject of ["skip", "emit"] as const) {
    test(`whole as streamed: ${pipeline}, on_reject=${onReject}`, async () => {
      const whole = start(pipeline, encodeText(INPUT), { onReject });
      // A branching stage may wait, so that its end is read as one that does.
      assert.equal(whole.whole === null, pipeline.includes("tee"));
      const streamed = await read(start(pipeline, streamOf(INPUT), { onReject }));
      assert.deepEqual(await read(whole), streamed);
      assert.equal(streamed.fault, null);
      assert.equal((await whole.ended).state, "complete");
    });
  }
}

test("the figures of a whole upload are those of a streamed one", async () => {
  const pipeline = "json | where n > 10 | stats count by path";
  const figures = async (body: Uint8Array | ReadableStream<Uint8Array>) => {
    const run = start(pipeline, body);
    await read(run);
    const report = await run.ended;
    return report.stages.map(({ stage, rowsIn, rowsOut, bytesIn, rejects }) => ({
      stage,
      rowsIn,
      rowsOut,
      bytesIn,
      rejects,
    }));
  };
  const whole = await figures(encodeText(INPUT));
  assert.deepEqual(whole, await figures(streamOf(INPUT)));
  assert.deepEqual(whole.map(({ rowsIn, rowsOut }) => [rowsIn, rowsOut]), [
    [0, 36],
    [36, 26],
    [26, 3],
  ]);
});

test("a whole upload of which nothing is wanted is not looked at", async () => {
  const run = start("json | head 0", encodeText(INPUT));
  assert.deepEqual(await read(run), { text: "", fault: null });
  assert.equal((await run.ended).lines, 0);
});

test("a stage that waits, and one that gives output by itself: read as a stream", async () => {
  for (const word of ["slow", "late"]) {
    const run = start(`json | ${word} | where n < 2 | select n`, encodeText(INPUT));
    assert.equal(run.whole, null);
    const { text, fault } = await read(run);
    assert.equal(fault, null);
    assert.equal(text.split("\n").slice(0, 2).join(" "), '{"n":0} {"n":1}');
    assert.equal((await run.ended).state, "complete");
  }
});

test("a whole upload that fails ends with its error line, and cut", async () => {
  const run = start("json", encodeText("broken\n"));
  assert.equal(run.whole, null);
  const { text, fault } = await read(run);
  assert.match(text, /^\{"\$error":\{"code":"nothing_parsed"/);
  assert.equal((fault as { code?: string }).code, "nothing_parsed");
  assert.equal((await run.ended).state, "failed");
});

test("a run that is cancelled while a stage waits ends with the reason", async () => {
  const run = start("json | slow | stats count", encodeText(INPUT));
  await run.results.cancel("enough");
  const { state, error } = await run.ended;
  assert.deepEqual([state, error?.code], ["failed", "client_gone"]);
});

test("more results than fit in one answer are read as a stream", async () => {
  const wide = "x".repeat(60_000);
  const run = start("json | let a = n, b = n", encodeText(`{"n":"${wide}"}\n`));
  assert.equal(run.whole, null);
  const { text, fault } = await read(run);
  assert.equal(fault, null);
  assert.equal(text, `{"n":"${wide}","a":"${wide}","b":"${wide}"}\n`);
});

test("a small run is over, counted and out of the way when it is started", () => {
  const runs = new Runs(1, 10);
  for (let round = 0; round < 3; round++) {
    const place = runs.reserve();
    assert.notEqual(typeof place, "string");
    const run = (place as Place).start(
      inputOf("lines | stats count", encodeText("a\nb\n"), { id: `run${round}` }),
    );
    assert.notEqual(run.whole, null);
    assert.equal(runs.live(run.id), null);
    assert.equal(runs.report(run.id)?.state, "complete");
    assert.equal(runs.report(run.id)?.lines, 2);
  }
  assert.deepEqual([...runs.totals().runs].map(({ runs }) => runs), [3]);
});

test("a run that waits is live until it is over, and its place is taken", async () => {
  const runs = new Runs(1, 10);
  const place = runs.reserve() as Place;
  const run = place.start(inputOf("lines | slow | stats count", encodeText("a\n")));
  assert.equal(run.whole, null);
  assert.equal(runs.live(run.id), run);
  assert.equal(runs.reserve(), "full");
  assert.equal(await new Response(run.results).text(), '{"count":1}\n');
  await run.ended;
  assert.equal(runs.live(run.id), null);
  assert.notEqual(runs.reserve(), "full");
});

test("the signal of a run that has ended already is aborted when it is first asked for", () => {
  const reason = new Error("over");
  const early = new LazyAbort();
  const { signal } = early;
  assert.equal(signal.aborted, false);
  early.abort(reason);
  early.abort(new Error("later"));
  assert.equal(signal.reason, reason);
  const late = new LazyAbort();
  late.abort(reason);
  assert.equal(late.signal.aborted, true);
  assert.equal(late.signal.reason, reason);
  assert.equal(late.signal, late.signal);
});
