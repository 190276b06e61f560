/**
 * `cache`: what is asked, what is kept, and that it changes no result.
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AnswerCache, keyOf } from "../src/lookup/answer_cache.ts";
import { NamedCaches } from "../src/lookup/named_caches.ts";
import { FakeHost, lines, tell } from "./support/lookups.ts";
import { idle, ManualClock } from "./support/manual_clock.ts";
import { run } from "./support/operators.ts";
import { between, forSeeds } from "./support/random.ts";

function world(delayMs = 20) {
  const clock = new ManualClock();
  const door = new FakeHost(clock, delayMs, ({ url }, count) => ({
    status: 200,
    json: { at: url.slice(url.lastIndexOf("/") + 1), count },
  }));
  return { clock, door, resources: { clock, http: door } };
}

const CACHED = 'json | cache (lookup http "https://geo.example/{ip}" as geo cache=1/1ms) by ip';

test("a key is asked once while it is under way, over batches, and rows keep their order", async () => {
  const { door, resources } = world();
  const chunks = Array.from({ length: 60 }, (_, at) => lines([{ at, ip: `k${at % 4}` }]));
  const { rows, facts } = await tell(CACHED, chunks, { resources });
  assert.deepEqual(rows.map(({ at, geo }) => [at, (geo as { at: string }).at]), [
    ...Array.from({ length: 60 }, (_, at) => [at, `k${at % 4}`]),
  ]);
  assert.equal(door.asked.length, 4);
  const { hits, misses, joined, evictions } = facts["cache"]!;
  assert.deepEqual([Number(hits) + Number(joined), misses, evictions], [56, 4, 0]);
});

test("answers end with their time, and the least used ones make room", async () => {
  const { door, clock, resources } = world(0);
  const feed = async function* () {
    for (const ip of ["a", "b", "a", "c", "b"]) {
      yield lines([{ ip }]);
      const seen = door.asked.length;
      while (door.underWay > 0) await idle();
      for (let turn = 0; turn < 5 && door.asked.length === seen; turn++) await idle();
    }
    clock.advance(2000);
    yield lines([{ ip: "b" }]);
  };
  const { facts } = await tell(`${CACHED} size=2 ttl=1s`, feed(), { resources });
  assert.deepEqual(door.asked.map(({ url }) => url.at(-1)), ["a", "b", "c", "b", "b"]);
  const { hits, misses, evictions } = facts["cache"]!;
  assert.deepEqual([hits, misses, evictions], [1, 5, 2]);
});

test("only what the pipeline adds or changes is kept; other fields stay each row's own", async () => {
  const { output } = await run(
    "json | cache (let kind = upper(kind), size = 1 | drop note) by kind",
    '{"kind":"a","note":"one","n":1}\n{"kind":"a","note":"two","n":2,"more":true}\n',
  );
  assert.equal(
    output,
    '{"kind":"A","note":"one","n":1,"size":1}\n{"kind":"A","note":"two","n":2,"more":true,"size":1}\n',
  );
});

test("a pipeline of values of its key gives the same with a cache and without", async () => {
  const work = "let a = upper(text(key)), b = length(text(key)) | let c = b * 2";
  await forSeeds(20, async (random) => {
    const rows = Array.from({ length: 200 }, (_, n) => ({
      n,
      key: [between(random, 0, 9), `k${between(random, 0, 9)}`, null, true][between(random, 0, 3)],
    }));
    const size = between(random, 1, 12);
    const plain = await run(`json | ${work}`, lines(rows));
    const cached = await run(`json | cache (${work}) by key size=${size}`, lines(rows), {
      cuts: Array.from({ length: 9 }, (_, at) => at * 300 + between(random, 0, 99)),
    });
    assert.equal(cached.output, plain.output);
  });
});

test("formats with columns of their own are given only what was added", async () => {
  const input = "a,b\n1,x\n1,y\n2,z\n";
  const { output } = await run(
    'csv | cache (let double = number(a) * 2) by a | where b != "x"',
    input,
  );
  assert.equal(output, '{"a":"1","b":"y","double":2}\n{"a":"2","b":"z","double":4}\n');
});

test("values of different types are different keys, and a text in an address finds each", () => {
  assert.equal(new Set([5, "5", null, "null", true, "true", [5], new Date(5)].map(keyOf)).size, 8);
  assert.equal(keyOf(-0), keyOf(0));
  const cache = new AnswerCache({ size: 10, ttlMs: 0, maxBytes: 1e6 }, new ManualClock());
  for (const key of [5, "5", null, new Date(5)]) cache.set(keyOf(key), { a: 1 });
  assert.deepEqual(
    ["5", "5", "null", "1970-01-01T00:00:00.005Z", "nothing"].map((text) => cache.delete(text)),
    [true, false, true, true, false],
  );
});

test("a cache is bounded by what its answers weigh", () => {
  const cache = new AnswerCache({ size: 1000, ttlMs: 0, maxBytes: 5000 }, new ManualClock());
  for (let at = 0; at < 100; at++) cache.set(keyOf(at), { text: "x".repeat(500) });
  assert.ok(cache.bytes <= 5000 && cache.report().entries < 10, `${cache.bytes} bytes`);
  assert.equal(cache.report().evictions, 100 - cache.report().entries);
});

test("a named cache that could not be warmed is not kept", async () => {
  const caches = new NamedCaches(1, new ManualClock());
  const options = { size: 1, ttlMs: 0, maxBytes: 100 };
  const { warmed } = caches.open("a", "p", options, () => Promise.reject(new Error("No table")));
  await assert.rejects(warmed, new Error("No table"));
  await idle();
  assert.deepEqual(caches.reports(), []);
});
