/**
 * Worker threads: the answer is the one of a single thread, whatever ran where and whatever died.
 */
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { encodeText } from "../src/batch/text.ts";
import { DEFAULT_LIMITS, type Limits } from "../src/limits.ts";
import { Run } from "../src/pipeline/run.ts";
import { DEFAULT_RUN_OPTIONS, type RunOptions } from "../src/pipeline/run_input.ts";
import type { RunReport } from "../src/pipeline/report.ts";
import { DEFAULT_RESOURCES } from "../src/resources.ts";
import { parsePipeline } from "../src/plan.ts";
import { readSettings } from "../src/settings.ts";
import { Company } from "../src/workers/company.ts";
import { mapSegmentLength } from "../src/workers/hand_over.ts";
import type { SliceAnswer, WorkerPool } from "../src/workers/pool.ts";
import { VOCABULARY } from "../stages/mod.ts";
import { jsonLines, logLine } from "./support/logs.ts";
import { between, pickOne, seeded } from "./support/random.ts";
import { curl, endedRun, eventually, runUrl, withServer } from "./support/server.ts";
import { newPool, readyPool, WORKER_WORDS } from "./support/worker_words.ts";

const MEBIBYTE = 1024 * 1024;

interface Settings {
  readonly workers?: WorkerPool | undefined;
  readonly limits?: Partial<Limits>;
  readonly options?: Partial<RunOptions>;
}

function startRun(pipeline: string, body: ReadableStream<Uint8Array>, settings: Settings): Run {
  return new Run({
    id: "r",
    plan: parsePipeline(pipeline, WORKER_WORDS).plan,
    pipeline,
    name: null,
    vocabulary: WORKER_WORDS,
    limits: { ...DEFAULT_LIMITS, ...settings.limits },
    options: { ...DEFAULT_RUN_OPTIONS, ...settings.options },
    body,
    figures: { wireBytes: 0, bytes: 0 },
    resources: DEFAULT_RESOURCES,
    workers: settings.workers,
  });
}

/** What the run answers, up to where it is cut. */
async function textOf(run: Run): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const chunk of run.results) text += decoder.decode(chunk, { stream: true });
  } catch {
    // A failed run's answer is cut; its last line says why.
  }
  return text;
}

/** The bytes in chunks of random size. */
function inChunks(bytes: Uint8Array, random: () => number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      const end = Math.min(bytes.length, at + between(random, 1, pickOne(random, [999, 300_000])));
      if (at < bytes.length) controller.enqueue(bytes.slice(at, end));
      else controller.close();
      at = end;
    },
  }, { highWaterMark: 0 });
}

async function outcome(
  pipeline: string,
  bytes: Uint8Array,
  settings: Settings & { readonly seed?: number } = {},
): Promise<{ text: string; report: RunReport }> {
  const run = startRun(pipeline, inChunks(bytes, seeded(settings.seed ?? 1)), settings);
  const text = await textOf(run);
  return { text, report: await run.ended };
}

/** Access-log lines, now and then broken, empty, ended by CR LF, or beginning with a byte order mark. */
function accessLog(random: () => number, megabytes: number): Uint8Array<ArrayBuffer> {
  const lines: string[] = [];
  for (let size = 0; size < megabytes * 1e6; size += lines.at(-1)!.length) {
    const minute = String(between(random, 0, 59)).padStart(2, "0");
    const client = `10.${between(random, 0, 255)}.${between(random, 0, 255)}.1`;
    const line = logLine(`/${between(random, 0, 60)}`, pickOne(random, [200, 404, 503]))
      .replace("10.0.0.1", client).replace("08:00:", `08:${minute}:`)
      .replace(" 10 ", ` ${between(random, 0, 5000)} `);
    const odd = random();
    if (odd < 0.002) lines.push(`?${line.slice(20)}`);
    else if (odd < 0.004) lines.push("\n");
    else if (odd < 0.006) lines.push(line.replace("\n", "\r\n"));
    else if (odd < 0.008) lines.push(`\ufeff${line}`);
    else lines.push(line);
  }
  return encodeText(lines.join("").replace(/\n$/, ""));
}

function jsonLog(random: () => number, megabytes: number): Uint8Array<ArrayBuffer> {
  const lines: string[] = [];
  for (let size = 0; size < megabytes * 1e6; size += lines.at(-1)!.length) {
    const row = {
      path: `/${between(random, 0, 60)}`,
      ms: between(random, 0, 1e6) / 10 ** between(random, 0, 4),
      user: random() < 0.1 ? null : `user ${between(random, 0, 3000)}`,
    };
    lines.push(random() < 0.001 ? "{broken\n" : `${JSON.stringify(row)}\n`);
  }
  return encodeText(lines.join(""));
}

const LOG = accessLog(seeded(1), 3);
const JSON_LOG = jsonLog(seeded(2), 3);

/** Figures of the report that do not depend on time or on how the upload was cut. */
function figuresOf({ lines, rows, rejects, stages }: RunReport): unknown {
  const counts = stages.map(({ stage, rowsIn, rowsOut, rejects }) => ({
    stage,
    rowsIn,
    rowsOut,
    rejects,
  }));
  return { lines, rows, rejects, stages: counts };
}

let one: WorkerPool;
let two: WorkerPool;
before(async () => {
  one = (await readyPool(1)).pool;
  two = (await readyPool(2)).pool;
});
after(() => {
  one.stop();
  two.stop();
});

/** Runs `work` and counts the runs that were handed over. */
async function handedOver(pool: WorkerPool, work: () => Promise<unknown>): Promise<number> {
  const { open } = pool;
  let opened = 0;
  pool.open = (...parameters) => {
    opened++;
    return open.apply(pool, parameters);
  };
  await work();
  pool.open = open;
  return opened;
}

const SAME: readonly [pipeline: string, bytes: Uint8Array][] = [
  ["combined | stats count by path", LOG],
  [
    "combined | where status >= 404 | stats count as n, count if bytes > 2500 as big, " +
    "avg(bytes), min(bytes), max(path) by path, status | sort -n, path",
    LOG,
  ],
  ["combined | stats count, rate(time) by bin(time, 1m) as minute", LOG],
  ["combined | stats count, distinct(path) by ip | sort -count, ip | head 20", LOG],
  ["combined | let kb = bytes / 1000 | stats sum(kb), last(ip) by status | tail 2", LOG],
  ["json | stats p50(ms), p99(ms), sum(ms), avg(ms), stddev(ms), var(ms) by path", JSON_LOG],
  ["json | stats distinct(user), distinct(ms) by path | head 7", JSON_LOG],
  ["json | stats values(user, 20) as some, first(user), last(user), last(ms) by path", JSON_LOG],
  ["json | stats count, max(ms), median(ms)", JSON_LOG],
  ["json | where ms > 1e9 | stats count, sum(ms), values(path)", JSON_LOG],
  ["json | stats count, p99(ms) by user", JSON_LOG],
  [
    "combined | parallel 8 (where status >= 404 | let kb = bytes / 1000) | " +
    "stats count, sum(kb), first(ip), last(ip) by path",
    LOG,
  ],
  [
    "json | partition by user into 3 (parallel auto unordered (where ms > 10)) | stats count, last(ms)",
    JSON_LOG,
  ],
  ['lines | stats count, count if line > "m" as late', LOG],
];

describe("one thread and several give the same", () => {
  for (const [pipeline, bytes] of SAME) {
    it(pipeline, async () => {
      const single = await outcome(pipeline, bytes);
      for (const [seed, workers] of [[2, one], [3, two], [4, two]] as const) {
        let found = single;
        const runs = await handedOver(workers, async () => {
          found = await outcome(pipeline, bytes, { workers, seed });
        });
        assert.equal(runs, 1);
        assert.equal(found.text, single.text, `seed ${seed}`);
        assert.deepEqual(figuresOf(found.report), figuresOf(single.report));
      }
    });
  }

  it("with every reject told at its line and offset", async () => {
    const options = { onReject: "emit" } as const;
    const single = await outcome("combined | stats count", LOG, { options });
    assert.ok(jsonLines(single.text).length > 50);
    for (const workers of [one, two]) {
      const found = await outcome("combined | stats count", LOG, { options, workers, seed: 5 });
      assert.equal(found.text, single.text);
    }
  });

  it("with rows left out on which a stage throws, and told as each stage says", async () => {
    const pipeline = "combined on_error=skip | picky on_error=emit | stats count by path";
    const options = { onReject: "fail" } as const;
    const single = await outcome(pipeline, LOG, { options });
    const { syntax, thrown } = single.report.rejectsByClass;
    assert.ok(syntax! > 50 && thrown! > 1000, JSON.stringify(single.report.rejectsByClass));
    assert.equal(
      jsonLines(single.text).filter((row) => "$reject" in (row as object)).length,
      thrown,
    );
    for (const workers of [one, two]) {
      let found = single;
      const runs = await handedOver(workers, async () => {
        found = await outcome(pipeline, LOG, { options, workers, seed: 8 });
      });
      assert.equal(runs, 1);
      assert.equal(found.text, single.text);
      assert.deepEqual(figuresOf(found.report), figuresOf(single.report));
    }
  });

  it("with lines longer than a slice and than any line may be", async () => {
    const parts = [LOG.subarray(0, 1_300_000), encodeText("\n")];
    for (const size of [700_000, 1_048_577, 3_000_000]) {
      parts.push(encodeText(`${"x".repeat(size)}\n${logLine("/after", 200)}`));
    }
    parts.push(encodeText("y".repeat(900_000)));
    const bytes = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
    for (
      const pipeline of [
        "lines | stats count, max(line) as greatest",
        "combined | stats count by path",
      ]
    ) {
      for (const maxLineBytes of [1_048_576, 10_000]) {
        const limits = { maxLineBytes };
        const single = await outcome(pipeline, bytes, { limits });
        for (const workers of [one, two]) {
          const found = await outcome(pipeline, bytes, { limits, workers, seed: 6 });
          assert.equal(found.text.slice(-3000), single.text.slice(-3000));
          assert.equal(found.text, single.text);
        }
      }
    }
  });

  it("when the run comes back, since its states are dear to merge", async () => {
    const bytes = new Uint8Array(await new Blob([LOG, "\n", LOG, "\n", LOG]).arrayBuffer());
    const options = { onReject: "emit" } as const;
    const single = await outcome("combined | deartally", bytes, { options });
    let submitted = 0;
    const { open } = one;
    one.open = (...parameters) => {
      const lane = open.apply(one, parameters);
      return { ...lane, submit: (slice) => void (submitted++, lane.submit(slice)) };
    };
    const found = await outcome("combined | deartally", bytes, { options, workers: one });
    one.open = open;
    assert.equal(found.text, single.text);
    assert.deepEqual(figuresOf(found.report), figuresOf(single.report));
    assert.ok(submitted >= 4 && submitted < 10, `${submitted} slices`);
  });

  it("with the same failures", async () => {
    const cases: readonly [string, Settings][] = [
      ["combined | stats count", { options: { maxRejects: { count: 40 } } }],
      ["combined | stats count", { options: { maxRejects: { percent: 0.001 } } }],
      ["combined | stats count by ip, path", { limits: { maxStateBytes: 1_500_000 } }],
      ["json | stats count", {}],
    ];
    for (const [pipeline, settings] of cases) {
      const single = (await outcome(pipeline, LOG, settings)).report.error;
      const { report } = await outcome(pipeline, LOG, { ...settings, workers: two, seed: 7 });
      assert.deepEqual([report.error?.code, report.error?.message], [
        single?.code,
        single?.message,
      ]);
      assert.notEqual(single, null);
    }
  });
});

describe("going back and forth gives the same", () => {
  for (const [pipeline, bytes] of SAME) {
    it(pipeline, async () => {
      const options = { onReject: "emit" } as const;
      const single = await outcome(pipeline, bytes, { options });
      for (const seed of [11, 12]) {
        const random = seeded(seed);
        let away = false;
        const { pool } = newPool(between(random, 1, 2), {
          get eager() {
            if (random() < 0.2) away = !away;
            return away;
          },
        });
        assert.ok(await pool.started());
        let found = single;
        const runs = await handedOver(pool, async () => {
          found = await outcome(pipeline, bytes, { options, workers: pool, seed });
        });
        pool.stop();
        // Once is little, but a busy machine can make merging look dear, and then the run stays.
        assert.ok(runs > 0, `seed ${seed}: it was never handed over`);
        assert.equal(found.text, single.text, `seed ${seed}`);
        assert.deepEqual(figuresOf(found.report), figuresOf(single.report), `seed ${seed}`);
      }
    });
  }
});

describe("a single thread", () => {
  const pipeline = "lines | slow | stats count, last(line) as last";
  const piece = numbered(0, 20_000);

  it("takes nothing of a run that is alone, and is not started", async () => {
    const { pool } = newPool(1, { eager: false });
    const runs = await handedOver(pool, () => outcome(pipeline, LOG, { workers: pool }));
    assert.equal(runs, 0);
    assert.equal(pool.ready, false);
    pool.stop();
  });

  it("takes a run that keeps others waiting", async () => {
    const { pool } = await readyPool(1, { eager: false });
    const { body, send, end } = openBody();
    let away = false;
    const runs = await handedOver(pool, async () => {
      const run = startRun(pipeline, body, { workers: pool });
      const open = pool.open;
      pool.open = (...parameters) => {
        away = true;
        return open.apply(pool, parameters);
      };
      const text = textOf(run);
      let sent = 0;
      for (; !away; sent++) {
        assert.ok(sent < 1000, "It stays on the request thread");
        await outcome("lines | stats count", encodeText("a\n"), { workers: pool });
        send(piece.slice());
        await eventually(() =>
          run.report().stages[0]!.bytesIn === (sent + 1) * piece.length || away
        );
      }
      end();
      assert.equal(await text, `{"count":${sent * 20_000},"last":"20000"}\n`);
    });
    assert.equal(runs, 1);
    pool.stop();
  });

  it("is wanted when others have come within a second after the run", () => {
    const company = new Company();
    const heavy = company.enter(0);
    assert.equal(company.disturbs(heavy, 1), false);
    const other = company.enter(5000);
    assert.equal(company.disturbs(heavy, 5999), true);
    assert.equal(company.disturbs(other, 5001), false);
    assert.equal(company.disturbs(heavy, 6001), false);
  });

  it("ends when it is idle, and is there again when it is asked for", async () => {
    const { pool } = newPool(1, { idleMs: 5 });
    const { text } = await outcome("lines | stats count", LOG, { workers: pool });
    await pool.started();
    await eventually(() => !pool.ready);
    assert.ok(await pool.started());
    const again = await outcome("lines | stats count", LOG, { workers: pool });
    assert.equal(again.text, text);
    pool.stop();
  });

  it("is there by default, on two cores too", () => {
    assert.ok(readSettings({}).WORKERS >= 1);
    assert.equal(readSettings({ WORKERS: "0" }).WORKERS, 0);
  });
});

describe("what is handed over", () => {
  it("is a plan whose row-local stages end in an aggregate", () => {
    const lengthOf = (pipeline: string) =>
      mapSegmentLength(parsePipeline(pipeline, WORKER_WORDS).plan, WORKER_WORDS, WORKER_WORDS);
    assert.equal(lengthOf("combined | stats count"), 2);
    assert.equal(lengthOf("combined | where status > 1 | let a = 1 | stats count | sort count"), 4);
    assert.equal(lengthOf("combined | where status >= 500 | select path"), 0);
    assert.equal(lengthOf("combined | parallel 4 (where status > 1) | stats count"), 3);
    assert.equal(lengthOf("combined | partition by ip into 4 (stats count) | stats count"), 0);
    assert.equal(lengthOf("combined | parallel 4 (lookup table on ip) | stats count"), 0);
    assert.equal(lengthOf("combined | head 5 | stats count"), 0);
    assert.equal(lengthOf("combined | tee (stats count) (head 1)"), 0);
    assert.equal(lengthOf("lines | buffer 100 | stats count"), 0);
  });

  it("is not what the threads do not speak", () => {
    const { plan } = parsePipeline("combined | throw | stats count", WORKER_WORDS);
    assert.equal(mapSegmentLength(plan, WORKER_WORDS, VOCABULARY), 0);
    const nested = parsePipeline("combined | parallel 2 (throw) | stats count", WORKER_WORDS);
    assert.equal(mapSegmentLength(nested.plan, WORKER_WORDS, VOCABULARY), 0);
  });

  it("is not a run whose stages are restarted: such a stage throws on the request thread", async () => {
    const supervision = { limit: 1, state: "restore", backoffMs: 0 } as const;
    const settings = { workers: one, options: { supervision } };
    let answer;
    const runs = await handedOver(one, async () => {
      answer = await outcome("combined | throw | stats count by path | sort path", LOG, settings);
    });
    assert.equal(runs, 0);
    const alone = await outcome("combined | stats count by path | sort path", LOG);
    assert.equal(answer!.text, alone.text);
  });

  it("is not a small upload", async () => {
    const bytes = LOG.subarray(0, MEBIBYTE);
    const runs = await handedOver(
      one,
      () => outcome("lines | stats count", bytes, { workers: one }),
    );
    assert.equal(runs, 0);
  });
});

/** A body that a test fills. */
function openBody(): {
  body: ReadableStream<Uint8Array>;
  send(bytes: Uint8Array): void;
  end(): void;
} {
  let to: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (controller) => void (to = controller) });
  return { body, send: (bytes) => to.enqueue(bytes), end: () => to.close() };
}

function numbered(from: number, to: number): Uint8Array {
  return encodeText(
    Array.from({ length: to - from }, (_, index) => `${from + index + 1}\n`).join(""),
  );
}

describe("a live run", () => {
  it("sends snapshots that are those of a prefix, up to all that has come", async () => {
    const { body, send, end } = openBody();
    const options = { everyMs: 5 };
    const run = startRun("lines | stats count, last(line) as last", body, {
      workers: two,
      options,
    });
    send(numbered(0, 500_000));
    let text = "";
    const decoder = new TextDecoder();
    let ended = false;
    for await (const chunk of run.results) {
      text += decoder.decode(chunk);
      if (!ended && text.includes('"count":500000')) {
        ended = true;
        send(numbered(500_000, 600_000));
        end();
      }
    }
    const rows = jsonLines(text) as { count: number; last: string | null; $final?: boolean }[];
    for (const { count, last } of rows) assert.equal(Number(last), count);
    const counts = rows.map(({ count }) => count);
    assert.deepEqual(counts, [...counts].sort((left, right) => left - right));
    assert.deepEqual(rows.at(-1), { ...rows.at(-1), count: 600_000, $final: true });
  });

  it("is cancelled at once, and its thread goes on with others", async () => {
    const { body, send } = openBody();
    const run = startRun("lines | hang | stats count", body, { workers: one });
    const text = textOf(run);
    send(LOG);
    while (run.report().stages[0]!.bytesIn === 0) await new Promise((next) => setTimeout(next, 1));
    const { RunError } = await import("../src/errors.ts");
    run.cancel(new RunError("cancelled", "Enough"));
    assert.match(await text, /"code":"cancelled"/);
    assert.equal((await run.ended).state, "failed");
    const { report } = await outcome("lines | stats count", LOG, { workers: one });
    assert.equal(report.state, "complete");
  });

  it("does not read ahead of its threads", async () => {
    const { pool } = await readyPool(1, { sliceDeadlineMs: 300 });
    let pulled = 0;
    const chunk = encodeText("x\n".repeat(32 * 1024));
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += chunk.length;
        controller.enqueue(chunk);
      },
    });
    const run = startRun("lines | hang | stats count", body, { workers: pool });
    assert.match(await textOf(run), /"code":"internal"/);
    assert.ok(pulled < 8 * MEBIBYTE, `${pulled} bytes were read`);
    pool.stop();
  });
});

describe("a thread that fails", () => {
  it("by dying is replaced, and its slices are run again, once each", async () => {
    const { pool, log } = await readyPool(2);
    const marker = join(mkdtempSync(join(tmpdir(), "sluice-")), "died");
    const single = await outcome("lines | stats count, last(line) as last", LOG);
    const pipeline = `lines | dieonce "${marker}" | stats count, last(line) as last`;
    const { text } = await outcome(pipeline, LOG, { workers: pool });
    assert.equal(text, single.text);
    assert.equal(log.length, 1);
    assert.match(log[0]!, /^Worker thread replaced: .*The thread dies for a test/s);
    pool.stop();
  });

  it("by dying again fails the run, and the pool goes on", async () => {
    const { pool } = await readyPool(1);
    const { report } = await outcome("lines | die | stats count", LOG, { workers: pool });
    assert.equal(report.error?.code, "internal");
    assert.match(report.error!.message, /^The worker thread of a slice ended before it answered/);
    assert.ok(await pool.started());
    const runs = await handedOver(pool, async () => {
      const { report } = await outcome("lines | stats count", LOG, { workers: pool });
      assert.equal(report.state, "complete");
    });
    assert.equal(runs, 1);
    pool.stop();
  });

  it("by taking too long is replaced", async () => {
    const { pool, log } = await readyPool(1, { sliceDeadlineMs: 200 });
    const { report } = await outcome("lines | hang | stats count", LOG, { workers: pool });
    assert.match(report.error!.message, /No answer to a slice within 200 ms$/);
    assert.equal(log.length, 2);
    pool.stop();
  });

  it("by a stage that throws fails the run with the stage's error", async () => {
    const thrown = await outcome("lines | throw | stats count", LOG, { workers: one });
    assert.deepEqual(thrown.report.error?.toJSON(), {
      code: "internal",
      message: "Stage failed: x is not a function",
    });
    const refused = await outcome("lines | refuse | stats count", LOG, { workers: one });
    assert.deepEqual(refused.report.error?.toJSON(), {
      code: "budget_exceeded",
      message: "Too much",
      limitBytes: 7,
    });
  });

  it("by its module is given up, and runs stay on the request thread", async () => {
    const { WorkerPool } = await import("../src/workers/pool.ts");
    const pool = new WorkerPool({
      size: 1,
      eager: true,
      module: new URL("support/absent.ts", import.meta.url),
      vocabulary: WORKER_WORDS,
      log: () => {},
    });
    assert.equal(await pool.started(), false);
    const { report } = await outcome("lines | stats count", LOG, { workers: pool });
    assert.equal(report.state, "complete");
    const answered = Promise.withResolvers<SliceAnswer>();
    const { plan } = parsePipeline("lines | stats count", WORKER_WORDS);
    const lane = pool.open(plan, DEFAULT_LIMITS, (_slice, answer) => answered.resolve(answer));
    lane.submit({ index: 0, bytes: new SharedArrayBuffer(8), start: 0, length: 8, last: true });
    const answer = await answered.promise;
    assert.ok("fault" in answer);
    assert.equal(
      answer.fault.message,
      "There is no worker thread that could take the slice, nor will there be",
    );
    lane.close();
    pool.stop();
  });
});

describe("fair shares", () => {
  it("take turns slice by slice", async () => {
    const order: string[] = [];
    const { plan } = parsePipeline("lines | stats count", WORKER_WORDS);
    const done = Promise.withResolvers<void>();
    const laneOf = (name: string) =>
      one.open(plan, DEFAULT_LIMITS, (slice) => {
        order.push(`${name}${slice.index}`);
        if (order.length === 8) done.resolve();
      });
    const bytes = new SharedArrayBuffer(1000);
    new Uint8Array(bytes).fill(10);
    const heavy = laneOf("heavy ");
    const light = laneOf("light ");
    const submit = (lane: typeof heavy, index: number) =>
      lane.submit({ index, bytes, start: 0, length: 1000, last: false });
    for (let index = 0; index < 6; index++) submit(heavy, index);
    for (let index = 0; index < 2; index++) submit(light, index);
    await done.promise;
    heavy.close();
    light.close();
    // Two were with the thread before the light run came.
    assert.deepEqual(order, [
      "heavy 0",
      "heavy 1",
      "heavy 2",
      "light 0",
      "heavy 3",
      "light 1",
      "heavy 4",
      "heavy 5",
    ]);
  });
});

describe("a server with WORKERS=1", () => {
  it("answers large uploads as one without, and stops", async () => {
    const answers: string[] = [];
    for (const workers of ["0", "1"]) {
      await withServer({ WORKERS: workers }, async (server) => {
        await server.workers?.started();
        const url = runUrl(server, "combined | stats count, avg(bytes) by path, status");
        answers.push((await curl(["-T", "-", url], LOG)).output);
        assert.equal((await endedRun(server)).state, "complete");
      });
    }
    assert.equal(answers[1], answers[0]);
    assert.ok(answers[0]!.length > 1000);
  });

  it("starts no thread for small ones", async () => {
    await withServer({ WORKERS: "1" }, async (server) => {
      await curl(["-T", "-", runUrl(server, "lines | stats count")], "x\n".repeat(1000));
      assert.equal(server.workers?.ready, false);
    });
  });
});
