/**
 * The instants that the kernel reads in columns of text against those of its twin, and what functions and windows make of them.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TextColumn } from "../src/batch/column.ts";
import { parseInstant } from "../src/expression/instant.ts";
import { newColumnMemory } from "../src/kernel/column_memory.ts";
import { InstantKernel, instantKernel, textInstants } from "../src/kernel/instant_kernel.ts";
import { textColumn } from "./support/columns.ts";
import { run } from "./support/operators.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

/** Columns; KERNEL_FUZZ multiplies how many. */
const TIMES = Number(process.env["KERNEL_FUZZ"] ?? 1);
const kernel = new InstantKernel(newColumnMemory()!);

function expectTwins(cells: readonly (string | Uint8Array | null)[]): void {
  const column = textColumn(cells);
  const expected = cells.map((_, row) => {
    const text = column.value(row);
    return text === null ? NaN : parseInstant(text);
  });
  assert.deepEqual([...kernel.view(column)!], expected);
}

/** A text that spells an instant, or nearly. */
function randomText(random: () => number, date: string): string {
  const two = (most: number) => String(between(random, 0, most)).padStart(2, "0");
  const day = random() < 0.7
    ? date
    : `${two(99)}${two(99)}-${two(13)}-${random() < 0.9 ? two(31) : two(99)}`;
  const time = `${two(random() < 0.95 ? 23 : 25)}:${two(59)}:${two(random() < 0.9 ? 59 : 61)}`;
  const fraction = random() < 0.5 ? "" : pickOne(random, [".", ".", ","]) +
    "0123456789".slice(0, between(random, 0, 10));
  const zone = pickOne(random, ["", "Z", "z", "+02", "-0730", "+05:45", "+24:00", "+00:60", "-"]);
  const text = `${day}${pickOne(random, ["T", "T", "t", " ", "x"])}${time}${fraction}${zone}`;
  return random() < 0.8 ? text : pickOne(random, [` ${text}`, `${text} `, day, text.slice(0, 16)]);
}

describe("the instant kernel", () => {
  it("reads what its twin reads", async () => {
    await forSeeds(500 * TIMES, (random) => {
      const date = pickOne(random, ["2015-05-17", "2024-02-29", "2023-02-29", "0000-01-01"]);
      expectTwins(Array.from({ length: between(random, 16, 60) }, () => {
        if (random() < 0.05) return null;
        const bytes = new TextEncoder().encode(randomText(random, date));
        if (random() < 0.1) {
          bytes[between(random, 0, bytes.length - 1)] = pickOne(random, [47, 58, 32, 0, 200, 45]);
        }
        return bytes;
      }));
    });
  });

  it("reads every day of four hundred years", () => {
    for (let year = 1700; year < 2100; year++) {
      const start = Date.UTC(year, 0, 1);
      expectTwins(
        Array.from(
          { length: 370 },
          (_, day) => new Date(start + day * 86_400_000 + day).toISOString(),
        ),
      );
    }
  });

  it("leaves cells that do not lie in its memory to its twin", () => {
    const text = new TextEncoder().encode("2015-05-17T10:05:03Z");
    const bytes = new Uint8Array(400_000);
    const starts = Int32Array.from({ length: 20 }, (_, cell) => cell * 20_000);
    for (const start of starts) bytes.set(text, start);
    const column = new TextColumn(bytes, starts, starts.map((start) => start + text.length));
    assert.deepEqual(new Set(kernel.view(column)!), new Set([Date.UTC(2015, 4, 17, 10, 5, 3)]));
  });

  it("leaves few rows, of few or of many, to be read one by one", () => {
    const column = textColumn(Array.from({ length: 64 }, () => "2015-05-17T10:05:03Z"));
    assert.equal(textInstants(column, 15), null);
    assert.equal(textInstants(column, 64)!.length, 64);
    assert.equal(textInstants(textColumn(["2015-05-17T10:05:03Z"]), 1), null);
  });

  it("is not there where its instructions are not", () => {
    const { validate } = WebAssembly;
    try {
      WebAssembly.validate = () => false;
      assert.equal(instantKernel(), null);
    } finally {
      WebAssembly.validate = validate;
    }
  });
});

describe("functions and windows of ISO 8601 text", () => {
  const PIPELINES = [
    "json | let a = time(t), b = bin(t, 1m), c = bin(t, 0.7) | select a, b, c",
    "json | stats count, min(n), max(n) by bin(t, 10m) as at",
    "json | stats count by bin(time(t), 1h) as at",
    "json | where n > 3 | stats count by bin(t, -1)",
    "json | window 10m on t (stats count, sum(n) as sum)",
  ];

  it("give for a batch what they give row by row", () =>
    forSeeds(40 * TIMES, async (random) => {
      const lines = Array.from({ length: between(random, 20, 60) }, (_, n) => {
        const t = random() < 0.02
          ? pickOne(random, [null, "soon", "12.5", "2026-11"])
          : new Date(Date.UTC(2026, 10, 21) + n * 40_000).toISOString().replace(".000", "");
        return `${JSON.stringify({ t, n })}\n`;
      });
      const input = lines.join("");
      const cuts = lines.map((_, index) => lines.slice(0, index).join("").length).slice(1);
      for (const pipeline of PIPELINES) {
        const whole = await run(pipeline, input);
        const single = await run(pipeline, input, { cuts });
        assert.equal(whole.output, single.output, pipeline);
      }
    }));
});
