import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch } from "../src/batch/batch.ts";
import { AdaptivePace } from "../src/lanes/adaptive_pace.ts";
import type { AnyOperator } from "../src/pipeline/chain.ts";
import { DEFAULT_RESOURCES } from "../src/resources.ts";
import type { BelowFigures } from "../src/stage.ts";
import { bench, outputsOf, rowsOf, textOf } from "./support/operators.ts";
import { between, forSeeds } from "./support/random.ts";
import { settle, SteppedClock, withTime } from "./support/stepped_clock.ts";

interface Passed {
  readonly at: number;
  readonly row: Readonly<Record<string, unknown>>;
}

function operatorOf(throttle: string, clock: SteppedClock): AnyOperator {
  const made = bench(`json | ${throttle}`, { resources: { ...DEFAULT_RESOURCES, clock } });
  return made.makers[1]!();
}

function rowsWith(keys: readonly (string | number)[], from: number): Batch {
  return Batch.ofRows(keys.map((k, index) => ({ k, n: from + index })));
}

/** Pushes `batches` as the pipeline does, looking every `stepMs`; gives each row with its time. */
function passThrough(
  operator: AnyOperator,
  clock: SteppedClock,
  batches: readonly Batch[],
  stepMs: () => number,
): readonly Passed[] {
  const passed: Passed[] = [];
  const note = (outputs: unknown) => {
    const rows = rowsOf(textOf(outputs as readonly Batch[]));
    for (const row of rows) passed.push({ at: clock.now(), row });
  };
  const left = [...batches];
  const total = batches.reduce((sum, { length }) => sum + length, 0);
  while (passed.length < total) {
    if (left.length > 0 && !operator.full) note(operator.push(left.shift()!));
    else {
      clock.advance(stepMs());
      note(operator.take!());
    }
    assert.ok(clock.now() < 1e7, `only ${passed.length} of ${total} rows came`);
  }
  return passed;
}

/** Asserts that no stretch of time has more rows than its share of the rate and one burst. */
function assertShaped(passed: readonly Passed[], perMs: number, burst: number): void {
  passed.forEach((first, from) => {
    for (let to = from; to < passed.length; to++) {
      const rows = to - from + 1;
      const allowed = (passed[to]!.at - first.at) * perMs + burst + 1e-6;
      assert.ok(rows <= allowed, `${rows} rows in ${passed[to]!.at - first.at} ms`);
    }
  });
}

test("throttle: no stretch of time has more rows than its share of the rate and one burst", async () => {
  await forSeeds(20, (random) => {
    const rate = between(random, 1, 500);
    const burst = between(random, 1, 30);
    const clock = new SteppedClock();
    const operator = operatorOf(`throttle ${rate}/s burst=${burst}`, clock);
    let from = 0;
    const batches = Array.from({ length: 6 }, () => {
      const batch = rowsWith(Array.from({ length: between(random, 1, 40) }, () => 0), from);
      from += batch.length;
      return batch;
    });
    const passed = passThrough(operator, clock, batches, () => between(random, 1, 50));
    assert.deepEqual(passed.map(({ row }) => row["n"]), Array.from({ length: from }, (_, n) => n));
    assertShaped(passed, rate / 1000, burst);
    operator.dispose?.();
    assert.equal(clock.pending, 0);
  });
});

test("throttle: keeps up its rate, rows leaving one by one", () => {
  const clock = new SteppedClock();
  const operator = operatorOf("throttle 100/s burst=2", clock);
  const passed = passThrough(operator, clock, [rowsWith([0, 0, 0, 0, 0], 0)], () => 1);
  assert.deepEqual(passed.map(({ at }) => at), [0, 0, 10, 20, 30]);
});

test("throttle by key: each key has its rate and its order, and others pass a key that waits", async () => {
  await forSeeds(20, (random) => {
    const rate = between(random, 1, 200);
    const burst = between(random, 1, 10);
    const clock = new SteppedClock();
    const operator = operatorOf(`throttle ${rate}/s by k burst=${burst}`, clock);
    let from = 0;
    const batches = Array.from({ length: 8 }, () => {
      const keys = Array.from({ length: between(random, 1, 30) }, () => between(random, 0, 4));
      const batch = rowsWith(keys, from);
      from += batch.length;
      return batch;
    });
    const passed = passThrough(operator, clock, batches, () => between(random, 1, 80));
    assert.equal(new Set(passed.map(({ row }) => row["n"])).size, from);
    for (let key = 0; key <= 4; key++) {
      const own = passed.filter(({ row }) => row["k"] === key);
      const numbers = own.map(({ row }) => Number(row["n"]));
      assert.deepEqual(numbers, numbers.toSorted((left, right) => left - right));
      assertShaped(own, rate / 1000, burst);
    }
    operator.dispose?.();
    assert.equal(clock.pending, 0);
  });
});

test("throttle by key: a key that is over its rate does not hold others", () => {
  const clock = new SteppedClock();
  const operator = operatorOf("throttle 1/s by k burst=1", clock);
  const outputs = operator.push(rowsWith(["a", "a", "b", "a", "c"], 0)) as readonly Batch[];
  assert.equal(textOf(outputs), '{"k":"a","n":0}\n{"k":"b","n":2}\n{"k":"c","n":4}\n');
  assert.equal(operator.full, false);
  operator.dispose?.();
});

test("throttle by key: more keys than are remembered share a bucket, and none is lost", () => {
  const clock = new SteppedClock();
  const operator = operatorOf("throttle 1/s by k burst=1", clock);
  const keys = Array.from({ length: 10_002 }, (_, key) => key);
  const outputs = operator.push(rowsWith(keys, 0)) as readonly Batch[];
  assert.equal(outputs.reduce((sum, { length }) => sum + length, 0), 10_001);
  clock.advance(1000);
  assert.equal(textOf(operator.take!() as readonly Batch[]), '{"k":10001,"n":10001}\n');
  operator.dispose?.();
});

test("throttle by key: when ten thousand rows wait, it takes no more", () => {
  const clock = new SteppedClock();
  const operator = operatorOf("throttle 1/s by k burst=1", clock);
  operator.push(rowsWith(Array.from({ length: 10_000 }, () => 1), 0));
  assert.equal(operator.full, false);
  operator.push(rowsWith([1], 10_000));
  assert.equal(operator.full, true);
  operator.dispose?.();
});

test("throttle: bytes are shared among the rows of a batch, and a row larger than the burst is waited for", () => {
  const clock = new SteppedClock();
  const operator = operatorOf("throttle 1000B/s burst=500B", clock);
  const rows = Batch.ofRows([{ n: 1 }, { n: 2 }, { n: 3 }], 3000);
  const passed = passThrough(operator, clock, [rows], () => 100);
  assert.deepEqual(passed.map(({ at }) => at), [0, 1000, 2000]);
});

for (const throttle of ["throttle 100/s burst=1", "throttle 100/s by k burst=1"]) {
  test(`${throttle}: what waits at the end still leaves at the rate`, async () => {
    const clock = new SteppedClock();
    const operator = operatorOf(throttle, clock);
    const outputs = withTime(clock, 1, outputsOf(operator, [rowsWith([1, 1, 1, 1], 0)]));
    assert.equal((await outputs).reduce((sum, { length }) => sum + length, 0), 4);
    assert.ok(clock.now() >= 30 && clock.now() <= 40, `took ${clock.now()} ms`);
    operator.dispose?.();
    assert.equal(clock.pending, 0);
  });

  test(`${throttle}: what is pushed although it is full waits and comes in order`, async () => {
    const clock = new SteppedClock();
    const operator = operatorOf(throttle, clock);
    const batches = [rowsWith([1, 1, 1], 0), rowsWith([1, 1], 3), rowsWith([1], 5)];
    const outputs = await withTime(clock, 1, outputsOf(operator, batches));
    assert.deepEqual(rowsOf(textOf(outputs)).map((row) => row["n"]), [0, 1, 2, 3, 4, 5]);
    operator.dispose?.();
  });

  test(`${throttle}: saved while rows wait, it goes on with them and its tokens`, () => {
    const clock = new SteppedClock();
    const before = operatorOf(throttle, clock);
    before.push(rowsWith([1, 1, 1], 0));
    const after = operatorOf(throttle, clock);
    after.restore!(structuredClone(before.save!()));
    before.dispose?.();
    clock.advance(9);
    assert.equal(textOf(after.take!() as readonly Batch[]), "");
    clock.advance(1);
    assert.equal(textOf(after.take!() as readonly Batch[]), '{"k":1,"n":1}\n');
    after.dispose?.();
    assert.equal(clock.pending, 0);
  });
}

test("throttle: a run that is cut leaves no timer behind", async () => {
  const clock = new SteppedClock();
  const operator = operatorOf("throttle 1/s", clock);
  operator.push(rowsWith([1, 1], 0));
  const late = operator.push(rowsWith([1], 2)) as Promise<unknown>;
  await settle(1);
  operator.dispose?.();
  assert.equal(clock.pending, 0);
  assert.ok(late instanceof Promise);
});

test("an adaptive rate falls when the stage below is slow or rejects, and rises by steps when it is not", () => {
  const clock = new SteppedClock();
  const events: string[] = [];
  const facts = new Map<string, unknown>();
  let below: BelowFigures = { batches: 0, batchMs: 0, rejects: 0, quantileMs: () => null };
  const pace = new AdaptivePace({ start: 1, least: 0.1, most: 1.1, burst: 10 }, {
    below: () => below,
    fact: (name, value) => void facts.set(name, value),
    event: (name, attributes) => void events.push(`${name} ${JSON.stringify(attributes)}`),
    resources: { ...DEFAULT_RESOURCES, clock },
  });
  const after = (batchMs: number, rejects = 0): number => {
    below = {
      batches: below.batches + 10,
      batchMs: below.batchMs + 10 * batchMs,
      rejects: below.rejects + rejects,
      quantileMs: () => null,
    };
    clock.advance(100);
    pace.look();
    return Math.round(pace.perMs * 1e6) / 1e6;
  };
  assert.deepEqual([after(5), after(5), after(5)], [1.05, 1.1, 1.1]);
  assert.deepEqual([after(16), after(5), after(5, 1)], [0.55, 0.6, 0.3]);
  assert.deepEqual([after(50), after(50), after(50)], [0.15, 0.1, 0.1]);
  assert.equal(facts.get("ratePerSecond"), 100);
  assert.deepEqual(events, [
    'slowed_down {"from":1000,"to":550,"meanMs":16}',
    'slowed_down {"from":550,"to":300,"meanMs":5}',
    'slowed_down {"from":300,"to":150,"meanMs":50}',
    'slowed_down {"from":150,"to":100,"meanMs":50}',
  ]);
});
