/**
 * What every stage keeps to when it runs as a stream: demand, cancellation, one error for all, nothing left behind.
 * Pipelines come from the stages' own examples.
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Batch } from "../src/batch/batch.ts";
import { giveAway } from "../src/batch/chunk_memory.ts";
import { encodeText } from "../src/batch/text.ts";
import { RunError } from "../src/errors.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { Run } from "../src/pipeline/run.ts";
import { DEFAULT_RUN_OPTIONS } from "../src/pipeline/run_input.ts";
import { parsePipeline } from "../src/plan.ts";
import { type AnyStage, defineStage } from "../src/stage.ts";
import type { Vocabulary } from "../src/vocabulary.ts";
import { VOCABULARY } from "../stages/mod.ts";
import { run as runAlone } from "./support/operators.ts";
import { comparable } from "./support/order.ts";
import { exampleResources } from "./support/resources.ts";

/** Stages that ask for no more of an endless upload, with the reason: laws about endless uploads pass them over. */
const SATISFIED: ReadonlyMap<string, string> = new Map([
  ["head", "it ends the upload by itself once it has its rows"],
]);

/** An upload that counts what is asked of it, and how it ends. */
class Source {
  pulls = 0;
  readonly cancels: unknown[] = [];
  readonly stream: ReadableStream<Uint8Array>;

  /** Gives `chunk` for ever, or `times` times and then ends, or fails with `error`. */
  constructor(chunk: Uint8Array, times = Infinity, error: RunError | null = null) {
    this.stream = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        this.pulls++;
        // As a socket does, it answers in another turn of events: else nothing else would ever run.
        await new Promise((resolve) => setImmediate(resolve));
        if (this.cancels.length > 0) return;
        if (this.pulls <= times) controller.enqueue(givenAway(chunk.slice()));
        else if (error !== null) controller.error(error);
        else controller.close();
      },
      cancel: (reason) => {
        this.cancels.push(reason);
      },
    }, { highWaterMark: 0 });
  }
}

/** As the server's own chunks are, whose memory is freed as soon as they are spent. */
function givenAway(chunk: Uint8Array): Uint8Array {
  giveAway(chunk);
  return chunk;
}

function start(
  pipeline: string,
  source: Source,
  vocabulary: Vocabulary = VOCABULARY,
  stallTimeoutMs = DEFAULT_LIMITS.stallTimeoutMs,
): Run {
  return new Run({
    id: "test",
    plan: parsePipeline(pipeline, vocabulary).plan,
    pipeline,
    name: null,
    vocabulary,
    limits: { ...DEFAULT_LIMITS, edgeBytes: 1, stallTimeoutMs },
    options: DEFAULT_RUN_OPTIONS,
    body: source.stream,
    figures: { wireBytes: 0, bytes: 0 },
    resources: exampleResources(),
  });
}

/** Lets everything happen that can happen without anybody asking for more. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Reads until the end or the error; gives the text and the error. */
async function readAll(
  results: ReadableStream<Uint8Array>,
): Promise<{ text: string; fault: unknown }> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const chunk of results) text += decoder.decode(chunk, { stream: true });
    return { text, fault: null };
  } catch (fault) {
    return { text, fault };
  }
}

function subjects(): { stage: AnyStage; pipeline: string; input: Uint8Array }[] {
  return [...VOCABULARY.stages.values()].flatMap((stage) =>
    stage.examples.filter(({ output }) => output !== undefined).map(({ pipeline, input }) => ({
      stage,
      pipeline,
      input: encodeText(input.endsWith("\n") ? input : `${input}\n`),
    }))
  );
}

function law(
  name: string,
  check: (subject: ReturnType<typeof subjects>[number]) => Promise<void>,
): void {
  for (const stage of VOCABULARY.stages.values()) {
    test(`${stage.name}: ${name}`, async () => {
      for (const subject of subjects().filter((subject) => subject.stage === stage)) {
        await check(subject);
      }
    });
  }
}

law(
  "streamed, it answers what its operators answer when called alone",
  async ({ pipeline, input, stage }) => {
    const source = new Source(input, 3);
    const run = start(pipeline, source);
    const { text, fault } = await readAll(run.results);
    assert.equal(fault, null, pipeline);
    const alone = await runAlone(pipeline, new TextDecoder().decode(input).repeat(3));
    const rows = text.replace(/\{"\$notice".*\n$/, "");
    assert.equal(comparable(stage.name, rows), comparable(stage.name, alone.output), pipeline);
    const { state, stages } = await run.ended;
    assert.equal(state, "complete");
    assert.ok(
      stages.every((stage) => stage.busyMs >= 0 && stage.starvedMs >= 0 && stage.blockedMs >= 0),
    );
  },
);

law(
  "with nobody reading, it asks for no more than its queues and its outbox hold",
  async (subject) => {
    const { pipeline, input, stage } = subject;
    if (SATISFIED.has(stage.name) || pipeline.includes("head")) return;
    const plan = parsePipeline(pipeline, VOCABULARY).plan;
    const gathers = plan.stages.some(({ stage: word }) =>
      ["aggregate"].includes(VOCABULARY.stages.get(word)!.kind) ||
      ["sort", "tail", "top", "tee", "route", "window", "session", "into"].includes(word)
    );
    // A buffer that drops takes its input for ever by definition.
    if (pipeline.includes("overflow=drop")) return;
    // A stage that answers at the end takes its input for ever: here only what streams can be held back by its reader.
    if (gathers || pipeline.includes("stats")) return;
    const chunk = encodeText(new TextDecoder().decode(input).repeat(200));
    const source = new Source(chunk);
    const run = start(pipeline, source);
    await settle();
    let asked = -1;
    for (let round = 0; round < 200 && source.pulls !== asked; round++) {
      asked = source.pulls;
      await settle();
    }
    assert.equal(source.pulls, asked, `${pipeline}: goes on asking`);
    await run.results.cancel();
    await run.ended;
  },
);

law(
  "cancelled by its reader, it cancels the upload once and ends",
  async ({ pipeline, input, stage }) => {
    if (SATISFIED.has(stage.name) || pipeline.includes("head")) return;
    const source = new Source(input);
    const run = start(pipeline, source);
    await settle();
    await run.results.cancel("enough");
    const { state, error } = await run.ended;
    assert.deepEqual(
      [state, error?.code, source.cancels.length],
      ["failed", "client_gone", 1],
      pipeline,
    );
    assert.equal(source.cancels[0], error);
  },
);

law(
  "a fault of the upload reaches the report and the reader as the same object",
  async (subject) => {
    const { pipeline, input } = subject;
    if (pipeline.includes("head")) return;
    const error = new RunError("upload_cut", "Cut for the test");
    const run = start(pipeline, new Source(input, 2, error));
    const { text, fault } = await readAll(run.results);
    assert.equal(fault, error, pipeline);
    assert.match(text, /\{"\$error":\{"code":"upload_cut","message":"Cut for the test"\}\}\n$/);
    assert.equal((await run.ended).error, error);
  },
);

test("a stage that throws: one error for the upload, the reader and the report, and every stage is disposed of once", async () => {
  const thrown = new RunError("internal", "Thrown for the test");
  let disposed = 0;
  const counted: AnyStage = defineStage({
    ...VOCABULARY.stages.get("buffer")!,
    name: "counted",
    create: () => ({
      push: (chunk: Batch) => [chunk],
      dispose: () => {
        disposed++;
      },
    }),
  });
  const broken: AnyStage = defineStage({
    ...counted,
    name: "broken",
    create: () => ({
      push: () => {
        throw thrown;
      },
      dispose: () => {
        disposed++;
      },
    }),
  });
  const stages = new Map([...VOCABULARY.stages, ["counted", counted], ["broken", broken]]);
  const source = new Source(encodeText("a\nb\n"));
  const pipeline = "lines | counted 9 | broken 9 | counted 9 | stats count";
  const run = start(pipeline, source, { ...VOCABULARY, stages });
  const { fault } = await readAll(run.results);
  assert.equal(fault, thrown);
  assert.equal((await run.ended).error, thrown);
  assert.deepEqual(source.cancels, [thrown]);
  assert.equal(disposed, 3);
});

test("a satisfied stage ends the upload, and that is no failure", async () => {
  const source = new Source(encodeText("a\nb\n"));
  const run = start("lines | head 3 | stats count", source);
  const { text, fault } = await readAll(run.results);
  assert.deepEqual([text, fault], ['{"count":3}\n', null]);
  assert.equal((await run.ended).state, "complete");
  assert.equal(source.cancels.length, 1);
});

test("a complete result that nobody reads does not keep its run for ever", async () => {
  const run = start("lines | stats count", new Source(encodeText("a\n"), 1), VOCABULARY, 50);
  const { state, error } = await run.ended;
  assert.deepEqual([state, error?.code], ["failed", "stalled"]);
});
