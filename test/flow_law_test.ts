/**
 * What every function of the flow library keeps to: accounting, bounds, cancellation from both sides, one error for both
 * ends, nothing left behind.
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as flow from "../src/flow/mod.ts";
import { ManualClock, RecordedSource, settle, timersLeft, within } from "./support/flow.ts";
import { type Hooks, type Subject, SUBJECTS } from "./support/flow_subjects.ts";

/** Holds every subject to `check`; none may leave a timer. */
function law(
  title: string,
  check: (subject: Subject, clock: ManualClock) => Promise<void>,
  subjects: readonly Subject[] = SUBJECTS,
): void {
  for (const subject of subjects) {
    test(`${title}: ${subject.name}`, async () => {
      const clock = new ManualClock();
      const left = await timersLeft(() => check(subject, clock));
      assert.deepEqual([left, clock.pending], [0, 0], "timers left, of the runtime and the clock");
    });
  }
}

function quiet(clock: ManualClock): Hooks {
  return { clock, look: () => {} };
}

/** Gives the item or the error of a reader's next read. */
async function next(clock: ManualClock, reader: ReadableStreamDefaultReader<unknown>) {
  return await within(clock, reader.read());
}

function sorted(items: readonly unknown[]): readonly string[] {
  return items.map((item) => JSON.stringify(item)).sort();
}

test("every function of mod.ts is among the subjects", () => {
  const shown = new Set<string>(SUBJECTS.flatMap(({ shows }) => shows));
  assert.deepEqual(Object.keys(flow).filter((name) => !shown.has(name)), []);
});

law("nothing is lost and nothing is made up", async (subject, clock) => {
  for (const count of [0, 1, 2, 40]) {
    const items = Array.from({ length: count }, (_, index) => index);
    const stage = subject.make(quiet(clock));
    const outcome = await within(clock, flow.collect(flow.from(items).pipeThrough(stage)));
    assert.ok("value" in outcome, `failed: ${"error" in outcome ? outcome.error : ""}`);
    const expected = subject.gives(items);
    if (subject.unordered) assert.deepEqual(sorted(outcome.value), sorted(expected));
    else assert.deepEqual(outcome.value, expected);
  }
});

law(
  "takes no more than its bound while nobody reads, and goes on when somebody does",
  async (subject, clock) => {
    const stage = subject.make(quiet(clock));
    const writer = stage.writable.getWriter();
    writer.closed.catch(() => {});
    let taken = 0;
    const feeding = (async () => {
      for (let item = 0; item < 200; item++) {
        await writer.ready;
        void writer.write(item).catch(() => {});
        taken++;
      }
      await writer.close();
    })().catch(() => {});
    for (let round = 0; round < 20; round++) {
      await settle();
      if (subject.name !== "timeout" && subject.name !== "batch") clock.step();
    }
    if (typeof subject.bound === "number") {
      assert.ok(taken <= subject.bound, `took ${taken}, more than ${subject.bound}`);
    } else assert.equal(taken, 200, subject.bound);
    const items = Array.from({ length: 200 }, (_, index) => index);
    const outcome = await within(clock, flow.collect(stage.readable));
    await feeding;
    assert.ok("value" in outcome);
    assert.deepEqual(sorted(outcome.value), sorted(subject.gives(items)));
  },
);

law(
  "cancelled by its reader, it cancels the source once, with the reason",
  async (subject, clock) => {
    const source = new RecordedSource((index) => index);
    const reader = source.stream.pipeThrough(subject.make(quiet(clock))).getReader();
    // What folds gives nothing yet: then it is cancelled while the read waits.
    const read = reader.read();
    await settle(30);
    const reason = new Error("Enough");
    await within(clock, reader.cancel(reason));
    await within(clock, read.catch(() => {}));
    await settle();
    assert.equal(source.cancels.length, 1);
    if (!subject.finite) assert.equal(source.cancels[0], reason);
    const { pulls } = source;
    await settle();
    assert.equal(source.pulls, pulls, "goes on asking");
  },
);

law("cancelled while it waits for its reader, it cancels the source", async (subject, clock) => {
  const source = new RecordedSource((index) => index);
  const stream = source.stream.pipeThrough(subject.make(quiet(clock)));
  for (let turn = 0; turn < 4; turn++) await settle();
  const reason = new Error("Enough");
  await within(clock, stream.cancel(reason));
  await settle();
  assert.equal(source.cancels.length, 1);
  if (!subject.finite) assert.equal(source.cancels[0], reason);
});

law("aborted by its writer, its reader gets the same reason", async (subject, clock) => {
  const stage = subject.make(quiet(clock));
  const writer = stage.writable.getWriter();
  const closed = writer.closed.catch((error) => error);
  void writer.write(0).catch(() => {});
  void writer.write(1).catch(() => {});
  await settle();
  const reason = new Error("Cut");
  await within(clock, writer.abort(reason).catch(() => {}));
  const outcome = await within(clock, flow.collect(stage.readable));
  assert.deepEqual(outcome, { error: reason });
  assert.equal("error" in outcome && outcome.error, reason);
  assert.equal(await closed, reason);
});

law("a failure of the source reaches the reader as the same object", async (subject, clock) => {
  const error = new Error("Source");
  const source = new RecordedSource([1, 2], error);
  const outcome = await within(
    clock,
    flow.collect(source.stream.pipeThrough(subject.make(quiet(clock)))),
  );
  assert.equal("error" in outcome && outcome.error, error);
});

law(
  "an error of the user's function reaches both ends as the same object, once",
  async (subject, clock) => {
    const thrown = new Error("User");
    const look = (item: number) => {
      if (item >= 5) throw thrown;
    };
    const source = new RecordedSource((index) => index);
    const outcome = await within(
      clock,
      flow.collect(source.stream.pipeThrough(subject.make({ clock, look }))),
    );
    assert.equal("error" in outcome && outcome.error, thrown);
    await settle();
    assert.equal(source.cancels.length, 1);
    assert.equal(source.cancels[0], thrown);
  },
  SUBJECTS.filter(({ tolerant }) => tolerant === undefined),
);

law(
  "a function that never answers does not hold up a cancel or an abort",
  async (subject, clock) => {
    const stage = flow.pipeline(
      subject.make(quiet(clock)),
      flow.parallel(() => new Promise<never>(() => {}), { workers: 1 }),
    );
    const source = new RecordedSource([1, 2, 3, 4, 5, 6, 7, 8]);
    const reader = source.stream.pipeThrough(stage).getReader();
    const read = next(clock, reader);
    const closed = reader.closed.catch(() => {});
    await settle();
    await within(clock, reader.cancel("enough"));
    assert.deepEqual(await read, { value: { done: true, value: undefined } });
    await closed;
  },
);
