import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Batch } from "../src/batch/batch.ts";
import { encodeText } from "../src/batch/text.ts";
import { RunError } from "../src/errors.ts";
import { assemble } from "../src/pipeline/assemble.ts";
import type { AnyOperator } from "../src/pipeline/chain.ts";
import { chain } from "../src/pipeline/chain.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { Run } from "../src/pipeline/run.ts";
import { DEFAULT_RUN_OPTIONS } from "../src/pipeline/run_input.ts";
import { parsePipeline } from "../src/plan.ts";
import { DEFAULT_RESOURCES } from "../src/resources.ts";
import { type AnyStage, defineStage, type Outputs } from "../src/stage.ts";
import type { Vocabulary } from "../src/vocabulary.ts";
import { VOCABULARY } from "../stages/mod.ts";
import { bench, outputsOf, rowsOf, run, textOf } from "./support/operators.ts";
import { between, forSeeds } from "./support/random.ts";
import { settle, SteppedClock } from "./support/stepped_clock.ts";

type Work = (batch: Batch) => Outputs<Batch> | Promise<Outputs<Batch>>;

/** A vocabulary with a row-local stage `work` that does what the test says. */
function wordsWith(work: Work): Vocabulary {
  const stage: AnyStage = defineStage({
    ...VOCABULARY.stages.get("drop")!,
    name: "work",
    rows: "passed" as const,
    create: () => ({ push: (batch: Batch) => work(batch) }),
  });
  return { ...VOCABULARY, stages: new Map([...VOCABULARY.stages, ["work", stage]]) };
}

/** Work that waits until the test lets a batch go, by the `n` of its first row. */
function gated() {
  const gates = new Map<number, PromiseWithResolvers<Outputs<Batch>>>();
  const batches = new Map<number, Batch>();
  return {
    under: () => [...gates.keys()],
    words: wordsWith((batch) => {
      const n = Number(batch.row(batch.rowAt(0))["n"]);
      const gate = Promise.withResolvers<Outputs<Batch>>();
      gates.set(n, gate);
      batches.set(n, batch);
      return gate.promise;
    }),
    async pass(n: number) {
      gates.get(n)!.resolve([batches.get(n)!]);
      gates.delete(n);
      await settle(2);
    },
    async fail(n: number, fault: unknown) {
      gates.get(n)!.reject(fault);
      gates.delete(n);
      await settle(2);
    },
  };
}

function rows(...numbers: readonly number[]): Batch {
  return Batch.ofRows(numbers.map((n) => ({ n })));
}

function numbersOf(batches: Iterable<Batch>): unknown[] {
  return rowsOf(textOf(batches)).map((row) => row["n"]);
}

/** The stage behind `json`, and what it tells. */
function laned(stage: string, vocabulary: Vocabulary, clock = new SteppedClock()) {
  const made = bench(`json | ${stage}`, {
    vocabulary,
    resources: { ...DEFAULT_RESOURCES, clock },
  });
  return { operator: made.makers[1]!(), clock };
}

/** As {@link laned}, observed, with the events that it tells. */
function assembled(pipeline: string, vocabulary: Vocabulary, clock: SteppedClock) {
  const events: string[] = [];
  const { stages, probes } = assemble(parsePipeline(pipeline, vocabulary).plan, {
    vocabulary,
    limits: DEFAULT_LIMITS,
    budget: { take: () => {} },
    abort: new AbortController(),
    reject: () => {},
    lines: () => {},
    notice: () => {},
    event: ({ name, attributes }) => void events.push(`${name} ${JSON.stringify(attributes)}`),
    resources: { ...DEFAULT_RESOURCES, clock },
  });
  return { stages, probes, events };
}

async function taken(operator: AnyOperator): Promise<unknown[]> {
  return numbersOf(await operator.take!());
}

describe("parallel", () => {
  test("batches wait beside each other, and come out in order", async () => {
    const gate = gated();
    const { operator } = laned("parallel 3 (work n)", gate.words);
    for (const n of [1, 2, 3]) assert.deepEqual(await operator.push(rows(n)), []);
    assert.deepEqual(gate.under(), [1, 2, 3]);
    assert.equal(operator.full, true);
    await gate.pass(2);
    assert.deepEqual(await taken(operator), []);
    await gate.pass(1);
    assert.deepEqual(await taken(operator), [1, 2]);
    assert.equal(operator.full, false);
    const rest = outputsOf(operator, []);
    await gate.pass(3);
    assert.deepEqual(numbersOf(await rest), [3]);
    operator.dispose?.();
  });

  test("at the end, what a lane gives while the outputs before it are read is not missed", async () => {
    const gate = gated();
    const { operator } = laned("parallel 2 unordered (work n)", gate.words);
    await operator.push(rows(1));
    await operator.push(rows(2));
    await gate.pass(1);
    const rest = (operator.finish!() as AsyncIterable<Batch>)[Symbol.asyncIterator]();
    assert.deepEqual(numbersOf([(await rest.next()).value]), [1]);
    await gate.pass(2);
    assert.deepEqual(numbersOf([(await rest.next()).value]), [2]);
    assert.equal((await rest.next()).done, true);
    operator.dispose?.();
  });

  test("unordered, they come as they are ready", async () => {
    const gate = gated();
    const { operator } = laned("parallel 2 unordered (work n)", gate.words);
    for (const n of [1, 2]) await operator.push(rows(n));
    await gate.pass(2);
    assert.deepEqual(await taken(operator), [2]);
    await gate.pass(1);
    assert.deepEqual(await taken(operator), [1]);
    operator.dispose?.();
  });

  test("a slow head stops the input before much is held", async () => {
    const gate = gated();
    const { operator } = laned("parallel 2 (work n)", gate.words);
    for (let n = 1; n <= 10 && !operator.full; n++) {
      await operator.push(rows(n));
      if (n > 1) await gate.pass(n);
    }
    assert.deepEqual(await taken(operator), []);
    await gate.pass(1);
    assert.deepEqual(await taken(operator), [1, 2, 3, 4]);
    operator.dispose?.();
  });

  test("what is pushed although it is full waits for a lane", async () => {
    const gate = gated();
    const { operator } = laned("parallel 2 (work n)", gate.words);
    for (const n of [1, 2]) await operator.push(rows(n));
    const late = operator.push(rows(3));
    await settle(2);
    assert.deepEqual(gate.under(), [1, 2]);
    await gate.pass(2);
    assert.deepEqual(gate.under(), [1, 3]);
    assert.deepEqual(await late, []);
    operator.dispose?.();
  });

  test("a batch whose lane throws is done by another one, in its place", async () => {
    let calls = 0;
    const words = wordsWith((batch) => {
      if (++calls === 2) throw new Error("Broken");
      return [batch];
    });
    const made = await run(
      "json | parallel 3 (work n)",
      '{"n":1}\n{"n":2}\n{"n":3}\n',
      { vocabulary: words, cuts: [8, 16] },
    );
    assert.deepEqual(made.rows, [{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  test("a lane that threw rests, and comes back when it has done a batch", async () => {
    const gate = gated();
    const clock = new SteppedClock();
    const { stages, events } = assembled(
      "json | parallel 2 balance=round_robin (work n)",
      gate.words,
      clock,
    );
    const { operator } = stages[1]!;
    await operator.push(rows(1));
    await gate.fail(1, new Error("Broken"));
    assert.deepEqual(gate.under(), [1], "tried again in the other lane");
    assert.equal(operator.full, true, "the first lane rests");
    await gate.pass(1);
    clock.advance(100);
    assert.deepEqual(numbersOf(await operator.push(rows(2))), [1]);
    await operator.push(rows(3));
    await gate.pass(2);
    await gate.pass(3);
    assert.deepEqual(await taken(operator), [2, 3]);
    assert.deepEqual(events, [
      'lane_out {"lane":1,"error":"Broken","pauseMs":100}',
      'lane_back {"lane":1}',
    ]);
    for (const stage of stages) stage.operator.dispose?.();
  });

  test("a batch that fails three times fails the run, and a RunError does so at once", async () => {
    const poison = new Error("Poison");
    let calls = 0;
    const throwing = (fault: Error) =>
      wordsWith(() => {
        calls++;
        throw fault;
      });
    const failing = (fault: Error) =>
      run("json | parallel 4 (work n)", '{"n":1}\n', { vocabulary: throwing(fault) });
    await assert.rejects(failing(poison), (fault) => fault === poison);
    assert.equal(calls, 3);
    const deliberate = new RunError("rejects_exceeded", "Enough");
    await assert.rejects(failing(deliberate), (fault) => fault === deliberate);
    assert.equal(calls, 4);
  });

  test("auto adds a lane when all are busy again and again, and takes it away when most are idle", async () => {
    const gate = gated();
    const clock = new SteppedClock();
    const { stages, probes, events } = assembled(
      "json | parallel auto unordered max=3 (work n)",
      gate.words,
      clock,
    );
    const { operator } = stages[1]!;
    let next = 0;
    const seen: unknown[] = [];
    for (let step = 0; step < 200 && events.length < 2; step++) {
      while (!operator.full) seen.push(...numbersOf(await operator.push(rows(++next))));
      await gate.pass(gate.under()[0]!);
      seen.push(...await taken(operator));
    }
    assert.deepEqual(events, ['lanes_added {"from":1,"to":2}', 'lanes_added {"from":2,"to":3}']);
    for (let step = 0; step < 200 && events.length < 3; step++) {
      for (const n of gate.under()) await gate.pass(n);
      seen.push(...numbersOf(await operator.push(rows(++next))));
    }
    assert.deepEqual(events.slice(2), ['lanes_removed {"from":3,"to":2}']);
    assert.equal(probes[1]!.report().facts["lanes"], 2);
    for (const n of gate.under()) await gate.pass(n);
    seen.push(...numbersOf(await outputsOf(operator, [])));
    assert.deepEqual(
      (seen as number[]).toSorted((a, b) => a - b),
      Array.from({ length: next }, (_, n) => n + 1),
    );
    for (const stage of stages) stage.operator.dispose?.();
  });

  test("saved while batches are under way, it does these again", async () => {
    const gate = gated();
    const { operator } = laned("parallel 3 (work n)", gate.words);
    for (const n of [1, 2, 3]) await operator.push(rows(n));
    await gate.pass(2);
    const state = structuredClone(operator.save!());
    operator.dispose?.();
    const other = gated();
    const after = laned("parallel 3 (work n)", other.words).operator;
    after.restore!(state);
    assert.deepEqual(other.under(), [1, 3]);
    const rest = outputsOf(after, []);
    await other.pass(3);
    await other.pass(1);
    assert.deepEqual(numbersOf(await rest), [1, 2, 3]);
    after.dispose?.();
  });

  for (const inside of ["sort n", "head 1", "throttle 5/s", "tee concat (drop a) (drop b)"]) {
    test(`refuses \`${inside}\` inside, also deeper`, () => {
      const word = inside.split(" ")[0]!;
      for (const nested of [inside, `tee (drop a) (${inside})`]) {
        assert.throws(
          () => parsePipeline(`json | parallel 4 (${nested})`, VOCABULARY),
          new RegExp("`" + word + "` depends on rows that are in other lanes"),
        );
      }
    });
  }
});

describe("partition", () => {
  test("rows of one key are in one lane, in order, whatever their type", async () => {
    await forSeeds(10, async (random) => {
      const kinds = ["a", "b", 5, "5", null, true, "ä"];
      const input = Array.from(
        { length: 200 },
        (_, n) => JSON.stringify({ k: kinds[between(random, 0, kinds.length - 1)], n }),
      ).join("\n");
      const plain = await run("json | running count as c by k", input);
      const lanes = between(random, 2, 9);
      const parted = await run(
        `json | partition by k into ${lanes} (running count as c by k)`,
        input,
      );
      const sorted = (all: typeof plain.rows) =>
        all.toSorted((a, b) => Number(a["n"]) - Number(b["n"]));
      assert.deepEqual(sorted(parted.rows), plain.rows);
      for (const key of kinds) {
        const own = parted.rows.filter((row) => row["k"] === key).map((row) => Number(row["n"]));
        assert.deepEqual(own, own.toSorted((a, b) => a - b));
      }
    });
  });

  test("lanes wait beside each other, and the next batch comes when all are done", async () => {
    const gate = gated();
    const { operator } = laned("partition by n into 8 (work n | running count as c)", gate.words);
    const pushed = operator.push(rows(1, 2, 3, 4, 5));
    const under = gate.under();
    assert.ok(under.length > 1, `only ${under} under way`);
    for (const n of under) await gate.pass(n);
    assert.equal((await pushed).reduce((sum, { length }) => sum + length, 0), 5);
    operator.dispose?.();
  });

  test("what is row-local and need not wait stays in order", async () => {
    const input = Array.from({ length: 50 }, (_, n) => `{"k":${n % 7},"n":${n}}`).join("\n");
    const { rows } = await run("json | partition by k into 4 (where n >= 0)", input);
    assert.deepEqual(rows.map((row) => row["n"]), Array.from({ length: 50 }, (_, n) => n));
  });

  test("snapshots show every lane", async () => {
    const whole = chain(bench("json | partition by k into 4 (stats count by k) | sort k").makers);
    await whole.push(encodeText('{"k":1}\n{"k":2}\n{"k":1}\n'));
    assert.equal(textOf(whole.snapshot!()), '{"k":1,"count":2}\n{"k":2,"count":1}\n');
    whole.dispose?.();
  });
});

test("lanes in lanes in branches lose nothing and count nothing twice, some throwing, all waiting", async () => {
  await forSeeds(15, async (random) => {
    const words = wordsWith(async (batch) => {
      await settle(between(random, 0, 3));
      if (random() < 0.05) throw new Error("Broken");
      return [batch];
    });
    const count = between(random, 1, 400);
    const lines = Array.from({ length: count }, (_, n) => `{"k":${n % 5},"n":${n}}\n`);
    const order = random() < 0.5 ? "" : "unordered ";
    const pipeline =
      `json | tee (partition by k into 3 (parallel 4 ${order}(work n) | running count as c by k)) ` +
      "(parallel auto (work n) | buffer 7 overflow=drop_oldest) (stats count)";
    let at = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (at >= lines.length) return controller.close();
        const to = at + between(random, 1, 40);
        controller.enqueue(encodeText(lines.slice(at, to).join("")));
        at = to;
      },
    }, { highWaterMark: 0 });
    const work = new Run({
      id: "test",
      plan: parsePipeline(pipeline, words).plan,
      pipeline,
      name: null,
      vocabulary: words,
      limits: { ...DEFAULT_LIMITS, edgeBytes: 1 },
      options: DEFAULT_RUN_OPTIONS,
      body,
      figures: { wireBytes: 0, bytes: 0 },
      resources: DEFAULT_RESOURCES,
    });
    const text = await new Response(work.results).text().catch(() => "");
    const { state, error } = await work.ended;
    if (state === "failed") {
      assert.match(error!.message, /Broken/);
      return;
    }
    const answer = rowsOf(text);
    const branch = (number: number) => answer.filter((row) => row["$branch"] === number);
    const dropped = answer.find((row) => "$notice" in row);
    assert.equal(dropped, undefined, "in a branch nothing waits beside the pipeline");
    const sorted = (all: typeof answer) =>
      all.map((row) => Number(row["n"])).toSorted((a, b) => a - b);
    const all = Array.from({ length: count }, (_, n) => n);
    assert.deepEqual(sorted(branch(1)), all);
    assert.deepEqual(sorted(branch(2)), all);
    assert.deepEqual(branch(3).map((row) => row["count"]), [count]);
    for (let k = 0; k < 5; k++) {
      const own = branch(1).filter((row) => row["k"] === k).map((row) => row["c"]);
      assert.deepEqual(own, own.map((_, index) => index + 1));
    }
  });
});

test("a reader that is slow makes a dropping buffer lose rows, and every row is accounted for", async () => {
  const count = 3000;
  const plan = "json | buffer 50 overflow=drop_newest | let text = pad";
  let given = 0;
  const pad = "x".repeat(2000);
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await settle(1);
      if (given === count) return controller.close();
      const lines = Array.from({ length: 10 }, (_, n) => JSON.stringify({ n: given + n, pad }));
      given += 10;
      controller.enqueue(encodeText(`${lines.join("\n")}\n`));
    },
  }, { highWaterMark: 0 });
  const work = new Run({
    id: "test",
    plan: parsePipeline(plan, VOCABULARY).plan,
    pipeline: plan,
    name: null,
    vocabulary: VOCABULARY,
    limits: DEFAULT_LIMITS,
    options: DEFAULT_RUN_OPTIONS,
    body,
    figures: { wireBytes: 0, bytes: 0 },
    resources: DEFAULT_RESOURCES,
  });
  while (given < count) await settle(5);
  const answer = rowsOf(await new Response(work.results).text());
  const notice = answer.at(-1) as { $notice: { buffer: { dropped: number } } };
  const { stages, state } = await work.ended;
  assert.equal(state, "complete");
  const { dropped } = notice.$notice.buffer;
  assert.ok(dropped > 0 && dropped < count);
  assert.equal(answer.length - 1 + dropped, count);
  const { rowsIn, rowsOut, facts } = stages[1]!;
  assert.deepEqual([rowsIn, rowsOut, facts["dropped"]], [count, count - dropped, dropped]);
});
