/**
 * The named pipeline `analytics` over a real socket: what it stores, and bursts.
 */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { MAX_BATCH_BYTES } from "../src/batch/batch.ts";
import type { Sluice } from "../routes/server.ts";
import { endedRun, eventually, withServer } from "./support/server.ts";

/** A queue in bytes takes what comes while it is below its bound: one batch, with the places of its fields. */
const MOST_OF_ONE_BATCH = 2 * MAX_BATCH_BYTES;

const USERS = "user,plan\nada,pro\nbob,free\n";

async function withAnalytics(work: (server: Sluice, folder: string) => Promise<void>) {
  const folder = await mkdtemp(`${tmpdir()}/sluice-analytics-`);
  mkdirSync(`${folder}/tables`);
  writeFileSync(`${folder}/tables/users.csv`, USERS);
  try {
    const settings = { FILES: folder, TABLES: `${folder}/tables` };
    await withServer(settings, (server) => work(server, folder));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Opens an upload to the pipeline; the answer is text. */
function uploading(server: Sluice, parameters = "") {
  const upload = request(`${server.url}/v1/pipelines/analytics${parameters}`, { method: "POST" });
  const answer = new Promise<string>((resolve, reject) => {
    upload.on("error", reject);
    upload.on("response", async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve(text);
    });
  });
  return { upload, answer };
}

function stored(path: string, sql: string): readonly unknown[] {
  const database = new DatabaseSync(path);
  try {
    return database.prepare(sql).all().map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}

/** Event number `at`: a third clicks, purchases and errors each, of three users, one without a plan. */
function event(at: number): string {
  const user = ["ada", "bob", "eve"][at % 5 % 3];
  const head = { id: `e${at}`, at: new Date(1_767_225_600_000 + at * 1000).toISOString(), user };
  const kinds = [
    { kind: "click", page: `/${at % 7}` },
    { kind: "purchase", item: "pen", price: 2.5, quantity: 4 },
    { kind: "error", message: "no", severity: 3 },
  ];
  return `${JSON.stringify({ ...head, ...kinds[at % 3] })}\n`;
}

function events(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, index) => event(from + index)).join("");
}

test("three kinds of events come to one shape, enriched, scored and stored by id", () =>
  withAnalytics(async (server, folder) => {
    for (const [inserted, updated] of [[3, 0], [0, 3]]) {
      const { upload, answer } = uploading(server, "?database=daily/a.db&weight=3");
      upload.end(events(0, 3) + '{"kind":"view","id":"v"}\n');
      assert.equal(
        await answer,
        `{"into":"sqlite","name":"daily/a.db","table":"events","rows":3,"inserted":${inserted},"updated":${updated},"$branch":1}\n` +
          '{"kind":"click","events":1,"score":0.30000000000000004,"users":1,"$branch":2}\n' +
          '{"kind":"purchase","events":1,"score":10,"users":1,"$branch":2}\n' +
          '{"kind":"error","events":1,"score":-3,"users":1,"$branch":2}\n' +
          '{"$notice":{"route":{"unmatched":1}}}\n',
      );
    }
    assert.deepEqual(stored(`${folder}/daily/a.db`, "SELECT * FROM events ORDER BY id"), [
      {
        id: "e0",
        kind: "click",
        at: "2026-01-01T00:00:00.000Z",
        user: "ada",
        plan: "pro",
        what: "/0",
        score: 0.30000000000000004,
      },
      {
        id: "e1",
        kind: "purchase",
        at: "2026-01-01T00:00:01.000Z",
        user: "bob",
        plan: "free",
        what: "pen",
        score: 10,
      },
      {
        id: "e2",
        kind: "error",
        at: "2026-01-01T00:00:02.000Z",
        user: "eve",
        plan: null,
        what: "no",
        score: -3,
      },
    ]);
  }));

/** How many events of the only run have come to the table. */
function storedSoFar(server: Sluice): number {
  const [report] = server.runs.reports();
  return report?.stages.find(({ stage }) => stage === "tee.1.into")?.rowsIn ?? 0;
}

/** That all `sent` events are there once, and that no queue held more than it was told. */
async function checkAll(server: Sluice, folder: string, answer: string, sent: number) {
  const [told] = answer.split("\n");
  assert.equal(
    told,
    `{"into":"sqlite","name":"analytics.db","table":"events","rows":${sent},"inserted":${sent},"updated":0,"$branch":1}`,
  );
  const { stages, state } = await endedRun(server);
  assert.equal(state, "complete");
  for (const { stage, queueHighWater, queueBound } of stages) {
    const told = `${stage}: ${queueHighWater} of ${queueBound}`;
    assert.ok(queueHighWater <= queueBound + MOST_OF_ONE_BATCH || stage.includes("."), told);
  }
  const [count] = stored(
    `${folder}/analytics.db`,
    "SELECT count(*) AS n, count(DISTINCT id) AS ids FROM events",
  );
  assert.deepEqual(count, { n: sent, ids: sent });
}

const TICK_MS = 20;
const STEADY = 100;

test("a burst of ten times the rate is taken, and the pipeline is up to date soon after", () =>
  withAnalytics(async (server, folder) => {
    const { upload, answer } = uploading(server);
    let sent = 0;
    /** Sends so many events, and waits for the next tick: the rate is the sender's, whether the pipeline keeps up or not. */
    const tick = async (count: number) => {
      const text = events(sent, sent += count);
      const next = new Promise((resolve) => setTimeout(resolve, TICK_MS));
      upload.write(text);
      await next;
    };
    const behind = () => sent - storedSoFar(server);
    const untilUpToDate = async () => {
      for (let ticks = 1; ticks < 500; ticks++) {
        await tick(STEADY);
        if (behind() <= 2 * STEADY) return;
      }
      assert.fail(`${behind()} of ${sent} events are not stored yet`);
    };
    await untilUpToDate();
    for (let ticks = 0; ticks < 25; ticks++) await tick(10 * STEADY);
    await untilUpToDate();
    upload.end();
    await checkAll(server, folder, await answer, sent);
  }));

test("a burst that the pipeline cannot take at once waits with its sender", () =>
  withAnalytics(async (server, folder) => {
    const { upload, answer } = uploading(server);
    let sent = 0;
    let bytes = 0;
    const send = (count: number) => {
      const text = events(sent, sent += count);
      bytes += text.length;
      upload.write(text);
    };
    send(1000);
    await eventually(() => storedSoFar(server) === sent);
    const other = new DatabaseSync(`${folder}/analytics.db`);
    // Nothing can be stored until this is over.
    other.exec("BEGIN IMMEDIATE");
    for (let piece = 0; piece < 100; piece++) send(1000);
    const before = bytes;
    const report = () => server.runs.reports()[0]!;
    const buffer = () => report().stages.find(({ stage }) => stage === "buffer")!;
    await eventually(() => buffer().queueDepth >= buffer().queueBound);
    const taken = report().bytes;
    const held = report().stages.reduce((sum, stage) => sum + stage.queueBound, 0);
    other.exec("COMMIT");
    other.close();
    assert.ok(before > 2 * taken, `${taken} of ${before} bytes were taken`);
    assert.ok(taken < held, `${taken} bytes were taken, where queues hold ${held}`);
    send(1000);
    upload.end();
    await checkAll(server, folder, await answer, sent);
  }));
