/**
 * What does not compile, and what is inferred: each `@ts-expect-error` is an error of both type checkers when it is none.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  batch,
  broadcast,
  collect,
  filter,
  from,
  map,
  parallel,
  partition,
  pipeline,
  reduce,
  type Stage,
  unbatch,
  zip,
} from "../src/flow/mod.ts";

const length = () => map((text: string) => text.length);
const double = () => map((value: number) => value * 2);

test("types flow through a pipeline", async () => {
  const stage: Stage<string, number> = pipeline(
    length(),
    double(),
    batch<number>({ count: 2 }),
    unbatch<number>(),
    parallel((value: number) => Promise.resolve(`${value}`), { workers: 2 }),
    map((text: string) => Number(text)),
  );
  assert.deepEqual(await collect(from(["a", "bb"]).pipeThrough(stage)), [2, 4]);
});

test("a stage that takes something else does not compile", () => {
  // @ts-expect-error -- numbers come, text is taken
  pipeline(length(), length());
  // @ts-expect-error -- text comes, numbers are taken
  pipeline(double(), map((value: number) => `${value}`), double());
  // @ts-expect-error -- batches come, single items are taken
  pipeline(double(), batch<number>({ count: 2 }), double());
  // @ts-expect-error -- a source of numbers for a stage of text
  void from([1]).pipeThrough(length());
  // @ts-expect-error -- branches of one broadcast take the same
  broadcast([length(), double()]);
  // @ts-expect-error -- the lanes take what the key is made of
  partition({ key: (value: number) => value, lanes: 2, lane: length });
  // @ts-expect-error -- the state is a number
  reduce((sum: number, item: number) => sum + item, () => "");
  assert.ok(true);
});

test("a guard narrows, and tuples keep their places", async () => {
  const texts: Stage<string | number, string> = filter((item: string | number): item is string =>
    typeof item === "string"
  );
  const pairs: [number, string][] = await collect(
    zip([from([1, 2]), from<string | number>(["a", 3, "b"]).pipeThrough(texts)]),
  );
  assert.deepEqual(pairs, [[1, "a"], [2, "b"]]);
});
