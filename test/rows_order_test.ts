import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch } from "../src/batch/batch.ts";
import { type Row, TimeColumn } from "../src/batch/column.ts";
import { encodeText } from "../src/batch/text.ts";
import { chain } from "../src/pipeline/chain.ts";
import { bench, outputsOf, randomCuts, run, textOf } from "./support/operators.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

/** NDJSON of rows with the keys a and b, many of them equal, some missing, and their number. */
function randomRows(random: () => number, count: number, texts: boolean): string {
  const value = () => {
    const kind = random();
    if (kind < 0.1) return null;
    if (kind < 0.15) return undefined;
    return texts && kind < 0.5
      ? pickOne(random, ["", "a", "B", "ä", "aa"])
      : between(random, -5, 5) / 2;
  };
  return Array.from(
    { length: count },
    (_, id) => `${JSON.stringify({ id, a: value(), b: value() })}\n`,
  ).join("");
}

const numberKeys: readonly [text: string, keys: readonly [string, number][]][] = [
  ["a", [["a", 1]]],
  ["-a", [["a", -1]]],
  ["a desc, b", [["a", -1], ["b", 1]]],
  ["a, -b", [["a", 1], ["b", -1]]],
];

test("sort gives what a stable sort of plain objects gives", async () => {
  await forSeeds(20, async (random) => {
    const input = randomRows(random, between(random, 0, 200), false);
    const cuts = randomCuts(random, input.length);
    const rows: { readonly [key: string]: number | null }[] = input.split("\n").filter(Boolean)
      .map((line) => JSON.parse(line));
    for (const [text, keys] of numberKeys) {
      const expected = rows.toSorted((left, right) => {
        for (const [key, sign] of keys) {
          const [first, second] = [left[key] ?? null, right[key] ?? null];
          if (first === second) continue;
          if (first === null) return 1;
          return second === null || sign * (first - second) < 0 ? -1 : 1;
        }
        return 0;
      });
      assert.deepEqual((await run(`json | sort ${text}`, input, { cuts })).rows, expected, text);
    }
  });
});

test("top gives what sort and head give", async () => {
  await forSeeds(30, async (random) => {
    const input = randomRows(random, between(random, 0, 1500), true);
    const cuts = randomCuts(random, input.length);
    for (const [by, order] of [["a", "-a"], ["b asc, a", "b, -a"], ["+a, -b", "a, -b"]]) {
      const count = pickOne(random, [1, 2, 7, 100, 2000]);
      const top = await run(`json | top ${count} by ${by}`, input, { cuts });
      const sorted = await run(`json | sort ${order} | head ${count}`, input);
      assert.equal(top.output, sorted.output, `top ${count} by ${by}`);
    }
  });
});

test("sort puts instants in order, and mixes of kinds", async () => {
  const { makers } = bench("json | sort when");
  const batches = [
    Batch.of(2, new Map([["when", new TimeColumn(Float64Array.of(NaN, 2000))]])),
    Batch.of(1, new Map([["when", new TimeColumn(Float64Array.of(1000))]])),
  ];
  assert.equal(
    textOf(await outputsOf(makers[1]!(), batches)),
    '{"when":"1970-01-01T00:00:01.000Z"}\n{"when":"1970-01-01T00:00:02.000Z"}\n{"when":null}\n',
  );
  const mixed: readonly Row[] = [{ when: 5 }, { id: "none" }];
  assert.equal(
    textOf(await outputsOf(makers[1]!(), [Batch.ofRows(mixed), ...batches])).split("\n").length,
    6,
  );
});

test("sort gives batches of at most 4,096 rows, one by one", () => {
  const { makers, budget } = bench("json | sort n");
  const sort = makers[1]!();
  sort.push(Batch.ofRows(Array.from({ length: 10_000 }, (_, n) => ({ n: -n }))));
  const lengths = [...sort.finish!() as Iterable<Batch>].map(({ length }) => length);
  assert.deepEqual(lengths, [4096, 4096, 1808]);
  assert.ok(budget.used > 0);
  sort.dispose?.();
  assert.equal(budget.used, 0);
});

test("sort takes rows of different fields", async () => {
  const { output } = await run(
    "json | tee (select n) (select n, name) | sort n, -`$branch` | drop `$branch`",
    '{"n":2,"name":"b"}\n{"n":1,"name":"a"}\n',
  );
  assert.equal(output, '{"n":1,"name":"a"}\n{"n":1}\n{"n":2,"name":"b"}\n{"n":2}\n');
});

test("sort beyond the budget fails and says so", async () => {
  await assert.rejects(
    run("json | sort n", '{"n":1}\n'.repeat(1000), { limits: { maxStateBytes: 10_000 } }),
    { code: "budget_exceeded" },
  );
});

test("top keeps memory for its rows alone", async () => {
  const { makers, budget } = bench("json | top 2 by n");
  const whole = chain(makers);
  let most = 0;
  for (let round = 0; round < 300; round++) {
    const rows = Array.from(
      { length: 100 },
      (_, index) => ({ n: round * 100 + index, pad: "x".repeat(100) }),
    );
    await whole.push(encodeText(rows.map((row) => `${JSON.stringify(row)}\n`).join("")));
    most = Math.max(most, budget.used);
  }
  assert.ok(most < 200_000, `held ${most} bytes`);
  assert.deepEqual(
    textOf(whole.snapshot!()).split("\n").map((line) => line.slice(0, 10)),
    ['{"n":29999', '{"n":29998', ""],
  );
  whole.dispose?.();
  assert.equal(budget.used, 0);
});

test("ties of top go by arrival", async () => {
  const input = ["a", "b", "c", "d"].map((id) => `{"id":"${id}","n":1}\n`).join("");
  assert.equal(
    (await run("json | top 2 by n", input, { cuts: [17, 34] })).output,
    '{"id":"a","n":1}\n{"id":"b","n":1}\n',
  );
});
