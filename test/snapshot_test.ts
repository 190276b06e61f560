/**
 * Snapshots that cannot be taken: the run goes on without them, and its notice says why.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import type { Batch } from "../src/batch/batch.ts";
import { type AnyStage, defineStage } from "../src/stage.ts";
import { DEFAULT_STAGES, vocabularyOf } from "../stages/mod.ts";
import { FakeHost, lines, startRun } from "./support/lookups.ts";
import { ManualClock } from "./support/manual_clock.ts";
import { eventually } from "./support/server.ts";

const word = (name: string, push: (batch: Batch, call: number) => Promise<Batch[]> | Batch[]) => {
  let calls = 0;
  return defineStage({
    name,
    kind: "ordered",
    summary: "For tests",
    description: "For tests.",
    arguments: z.object({}),
    examples: [],
    create: () => ({ push: (batch: Batch) => push(batch, calls++) }),
  });
};

/**
 * A run of `pipeline` over three rows, the last of which comes when snapshots have been taken twice or given up; its rows
 * and its notice.
 */
async function shown(pipeline: string, words: readonly AnyStage[] = []) {
  const clock = new ManualClock();
  const http = new FakeHost(clock, 5, () => ({ status: 200, json: "yes" }));
  let text = "";
  const chunks = async function* () {
    yield lines([{ at: 0, k: "a" }, { at: 100, k: "a" }]);
    // One with each snapshot, whether there was one or not.
    await eventually(() => text.split('{"progress":').length > 3);
    yield lines([{ at: 5000, k: "a" }]);
  };
  const run = startRun(pipeline, chunks(), {
    resources: { clock, http },
    options: { everyMs: 10, envelope: "events" },
    vocabulary: vocabularyOf([...DEFAULT_STAGES, ...words]),
  });
  const decoder = new TextDecoder();
  const read = async () => {
    for await (const chunk of run.results) text += decoder.decode(chunk, { stream: true });
  };
  await clock.drive(Promise.all([read(), run.ended]));
  const events = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  const told = (kind: string) => events.flatMap((event) => kind in event ? [event[kind]] : []);
  return {
    asked: http.asked.length,
    rows: told("row"),
    snapshots: told("snapshot").length,
    notice: told("notice")[0]?.snapshots,
  };
}

test("no row of a snapshot goes out of the server through a pipeline in a session", async () => {
  const ask = 'lookup http "https://host.example/{count}" as known';
  const { asked, rows, notice } = await shown(
    `json | session 1s by k on at (stats count | ${ask}) | select count, known`,
  );
  assert.equal(asked, 2, "one question a session");
  assert.deepEqual(rows, [{ count: 2, known: "yes" }, { count: 1, known: "yes" }]);
  assert.equal(
    notice,
    "Stopped: `lookup` reaches out of the server, so only final rows go through it",
  );
});

test("nor through one behind an aggregate in a branch", async () => {
  const { asked, rows, notice } = await shown(
    'json | tee (stats count | lookup http "https://host.example/{count}" as known)',
  );
  assert.equal(asked, 1);
  assert.deepEqual(rows, [{ count: 3, known: "yes", $branch: 1 }]);
  assert.equal(
    notice,
    "Stopped: `lookup` reaches out of the server, so only final rows go through it",
  );
});

test("a lookup above an aggregate in a branch takes nothing from its snapshots", async () => {
  const { rows, snapshots, notice } = await shown(
    'json | tee (lookup http "https://host.example/{k}" as known | stats count by known)',
  );
  assert.deepEqual(rows, [{ known: "yes", count: 3, $branch: 1 }]);
  assert.ok(snapshots >= 2, `${snapshots} snapshots`);
  assert.equal(notice, undefined);
});

test("a stage that throws on a snapshot does not fail the run", async () => {
  const trips = word("trips", (batch, call) => {
    if (call === 0) throw new TypeError("Tripped");
    return [batch];
  });
  const { rows, snapshots, notice } = await shown("json | stats count | trips", [trips]);
  assert.deepEqual({ rows, snapshots, notice }, {
    rows: [{ count: 3 }],
    snapshots: 0,
    notice: "Stopped: Tripped",
  });
});

test("nor does one that waits behind an aggregate, whatever it comes to when nobody waits for it", async () => {
  const later = word(
    "later",
    (batch, call) => call === 0 ? Promise.reject(new Error("Too late")) : Promise.resolve([batch]),
  );
  const { rows, snapshots, notice } = await shown("json | stats count | later", [later]);
  assert.deepEqual({ rows, snapshots, notice }, {
    rows: [{ count: 3 }],
    snapshots: 0,
    notice:
      "Stopped: Cannot take a snapshot through a stage that waits; put it before the first aggregate",
  });
});
