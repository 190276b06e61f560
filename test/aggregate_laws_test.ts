/**
 * What holds for every aggregate: neither the cut into batches nor the cut into slices changes the answer.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AggregateDefinition } from "../src/aggregate/aggregate.ts";
import { type AggregateColumn, Aggregation } from "../src/aggregate/aggregation.ts";
import { AGGREGATES, findAggregate } from "../src/aggregate/mod.ts";
import { Batch } from "../src/batch/batch.ts";
import {
  type Column,
  NumberColumn,
  TimeColumn,
  type Value,
  ValueColumn,
} from "../src/batch/column.ts";
import { RunError } from "../src/errors.ts";
import { textColumn } from "./support/columns.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

const DEFINITIONS = [...AGGREGATES, findAggregate("p99.9")!];
const LITERALS: Readonly<Record<string, readonly Value[]>> = { quantile: [0.9], values: [20] };

interface Cells {
  readonly group: string | null;
  readonly text: string | null;
  readonly number: number;
  readonly mixed: Value;
}

/** Rows of few groups, one of them large enough to leave every exact phase. */
function randomRows(random: () => number): Cells[] {
  const mixed: Value[] = [null, 7, "x", "-2", true, new Date(5000), { a: 1 }, [2], 0.1];
  const variety = pickOne(random, [3, 300, 5000]);
  return Array.from({ length: between(random, 0, 4000) }, () => ({
    group: pickOne(random, ["big", "big", "big", "a", "b", null]),
    text: random() < 0.1 ? null : pickOne(random, ["user ", "", "-"]) + between(random, 0, variety),
    number: random() < 0.1 ? NaN : (random() - 0.3) * 10 ** between(random, -3, 6),
    mixed: pickOne(random, mixed),
  }));
}

function batchOf(rows: readonly Cells[]): Batch {
  const numbers = Float64Array.from(rows, ({ number }) => number);
  return Batch.of(
    rows.length,
    new Map<string, Column>([
      ["group", textColumn(rows.map(({ group }) => group))],
      ["text", textColumn(rows.map(({ text }) => text))],
      ["number", new NumberColumn(numbers)],
      ["time", new TimeColumn(numbers.map(Math.round))],
      ["mixed", new ValueColumn(rows.map(({ mixed }) => mixed))],
    ]),
  );
}

/** The rows cut in places that `random` chooses. */
function cut<Item>(random: () => number, items: readonly Item[]): (readonly Item[])[] {
  const parts: (readonly Item[])[] = [];
  for (let at = 0; at < items.length;) {
    const size = between(random, 0, 1200);
    parts.push(items.slice(at, at + size));
    at += size;
  }
  return parts;
}

function columnsOf(definition: AggregateDefinition, take: (bytes: number) => void) {
  const literals = LITERALS[definition.name] ?? [];
  const fields = definition.arity[1] === 0 ? [] : ["text", "number", "time", "mixed"];
  const context = { take, notice: () => {} };
  return fields.map((field): AggregateColumn => ({
    name: `${definition.name}(${field})`,
    accumulator: definition.create(literals, context),
    arguments: [(batch) => batch.column(field)!],
    condition: field === "mixed" ? oddRows : null,
  }));
}

/** A condition that depends on the row alone. */
function oddRows(batch: Batch): Uint32Array {
  const rows: number[] = [];
  for (let index = 0; index < batch.length; index++) {
    const row = batch.rowAt(index);
    if (String(batch.column("text")!.value(row)).endsWith("1")) rows.push(row);
  }
  return Uint32Array.from(rows);
}

function aggregation(
  definition: AggregateDefinition,
  keys: boolean,
  take = (_bytes: number) => {},
) {
  const key = { name: "group", evaluate: (batch: Batch) => batch.column("group")! };
  return new Aggregation(keys ? [key] : [], columnsOf(definition, take), take);
}

const answer = (done: Aggregation) => [...done.finish()].flatMap((batch) => [...batch.toRows()]);

for (const definition of DEFINITIONS) {
  test(`${definition.name}: any batches, any slices, the same rows in the same order`, () =>
    forSeeds(8, (random) => {
      const rows = randomRows(random);
      const keys = random() < 0.7;
      const whole = aggregation(definition, keys);
      whole.push(batchOf(rows));
      const expected = answer(whole);
      const chunked = aggregation(definition, keys);
      for (const part of cut(random, rows)) chunked.push(batchOf(part));
      assert.deepEqual(answer(chunked), expected, "in batches");
      const merged = aggregation(definition, keys);
      for (const slice of cut(random, rows)) {
        const partial = aggregation(definition, keys);
        for (const part of cut(random, slice)) partial.push(batchOf(part));
        const state = structuredClone(partial.save());
        merged.merge(state);
        assert.deepEqual(partial.save(), state, "saving changed the state");
      }
      assert.deepEqual(answer(merged), expected, "in slices");
      assert.deepEqual(answer(merged), expected, "asked twice");
    }));

  test(`${definition.name}: a state that outgrows the budget fails with its error`, () => {
    let left = 3_000_000;
    const fault = new RunError("budget_exceeded", "State needs more than 3000000 bytes");
    const take = (bytes: number) => {
      left -= bytes;
      if (left < 0) throw fault;
    };
    const grown = aggregation(definition, true, take);
    assert.throws(
      () => {
        for (let start = 0; start < 2_000_000; start += 16_000) {
          const cells = Array.from({ length: 16_000 }, (_, row) => `user ${start + row}`);
          const batch = Batch.of(cells.length, new Map([["group", textColumn(cells)]]));
          const numbers = new NumberColumn(Float64Array.from(cells, (_, row) => row));
          grown.push(
            batch.with("text", batch.column("group")!).with("number", numbers)
              .with("time", new TimeColumn(numbers.values)).with("mixed", numbers),
          );
        }
      },
      (error) => error === fault,
    );
  });
}

test("rows outside the selection do not count", () => {
  const rows = randomRows(() => 0.5).slice(0, 3);
  const counted = aggregation(findAggregate("count")!, true);
  counted.push(batchOf([...rows, ...rows]).select(Uint32Array.of(1, 4)));
  assert.equal(answer(counted)[0]!["count(text)"], 2);
});
