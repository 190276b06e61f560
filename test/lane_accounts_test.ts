/**
 * Accounts of lanes: rows, rejects and figures inside of them count once, however often a batch is done.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { z } from "zod";
import { Batch } from "../src/batch/batch.ts";
import { encodeText } from "../src/batch/text.ts";
import { argument } from "../src/language/arguments.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { assemble } from "../src/pipeline/assemble.ts";
import { RunBudget } from "../src/pipeline/budget.ts";
import { Run } from "../src/pipeline/run.ts";
import { DEFAULT_RUN_OPTIONS, type RunOptions } from "../src/pipeline/run_input.ts";
import type { RunReport } from "../src/pipeline/report.ts";
import { parsePipeline } from "../src/plan.ts";
import { DEFAULT_RESOURCES } from "../src/resources.ts";
import { type AnyStage, defineStage, type Outputs } from "../src/stage.ts";
import { DEFAULT_STAGES, vocabularyOf } from "../stages/mod.ts";
import { cut, outputsOf, randomCuts } from "./support/operators.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";
import { settle } from "./support/stepped_clock.ts";

const FOR_TESTS = { summary: "For tests", description: "For tests.", examples: [] } as const;

/** Throws on each batch that has a row whose `n`, divided by the number, leaves 1: with `on_error` these rows are rejected. */
const PICKY: AnyStage = defineStage({
  ...FOR_TESTS,
  name: "picky",
  kind: "row-local",
  arguments: z.object({ by: argument.count({ description: "The number" }) }),
  create: ({ by }) => ({
    push(batch: Batch) {
      const bad = [...batch.toRows()].find((row) => Number(row["n"]) % by === 1);
      if (bad !== undefined) throw new TypeError(`Cannot take ${bad["n"]}`);
      return [batch];
    },
  }),
});

type Random = () => number;

/** What a `trip` does to a batch: nothing, or wait, or throw. */
type Trip = (batch: Batch, key: string) => Outputs<Batch> | Promise<Outputs<Batch>>;

const wordsWith = (trip: Trip) =>
  vocabularyOf([
    ...DEFAULT_STAGES,
    PICKY,
    defineStage({
      ...FOR_TESTS,
      name: "trip",
      kind: "ordered",
      stateless: () => true,
      arguments: z.object({ key: argument.text({ description: "Which of them" }) }),
      create: ({ key }) => ({ push: (batch: Batch) => trip(batch, key) }),
    }),
  ]);

/** Throws up to `most` times, now and then, at once or later. */
function tripping(random: Random, most: number): { readonly trip: Trip; quiet(): Promise<void> } {
  let left = most;
  let under = 0;
  const strike = (batch: Batch, key: string): Outputs<Batch> => {
    if (left === 0 || random() > most / (most + 3)) return [batch];
    throw new TypeError(`Tripped over ${key}, ${--left} left`);
  };
  const later = async (batch: Batch, key: string) => {
    under++;
    await settle(between(random, 0, 3));
    under--;
    return strike(batch, key);
  };
  return {
    trip: (batch, key) => random() < 0.5 ? strike(batch, key) : later(batch, key),
    async quiet() {
      left = 0;
      for (let turns = 0; turns < 10; turns++) {
        if (under > 0) turns = 0;
        await settle(1);
      }
    },
  };
}

interface Told {
  readonly rows: readonly string[];
  readonly report: RunReport;
}

async function told(
  pipeline: string,
  pieces: readonly Uint8Array[],
  { trip, quiet }: ReturnType<typeof tripping>,
  options: Partial<RunOptions>,
  turns = 1,
): Promise<Told> {
  const vocabulary = wordsWith(trip);
  const left = pieces.map((piece) => piece.slice());
  const run = new Run({
    id: "test",
    plan: parsePipeline(pipeline, vocabulary).plan,
    pipeline,
    name: null,
    vocabulary,
    limits: DEFAULT_LIMITS,
    options: { ...DEFAULT_RUN_OPTIONS, ...options },
    body: new ReadableStream({
      async pull(controller) {
        const piece = left.shift();
        await settle(turns);
        if (piece !== undefined) return controller.enqueue(piece);
        // What finishes once more gives no other rows, which lanes that wait may give in another order.
        if (options.supervision !== undefined) await quiet();
        controller.close();
      },
    }, { highWaterMark: 0 }),
    figures: { wireBytes: 0, bytes: 0 },
    resources: DEFAULT_RESOURCES,
  });
  const text = await new Response(run.results).text().catch(() => "");
  const rows = text.split("\n").filter((line) => line !== "" && !line.startsWith('{"$notice"'));
  return { rows: rows.sort(), report: await run.ended };
}

/**
 * All that a report says of rows and rejects, and, inside of lanes, of batches, but for what depends on which lane is first:
 * how often a cache was asked in vain, and batches of a `partition`, which cuts them once a lane has waited.
 */
function accountsOf({ state, lines, rows, rejects, rejectsByClass, stages, pipeline }: RunReport) {
  const cuts = pipeline.includes("partition");
  return {
    ...{ state, lines, rows, rejects, rejectsByClass },
    stages: stages.filter(({ stage }) => !stage.includes(".cache.")).map((stage) => {
      const { rowsIn, rowsOut, bytesIn, bytesOut, batchesIn, batchesOut, batchTimes } = stage;
      const { hits = 0, misses = 0, joined = 0, unmatched = 0 } = stage.facts;
      return {
        ...{ stage: stage.stage, rowsIn, rowsOut },
        ...{ unmatched, asked: Number(hits) + Number(misses) + Number(joined) },
        ...{ rejects: stage.rejects, rejectsByClass: stage.rejectsByClass },
        ...(!cuts && /parallel\..*(picky|trip|let|select)$/.test(stage.stage) && {
          ...{ bytesIn, bytesOut, batchesIn, batchesOut },
          times: batchTimes.count,
        }),
      };
    }),
  };
}

/** What stands in lanes. */
const INSIDE: readonly string[] = [
  'picky 5 on_error=emit | trip "a" | let m = n * 2 | picky 3 on_error=skip',
  'where n > 3 | picky 4 on_error=emit | picky 3 on_error=emit | trip "a" | select n',
  'tee (picky 5 on_error=emit | trip "a") (trip "b" | picky 7 on_error=skip | trip "c")',
  'route by k { case 1 (picky 3 on_error=emit | trip "a") case 2 (trip "b") } | picky 5 on_error=skip',
  'picky 3 on_error=emit | parallel 2 (picky 5 on_error=emit | trip "a") | picky 7 on_error=emit',
  'partition by k into 3 (picky 3 on_error=emit | trip "a" | select n)',
  'cache (let shared = k * 2) by k | picky 3 on_error=emit | trip "a"',
];

const AROUND: readonly string[] = [
  "json | LANES",
  "json | LANES | dead_letter (select line, stage, class, reason, text)",
  "json | tee (LANES) (stats count) | where n != 8",
  "json | buffer 10 | LANES | stats count, sum(n) as sum",
];

function lanesOf(random: Random): string {
  const lanes = pickOne(random, ["2", "3", "8", "auto"]);
  const order = random() < 0.5 ? "" : " unordered";
  return `parallel ${lanes}${order} (${pickOne(random, INSIDE)})`;
}

function uploadOf(random: Random): readonly Uint8Array[] {
  const lines = Array.from(
    { length: between(random, 0, 300) },
    (_, n) => random() < 0.02 ? "broken\n" : `{"n":${n},"k":${n % 4}}\n`,
  );
  const bytes = encodeText(lines.join(""));
  return cut(bytes, randomCuts(random, bytes.length));
}

/** Holds a plan to its own accounts without trouble. */
async function compared(
  random: Random,
  most: number,
  options: Partial<RunOptions>,
): Promise<RunReport> {
  const pipeline = pickOne(random, AROUND).replace("LANES", lanesOf(random));
  const pieces = uploadOf(random);
  const calm = await told(pipeline, pieces, tripping(random, 0), options);
  const troubled = await told(pipeline, pieces, tripping(random, most), options, 6);
  assert.equal(calm.report.error, null, pipeline);
  assert.equal(troubled.report.error, null, pipeline);
  assert.deepEqual(troubled.rows, calm.rows, pipeline);
  assert.deepEqual(accountsOf(troubled.report), accountsOf(calm.report), pipeline);
  return troubled.report;
}

const LONG = { timeout: 120_000 };

const retriesOf = ({ stages }: RunReport) =>
  stages.reduce((sum, { facts }) => sum + Number(facts["retried"] ?? 0), 0);

describe("lanes that throw", () => {
  test("rows, rejects and figures are those of lanes that do not", LONG, async () => {
    let retries = 0;
    await forSeeds(80, async (random) => {
      retries += retriesOf(await compared(random, 2, {}));
    });
    assert.ok(retries > 60, `${retries} batches were tried again`);
  });

  test("so they are where the whole stage is made anew", LONG, async () => {
    let restarts = 0;
    await forSeeds(60, async (random) => {
      const supervision = { limit: 1000, state: "restore", backoffMs: 0 } as const;
      const { events } = await compared(random, 20, { supervision });
      restarts += events.filter(({ name }) => name === "restarted").length;
    });
    assert.ok(restarts > 50, `${restarts} restarts`);
  });

  test("the budget of rejects is spent by rejects alone", async () => {
    await forSeeds(20, async (random) => {
      const pipeline = `json | ${lanesOf(random)}`;
      const pieces = uploadOf(random);
      const { report } = await told(pipeline, pieces, tripping(random, 0), {});
      for (const missing of [0, 1]) {
        if (report.rejects < missing) continue;
        const maxRejects = { count: report.rejects - missing };
        const { report: { state, error, rejects } } = await told(
          pipeline,
          pieces,
          tripping(random, 2),
          { maxRejects },
        );
        assert.deepEqual(
          [state, error?.code ?? null, rejects],
          missing === 0
            ? ["complete", null, report.rejects]
            : ["failed", "rejects_exceeded", report.rejects],
          pipeline,
        );
      }
    });
  });

  test("a batch that failed its last try has told nothing", async () => {
    const pieces = [encodeText('{"n":1}\n{"n":2}\n')];
    const { rows, report } = await told(
      'json | parallel 4 (picky 5 on_error=emit | trip "a")',
      pieces,
      tripping(() => 0.6, 9),
      {},
    );
    assert.deepEqual(rows, []);
    const [, lanes, picky] = report.stages;
    assert.deepEqual([lanes!.rowsIn, lanes!.facts["retried"]], [2, 2]);
    assert.deepEqual([picky!.rowsIn, picky!.rowsOut, picky!.rejects], [0, 0, 0]);
    assert.equal(report.rejects, 0);
  });
});

/** A stage behind `json` with lanes that wait until they are let go; what is told, and declared to the budget. */
function gated(pipeline: string) {
  const gates: PromiseWithResolvers<void>[] = [];
  const vocabulary = wordsWith(async (batch) => {
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    await gate.promise;
    return [batch];
  });
  const rejects: string[] = [];
  const budget = new RunBudget(DEFAULT_LIMITS.maxStateBytes);
  const { stages, probes } = assemble(parsePipeline(pipeline, vocabulary).plan, {
    vocabulary,
    limits: DEFAULT_LIMITS,
    budget,
    abort: new AbortController(),
    reject: ({ text }) => void rejects.push(text),
    lines: () => {},
    notice: () => {},
    event: () => {},
    resources: DEFAULT_RESOURCES,
  });
  const dispose = () => stages.forEach((stage) => stage.operator.dispose?.());
  return { gates, operator: stages[1]!.operator, rejects, budget, probes, dispose };
}

const figuresOf = ({ probes }: ReturnType<typeof gated>) =>
  probes.slice(2).map((probe) => probe.report()).map(({ rowsIn, rowsOut, rejects }) => [
    rowsIn,
    rowsOut,
    rejects,
  ]);

describe("lanes with work under way", () => {
  const PLAN = 'json | parallel 3 (picky 5 on_error=emit | trip "a" | where n > 0)';
  const rows = (...numbers: readonly number[]) => Batch.ofRows(numbers.map((n) => ({ n })));

  test("nothing is told of a batch before it is through, and what waits is declared", async () => {
    const lanes = gated(PLAN);
    await lanes.operator.push(rows(1, 2, 3));
    assert.deepEqual([lanes.rejects, lanes.probes[2]!.report().rejects], [[], 0]);
    assert.deepEqual(figuresOf(lanes), [[0, 0, 0], [0, 0, 0], [0, 0, 0]]);
    assert.ok(lanes.budget.used > 100, `${lanes.budget.used} bytes`);
    lanes.gates[0]!.resolve();
    await settle(3);
    assert.deepEqual(lanes.rejects, ['{"n":1}']);
    assert.deepEqual(figuresOf(lanes), [[3, 2, 1], [2, 2, 0], [2, 2, 0]]);
    assert.equal(lanes.budget.used, 0);
    lanes.dispose();
  });

  test("a budget that is spent by what waits fails the run", async () => {
    const lanes = gated(PLAN);
    lanes.budget.take(DEFAULT_LIMITS.maxStateBytes - 1000);
    const push = async () => {
      await lanes.operator.push(rows(...Array.from({ length: 100 }, (_, n) => n)));
      await lanes.operator.push(rows());
    };
    await assert.rejects(push, { code: "budget_exceeded" });
    lanes.dispose();
    assert.equal(lanes.budget.used, DEFAULT_LIMITS.maxStateBytes - 1000);
  });

  test("a batch that is saved as input is told by those that do it again alone", async () => {
    const before = gated(PLAN);
    await before.operator.push(rows(1, 2));
    await before.operator.push(rows(3, 6));
    before.gates[1]!.resolve();
    await settle(3);
    const state = structuredClone(before.operator.save!());
    before.dispose();
    before.gates[0]!.resolve();
    await settle(3);
    assert.deepEqual(before.rejects, ['{"n":6}']);
    assert.deepEqual(figuresOf(before), [[2, 1, 1], [1, 1, 0], [1, 1, 0]]);
    assert.equal(before.budget.used, 0);
    const after = gated(PLAN);
    after.operator.restore!(state);
    const rest = outputsOf(after.operator, []);
    after.gates[0]!.resolve();
    const text = (await rest).flatMap((batch) => [...batch.toRows()].map((row) => row["n"]));
    assert.deepEqual(text, [2, 3]);
    assert.deepEqual(after.rejects, ['{"n":1}']);
    assert.deepEqual(figuresOf(after), [[2, 1, 1], [1, 1, 0], [1, 1, 0]]);
    after.dispose();
  });
});
