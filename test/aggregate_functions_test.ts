/**
 * Each aggregate on literal columns.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AGGREGATE_NAMES, findAggregate } from "../src/aggregate/mod.ts";
import {
  BooleanColumn,
  type Column,
  ConstantColumn,
  TimeColumn,
  type Value,
  ValueColumn,
} from "../src/batch/column.ts";
import { compareForSort } from "../src/expression/compare.ts";
import { allRows, numberColumn, textColumn } from "./support/columns.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

/** What a call answers for all rows of a column as one group, and the notices it gives. */
function aggregate(
  name: string,
  column: Column | null,
  rows: number,
  literals: readonly Value[] = [],
): { result: Value; notices: Record<string, unknown> } {
  const notices: Record<string, unknown> = {};
  const context = {
    take: () => {},
    notice: (key: string, value: unknown) => void (notices[key] = value),
  };
  const accumulator = findAggregate(name)!.create(literals, context);
  accumulator.grow(1);
  const columns = column === null ? [] : [column];
  accumulator.add(new Int32Array(rows), allRows(rows), rows, columns);
  return { result: accumulator.result(0), notices };
}

const FIGURES = numberColumn(4, NaN, -1.5, 4, 10);
const TEXTS = textColumn(["10", "9.5", null, "n/a", "-1e2", "", "12."]);
const DAY = Date.UTC(2026, 9, 1);
const TIMES = new TimeColumn(Float64Array.of(DAY + 2000, NaN, DAY, DAY + 8000));
const MIXED = new ValueColumn(["b", 2, null, true, "b", new Date(DAY), "10", [1]]);
const TRUTH = new BooleanColumn(Uint8Array.of(1, 0, 0, 1));

const CASES: readonly (readonly [call: string, column: Column | null, rows: number, Value])[] = [
  ["count", null, 5, 5],
  ["count", null, 0, 0],
  ["count", FIGURES, 5, 4],
  ["count", TEXTS, 7, 6],
  ["count", TIMES, 4, 3],
  ["count", TRUTH, 4, 4],
  ["count", MIXED, 8, 7],
  ["count", new ConstantColumn(null), 3, 0],
  ["sum", FIGURES, 5, 16.5],
  ["sum", FIGURES, 0, null],
  ["sum", TEXTS, 7, -68.5],
  ["sum", TRUTH, 4, 2],
  ["sum", TIMES, 4, null],
  ["sum", MIXED, 8, 13],
  ["sum", numberColumn(0.1, 0.2, 0.3), 3, 0.6],
  ["sum", numberColumn(1, 1e100, 1, -1e100), 4, 2],
  ["sum", numberColumn(2 ** 53 - 1, 1, -1), 3, 2 ** 53 - 1],
  ["sum", numberColumn(1e308, 1e308), 2, null],
  ["avg", FIGURES, 5, 4.125],
  ["avg", TRUTH, 4, 0.5],
  ["avg", FIGURES, 0, null],
  ["min", FIGURES, 5, -1.5],
  ["max", FIGURES, 5, 10],
  ["min", TIMES, 4, new Date(DAY)],
  ["max", TIMES, 4, new Date(DAY + 8000)],
  ["min", textColumn(["pear", "fig", null]), 3, "fig"],
  ["max", textColumn(["pear", "fig", null]), 3, "pear"],
  ["max", textColumn(["9", "10", "2"]), 3, 10],
  ["min", textColumn([null]), 1, null],
  ["median", FIGURES, 5, 4],
  ["median", numberColumn(1, 2, 3, 4), 4, 3],
  ["p50", numberColumn(3, 1, 2), 3, 2],
  ["p0", numberColumn(3, 1, 2), 3, 1],
  ["p100", numberColumn(3, 1, 2), 3, 3],
  ["p99.9", numberColumn(3, 1, 2), 3, 3],
  ["p25", textColumn(["8", "x", "4", "6", "2"]), 5, 4],
  ["median", FIGURES, 0, null],
  ["distinct", FIGURES, 5, 3],
  ["distinct", textColumn(["a", "b", null, "a"]), 4, 2],
  ["distinct", MIXED, 8, 6],
  ["distinct", FIGURES, 0, 0],
  ["values", FIGURES, 5, [4, -1.5, 10]],
  ["values", MIXED, 8, ["b", 2, true, new Date(DAY), "10", [1]]],
  ["values", FIGURES, 0, []],
  ["first", TIMES, 4, new Date(DAY + 2000)],
  ["first", textColumn([null, "é", "b"]), 3, "é"],
  ["last", textColumn([null, "é", "b", null]), 4, "b"],
  ["last", FIGURES, 0, null],
  ["var", numberColumn(2, 4, 4, 4, 5, 5, 7, 9), 8, 32 / 7],
  ["stddev", numberColumn(2, 4, 4, 4, 5, 5, 7, 9), 8, Math.sqrt(32 / 7)],
  ["stddev", numberColumn(1e15 + 1, 1e15 + 2, 1e15 + 3), 3, 1],
  ["stddev", numberColumn(0.1, 0.1, 0.1), 3, 0],
  ["stddev", numberColumn(5), 1, null],
  ["rate", TIMES, 4, 0.375],
  ["rate", new TimeColumn(Float64Array.of(DAY, DAY)), 2, null],
  ["rate", FIGURES, 5, null],
];

for (const [name, column, rows, expected] of CASES) {
  const kind = column === null ? "no argument" : `a ${column.kind} column`;
  test(`${name} of ${rows} rows of ${kind} is ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(aggregate(name, column, rows), { result: expected, notices: {} });
  });
}

test("quantile takes its share as a literal and refuses others", () => {
  const column = numberColumn(...Array.from({ length: 256 }, (_, index) => index));
  assert.equal(aggregate("quantile", column, 256, [0.25]).result, 64);
  const { checkLiterals } = findAggregate("quantile")!;
  assert.equal(checkLiterals!([1]), null);
  assert.equal(checkLiterals!([99]), "A quantile's share is a number from 0 to 1, found 99");
  assert.equal(checkLiterals!(["x"]), 'A quantile\'s share is a number from 0 to 1, found "x"');
});

test("with more than 256 numbers a quantile is approximate and says so", () => {
  const column = numberColumn(...Array.from({ length: 1000 }, (_, index) => index + 1));
  const { result, notices } = aggregate("p99", column, 1000);
  assert.ok(Math.abs(Number(result) - 991) <= 9.91, `found ${result}`);
  assert.deepEqual(notices, { approximate: "DDSketch, relative error 1 %" });
});

test("distinct is exact for 1,024 values, approximate for more, and says so", () => {
  const cells = Array.from({ length: 50_000 }, (_, row) => `user ${row}`);
  const exact = aggregate("distinct", textColumn([...cells.slice(0, 1024), ...cells]), 2048);
  assert.deepEqual(exact, { result: 1024, notices: {} });
  const { result, notices } = aggregate("distinct", textColumn(cells), 50_000);
  assert.ok(Math.abs(Number(result) - 50_000) < 50_000 * 4 * 0.0081, `found ${result}`);
  assert.deepEqual(notices, {
    approximate: "HyperLogLog, standard error 0.81 %",
  });
});

test("min and max keep their order when a column's type changes from batch to batch", async () => {
  const cells: readonly Value[] = [null, -2.5, 0, 7, 7, "x", "9", true, new Date(DAY), [1]];
  await forSeeds(300, (random) => {
    const batches = Array.from({ length: between(random, 1, 4) }, () => {
      const values = Array.from({ length: between(random, 1, 9) }, () => pickOne(random, cells));
      const kind = random();
      if (kind < 0.3) return new ValueColumn(values);
      const numbers = Float64Array.from(values, (cell) => typeof cell === "number" ? cell : NaN);
      if (kind < 0.5) return new TimeColumn(numbers);
      if (kind < 0.7) return numberColumn(...numbers);
      return textColumn(values.map((cell) => typeof cell === "object" ? null : String(cell)));
    });
    for (const [name, sign] of [["min", 1], ["max", -1]] as const) {
      const accumulator = findAggregate(name)!.create([], { take: () => {}, notice: () => {} });
      accumulator.grow(1);
      let best: Value = null;
      for (const column of batches) {
        const rows = column.kind === "text" ? column.starts.length : column.values.length;
        accumulator.add(new Int32Array(rows), allRows(rows), rows, [column]);
        for (let row = 0; row < rows; row++) {
          const cell = column.value(row);
          const value =
            typeof cell === "string" && cell.trim() !== "" && Number(cell) === Number(cell)
              ? Number(cell)
              : cell;
          if (value === null) continue;
          if (best === null || compareForSort(value, best) * sign < 0) best = value;
        }
      }
      assert.deepEqual(accumulator.result(0), best);
    }
  });
});

test("values stops at its limit, and says so only when something was left out", () => {
  const column = textColumn(["c", "a", "c", "b", "d", "a"]);
  assert.deepEqual(aggregate("values", column, 4, [3]), {
    result: ["c", "a", "b"],
    notices: {},
  });
  assert.deepEqual(aggregate("values", column, 6, [3]), {
    result: ["c", "a", "b"],
    notices: { cut: "the first 3 values of a group" },
  });
  const { checkLiterals } = findAggregate("values")!;
  assert.equal(checkLiterals!([]), null);
  assert.equal(
    checkLiterals!([0]),
    "The limit of values is a whole number from 1 to 10,000, found 0",
  );
});

test("aggregates are found by name, families included, and nothing else is", () => {
  for (const name of AGGREGATE_NAMES) assert.equal(findAggregate(name)?.name, name);
  assert.equal(findAggregate("p99.9")?.name, "p99.9");
  for (const name of ["p101", "p", "p-1", "p1e1", "P99", "p99.", "__proto__", "constructor"]) {
    assert.equal(findAggregate(name), null, name);
  }
});
