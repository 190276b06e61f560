/**
 * The four timeouts: each ends its run with a code of its own, and leaves nothing behind.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { afterEach, beforeEach, describe, it } from "node:test";
import { encodeText } from "../src/batch/text.ts";
import { type FaultyOutcome, outcomeOf, startFaulty, TestClock } from "./support/faulty_words.ts";
import { Curl, curl, eventually, runUrl, withServer } from "./support/server.ts";

/** An upload that sends `pieces`, then nothing, and knows whether it was cancelled. */
class Silent {
  cancelled: unknown = null;
  readonly stream: ReadableStream<Uint8Array>;

  constructor(pieces: readonly string[], ends = false) {
    const left = [...pieces];
    this.stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        const piece = left.shift();
        if (piece !== undefined) controller.enqueue(encodeText(piece));
        else if (ends) controller.close();
        else return new Promise<void>(() => {});
        return undefined;
      },
      cancel: (reason) => {
        this.cancelled = reason;
      },
    }, { highWaterMark: 0 });
  }
}

/** Lets everything happen that can happen without time passing. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Counts the timers of the runtime that are set and neither ran out nor were cleared. */
class TimerCount {
  readonly #real = { setTimeout, setInterval, clearTimeout, clearInterval };
  readonly #live = new Set<unknown>();

  start(): void {
    const { setTimeout: timeout, setInterval: interval, clearTimeout: clear } = this.#real;
    const forget = (timer: unknown) => {
      this.#live.delete(timer);
      clear(timer as ReturnType<typeof setTimeout>);
    };
    Object.assign(globalThis, {
      setTimeout: (then: () => void, milliseconds?: number) => {
        const timer = timeout(() => {
          this.#live.delete(timer);
          then();
        }, milliseconds);
        this.#live.add(timer);
        return timer;
      },
      setInterval: (then: () => void, milliseconds?: number) => {
        const timer = interval(then, milliseconds);
        this.#live.add(timer);
        return timer;
      },
      clearTimeout: forget,
      clearInterval: forget,
    });
  }

  get live(): number {
    return this.#live.size;
  }

  stop(): void {
    Object.assign(globalThis, this.#real);
  }
}

const codeOf = ({ report }: FaultyOutcome) => [report.error?.code, report.error?.message];

describe("the timeouts", () => {
  const timers = new TimerCount();
  let clock: TestClock;
  let handles: number;

  beforeEach(() => {
    clock = new TestClock();
    handles = process.getActiveResourcesInfo?.().length ?? 0;
    timers.start();
  });

  afterEach(() => {
    timers.stop();
    assert.equal(timers.live, 0, "timers of the runtime are left");
    assert.equal(clock.pending, 0, "timers of the run's clock are left");
    assert.ok((process.getActiveResourcesInfo?.().length ?? 0) <= handles, "handles are left");
  });

  it("end a run that takes too long as a whole", async () => {
    const upload = new Silent(["one\n"]);
    const run = startFaulty("lines", upload.stream, { clock, options: { timeoutMs: 1000 } });
    const outcome = outcomeOf(run);
    await settle();
    clock.advance(999);
    await settle();
    assert.equal(run.report().state, "running");
    clock.advance(1);
    assert.deepEqual(codeOf(await outcome), [
      "timeout",
      "The run took longer than its timeout of 1000 ms",
    ]);
    assert.equal(upload.cancelled, (await run.ended).error);
  });

  it("end a run whose upload is idle, each chunk starting anew", async () => {
    const upload = new Silent(["one\n", "two\n"]);
    const run = startFaulty("lines", upload.stream, { clock, options: { idleMs: 500 } });
    const outcome = outcomeOf(run);
    await settle();
    clock.advance(499);
    await settle();
    assert.equal(run.report().state, "running");
    clock.advance(1);
    assert.deepEqual(codeOf(await outcome), [
      "idle_timeout",
      "The upload sent nothing for idle=500ms; send faster, or allow more",
    ]);
    assert.equal(upload.cancelled, (await run.ended).error);
  });

  it("do not take an upload for idle that nobody asks for more", async () => {
    const upload = new Silent(['{"n":1}\n'.repeat(10), '{"n":2}\n'], true);
    const run = startFaulty("json | slow 10s | stats count", upload.stream, {
      clock,
      limits: { edgeBytes: 1 },
      options: { idleMs: 500 },
    });
    const outcome = outcomeOf(run);
    for (let step = 0; step < 40; step++) {
      await settle();
      clock.advance(1000);
    }
    const { rows, report } = await outcome;
    assert.deepEqual([report.state, rows], ["complete", [{ count: 11 }]]);
  });

  it("end a run that gives no row for too long", async () => {
    const options = { firstResultMs: 2000 };
    const upload = new Silent(["one\n"]);
    const run = startFaulty("lines | stats count", upload.stream, { clock, options });
    const outcome = outcomeOf(run);
    await settle();
    clock.advance(2000);
    assert.deepEqual(codeOf(await outcome), [
      "first_result_timeout",
      "No row came out within first_result=2000ms; let a stage above answer earlier, or give it more time",
    ]);
  });

  it("have no say about the first row when it came, or when there is none", async () => {
    const options = { firstResultMs: 2000 };
    const early = startFaulty("lines", new Silent(["one\n"], true).stream, { clock, options });
    const none = startFaulty("lines | where line == 1", new Silent(["one\n"], true).stream, {
      clock,
      options,
    });
    await settle();
    clock.advance(5000);
    for (const run of [early, none]) {
      assert.equal((await outcomeOf(run)).report.state, "complete");
    }
  });

  it("end a run in which a stage takes too long for a batch, and its timers with it", async () => {
    const upload = new Silent(['{"n":1}\n', '{"n":2}\n'], true);
    const pipeline = "json | timeout 300ms (slow 200ms | slow 200ms)";
    const run = startFaulty(pipeline, upload.stream, { clock });
    const outcome = outcomeOf(run);
    await settle();
    clock.advance(200);
    await settle();
    assert.equal(run.report().state, "running");
    clock.advance(100);
    assert.deepEqual(codeOf(await outcome), [
      "stage_timeout",
      "A batch took longer than `timeout 300ms` allows; allow more, or ask less of the stages in it",
    ]);
    assert.equal(run.report().rejects, 0);
  });

  it("let pass what is in time, batch by batch", async () => {
    const upload = new Silent(['{"n":1}\n', '{"n":2}\n'], true);
    const run = startFaulty("json | timeout 300ms (slow 200ms) | select n", upload.stream, {
      clock,
    });
    const outcome = outcomeOf(run);
    for (let step = 0; step < 20; step++) {
      await settle();
      clock.advance(100);
    }
    const { rows, report } = await outcome;
    assert.deepEqual([report.state, rows], ["complete", [{ n: 1 }, { n: 2 }]]);
  });

  it("find out that a stage computed for too long, when it is over", async () => {
    const late = new TestClock();
    let reads = 0;
    // Every second look at the time is a minute later: the batch between took that long.
    late.now = () => 60_000 * (reads++ % 2);
    const upload = new Silent(['{"n":1}\n'], true);
    const run = startFaulty("json | timeout 1s (where n > 0)", upload.stream, { clock: late });
    assert.equal((await outcomeOf(run)).report.error?.code, "stage_timeout");
  });
});

describe("the timeouts of a server", () => {
  it("are parameters of a run, and curl sees which it was", async () => {
    await withServer({}, async (server) => {
      const cases = [
        ["timeout", "timeout", "lines"],
        ["idle", "idle_timeout", "lines"],
        ["first_result", "first_result_timeout", "lines | stats count"],
      ] as const;
      for (const [parameter, code, pipeline] of cases) {
        const url = runUrl(server, pipeline, { [parameter]: "150ms" });
        const client = new Curl(["-T", ".", url]);
        client.send("one\n");
        await client.until(new RegExp(`"code":"${code}"`));
        assert.ok([18, 56].includes((await client.end()).code), parameter);
      }
      const wrong = await curl([runUrl(server, "lines", { idle: "soon" }), "-d", "x"]);
      assert.match(wrong.output, /Expected a duration of at least 1ms/);
      await eventually(() => server.runs.reports().every(({ state }) => state === "failed"));
    });
  });

  it("may be longer than the runtimes' timers know, which is 25 days", async () => {
    await withServer({ STALL_TIMEOUT: "52w", BLOCKED_LIMIT: "52w" }, async (server) => {
      const long = { timeout: "30d", idle: "30d", first_result: "30d", every: "30d" };
      const client = new Curl(["-T", ".", runUrl(server, "lines | stats count", long)]);
      for (const [index, line] of ["one\n", "two\n", "three\n"].entries()) {
        client.send(line);
        await eventually(() => server.runs.reports()[0]?.lines === index + 1);
      }
      const { code, output } = await client.end();
      assert.deepEqual([code, output], [0, '{"count":3,"$snapshot":1,"$final":true}\n']);
    });
  });
});
