/**
 * Saved state as bytes: every kind of value comes back, and broken bytes are told.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeState } from "../src/checkpoint/decode.ts";
import { encodeState } from "../src/checkpoint/encode.ts";

test("every kind of value comes back as it was", () => {
  const states: readonly unknown[] = [
    null,
    undefined,
    true,
    false,
    -0,
    NaN,
    Infinity,
    2 ** 53,
    12345678901234567890n,
    "",
    "text with ü and 漢字",
    "half a pair \ud800 alone",
    new Date(86_400_000),
    [1, [2, []]],
    { a: 1, b: { "": null } },
    new Map<unknown, unknown>([["k", [1]], [2, new Map()]]),
    new Set([1, "1"]),
    new Uint8Array([0, 255]),
    new Int32Array([-1, 2 ** 31 - 1]),
    new Uint32Array(0),
    new Float64Array([NaN, -0, 1.5]),
    new BigUint64Array([2n ** 64n - 1n]),
  ];
  for (const state of states) assert.deepEqual(decodeState(encodeState(state)), state);
  assert.deepEqual(decodeState(encodeState(states)), states);
});

test("a key named __proto__ is a key like any other", () => {
  const state: unknown = JSON.parse('{"__proto__":{"x":1},"y":2}');
  assert.equal(JSON.stringify(decodeState(encodeState(state))), '{"__proto__":{"x":1},"y":2}');
});

test("a typed array that is a view is saved without what surrounds it", () => {
  const view = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
  const restored = decodeState(encodeState(view)) as Uint8Array;
  assert.deepEqual([...restored], [2, 3]);
  assert.equal(restored.buffer.byteLength, 2);
});

test("what has no form as data is refused by name", () => {
  class Lane {}
  assert.throws(
    () => encodeState({ lane: new Lane() }),
    /^TypeError: Cannot save an object of the class Lane$/,
  );
  assert.throws(() => encodeState([() => 1]), /^TypeError: Cannot save a function$/);
});

test("broken bytes are told, wherever they end", () => {
  const bytes = encodeState({ list: [1, "two", new Uint8Array(3)] });
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(
      () => decodeState(bytes.subarray(0, length)),
      /^Error: Cannot read a saved state: it is broken at byte \d+$/,
    );
  }
  assert.throws(() => decodeState(Uint8Array.of(200)), /broken at byte 0/);
});
