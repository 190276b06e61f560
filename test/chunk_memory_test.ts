/**
 * Memory that is given back by hand: freed when nobody reads it any more, and not before.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { borrow, borrowBytes, giveAway, Loan } from "../src/batch/chunk_memory.ts";
import { encodeText } from "../src/batch/text.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { Run } from "../src/pipeline/run.ts";
import { DEFAULT_RUN_OPTIONS } from "../src/pipeline/run_input.ts";
import { parsePipeline } from "../src/plan.ts";
import { VOCABULARY } from "../stages/mod.ts";
import { body } from "./support/bodies.ts";
import { cut, run as runAlone } from "./support/operators.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";
import { exampleResources } from "./support/resources.ts";

test("a chunk that was given away is freed when it is spent, any other is left alone", () => {
  const own = new Uint8Array(10), kept = new Uint8Array(10);
  giveAway(own);
  new Loan(own).spent();
  new Loan(kept).spent();
  assert.equal(own.byteLength, 0);
  assert.equal(kept.byteLength, 10);
});

test("a chunk that is a part of larger memory is never freed", () => {
  const whole = new Uint8Array(10);
  giveAway(whole.subarray(2));
  new Loan(whole.subarray(2)).spent();
  assert.equal(whole.byteLength, 10);
});

test("a part of a chunk that was given away does not free the rest", () => {
  const whole = new Uint8Array(10);
  giveAway(whole);
  new Loan(whole.subarray(0, 4)).spent();
  new Loan(whole.subarray(0)).spent();
  assert.equal(whole.byteLength, 10);
});

test("what was borrowed for a chunk is lent again once that is spent, not before", () => {
  const [first, second, third] = [new Uint8Array(1), new Uint8Array(1), new Uint8Array(1)];
  const loan = new Loan(first);
  const memory = borrow(first, 100_000);
  new Loan(second);
  assert.notEqual(borrow(second, 100_000), memory);
  loan.spent();
  new Loan(third);
  assert.equal(borrow(third, 99_000), memory);
});

test("what is borrowed for borrowed bytes belongs to the same chunk", () => {
  const [first, second] = [new Uint8Array(1), new Uint8Array(1)];
  const loan = new Loan(first);
  const memory = borrow(borrowBytes(first, 200_000), 300_000);
  loan.spent();
  new Loan(second);
  assert.equal(borrow(second, 300_000), memory);
});

test("memory for a chunk that nobody follows is new, and as long as was asked for", () => {
  const chunk = new Uint8Array(1);
  assert.equal(borrow(chunk, 100_001).byteLength, 100_001);
  assert.notEqual(borrow(chunk, 100_001), borrow(chunk, 100_001));
});

test("more than half a MiB is not kept to be lent again", () => {
  const [first, second] = [new Uint8Array(1), new Uint8Array(1)];
  const loan = new Loan(first);
  const memory = borrow(first, 512 * 1024 + 1);
  loan.spent();
  new Loan(second);
  assert.notEqual(borrow(second, 512 * 1024 + 1), memory);
});

test("a chunk that comes again while it is under way keeps what was borrowed for it before", () => {
  const chunk = new Uint8Array(1);
  const first = new Loan(chunk);
  const memory = borrow(chunk, 400_000);
  const second = new Loan(chunk);
  assert.notEqual(borrow(chunk, 400_000), memory);
  second.spent();
  new Loan(chunk);
  assert.notEqual(borrow(chunk, 400_000), memory);
  first.spent();
});

const SYLLABLES = ["a", "be", "-", "north", "tö", "quite-a-long-name-of-a-place", "7", "12.5"];
type Random = () => number;
type Fields = readonly [name: string, age: string, place: string];

function randomFields(random: Random): Fields {
  const word = () => pickOne(random, SYLLABLES) + pickOne(random, SYLLABLES);
  return [word(), String(between(random, 0, 999) / 10), `${word()}-${between(random, 0, 20)}`];
}

/** A line of each format, from three fields. */
const FORMATS: Readonly<Record<string, (fields: Fields) => string>> = {
  json: ([name, age, place]) => JSON.stringify({ name, age: Number(age), place }),
  csv: ([name, age, place]) => `${name},${age},"${place}"`,
  'csv separator=";" header=no columns=(name, age, place)': ([name, age, place]) =>
    `${name};${age};${place}`,
  logfmt: ([name, age, place]) => `name=${name} age=${age} place="${place}"`,
  ltsv: ([name, age, place]) => `name:${name}\tage:${age}\tplace:${place}`,
  "combined | let name = path, age = bytes, place = agent": ([name, age, place]) =>
    `10.0.0.1 - - [01/Oct/2026:08:00:00 +0000] "GET /${name} HTTP/1.1" 200 ` +
    `${Math.round(Number(age))} "-" "${place}"`,
};

/** What comes behind a format; true where chunks are freed. */
const REST: readonly [pipeline: string, freed: boolean][] = [
  ["select name, age, place", true],
  ["where age > 50 | let older = age + 1 | drop place", true],
  [
    "stats count, sum(age), avg(age), min(name), max(place), first(name), last(place), values(name, 5), " +
    "distinct(place), p50(age), stddev(age), first(age), values(age, 3) by place",
    true,
  ],
  ["where age > 20 | stats count, last(name), min(place), max(age) by name, place", true],
  ["where age > 2000 | stats count by name", true],
  ["stats count, values(place, 4) by age", true],
  ["sort -age, place, name | head 50", false],
  ["tail 20", false],
  ["parallel 2 (where age > 30) | stats count, last(place) by name", false],
  ["tee (stats count by name) (where age > 90 | select place)", false],
  ["buffer 100 | stats count, first(place) by name", true],
  ["where age > 10 | buffer 70 | select place, name", true],
  ["throttle 1000000000/s | where age > 10 | stats count, last(place) by name", true],
  ["throttle 1000000/s burst=700 | stats count, last(place) by name", true],
  ["where age > 10 | throttle 1000000/s burst=700 | select name, place", true],
  [
    "parallel 1 (where age > 10 | let older = age + 1) | stats max(older), last(place) by name",
    true,
  ],
  ["parallel 1 (where age > 10) | select name, place", true],
  ["partition by name into 1 (where age > 10 | stats count, last(place) by name)", true],
  ["parallel 1 (buffer 50 | where age > 10) | stats count by name", true],
  ["parallel 1 (parallel 2 (where age > 10)) | stats count by name", false],
  ["throttle 1000000000/s by place burst=1000000000 | stats count by name", false],
];

async function streamed(pipeline: string, pieces: readonly Uint8Array[]): Promise<string> {
  const run = new Run({
    id: "test",
    plan: parsePipeline(pipeline, VOCABULARY).plan,
    pipeline,
    name: null,
    vocabulary: VOCABULARY,
    limits: DEFAULT_LIMITS,
    options: DEFAULT_RUN_OPTIONS,
    body: body([...pieces]).stream,
    figures: { wireBytes: 0, bytes: 0 },
    resources: exampleResources(),
  });
  const text = await new Response(run.results).text();
  assert.equal((await run.ended).state, "complete");
  return text.replace(/\{"\$notice".*\n$/, "");
}

for (const [format, lineOf] of Object.entries(FORMATS)) {
  for (const [rest, freed] of REST) {
    test(`${format} | ${rest}: the same answer where memory is freed and used again`, async () => {
      await forSeeds(2, async (random) => {
        const lines = Array.from({ length: 12_000 }, () => lineOf(randomFields(random)));
        const head = format === "csv" ? "name,age,place\n" : "";
        const input = encodeText(`${head}${lines.join("\n")}\n`);
        const cuts = Array.from({ length: 12 }, () => between(random, 0, input.length));
        const pipeline = `${format} | ${rest}`;
        const expected = await runAlone(pipeline, input);
        const pieces = cut(input, cuts.sort((left, right) => left - right))
          .filter((piece) => piece.length > 0);
        for (const piece of pieces) giveAway(piece);
        assert.equal(await streamed(pipeline, pieces), expected.output);
        assert.deepEqual(pieces.map(({ byteLength }) => byteLength > 0), pieces.map(() => !freed));
      });
    });
  }
}
