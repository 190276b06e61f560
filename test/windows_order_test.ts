/**
 * Rows of a window or session reach its nested pipeline as they came (of a session: by time), however the upload was cut.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeText } from "../src/batch/text.ts";
import { type AnyOperator, chain } from "../src/pipeline/chain.ts";
import { ManualClock } from "./support/manual_clock.ts";
import { bench, cut, outputsOf, randomCuts, run, textOf } from "./support/operators.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";
import { exampleResources } from "./support/resources.ts";

/** Pipelines that show in which order rows came. */
const SHOWN = [
  "stats count, values(n, 1000) as ns",
  "stats first(n) as first, last(n) as last by k",
  "head 2 | select n",
  "where n % 3 > 0 | select n, k",
  "tail 3 | select n",
];

/** Rows of random times, now and then a long stretch in order. */
function jumble(random: () => number, count: number): string {
  let now = 0;
  return Array.from({ length: count }, (_, n) => {
    now += pickOne(random, [0, 10, 300, 1200]);
    const at = now - (n % 40 < 20 ? between(random, 0, 7000) : 0);
    return `${JSON.stringify({ at, n, k: pickOne(random, ["a", "b"]) })}\n`;
  }).join("");
}

const WORDS: readonly [what: string, words: readonly string[], options: readonly string[]][] = [
  ["tumbling", ["window 4s"], ["", "late=emit", "late=update"]],
  ["overlapping", ["window 4s every 2s", "window 6s every 1s"], ["", "late=emit", "late=update"]],
  ["early", ["window 4s", "window 4s every 2s"], ["early=1s", "early=1s late=update"]],
  ["sessions", ["session 1s by k", "session 3s"], ["", "late=emit", "late=update"]],
];

/** What comes of `segments`, each in pieces, with a second passing behind each. */
async function shown(pipeline: string, segments: readonly (readonly Uint8Array[])[]) {
  const clock = new ManualClock();
  const whole: AnyOperator = chain(
    bench(pipeline, { resources: { ...exampleResources(), clock } }).makers,
  );
  const texts: string[] = [];
  try {
    for (const pieces of segments) {
      for (const piece of pieces) texts.push(textOf(await whole.push(piece)));
      clock.advance(1000);
      texts.push(textOf(await whole.take?.() ?? []));
    }
    texts.push(textOf(await outputsOf(whole, [])));
    return texts.join("");
  } finally {
    whole.dispose?.();
  }
}

for (const [what, words, options] of WORDS) {
  test(`${what}: rows out of order reach a nested pipeline in one order, however cut`, async () => {
    await forSeeds(60, async (random) => {
      const lateness = pickOne(random, ["1s", "3s", "8s"]);
      const pipeline = `json | ${pickOne(random, words)} on at lateness=${lateness} ` +
        `${pickOne(random, options)} (${pickOne(random, SHOWN)})`;
      const segments = [60, 1, 80].map((count) => encodeText(jumble(random, count)));
      const cuts = segments.map((text) => cut(text, randomCuts(random, text.length)));
      const lines = segments.map((text) =>
        cut(text, [...text].flatMap((byte, at) => byte === 10 ? [at + 1] : []))
      );
      const whole = await shown(pipeline, segments.map((text) => [text]));
      assert.equal(await shown(pipeline, cuts), whole, pipeline);
      assert.equal(await shown(pipeline, lines), whole, pipeline);
    });
  });
}

test("a row that comes between two of another stretch of its windows stays between them", async () => {
  const rows = [3000, 5000, 3500, 2000, 5500].map((at, n) => `{"at":${at},"n":${n}}\n`);
  const { output } = await run(
    "json | window 4s every 2s on at lateness=9s (stats values(n) as ns, first(n) as first) | drop window_end, pane",
    rows.join(""),
  );
  assert.equal(
    output,
    '{"ns":[0,2,3],"first":0,"window_start":"1970-01-01T00:00:00.000Z"}\n' +
      '{"ns":[0,1,2,3,4],"first":0,"window_start":"1970-01-01T00:00:02.000Z"}\n' +
      '{"ns":[1,4],"first":1,"window_start":"1970-01-01T00:00:04.000Z"}\n',
  );
});
