import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch } from "../src/batch/batch.ts";
import {
  BooleanColumn,
  type Column,
  ConstantColumn,
  NumberColumn,
  type Row,
  TextColumn,
  TimeColumn,
  ValueColumn,
} from "../src/batch/column.ts";
import { allRows, compact, gather } from "../src/batch/gather.ts";
import { KeptRows } from "../src/batch/kept_rows.ts";
import { encodeText } from "../src/batch/text.ts";
import { RunBudget } from "../src/pipeline/budget.ts";
import { between, forSeeds } from "./support/random.ts";

function rowsOf(batches: Iterable<Batch>): readonly Row[] {
  return [...batches].flatMap((batch) => [...batch.toRows()]);
}

/** Texts as offsets into one buffer, null where null. */
function texts(values: readonly (string | null)[]): TextColumn {
  const bytes = encodeText(values.join(""));
  const starts = new Int32Array(values.length);
  const ends = new Int32Array(values.length);
  let at = 0;
  values.forEach((value, row) => {
    starts[row] = value === null ? -1 : at;
    at += encodeText(value ?? "").length;
    ends[row] = at;
  });
  return new TextColumn(bytes, starts, ends);
}

/** Two rows with a column of every kind. */
function everyKind(): Batch {
  const columns: [string, Column][] = [
    ["text", texts(["ä", null])],
    ["number", new NumberColumn(Float64Array.of(1.5, NaN))],
    ["time", new TimeColumn(Float64Array.of(NaN, 0))],
    ["boolean", new BooleanColumn(Uint8Array.of(1, 0))],
    ["a.b", new ValueColumn([{ deep: [1] }, null])],
    ["constant", new ConstantColumn("c")],
  ];
  return Batch.of(2, new Map(columns));
}

const EVERY_KIND_REVERSED: readonly Row[] = [
  { text: null, number: null, time: new Date(0), boolean: false, "a.b": null, constant: "c" },
  { text: "ä", number: 1.5, time: null, boolean: true, "a.b": { deep: [1] }, constant: "c" },
];

for (const copy of [true, false]) {
  test(`gathered rows are the rows picked, ${copy ? "copied" : "on demand"}`, () => {
    const picked = {
      batches: [everyKind()],
      from: Uint32Array.of(0, 0),
      rows: Uint32Array.of(1, 0),
    };
    const [batch, ...more] = gather(picked, copy);
    assert.equal(more.length, 0);
    assert.deepEqual(rowsOf([batch!]), EVERY_KIND_REVERSED);
    assert.equal(batch!.column("text")?.kind, "text");
    assert.equal(batch!.column("number")?.kind, "number");
    assert.equal(batch!.field(["a", "b"]).value(1), batch!.column("a.b")!.value(1));
  });
}

test("columns of two kinds become values", () => {
  const batches = [
    Batch.of(1, new Map([["x", new NumberColumn(Float64Array.of(1))]])),
    Batch.of(1, new Map([["x", texts(["one"])]])),
    Batch.of(1, new Map([["x", new ConstantColumn(null)]])),
  ];
  const [batch] = gather(allRows(batches), true);
  assert.equal(batch?.column("x")?.kind, "value");
  assert.deepEqual(rowsOf([batch!]), [{ x: 1 }, { x: "one" }, { x: null }]);
});

test("open rows keep their own keys, hidden ones stay hidden, named columns override", () => {
  const open = Batch.ofRows([{ a: 1, b: 2 }, { b: 3, c: 4 }])
    .without(new Set(["a"]))
    .with("b", new NumberColumn(Float64Array.of(20, 30)))
    .with("d.e", new ConstantColumn(true));
  const rows: readonly Row[] = [{ b: 20, "d.e": true }, { b: 30, c: 4, "d.e": true }];
  assert.deepEqual(rowsOf([open]), rows);
  assert.deepEqual(rowsOf(gather(allRows([open]), true)), rows);
  const [copy] = gather(allRows([open]), true);
  assert.equal(JSON.stringify(copy!.row(1)), JSON.stringify(open.row(1)));
});

test("a batch ends where the fields change", () => {
  const batches = [
    Batch.of(1, new Map([["x", new ConstantColumn(1)]])),
    Batch.of(1, new Map([["x", new ConstantColumn(2)]])),
    Batch.of(1, new Map([["y", new ConstantColumn(3)]])),
    Batch.ofRows([{ x: 4 }]),
  ];
  const gathered = [...gather(allRows(batches), false)];
  assert.deepEqual(gathered.map((batch) => batch.length), [2, 1, 1]);
  assert.deepEqual(rowsOf(gathered), [{ x: 1 }, { x: 2 }, { y: 3 }, { x: 4 }]);
});

test("no gathered batch holds more than 4,096 rows", () => {
  const batch = Batch.of(10_000, new Map([["n", new ConstantColumn(1)]]));
  assert.deepEqual([...gather(allRows([batch]), false)].map(({ rows }) => rows), [
    4096,
    4096,
    1808,
  ]);
});

test("few rows of a large batch are copied, many are kept as they are", () => {
  const large = Batch.of(
    100,
    new Map([["t", texts(Array.from({ length: 100 }, () => "0123456789"))]]),
    1000,
  );
  const few = compact(large.slice(90, 100));
  assert.equal(few.rows, 10);
  assert.equal(few.weight, 100 + 8 * 10);
  const many = large.slice(0, 50);
  assert.equal(compact(many), many);
});

test("kept rows are the last rows, whatever the batches", async () => {
  await forSeeds(200, (random) => {
    const budget = new RunBudget(Infinity);
    const kept = new KeptRows(budget);
    const most = between(random, 1, 300);
    const all: number[] = [];
    for (let push = 0; push < 100; push++) {
      const rows = Array.from(
        { length: between(random, 0, random() < 0.1 ? 400 : 3) },
        (_, index) => ({
          n: all.length + index,
        }),
      );
      all.push(...rows.map(({ n }) => n));
      const odd = Uint32Array.from(rows.keys()).filter((row) => rows[row]!.n % 2 === 1);
      const batch = Batch.ofRows(rows).select(odd);
      kept.add(batch, Math.min(most, batch.length));
      kept.keepLast(most);
      const expected = all.filter((n) => n % 2 === 1).slice(-most);
      assert.deepEqual(rowsOf(kept.batches).map((row) => row["n"]), expected);
      assert.equal(kept.length, expected.length);
    }
    kept.clear();
    assert.equal(budget.used, 0);
  });
});

test("many small batches become few", () => {
  const budget = new RunBudget(Infinity);
  const kept = new KeptRows(budget);
  for (let n = 0; n < 10_000; n++) kept.add(Batch.ofRows([{ n }]));
  assert.equal(kept.length, 10_000);
  assert.ok(kept.batches.length < 300, `found ${kept.batches.length} batches`);
});

test("keeping more than the budget fails with its error", () => {
  const kept = new KeptRows(new RunBudget(1000));
  assert.throws(() => kept.add(Batch.ofRows([{ n: 1 }], 2000)), {
    code: "budget_exceeded",
  });
});
