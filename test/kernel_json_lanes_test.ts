/**
 * The JSON kernel where it reads a line in each quarter of a block at a time: it must find what its twin finds in one.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonTree } from "../src/batch/json_paths.ts";
import { utf8 } from "./support/format_run.ts";
import {
  randomJsonLine,
  randomJsonNumber,
  randomJsonUpload,
  randomPaths,
} from "./support/json_lines.ts";
import { expectParsed, expectTwins, scanText, TIMES, treeOf } from "./support/json_twins.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

type Random = () => number;

/** A line as most are: always the same keys, values of any length. */
function event(random: Random): string {
  const text = (most: number) =>
    "/a b-ü".repeat(between(random, 0, most)).slice(between(random, 0, 3));
  const number = () =>
    pickOne(random, [String(between(random, 0, 99_999)), randomJsonNumber(random), "-7", "0.25"]);
  return `{"a":${number()},"agent":"${text(20)}","b":"${text(5)}","list":[${number()},null],` +
    `"inner":{"c":"${text(2)}","d":${number()}},"ok":${pickOne(random, ["true", "false", "1"])}}`;
}

/** What stands between lines that are rows. */
function oddLine(random: Random): string {
  return pickOne(random, [
    "",
    "\r",
    "[]",
    '{"a":1',
    '{"a":01}',
    '{"a":"\u0001"}',
    '{"\\u0061":5}',
    '{"a":1,"a":2}',
    randomJsonLine(random),
    `{"long":"${"x".repeat(between(random, 1, 6000))}"}`,
  ]);
}

const PATHS = ["a", "b", "agent", "inner.c", "inner.d", "inner", "list.0", "ok", "ab"];

describe("lanes of the JSON kernel", () => {
  it("find the rows, in order, that one lane finds", () => {
    const lines = Array.from(
      { length: 1000 },
      (_, row) => `{"n":${row},"t":"${"x".repeat(row % 7)}"}`,
    );
    const { block } = scanText(`${lines.join("\n")}\n`, "n", "t");
    assert.deepEqual([...block.fields[0]!.numbers], Array.from({ length: 1000 }, (_, row) => row));
    const { starts, ends } = block.fields[1]!;
    assert.deepEqual(
      Array.from(starts, (start, row) => ends[row]! - start),
      Array.from({ length: 1000 }, (_, row) => row % 7),
    );
  });

  it("tell of odd lines in order, wherever they are", () => {
    const lines = Array.from({ length: 1000 }, (_, row) => `{"n":${row},"t":"some text"}`);
    for (const odd of [0, 1, 249, 250, 251, 499, 500, 700, 750, 998, 999]) {
      const some = lines.with(odd, "[]").with((odd + 260) % 1000, "").with((odd + 520) % 1000, "{");
      const { block, left } = scanText(some.join("\n"), "n");
      assert.deepEqual([block.rows, block.lines, block.empty], [997, 1000, 1]);
      const numbers = [odd, (odd + 520) % 1000].sort((one, other) => one - other);
      assert.deepEqual(left.map(({ line }) => line), numbers);
    }
  });

  it("stop where one lane does when the tape is full", () => {
    const paths = Array.from({ length: 64 }, (_, key) => `k${key}`);
    for (const size of [1, 50, 160, 300]) {
      const line = `{"k1":1,"x":"${"y".repeat(size)}"}\n`;
      const { block } = scanText(line.repeat(900), ...paths);
      assert.deepEqual([block.rows, block.next], [384, 384 * line.length]);
    }
  });

  it("read lines that are longer than a lane", () => {
    for (const size of [900, 3000, 20_000]) {
      const lines = Array.from({ length: 5 }, (_, row) => `{"a":"${"z".repeat(size + row)}"}`);
      const { block } = scanText(lines.join("\n"), "a");
      assert.deepEqual([block.rows, block.bytes.length], [5, 5 * size + 10]);
    }
  });

  it("find what their twin and JSON.parse find in lines of one shape and odd ones", async () => {
    await forSeeds(40 * TIMES, (random) => {
      const often = pickOne(random, [0, 0, 0.01, 0.3]);
      const lines = Array.from(
        { length: between(random, 40, 400) },
        () => random() < often ? oddLine(random) : event(random),
      );
      const bytes = utf8(lines.join(pickOne(random, ["\n", "\n", "\r\n"])));
      const tree = treeOf(...PATHS.filter(() => random() < 0.5));
      expectParsed(tree, bytes, expectTwins(tree, bytes));
      const start = between(random, 0, bytes.length);
      expectTwins(tree, bytes, start, between(random, start, bytes.length));
    });
  });

  it("find what their twin and JSON.parse find in mutated lines", async () => {
    await forSeeds(40 * TIMES, (random) => {
      const uploads = Array.from(
        { length: between(random, 2, 12) },
        () => randomJsonUpload(random),
      );
      const bytes = Uint8Array.from(
        Array.from({ length: 40 }, () => [...pickOne(random, uploads)]).flat(),
      );
      const tree = jsonTree(randomPaths(random))!;
      expectParsed(tree, bytes, expectTwins(tree, bytes));
    });
  });
});
