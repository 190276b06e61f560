/**
 * Sketches against exact answers, and what their states keep.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestRank, QuantileSketch } from "../src/aggregate/quantile_sketch.ts";
import {
  addHash,
  emptyRegisters,
  estimate,
  STANDARD_ERROR,
  unite,
} from "../src/aggregate/hyper_log_log.ts";
import { ranked } from "../src/aggregate/ranked.ts";
import { ValueHasher } from "../src/aggregate/value_hash.ts";
import { encodeText } from "../src/batch/text.ts";
import { bench, outputsOf, textOf } from "./support/operators.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

const SHARES = [0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1];

const DISTRIBUTIONS: readonly (readonly [name: string, draw: (random: () => number) => number])[] =
  [
    ["uniform around 0", (random) => random() * 200 - 100],
    ["log-normal", (random) => Math.exp(6 * (random() + random() + random() - 1.5))],
    ["negative", (random) => -1 / (random() + 1e-9)],
    ["below 1", (random) => random() ** 4],
    ["few values, many zeros", (random) => Math.floor(random() * 4) * 250],
    ["300 orders", (random) => 10 ** (random() * 300 - 150)],
  ];

test("the number of a rank is the one that sorting puts there", () =>
  forSeeds(400, (random) => {
    const spread = pickOne(random, [1, 2, 10, 1e9]);
    const numbers = Float64Array.from(
      { length: between(random, 1, random() < 0.5 ? 20 : 256) },
      () => Math.round((random() - 0.3) * spread),
    );
    if (random() < 0.2) numbers.sort();
    const sorted = numbers.slice().sort();
    for (const rank of [0, numbers.length - 1, between(random, 0, numbers.length - 1)]) {
      assert.equal(ranked(numbers.slice(), rank) + 0, sorted[rank]! + 0);
    }
  }));

for (const [name, draw] of DISTRIBUTIONS) {
  test(`quantiles of ${name} stay within 1 % of the number at their rank`, () =>
    forSeeds(5, (random) => {
      const numbers = Float64Array.from({ length: 3000 }, () => draw(random));
      const sketch = new QuantileSketch();
      for (const number of numbers) sketch.add(number);
      numbers.sort();
      for (const share of SHARES) {
        const exact = numbers[nearestRank(share, numbers.length)]!;
        const found = sketch.quantile(share);
        // One part in 10^9 for the rounding of logarithms.
        const bound = Math.abs(exact) * 0.010000001;
        assert.ok(Math.abs(found - exact) <= bound, `${share}: ${found}, exactly ${exact}`);
      }
    }));
}

test("sketches of slices merge to the sketch of the whole, negative numbers and bin 0 included", () =>
  forSeeds(10, (random) => {
    const [, draw] = DISTRIBUTIONS[Math.floor(random() * DISTRIBUTIONS.length)]!;
    const whole = new QuantileSketch();
    const merged = new QuantileSketch();
    for (let slice = 0; slice < 6; slice++) {
      const part = new QuantileSketch();
      for (let count = Math.floor(random() * 200); count > 0; count--) {
        const number = slice === 0 ? -Math.abs(draw(random)) / 7 : slice === 1 ? 1 : draw(random);
        whole.add(number);
        part.add(number);
      }
      merged.merge(structuredClone(part.save()));
    }
    assert.deepEqual(merged.save(), whole.save());
  }));

test("numbers at both ends of the range neither break a sketch nor leave it", () => {
  const sketch = new QuantileSketch();
  for (const number of [Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, 1e-250, -1e-250]) {
    sketch.add(number);
  }
  assert.deepEqual([0, 0.5, 1].map((share) => sketch.quantile(share)), [
    -Number.MAX_VALUE,
    0,
    Number.MAX_VALUE,
  ]);
  assert.ok(sketch.bytes < 1_000_000, `${sketch.bytes} bytes`);
});

test("distinct counts stay within four standard errors, small and large", () => {
  const hasher = new ValueHasher(() => {});
  const registers = emptyRegisters();
  assert.equal(estimate(registers), 0);
  let at = 0;
  for (const count of [10, 1000, 20_000, 100_000, 500_000]) {
    for (; at < count; at++) {
      hasher.value(`user-${at}`);
      addHash(registers, hasher.first, hasher.second);
    }
    const error = Math.abs(estimate(registers) - count) / count;
    assert.ok(error < 4 * STANDARD_ERROR, `${count} values: error ${error}`);
  }
});

test("registers of slices unite to those of the whole", () => {
  const hasher = new ValueHasher(() => {});
  const whole = emptyRegisters();
  const parts = [emptyRegisters(), emptyRegisters()];
  for (let value = 0; value < 5000; value++) {
    hasher.value(value);
    addHash(whole, hasher.first, hasher.second);
    addHash(parts[value % 2]!, hasher.first, hasher.second);
  }
  unite(parts[0]!, parts[1]!);
  assert.deepEqual(parts[0], whole);
});

test("an aggregate that was restored as a sketch goes on as one", async () => {
  const made = bench("json | stats distinct(n) as values, p50(n) as middle");
  const [format, stats] = made.makers;
  const rows = async (from: number, to: number) => {
    const lines = Array.from({ length: to - from }, (_, index) => `{"n":${from + index}}\n`);
    return await outputsOf(format!(), [encodeText(lines.join(""))]);
  };
  const parts = [await rows(0, 1500), await rows(1500, 1600), await rows(1600, 4000)];
  const whole = await outputsOf(stats!(), parts.flat());
  const restored = stats!();
  for (const part of parts.slice(0, 1)) for (const batch of part) restored.push(batch);
  const again = stats!();
  again.merge!(restored.save!());
  assert.equal(textOf(await outputsOf(again, parts.slice(1).flat())), textOf(whole));
});
