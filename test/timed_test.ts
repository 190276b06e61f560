/**
 * A stage with a limit of time, called directly.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { Batch } from "../src/batch/batch.ts";
import { Timed } from "../src/pipeline/timed.ts";
import { ManualClock } from "./support/manual_clock.ts";

test("a batch that is late on return and fails afterwards fails once", async () => {
  const clock = new ManualClock();
  const inner = {
    push() {
      clock.advance(20);
      return Promise.reject(new Error("Later"));
    },
  };
  const unheard: unknown[] = [];
  const hear = (reason: unknown) => void unheard.push(reason);
  process.on("unhandledRejection", hear);
  try {
    assert.throws(() => new Timed(inner, 10, clock).push(Batch.of(1, new Map())), {
      message:
        "A batch took longer than `timeout 10ms` allows; allow more, or ask less of the stages in it",
    });
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off("unhandledRejection", hear);
  }
  assert.deepEqual(unheard, []);
});
