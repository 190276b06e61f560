/**
 * Steps that are collected: whatever one of them comes to, what they hold is let go of.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { collect, settled, type Steps } from "../src/pipeline/steps.ts";

/** Waits for each of `works`, gives what they come to, and tells of its end. */
function* waiting(works: readonly Promise<string>[], over: () => void): Steps<string> {
  try {
    for (const work of works) yield yield* settled(work);
  } finally {
    over();
  }
}

for (const at of [0, 1, 2]) {
  test(`steps whose promise ${at} rejects are ended, once`, async () => {
    let ended = 0;
    const works = ["a", "b", "c"].map((text, index) =>
      index === at ? Promise.reject(new Error("No answer")) : Promise.resolve(text)
    );
    await assert.rejects(async () => await collect(waiting(works, () => ended++)), {
      message: "No answer",
    });
    assert.equal(ended, 1);
    await Promise.allSettled(works);
  });
}

test("steps that all come to something give it in order, and are ended once", async () => {
  let ended = 0;
  const works = ["a", "b"].map((text) => Promise.resolve(text));
  assert.deepEqual(await collect(waiting(works, () => ended++)), ["a", "b"]);
  assert.equal(ended, 1);
});
