/**
 * Short arrays share memory and nothing else: each begins as zeros, and writing one changes no other.
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  copiedBytes,
  copiedInt32s,
  shortBytes,
  shortFloat64s,
  shortInt32s,
  shortUint32s,
} from "../src/batch/short_arrays.ts";

const MAKERS = [shortInt32s, shortUint32s, shortFloat64s, shortBytes];

test("each is zeros of the length asked for, whatever was written to those before", () => {
  const kept: { array: ReturnType<(typeof MAKERS)[number]>; mark: number }[] = [];
  for (let index = 0; index < 2_000; index++) {
    const length = index % 7 === 0 ? 0 : (index * 37) % 400;
    const array = MAKERS[index % MAKERS.length]!(length);
    assert.equal(array.length, length);
    assert.ok(array.every((value) => value === 0));
    const mark = 1 + index % 200;
    array.fill(mark);
    kept.push({ array, mark });
  }
  for (const { array, mark } of kept) assert.ok(array.every((value) => value === mark));
});

test("long ones have memory of their own", () => {
  for (const make of MAKERS) {
    const array = make(5_000);
    assert.equal(array.buffer.byteLength, array.byteLength);
  }
  assert.ok(shortInt32s(4).buffer.byteLength > 16);
});

test("copies are the first elements, and of their own", () => {
  for (const length of [0, 3, 600, 2_500]) {
    const numbers = Int32Array.from({ length: 3_000 }, (_, index) => index);
    const bytes = Uint8Array.from(numbers);
    const copies = [copiedInt32s(numbers, length), copiedBytes(bytes, length)] as const;
    numbers.fill(-1);
    bytes.fill(255);
    assert.deepEqual([...copies[0]], Array.from({ length }, (_, index) => index));
    assert.deepEqual([...copies[1]], Array.from({ length }, (_, index) => index % 256));
  }
});
