/**
 * Functions of the flow library that wait: what they do when, on a clock that the test moves.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AdaptiveRate,
  batch,
  BrokenCircuitError,
  cache,
  type Circuit,
  circuitBreaker,
  collect,
  from,
  map,
  observe,
  parallel,
  retry,
  supervise,
  take,
  throttle,
  timeLimit,
  timeout,
  TimeoutError,
} from "../src/flow/mod.ts";
import { ManualClock, settle, within } from "./support/flow.ts";

const signal = new AbortController().signal;

/** When each item came through, in milliseconds. */
async function times<Item>(
  clock: ManualClock,
  stream: ReadableStream<Item>,
): Promise<[Item, number][]> {
  const seen: [Item, number][] = [];
  await within(
    clock,
    collect(stream.pipeThrough(map((item: Item) => seen.push([item, clock.now()])))),
  );
  return seen;
}

/** The name and the message of what `work` fails with. */
async function faultOf(clock: ManualClock, work: Promise<unknown>): Promise<string> {
  const outcome = await within(clock, work);
  assert.ok("error" in outcome, "did not fail");
  return String(outcome.error);
}

/** A source that the test feeds. */
function feed<Item>() {
  let controller!: ReadableStreamDefaultController<Item>;
  const stream = new ReadableStream<Item>({
    start: (given) => {
      controller = given;
    },
  });
  return { stream, give: (item: Item) => controller.enqueue(item), end: () => controller.close() };
}

test("throttle lets a burst pass, then keeps the rate", async () => {
  const clock = new ManualClock();
  const slow = throttle<number>({ rate: 10, burst: 2, clock });
  assert.deepEqual(await times(clock, from([1, 2, 3, 4]).pipeThrough(slow)), [
    [1, 0],
    [2, 0],
    [3, 100],
    [4, 200],
  ]);
});

test("throttle by cost and by key", async () => {
  const clock = new ManualClock();
  const bytes = throttle<string>({ rate: 10, burst: 1, cost: (text) => text.length, clock });
  assert.deepEqual(await times(clock, from(["a", "bbbb", "c"]).pipeThrough(bytes)), [
    ["a", 0],
    ["bbbb", 400],
    ["c", 500],
  ]);
  const other = new ManualClock();
  const keyed = throttle<string>({ rate: 10, burst: 1, key: (text) => text, clock: other });
  assert.deepEqual(await times(other, from(["a", "b", "a"]).pipeThrough(keyed)), [
    ["a", 0],
    ["b", 0],
    ["a", 100],
  ]);
  assert.throws(() => throttle({ rate: 0 }), {
    message: "Cannot throttle to 0 a second; give more than 0",
  });
});

test("an adaptive rate rises while answers are good, falls when one is slow, and rests after", () => {
  const clock = new ManualClock();
  const rate = new AdaptiveRate({ start: 10, gain: 2, most: 13, least: 4, slowMs: 100, clock });
  const after = (latencyMs: number, good: boolean) => {
    rate.record(latencyMs, good);
    return rate.current;
  };
  assert.deepEqual([after(5, true), after(5, true), after(101, true), after(5, false)], [
    12,
    13,
    6.5,
    6.5,
  ]);
  clock.advance(100);
  assert.deepEqual([after(5, false), after(5, true)], [4, 6]);
});

test("batch gives what it has when its time is over, also to a reader who was late", async () => {
  const clock = new ManualClock();
  const { stream, give, end } = feed<number>();
  const reader = stream.pipeThrough(batch<number>({ count: 3, ms: 50, clock })).getReader();
  give(1);
  give(2);
  await settle();
  clock.advance(50);
  assert.deepEqual(await reader.read(), { done: false, value: [1, 2] });
  for (const item of [3, 4, 5, 6]) give(item);
  await settle();
  clock.advance(50);
  give(7);
  await settle();
  assert.deepEqual(await reader.read(), { done: false, value: [3, 4, 5] });
  assert.deepEqual(await reader.read(), { done: false, value: [6, 7] });
  end();
  assert.equal((await reader.read()).done, true);
  assert.equal(clock.pending, 0);
});

test("batch by bytes never exceeds them but for a single larger item", async () => {
  const sized = batch<string>({ bytes: 4 });
  assert.deepEqual(await collect(from(["ab", "c", "de", "fghijk", "l"]).pipeThrough(sized)), [
    ["ab", "c"],
    ["de"],
    ["fghijk"],
    ["l"],
  ]);
});

test("timeouts: first, idle and total, each with its own error", async () => {
  for (
    const [options, message] of [
      [{ firstMs: 10, idleMs: 50 }, "No item came in the first 10 ms"],
      [{ idleMs: 20 }, "No item came for 20 ms"],
      [{ totalMs: 30 }, "The stream took longer than 30 ms"],
    ] as const
  ) {
    const clock = new ManualClock();
    const { stream } = feed<number>();
    assert.equal(
      await faultOf(clock, collect(stream.pipeThrough(timeout({ ...options, clock })))),
      `TimeoutError: ${message}`,
    );
    assert.equal(clock.pending, 0);
  }
});

test("an idle timeout counts from the last item, and not while the reader holds the stage", async () => {
  const clock = new ManualClock();
  const { stream, give } = feed<number>();
  const reader = stream.pipeThrough(timeout<number>({ idleMs: 20, clock })).getReader();
  for (let item = 1; item <= 3; item++) {
    give(item);
    clock.advance(15);
    assert.deepEqual(await reader.read(), { done: false, value: item });
  }
  give(4);
  await settle();
  clock.advance(500);
  await settle();
  assert.deepEqual(await reader.read(), { done: false, value: 4 });
  const end = reader.read();
  assert.equal(await faultOf(clock, end), "TimeoutError: No item came for 20 ms");
});

test("timeLimit ends a call, aborts its signal, and tells which item", async () => {
  const clock = new ManualClock();
  let told: unknown;
  const never = timeLimit((_id: number, own) => {
    own.addEventListener("abort", () => told = own.reason);
    return new Promise<number>(() => {});
  }, { ms: 30, clock });
  const outcome = await within(clock, collect(from([1]).pipeThrough(map(never))));
  assert.ok("error" in outcome && outcome.error instanceof TimeoutError);
  assert.deepEqual([outcome.error.kind, outcome.error.message, clock.now()], [
    "item",
    "An item took longer than 30 ms",
    30,
  ]);
  assert.equal(told, outcome.error);
});

test("retry doubles its pauses, gives up with the last error, and not before", async () => {
  const clock = new ManualClock();
  const pauses: [number, number][] = [];
  let calls = 0;
  const failing = retry(() => {
    throw new Error(`Call ${++calls}`);
  }, {
    attempts: 4,
    backoffMs: 10,
    maxBackoffMs: 35,
    jitter: false,
    clock,
    onRetry: (_error, attempt, pauseMs) => pauses.push([attempt, pauseMs]),
  });
  assert.equal(await faultOf(clock, collect(from([1]).pipeThrough(map(failing)))), "Error: Call 4");
  assert.deepEqual(pauses, [[1, 10], [2, 20], [3, 35]]);
  assert.equal(clock.now(), 65);
});

test("retry leaves what is not worth it, and stops in a pause when its reader is gone", async () => {
  const clock = new ManualClock();
  let calls = 0;
  const fatal = retry(() => {
    calls++;
    throw new RangeError("Fatal");
  }, { attempts: 9, clock, when: (error) => !(error instanceof RangeError) });
  assert.equal(
    await faultOf(clock, collect(from([1]).pipeThrough(map(fatal)))),
    "RangeError: Fatal",
  );
  assert.equal(calls, 1);
  const slow = retry(() => Promise.reject(new Error("Down")), { attempts: 9, clock });
  const reader = from([1]).pipeThrough(map(slow)).getReader();
  const read = reader.read();
  await settle();
  assert.equal(clock.pending, 1);
  await reader.cancel();
  await read;
  await settle();
  assert.equal(clock.pending, 0);
});

test("a circuit opens at its failures within their time, tries one, and closes when that succeeds", async () => {
  const clock = new ManualClock();
  const states: Circuit[] = [];
  let down = true;
  let calls = 0;
  const ask = circuitBreaker((id: number) => {
    calls++;
    if (down) throw new Error("Down");
    return id;
  }, {
    failures: 2,
    withinMs: 100,
    openMs: 1000,
    clock,
    onChange: (state) => states.push(state),
  });
  const call = async () => {
    const outcome = await within(new ManualClock(), Promise.resolve(ask(7, signal)));
    if ("value" in outcome) return outcome.value;
    return outcome.error instanceof BrokenCircuitError ? "refused" : "failed";
  };
  assert.equal(await call(), "failed");
  clock.advance(101);
  assert.equal(await call(), "failed");
  assert.deepEqual(states, []);
  clock.advance(50);
  assert.deepEqual([await call(), await call(), calls], ["failed", "refused", 3]);
  clock.advance(999);
  assert.equal(await call(), "refused");
  clock.advance(1);
  assert.deepEqual([await call(), await call()], ["failed", "refused"]);
  clock.advance(1000);
  down = false;
  assert.deepEqual([await call(), await call(), calls], [7, 7, 6]);
  assert.deepEqual(states, ["open", "half_open", "open", "half_open", "closed"]);
});

test("a cache asks once for identical keys in flight, forgets by time and by size, and keeps no failure", async () => {
  const clock = new ManualClock();
  const asked: string[] = [];
  const ask = cache(async (key: string) => {
    asked.push(key);
    await settle(1);
    if (key === "bad") throw new Error("Bad");
    return key.toUpperCase();
  }, { key: (key) => key, size: 2, ttlMs: 100, clock });
  const all = (keys: string[]) => collect(from(keys).pipeThrough(parallel(ask, { workers: 4 })));
  assert.deepEqual(await all(["a", "a", "a", "b"]), ["A", "A", "A", "B"]);
  assert.deepEqual({ ...ask.figures }, { hits: 0, misses: 2, shared: 2, evictions: 0, weight: 0 });
  assert.deepEqual(await all(["a", "b", "c", "b"]), ["A", "B", "C", "B"]);
  assert.deepEqual({ ...ask.figures }, { hits: 3, misses: 3, shared: 2, evictions: 1, weight: 0 });
  clock.advance(101);
  assert.deepEqual(await all(["b"]), ["B"]);
  await assert.rejects(all(["bad"]), { message: "Bad" });
  await assert.rejects(all(["bad"]), { message: "Bad" });
  ask.set("warm", "W");
  ask.delete("b");
  assert.deepEqual(await all(["warm", "b"]), ["W", "B"]);
  assert.deepEqual(asked, ["a", "b", "c", "b", "bad", "bad", "b"]);
});

test("a shared call goes on while anybody waits for it, and is aborted when nobody does", async () => {
  const signals: AbortSignal[] = [];
  const ask = cache((_key: string, own) => {
    signals.push(own);
    return new Promise<string>(() => {});
  }, { key: (key) => key, size: 2 });
  const [one, two] = [new AbortController(), new AbortController()];
  void ask("a", one.signal);
  void ask("a", two.signal);
  one.abort();
  assert.deepEqual(signals.map(({ aborted }) => aborted), [false]);
  two.abort();
  assert.deepEqual(signals.map(({ aborted }) => aborted), [true]);
  void ask("a", signal);
  await settle();
  assert.equal(signals.length, 2);
});

test("a cache asks nothing for whoever has given up, and forgets no call but the one that was left", async () => {
  const answers: PromiseWithResolvers<number>[] = [];
  const ask = cache((_key: string) => {
    const answer = Promise.withResolvers<number>();
    answers.push(answer);
    return answer.promise;
  }, { key: (key) => key, size: 2 });
  await assert.rejects(async () => await ask("a", AbortSignal.abort(new Error("Gone"))), {
    message: "Gone",
  });
  assert.equal(answers.length, 0);
  const first = new AbortController();
  const left = ask("a", first.signal);
  ask.delete("a");
  const second = ask("a", signal);
  first.abort();
  assert.equal(ask.figures.shared, 0);
  const third = ask("a", signal);
  assert.equal(ask.figures.shared, 1);
  answers.forEach(({ resolve }, index) => resolve(index));
  assert.deepEqual([await left, await second, await third, ask("a", signal)], [0, 1, 1, 1]);
});

test("observe tells starved, blocked and busy time apart", async () => {
  const clock = new ManualClock();
  const { stream, give, end } = feed<number>();
  const watched = observe(
    map(async (item: number) => {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 10));
      return item;
    }),
    { clock },
  );
  const reader = stream.pipeThrough(watched).getReader();
  await settle();
  clock.advance(100);
  give(1);
  give(2);
  give(3);
  await settle();
  clock.step();
  await settle();
  clock.advance(50);
  for (let item = 1; item <= 3; item++) {
    assert.equal((await reader.read()).value, item);
    await settle();
    clock.step();
    await settle();
  }
  end();
  assert.equal((await reader.read()).done, true);
  const { in: taken, out, starvedMs, blockedMs, busyMs, latencies, state } = watched.figures;
  assert.deepEqual([taken, out, state], [3, 3, "ended"]);
  assert.deepEqual([starvedMs, blockedMs, busyMs], [100, 50, 30]);
  assert.equal(latencies.reduce((sum, count) => sum + count), 3);
  // Two writes of 10 ms, and one of 60 that waited for its reader.
  assert.deepEqual([latencies[4], latencies[6]], [2, 1]);
});

test("supervise waits longer each time, gives up at its limit, and loses only what it failed on", async () => {
  const clock = new ManualClock();
  const at: [number, number][] = [];
  const make = (restarts: number, again: boolean) =>
    supervise((restart) => {
      at.push([restart, clock.now()]);
      return map((item: number) => {
        if (item % 2 === 0 && !(again && restart > 0)) throw new Error(`Even ${item}`);
        return item;
      });
    }, {
      restarts,
      backoffMs: 10,
      jitter: false,
      clock,
      item: again ? "again" : "drop",
    });
  const run = (stage: ReturnType<typeof make>) =>
    within(clock, collect(from([1, 2, 3, 4, 5]).pipeThrough(stage)));
  assert.deepEqual(await run(make(2, false)), { value: [1, 3, 5] });
  assert.deepEqual(at, [[0, 0], [1, 10], [2, 30]]);
  assert.deepEqual(await run(make(1, true)), { value: [1, 2, 3, 4, 5] });
  const outcome = await run(make(1, false));
  assert.equal("error" in outcome && String(outcome.error), "Error: Even 4");
});

test("a supervised stage that fails between two items loses none that it was not given", async () => {
  const clock = new ManualClock();
  const { stream, give, end } = feed<number>();
  const restarts: unknown[] = [];
  const stage = supervise(() => timeout<number>({ idleMs: 100, clock }), {
    restarts: 9,
    backoffMs: 10,
    jitter: false,
    clock,
    onRestart: (error, restart, item) => restarts.push([String(error), restart, item]),
  });
  const out = collect(stream.pipeThrough(stage));
  give(1);
  await settle();
  clock.advance(100);
  await settle();
  give(2);
  await settle();
  clock.advance(10);
  await settle();
  end();
  assert.deepEqual(await within(clock, out), { value: [1, 2] });
  assert.deepEqual(restarts, [["TimeoutError: No item came for 100 ms", 1, undefined]]);
});

test("a supervised stage that has all it wants ends the stream", async () => {
  const clock = new ManualClock();
  const stage = supervise(() => take<number>(2), { restarts: 1, clock });
  assert.deepEqual(await within(clock, collect(from([1, 2, 3, 4]).pipeThrough(stage))), {
    value: [1, 2],
  });
});
