/**
 * Aggregates added up together against the same ones added up one by one, and kernels that find in memory what others left.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AggregateColumn } from "../src/aggregate/aggregation.ts";
import { findAggregate } from "../src/aggregate/mod.ts";
import { GroupTable } from "../src/aggregate/group_table.ts";
import { NearKeys } from "../src/aggregate/near_keys.ts";
import { type StateSet, stateSets } from "../src/aggregate/state_set.ts";
import { Batch } from "../src/batch/batch.ts";
import { type Column, NumberColumn, TextColumn } from "../src/batch/column.ts";
import { newColumnMemory } from "../src/kernel/column_memory.ts";
import { recordKernel } from "../src/kernel/csv_kernel.ts";
import { FoldKernel, type FoldOwner } from "../src/kernel/fold_kernel.ts";
import { keyKernel } from "../src/kernel/key_kernel.ts";
import { numberKernel, twinNumbers } from "../src/kernel/number_kernel.ts";
import { allRows, textColumn } from "./support/columns.ts";
import { utf8 } from "./support/format_run.ts";
import { bench, rowsOf, textOf } from "./support/operators.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

/** Batches; KERNEL_FUZZ multiplies how many. */
const TIMES = Number(process.env["KERNEL_FUZZ"] ?? 1);
const NAMES = ["min", "sum", "count", "max", "avg", "count(x)", "min", "stddev"];

/** Counts how often it is used. */
class CountedFold extends FoldKernel {
  calls = 0;

  override add(
    owner: FoldOwner,
    groups: Int32Array,
    numbers: Float64Array,
    rows: Uint32Array,
    count: number,
    size: number,
  ): number {
    this.calls++;
    return super.add(owner, groups, numbers, rows, count, size);
  }

  override tally(owner: FoldOwner, groups: Int32Array, count: number, size: number): void {
    this.calls++;
    super.tally(owner, groups, count, size);
  }
}

const kernel = new CountedFold(newColumnMemory()!);
const evaluate = (batch: Batch) => batch.column("x")!;

function columnsOf(names: readonly string[]): AggregateColumn[] {
  const context = { take: () => {}, notice: () => {} };
  return names.map((name) => ({
    name,
    accumulator: findAggregate(name.replace("(x)", ""))!.create([], context),
    arguments: name === "count" ? [] : [evaluate],
    condition: null,
  }));
}

/** Two equal lots of states, one with the kernel and one without, that are added to and compared. */
class Pair {
  readonly #joint: readonly AggregateColumn[];
  readonly #apart: readonly AggregateColumn[];
  readonly #sets: readonly StateSet[];
  #size = 0;

  constructor(names: readonly string[]) {
    this.#joint = columnsOf(names);
    this.#apart = columnsOf(names);
    this.#sets = [...stateSets(this.#joint, kernel), ...stateSets(this.#apart, null)];
  }

  add(column: Column, length: number, groups: Int32Array, rows: Uint32Array, size: number): void {
    this.#size = Math.max(this.#size, size);
    for (const { accumulator } of [...this.#joint, ...this.#apart]) accumulator.grow(this.#size);
    const batch = Batch.of(length, new Map([["x", column]]));
    const grouped = { groups, rows, count: rows.length, size: this.#size };
    for (const set of this.#sets) set.add(batch, grouped);
  }

  compare(): void {
    for (const set of this.#sets) set.settle();
    const [joint, apart] = [this.#joint, this.#apart].map((columns) =>
      columns.map(({ name, accumulator }) => [
        name,
        bits(accumulator.save()),
        Array.from({ length: this.#size }, (_, group) => accumulator.result(group)),
      ])
    );
    assert.deepEqual(joint, apart);
  }
}

/** A saved state with -0 told apart from 0; of NaN the engines give any. */
function bits(state: unknown): unknown {
  if (state instanceof Float64Array) {
    return Array.from(state, (value) => Object.is(value, -0) ? "-0" : String(value)).join();
  }
  if (ArrayBuffer.isView(state)) return String(state);
  if (Array.isArray(state)) return state.map(bits);
  if (typeof state !== "object" || state === null) return state;
  return Object.fromEntries(Object.entries(state).map(([key, value]) => [key, bits(value)]));
}

function randomNumber(random: () => number): number {
  const kind = random();
  if (kind < 0.05) return NaN;
  if (kind < 0.1) return pickOne(random, [0, -0, 1e300, -1e300, 5e-324, 2 ** 53, Number.MAX_VALUE]);
  if (kind < 0.6) return Math.round(random() * 2000 - 1000) / 10;
  return (random() - 0.5) * 10 ** between(random, -12, 12);
}

function randomColumn(random: () => number, length: number): Column {
  const kind = random();
  const numbers = Array.from({ length }, () => randomNumber(random));
  if (kind < 0.4) return new NumberColumn(Float64Array.from(numbers));
  const words = pickOne(random, [0, 0, 0, 0.001, 0.3]);
  return textColumn(numbers.map((number) => {
    if (random() < words) return pickOne(random, ["", "word", "-", "zoë"]);
    return number !== number ? null : String(number);
  }));
}

describe("aggregates of one column", () => {
  it("have the bits that they have one by one", async () => {
    kernel.calls = 0;
    await forSeeds(60 * TIMES, (random) => {
      const share = pickOne(random, [0.1, 0.6]);
      const pairs = [1, 2].map(() => new Pair(NAMES.filter(() => random() < share)));
      const turns = pickOne(random, [0, 0.3]);
      for (let batch = between(random, 1, 10); batch > 0; batch--) {
        const size = pickOne(random, [1, 2, 3, 400, 400, 5000]);
        const length = between(random, 1, 3000);
        const column = randomColumn(random, length);
        const left = pickOne(random, [1, 1, 0.5, 0.1]);
        const rows = allRows(length).filter(() => random() < left);
        const groups = Int32Array.from(rows, () => Math.floor(random() * size));
        const pair = pairs[random() < turns ? 1 : 0]!;
        pair.add(column, length, groups, rows, size);
        if (random() < 0.2) pair.compare();
      }
      for (const pair of pairs) pair.compare();
    });
    assert.ok(kernel.calls >= 30 * TIMES, `${kernel.calls} calls`);
  });

  it("are added up together only where there are enough rows, all of them numbers", () => {
    const used = (names: readonly string[], column: Column, length: number, size: number) => {
      kernel.calls = 0;
      const rows = allRows(length);
      const pair = new Pair(names);
      pair.add(column, length, Int32Array.from(rows, (row) => row % size), rows, size);
      pair.compare();
      return kernel.calls > 0;
    };
    const numbers = new NumberColumn(Float64Array.from({ length: 100 }, (_, row) => row / 10));
    assert.equal(used(["min", "max"], numbers, 100, 50), true);
    assert.equal(used(["min", "max"], numbers, 100, 51), false);
    assert.equal(used(["count", "sum"], numbers, 100, 9), true);
    assert.equal(used(["sum"], numbers, 100, 9), false);
    assert.equal(used(["min", "min"], numbers, 100, 9), false);
    assert.equal(used(["min", "stddev"], numbers, 100, 9), false);
    assert.equal(used(["count"], numbers, 100, 9), false);
    const many = new NumberColumn(new Float64Array(800));
    assert.equal(used(["count"], many, 800, 100), true);
    assert.equal(used(["count"], many, 800, 101), false);
    assert.equal(used(["count"], many, 800, 1), true);
    const texts = textColumn([...new Array<string>(98).fill("1.5"), null, "2"]);
    assert.equal(used(["min", "max"], texts, 100, 9), true);
    const words = textColumn([...new Array<string>(98).fill("1.5"), null, "two"]);
    assert.equal(used(["min", "max"], words, 100, 9), false);
  });

  it("take more rows and groups than fit one by one", () => {
    for (const [length, size] of [[16_384, 4096], [16_385, 4096], [16_384, 4097]] as const) {
      const rows = allRows(length);
      const column = new NumberColumn(Float64Array.from(rows, (row) => row * 0.1));
      const pair = new Pair(["min", "sum", "count"]);
      pair.add(column, length, Int32Array.from(rows, (row) => row % size), rows, size);
      pair.compare();
    }
  });
});

describe("a group-by over separated values", () => {
  const AGGREGATES = [
    "count",
    "min(t) as least",
    "max(t) as greatest",
    "count if t > 0 as warm",
    "min(t) if t > 0 as mild",
    "max(t) if t > 0 as hot",
  ];

  it("answers as a plain loop does, also when it is asked or saved meanwhile", async () => {
    await forSeeds(40 * TIMES, async (random) => {
      const share = pickOne(random, [0, 0.6]);
      const names = AGGREGATES.filter((name) => random() < (name.includes(" if ") ? 0.8 : share));
      const pipeline = `csv columns=(k, t) header=no | stats ${["count as n", ...names]} by k`;
      const made = bench(pipeline);
      const [csv, first] = made.makers.map((make) => make());
      let stats = first!;
      const keys = pickOne(random, [1, 40, 900]);
      const plain = new Map<string, number[]>();
      for (let push = 0; push < 3; push++) {
        let text = "";
        for (let row = between(random, 1, 3000); row > 0; row--) {
          const [key, tenths] = [`k${between(random, 1, keys)}`, between(random, -999, 999)];
          text += `${key},${(tenths / 10).toFixed(1)}\n`;
          if (!plain.has(key)) plain.set(key, []);
          plain.get(key)!.push(tenths / 10);
        }
        const batches = await csv!.push(utf8(text));
        for (const batch of batches) await stats.push(batch as Batch);
        const expected = [...plain].map(([key, values]) => plainRow(key, values, names));
        if (random() < 0.4) {
          assert.deepEqual(rowsOf(textOf(stats.snapshot!() as Iterable<Batch>)), expected);
        }
        if (random() < 0.3) {
          const restored = made.makers[1]!();
          restored.merge!(stats.save!());
          stats = restored;
        }
        if (push === 2) {
          assert.deepEqual(rowsOf(textOf(stats.finish!() as Iterable<Batch>)), expected);
        }
      }
    });
  });

  function plainRow(key: string, values: readonly number[], names: readonly string[]) {
    const warm = values.filter((value) => value > 0);
    const all: Record<string, number | null> = {
      "count": values.length,
      "min(t) as least": Math.min(...values),
      "max(t) as greatest": Math.max(...values),
      "count if t > 0 as warm": warm.length,
      "min(t) if t > 0 as mild": warm.length === 0 ? null : Math.min(...warm),
      "max(t) if t > 0 as hot": warm.length === 0 ? null : Math.max(...warm),
    };
    const row: Record<string, unknown> = { k: key, n: values.length };
    for (const name of names) row[name.split(" as ").at(-1)!] = all[name];
    return row;
  }
});

describe("columns that a scan has left in memory", () => {
  it("are read as copies of them are, whatever was scanned or read between", async () => {
    const memory = newColumnMemory()!;
    const [records, keys, numbers] = [
      recordKernel(memory),
      keyKernel(memory),
      numberKernel(memory),
    ];
    const dialect = { separator: 59, quote: 34 };
    const scan = records!.scanner({ dialect, fields: 2, wanted: [0, 1] });
    await forSeeds(30 * TIMES, (random) => {
      const [table, plain] = [keys, null].map((near) =>
        new GroupTable(() => {}, new NearKeys(near))
      );
      const columns: TextColumn[] = [];
      for (let step = 0; step < 40; step++) {
        if (columns.length === 0 || random() < 0.4) {
          const bytes = utf8(
            Array.from({ length: between(random, 40, 400) }, () => `${row(random)}\n`).join(""),
          );
          const start = pickOne(random, [0, bytes.indexOf(10) + 1]);
          const { starts, ends } = scan(bytes, start, bytes.length, false);
          starts.forEach((places, slot) =>
            columns.push(new TextColumn(bytes, places, ends[slot]!))
          );
        }
        const column = pickOne(random, columns.slice(-6));
        const rows = allRows(column.starts.length).filter(() => random() < 0.99);
        const copy = new TextColumn(column.bytes, column.starts.slice(), column.ends.slice());
        if (random() < 0.5) {
          const [found, expected] = [table!, plain!].map((one) =>
            one.assign([column], rows, rows.length).slice(0, rows.length)
          );
          assert.deepEqual(found, expected);
        } else assert.deepEqual(numbers!.read(column), twinNumbers(copy));
      }
      assert.deepEqual(table!.save(), plain!.save());
    });
  });
});

function row(random: () => number): string {
  const key = pickOne(random, [
    "",
    "a",
    "bcd",
    "a station of 17",
    "a station of 16.",
    "x".repeat(32),
  ]);
  const quoted = random() < 0.02
    ? '"q""q"'
    : `${key}${random() < 0.5 ? "" : between(random, 0, 40)}`;
  return `${quoted};${
    random() < 0.05 ? "" : (random() * 200 - 100).toFixed(between(random, 0, 3))
  }`;
}
