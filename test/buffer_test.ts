import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch } from "../src/batch/batch.ts";
import { HeldBatches, type Overflow } from "../src/lanes/held_batches.ts";
import { fixedRoom, MeasuredRoom, type Room } from "../src/lanes/room.ts";
import { RunBudget } from "../src/pipeline/budget.ts";
import { Wake } from "../src/pipeline/wake.ts";
import { wakingStream } from "../src/pipeline/waking_stream.ts";
import type { BelowFigures } from "../src/stage.ts";
import { rowsOf, textOf } from "./support/operators.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";
import { settle } from "./support/stepped_clock.ts";

function start(overflow: Overflow, room: Room, budget = new RunBudget(Infinity)) {
  const wake = new Wake();
  const facts = new Map<string, unknown>();
  const notices = new Map<string, unknown>();
  const held = new HeldBatches(overflow, room, {
    budget,
    wake: () => wake.ring(),
    fact: (name, value) => void facts.set(name, value),
    notice: (key, value) => void notices.set(key, value),
  });
  const stream = wakingStream<Batch, Batch>(held, {
    wake,
    queue: { highWaterMark: 1, size: () => 1 },
    taken: () => {},
    deliver(outputs, controller) {
      for (const output of outputs) controller.enqueue(output);
      return undefined;
    },
    satisfied: () => {},
  });
  return {
    held,
    facts,
    notices,
    writer: stream.writable.getWriter(),
    reader: stream.readable.getReader(),
  };
}

function rows(from: number, to: number): Batch {
  return Batch.ofRows(Array.from({ length: to - from + 1 }, (_, index) => ({ n: from + index })));
}

function numbers(batches: Iterable<Batch>): unknown[] {
  return rowsOf(textOf(batches)).map((row) => row["n"]);
}

/** Offers two batches of three rows with nobody reading; gives what is held then. */
async function burst(overflow: Overflow) {
  const started = start(overflow, fixedRoom({ rows: 4 }));
  await started.writer.write(rows(1, 3));
  await started.writer.write(rows(4, 6));
  return started;
}

test("what is held is state of the run, and given back", async () => {
  const budget = new RunBudget(3 * rows(1, 3).weight);
  const { held, writer, reader } = start("drop_oldest", fixedRoom({ rows: 1_000_000 }), budget);
  await writer.write(rows(1, 3));
  const { used } = budget;
  assert.ok(used > 0);
  await writer.write(rows(4, 6));
  assert.equal(budget.used, 2 * used);
  assert.deepEqual(numbers([(await reader.read()).value!]), [1, 2, 3]);
  assert.equal(budget.used, used);
  await assert.rejects(async () => await writer.write(rows(1, 1000)), { code: "budget_exceeded" });
  held.dispose();
  assert.equal(budget.used, 0);
});

test("drop_newest: what finds no room is dropped, and counted", async () => {
  const { reader, writer, held, facts, notices } = await burst("drop_newest");
  const read = [(await reader.read()).value!, (await reader.read()).value!];
  assert.deepEqual(numbers(read), [1, 2, 3, 4]);
  assert.equal(facts.get("dropped"), 2);
  assert.equal(facts.get("mostRowsHeld"), 4);
  assert.deepEqual(notices.get("buffer"), { dropped: 2 });
  const asked = reader.read();
  await writer.write(rows(7, 9));
  assert.deepEqual(numbers([(await asked).value!]), [7, 8, 9], "the stage below is not behind");
  await writer.close();
  assert.deepEqual(numbers(held.finish()), []);
});

test("drop_oldest: what waited longest makes room", async () => {
  const { writer, held, facts } = await burst("drop_oldest");
  await writer.write(rows(7, 12));
  assert.equal(facts.get("dropped"), 8);
  assert.deepEqual(numbers(held.finish()), [9, 10, 11, 12]);
});

test("fail: both ends get one error that says what would help", async () => {
  const { writer, reader } = start("fail", fixedRoom({ rows: 4 }));
  writer.closed.catch(() => {});
  await writer.write(rows(1, 3));
  const message = "Cannot hold 3 more rows in a buffer of 4 rows that holds 3; " +
    "give it more room, send slower, or choose another `overflow`";
  await assert.rejects(writer.write(rows(4, 6)), { code: "overflow", message });
  await assert.rejects(reader.read(), { code: "overflow", message });
});

test("a bound in bytes keeps the share of a batch that fits", async () => {
  const { writer, held, facts } = start("drop_newest", fixedRoom({ bytes: 1000 }));
  await writer.write(Batch.ofRows([{ n: 1 }, { n: 2 }], 600));
  await writer.write(Batch.ofRows([{ n: 3 }, { n: 4 }, { n: 5 }], 600));
  assert.deepEqual(numbers(held.finish()), [1, 2, 3, 4]);
  assert.equal(facts.get("dropped"), 1);
});

test("rows in are rows out and rows dropped, whatever comes when", async () => {
  await forSeeds(30, async (random) => {
    const overflow = pickOne(random, ["drop_newest", "drop_oldest"] as const);
    const bound = between(random, 1, 12);
    const { writer, reader, held, facts } = start(overflow, fixedRoom({ rows: bound }));
    const out: Batch[] = [];
    let from = 1;
    for (let step = 0; step < 30; step++) {
      if (random() < 0.3) {
        const read = reader.read();
        await writer.write(rows(from, from + 1));
        from += 2;
        out.push((await read).value!);
      } else {
        const to = from + between(random, 0, 8);
        await writer.write(rows(from, to));
        from = to + 1;
      }
    }
    out.push(...held.finish());
    const seen = numbers(out) as number[];
    assert.equal(seen.length + Number(facts.get("dropped") ?? 0), from - 1);
    assert.deepEqual(seen, seen.toSorted((left, right) => left - right));
    assert.ok(Number(facts.get("mostRowsHeld")) <= bound);
  });
});

test("auto: twice the ratio of slow to usual times of the stage below, told when it changes", async () => {
  let times: readonly [number, number] | null = null;
  const facts = new Map<string, unknown>();
  const events: unknown[] = [];
  const below = (): BelowFigures => ({
    batches: 1,
    batchMs: 1,
    rejects: 0,
    quantileMs: (quantile) => times === null ? null : times[quantile === 0.5 ? 0 : 1],
  });
  const room = new MeasuredRoom({
    below,
    fact: (name, value) => void facts.set(name, value),
    event: (name, attributes) => void events.push({ name, ...attributes }),
  }, 1024);
  const pass = () => {
    for (let batch = 0; batch < 16; batch++) room.passed();
    return facts.get("bound");
  };
  assert.equal(pass(), 2, "nothing is known");
  times = [1, 10];
  assert.equal(pass(), 20);
  times = [0.05, 10_000];
  assert.equal(pass(), 64);
  times = [5, 5];
  assert.equal(pass(), 2);
  assert.deepEqual(events, [
    { name: "resized", from: 2, to: 20, p99Ms: 10, medianMs: 1 },
    { name: "resized", from: 20, to: 64, p99Ms: 10_000, medianMs: 0.05 },
    { name: "resized", from: 64, to: 2, p99Ms: 5, medianMs: 5 },
  ]);
  const { writer, reader, held } = start("block", room);
  await writer.write(rows(1, 1));
  await writer.write(rows(2, 2));
  let third = false;
  const waiting = writer.write(rows(3, 3)).then(() => third = true);
  await settle();
  assert.equal(third, false, "with two batches it is full, and the input waits");
  assert.deepEqual(numbers([(await reader.read()).value!]), [1]);
  await waiting;
  assert.deepEqual(numbers(held.finish()), [2, 3]);
});

test("saved with rows in it, it goes on with them", () => {
  const room = () => fixedRoom({ rows: 10 });
  const nothing = {
    budget: new RunBudget(Infinity),
    wake: () => {},
    fact: () => {},
    notice: () => {},
  };
  const before = new HeldBatches("drop_newest", room(), nothing);
  before.offer(rows(1, 3));
  const after = new HeldBatches("drop_newest", room(), nothing);
  after.restore(structuredClone(before.save()));
  assert.deepEqual(numbers([...after.take(), ...after.finish()]), [1, 2, 3]);
});
