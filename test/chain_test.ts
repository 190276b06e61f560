import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch } from "../src/batch/batch.ts";
import { chain, snapshotThrough } from "../src/pipeline/chain.ts";
import { NOTHING, type Operator } from "../src/stage.ts";

type Rows = Operator<Batch, Batch>;

/** A batch of rows `{ n }`. */
function numbers(...values: readonly number[]): Batch {
  return Batch.ofRows(values.map((n) => ({ n })));
}

function valuesOf(batches: Iterable<Batch>): readonly unknown[] {
  return [...batches].flatMap((batch) => [...batch.toRows()].map((row) => row["n"]));
}

async function allValuesOf(
  batches: Iterable<Batch> | AsyncIterable<Batch>,
): Promise<readonly unknown[]> {
  const all: Batch[] = [];
  for await (const batch of batches) all.push(batch);
  return valuesOf(all);
}

const pass = (): Rows => ({ push: (batch) => [batch] });
const twice = (): Rows => ({ push: (batch) => [batch, batch] });
const later = (): Rows => ({ push: (batch) => Promise.resolve([batch]) });

/** Keeps everything to the end. */
function hold(): Rows {
  const held: Batch[] = [];
  return {
    push(batch) {
      held.push(batch);
      return NOTHING;
    },
    finish: () => [...held],
    snapshot: () => [...held],
  };
}

/** Passes `count` batches on. */
function first(count: number, seen: unknown[] = []): () => Rows {
  return () => {
    let left = count;
    return {
      push(batch) {
        seen.push(...valuesOf([batch]));
        left--;
        return [batch];
      },
      get done() {
        return left === 0;
      },
    };
  };
}

test("a chunk goes through all operators at once", () => {
  const whole = chain([pass, twice, pass]);
  const outputs = whole.push(numbers(1, 2));
  assert.ok(Array.isArray(outputs), "synchronous");
  assert.deepEqual(valuesOf(outputs), [1, 2, 1, 2]);
  assert.equal(whole.done, false);
  assert.equal(whole.snapshot, undefined);
});

test("disposed of while one waits, it gives nothing more to those below", async () => {
  const gate = Promise.withResolvers<readonly Batch[]>();
  const seen: unknown[] = [];
  const slow = (): Rows => ({ push: () => gate.promise });
  const whole = chain([slow, first(9, seen), slow]);
  const outputs = whole.push(numbers(1));
  whole.dispose?.();
  gate.resolve([numbers(1), numbers(2)]);
  assert.deepEqual(valuesOf(await outputs), []);
  assert.deepEqual(valuesOf(await whole.push(numbers(3))), []);
  assert.deepEqual(seen, []);
});

test("no operators pass everything on", () => {
  const batch = numbers(1);
  assert.deepEqual(chain([]).push(batch), [batch]);
});

test("waiting operators are waited for, in order", async () => {
  const whole = chain([twice, later, twice]);
  const outputs = whole.push(numbers(1));
  assert.ok(outputs instanceof Promise);
  assert.deepEqual(valuesOf(await outputs), [1, 1, 1, 1]);
});

test("what one finishes with goes through those behind it, pulled one by one", async () => {
  const pulled: number[] = [];
  const counting = (): Rows => ({
    push: () => NOTHING,
    *finish() {
      for (let n = 1; n <= 3; n++) {
        pulled.push(n);
        yield numbers(n);
      }
    },
  });
  const whole = chain([counting, twice]);
  const reader = (whole.finish!() as AsyncIterable<Batch>)[Symbol.asyncIterator]();
  assert.deepEqual(valuesOf([(await reader.next()).value as Batch]), [1]);
  assert.deepEqual(pulled, [1]);
  assert.deepEqual(valuesOf([(await reader.next()).value as Batch]), [1]);
  assert.deepEqual(pulled, [1]);
  assert.deepEqual(valuesOf([(await reader.next()).value as Batch]), [2]);
  assert.deepEqual(pulled, [1, 2]);
});

test("each finishes after those before it", async () => {
  const fill = () => {
    const whole = chain([hold, hold, twice]);
    whole.push(numbers(1));
    whole.push(numbers(2));
    return whole.finish!();
  };
  assert.deepEqual(await allValuesOf(fill()), [1, 1, 2, 2]);
  assert.deepEqual(valuesOf(fill() as Iterable<Batch>), [1, 1, 2, 2], "read without waiting");
});

test("a satisfied operator ends the whole, and what stands above it is not finished", async () => {
  const seen: unknown[] = [];
  const whole = chain([twice, first(1, seen), hold]);
  assert.deepEqual(whole.push(numbers(7)), []);
  assert.equal(whole.done, true);
  assert.deepEqual(seen, [7], "the second copy no longer reaches it");
  assert.deepEqual(await allValuesOf(whole.finish!()), [7]);
});

test("a finish is left as soon as a later operator is satisfied", async () => {
  let closed = false;
  const endless = (): Rows => ({
    push: () => NOTHING,
    *finish() {
      try {
        for (let n = 1;; n++) yield numbers(n);
      } finally {
        closed = true;
      }
    },
  });
  assert.deepEqual(await allValuesOf(chain([endless, first(2)]).finish!()), [1, 2]);
  assert.equal(closed, true);
});

test("a snapshot runs through fresh operators and changes nothing", async () => {
  let made = 0;
  let disposed = 0;
  const counted = (): Rows => {
    made++;
    return { ...hold(), dispose: () => disposed++ };
  };
  const whole = chain([pass, hold, counted, first(1)]);
  whole.push(numbers(1, 2));
  whole.push(numbers(3));
  assert.deepEqual(valuesOf(whole.snapshot!()), [1, 2]);
  assert.deepEqual(valuesOf(whole.snapshot!()), [1, 2]);
  assert.deepEqual([made, disposed], [3, 2]);
  whole.push(numbers(4));
  assert.deepEqual(await allValuesOf(whole.finish!()), [1, 2]);
});

test("a snapshot that is left early disposes of what it made", () => {
  let disposed = 0;
  const whole = chain([hold, () => ({ ...twice(), dispose: () => disposed++ })]);
  whole.push(numbers(1));
  for (const batch of whole.snapshot!()) {
    assert.deepEqual(valuesOf([batch]), [1]);
    break;
  }
  assert.equal(disposed, 1);
});

test("a snapshot does not wait", () => {
  const source = hold();
  source.push(numbers(1));
  assert.throws(() => [...snapshotThrough(source, [later])], {
    message: "Cannot take a snapshot through a stage that waits; put it before the first aggregate",
  });
});

test("a failure is thrown as it is, also out of a waiting operator", async () => {
  const fault = new Error("Broken");
  const failing = (): Rows => ({
    push() {
      throw fault;
    },
  });
  assert.throws(() => chain([pass, failing]).push(numbers(1)), (thrown) => thrown === fault);
  await assert.rejects(
    async () => await chain([later, failing]).push(numbers(1)),
    (thrown) => thrown === fault,
  );
});

test("each is disposed of exactly once, whichever fails, and the first failure is told", () => {
  const calls: string[] = [];
  const disposing = (name: string, fails: boolean) => (): Rows => ({
    ...pass(),
    dispose() {
      calls.push(name);
      if (fails) throw new Error(`Failed ${name}`);
    },
  });
  const whole = chain([disposing("a", true), disposing("b", true), disposing("c", false)]);
  assert.throws(() => whole.dispose!(), { message: "Failed a" });
  whole.dispose!();
  assert.deepEqual(calls, ["a", "b", "c"]);
});

test("operators made before a failing maker are disposed of", () => {
  let disposed = 0;
  const failing = (): Rows => {
    throw new Error("Cannot start");
  };
  assert.throws(
    () => chain([() => ({ ...pass(), dispose: () => disposed++ }), failing]),
    { message: "Cannot start" },
  );
  assert.equal(disposed, 1);
});
