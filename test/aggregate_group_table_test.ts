/**
 * The group table against a Map of strings, and the edges of key identity.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Groups, newGroups } from "../src/aggregate/groups.ts";
import { NumberLists } from "../src/aggregate/number_lists.ts";
import { halfSipHash } from "../src/aggregate/hash.ts";
import { ValueSet } from "../src/aggregate/value_set.ts";
import {
  BooleanColumn,
  type Column,
  ConstantColumn,
  TimeColumn,
  type Value,
  ValueColumn,
} from "../src/batch/column.ts";
import { RunError } from "../src/errors.ts";
import { allRows, numberColumn, textColumn } from "./support/columns.ts";
import { between, forSeeds } from "./support/random.ts";

const free = () => {};

function assign(table: Groups, rows: number, ...columns: Column[]): number[] {
  return [...table.assign(columns, allRows(rows), rows).subarray(0, rows)];
}

function keysOf(table: Groups, group: number): Value[] {
  return table.columns(group, group + 1).map((column) => column.value(0));
}

test("groups are numbered in first-seen order, null and the empty text being groups", () => {
  const table = newGroups(1, free);
  const column = textColumn(["b", "a", null, "b", "", null, "a"]);
  assert.deepEqual(assign(table, 7, column), [0, 1, 2, 0, 3, 2, 1]);
  assert.deepEqual([0, 1, 2, 3].map((group) => keysOf(table, group)), [["b"], ["a"], [null], [""]]);
});

test("only the given rows are grouped", () => {
  const table = newGroups(1, free);
  const groups = table.assign([textColumn(["x", "y", "z"])], Uint32Array.of(2, 1), 2);
  assert.deepEqual([...groups.subarray(0, 2)], [0, 1]);
  assert.deepEqual(keysOf(table, 0), ["z"]);
  assert.equal(table.size, 2);
});

test("a key is its type and its bytes, whatever column it comes in", () => {
  const table = newGroups(1, free);
  const noon = Date.UTC(2026, 0, 1, 12);
  assert.deepEqual(assign(table, 2, textColumn(["5", "true"])), [0, 1]);
  assert.deepEqual(assign(table, 4, numberColumn(5, 0, -0, NaN)), [2, 3, 3, 4]);
  assert.deepEqual(assign(table, 2, new TimeColumn(Float64Array.of(noon, 5))), [5, 6]);
  assert.deepEqual(assign(table, 2, new BooleanColumn(Uint8Array.of(1, 0))), [7, 8]);
  const mixed: Value[] = ["5", 5, -0, null, new Date(noon), true, false, { a: [1] }, [1]];
  assert.deepEqual(assign(table, 9, new ValueColumn(mixed)), [0, 2, 3, 4, 5, 7, 8, 9, 10]);
  assert.deepEqual(assign(table, 2, new ConstantColumn("true")), [1, 1]);
  assert.deepEqual(assign(table, 1, new ValueColumn([{ a: [1] }])), [9]);
  assert.deepEqual(
    Array.from({ length: table.size }, (_, group) => keysOf(table, group)[0]),
    ["5", "true", 5, 0, null, new Date(noon), new Date(5), true, false, { a: [1] }, [1]],
  );
});

test("text that is not UTF-8 is told apart by its bytes and reads as U+FFFD", () => {
  const table = newGroups(1, free);
  const column = textColumn([Uint8Array.of(0xff), Uint8Array.of(0xfe), Uint8Array.of(0xff)]);
  assert.deepEqual(assign(table, 3, column), [0, 1, 0]);
  assert.deepEqual([keysOf(table, 0), keysOf(table, 1)], [["\ufffd"], ["\ufffd"]]);
});

test("names of Object.prototype are plain keys, in text and inside objects", () => {
  const table = newGroups(1, free);
  const names = ["__proto__", "constructor", "toString", "__proto__"];
  assert.deepEqual(assign(table, 4, textColumn(names)), [0, 1, 2, 0]);
  const object = JSON.parse('{"__proto__": 1}') as Value;
  assert.deepEqual(assign(table, 1, new ValueColumn([object])), [3]);
  assert.equal(JSON.stringify(keysOf(table, 3)), '[{"__proto__":1}]');
  assert.equal(Object.getPrototypeOf(keysOf(table, 3)[0]), Object.prototype);
});

test("several keys do not run into each other", () => {
  const table = newGroups(2, free);
  const left = textColumn(["ab", "a", "ab", null, ""]);
  const right = textColumn(["c", "bc", "c", "", null]);
  assert.deepEqual(assign(table, 5, left, right), [0, 1, 0, 2, 3]);
  assert.deepEqual(keysOf(table, 1), ["a", "bc"]);
  assert.deepEqual(keysOf(table, 2), [null, ""]);
});

test("the keys come back in columns of their own type", () => {
  const table = newGroups(2, free);
  assign(table, 3, textColumn(["é", null, "z".repeat(100)]), numberColumn(1, 2, NaN));
  const [texts, figures] = table.columns(0, 3);
  assert.equal(texts!.kind, "text");
  assert.equal(figures!.kind, "number");
  assert.deepEqual([0, 1, 2].map((row) => texts!.value(row)), ["é", null, "z".repeat(100)]);
  assert.deepEqual([0, 1, 2].map((row) => figures!.value(row)), [1, 2, null]);
});

/** A random cell and a column of cells that may be of any kind. */
function randomColumn(random: () => number, rows: number, variety: number): Column {
  const pick = () => Math.floor(random() * variety);
  switch (Math.floor(random() * 5)) {
    case 0:
      return textColumn(
        Array.from(
          { length: rows },
          () => random() < 0.1 ? null : "k".repeat(pick() % 40) + pick(),
        ),
      );
    case 1:
      return numberColumn(...Array.from({ length: rows }, () => random() < 0.1 ? NaN : pick() / 4));
    case 2:
      return new TimeColumn(Float64Array.from({ length: rows }, () => pick() * 1000));
    case 3:
      return new ConstantColumn(random() < 0.5 ? "k1" : pick());
    default: {
      const cells: Value[] = [null, "k1", "é", true, 0.25, new Date(1000), { a: 1 }, [null]];
      return new ValueColumn(
        Array.from({ length: rows }, () => cells[Math.floor(random() * cells.length)]!),
      );
    }
  }
}

function referenceKey(columns: readonly Column[], row: number): string {
  return JSON.stringify(columns.map((column) => {
    const value = column.value(row);
    return value instanceof Date ? { time: value.getTime() } : [typeof value, value];
  }));
}

for (const keys of [1, 2, 3]) {
  test(`random batches of ${keys} key(s) group as a Map of strings would`, () =>
    forSeeds(20, (random) => {
      const table = newGroups(keys, free);
      const reference = new Map<string, number>();
      for (let batch = 0; batch < 8; batch++) {
        const rows = 1 + Math.floor(random() * 400);
        const variety = 1 + Math.floor(random() * 2000);
        const columns = Array.from({ length: keys }, () => randomColumn(random, rows, variety));
        const expected = Array.from({ length: rows }, (_, row) => {
          const key = referenceKey(columns, row);
          if (!reference.has(key)) reference.set(key, reference.size);
          return reference.get(key)!;
        });
        assert.deepEqual(assign(table, rows, ...columns), expected);
      }
      const printed = Array.from({ length: table.size }, (_, group) => {
        const row = keysOf(table, group).map((value) => new ConstantColumn(value));
        return referenceKey(row, 0);
      });
      assert.deepEqual(printed, [...reference.keys()]);
    }));
}

for (const keys of [1, 2, 3]) {
  test(`merging tables of ${keys} key(s) of slices numbers groups as one pass does`, () =>
    forSeeds(20, (random) => {
      const whole = newGroups(keys, free);
      const merged = newGroups(keys, free);
      for (let slice = 0; slice < 4; slice++) {
        const rows = 1 + Math.floor(random() * 400);
        const columns = Array.from({ length: keys }, () => randomColumn(random, rows, 300));
        const expected = assign(whole, rows, ...columns);
        const own = newGroups(keys, free);
        const local = assign(own, rows, ...columns);
        const numbers = merged.merge(structuredClone(own.save()));
        assert.deepEqual(local.map((group) => numbers[group]), expected);
      }
      const groups = Array.from({ length: whole.size }, (_, group) => group);
      assert.deepEqual(
        groups.map((group) => keysOf(merged, group)),
        groups.map((group) => keysOf(whole, group)),
      );
    }));
}

test("numbers that fall in one place of the recent ones stay apart, also from times", () => {
  const table = newGroups(1, free);
  const numbers = Array.from({ length: 2000 }, (_, index) => index % 1000 * 2 ** 32);
  const expected = numbers.map((_, index) => index % 1000);
  assert.deepEqual(assign(table, 2000, numberColumn(...numbers)), expected);
  const times = new TimeColumn(Float64Array.from(numbers));
  assert.deepEqual(assign(table, 2000, times), expected.map((group) => group + 1000));
  assert.deepEqual(assign(table, 2000, numberColumn(...numbers)), expected);
});

test("lists of numbers keep the order of each group, and use again what was emptied", () =>
  forSeeds(20, (random) => {
    let taken = 0;
    const lists = new NumberLists((bytes) => void (taken += bytes));
    const reference = Array.from({ length: 200 }, (): number[] => []);
    lists.grow(200);
    for (let step = 0; step < 5000; step++) {
      const group = Math.floor(random() * 200);
      if (random() < 0.05) {
        lists.clear(group);
        reference[group] = [];
      } else {
        lists.add(group, step);
        reference[group]!.push(step);
      }
    }
    assert.deepEqual(reference.map((_, group) => [...lists.read(group)]), reference);
    assert.deepEqual(
      reference.map((_, group) => lists.size(group)),
      reference.map((list) => list.length),
    );
    const before = taken;
    for (let group = 0; group < 200; group++) lists.clear(group);
    for (let number = 0; number < 1000; number++) lists.add(7, number);
    assert.equal(taken, before, "room of emptied lists was not used again");
  }));

test("every byte is declared, and the budget's error ends the growth", () => {
  let taken = 0;
  const fault = new RunError("budget_exceeded", "State needs more than 100000 bytes");
  const table = newGroups(1, (bytes) => {
    taken += bytes;
    if (taken > 100_000) throw fault;
  });
  const column = textColumn(
    Array.from({ length: 4000 }, (_, row) => `a key of some length ${row}`),
  );
  assert.throws(() => assign(table, 4000, column), (error) => error === fault);
});

test("a key longer than any buffer is kept whole", () => {
  const table = newGroups(1, free);
  const long = "x".repeat(1_000_000);
  assert.deepEqual(assign(table, 3, textColumn([long, `${long}y`, long])), [0, 1, 0]);
  assert.deepEqual(assign(table, 1, new ValueColumn([long])), [0]);
  assert.equal(keysOf(table, 0)[0], long);
});

test("the hash spreads keys that differ in one byte, and depends on its secret", () => {
  const view = new DataView(new ArrayBuffer(20));
  const low = new Set<number>();
  for (let key = 0; key < 4096; key++) {
    view.setUint16(9, key);
    low.add(halfSipHash(view, 0, 20, 1, 2) & 0xffff);
  }
  // 4096 balls in 65536 bins fill 3970 on average, with a deviation near 11.
  assert.ok(low.size > 3900, `filled ${low.size}`);
  assert.notEqual(halfSipHash(view, 0, 20, 1, 2), halfSipHash(view, 0, 20, 1, 3));
  assert.notEqual(halfSipHash(view, 0, 19, 1, 2), halfSipHash(view, 0, 20, 1, 2));
});

test("a value set knows pairs of group and hash, and lists a group's", () => {
  const set = new ValueSet(free);
  set.grow(5000);
  for (let group = 0; group < 5000; group++) {
    assert.equal(set.add(group, 7, -1), true);
    assert.equal(set.add(group, 7, group), true);
    assert.equal(set.add(group, 7, -1), false);
  }
  assert.equal(set.has(4999, 7, 4999), true);
  assert.equal(set.has(4999, 7, 4998), false);
  assert.equal(set.size(4999), 2);
  const seen: number[][] = [];
  set.visit(4999, (first, second) => seen.push([first, second]));
  assert.deepEqual(seen, [[7, -1], [7, 4999]]);
});

test("a value set holds what a set of texts holds, whatever its groups' sizes", () =>
  forSeeds(20, (random) => {
    let taken = 0;
    const set = new ValueSet((bytes) => taken += bytes);
    const groups = Array.from({ length: 80 }, () => new Map<string, [number, number]>());
    set.grow(groups.length);
    for (let time = 0; time < 20_000; time++) {
      const group = Math.floor(random() ** 4 * groups.length);
      const values = groups[group]!;
      const [first, second] = [between(random, -3, 60), between(random, -60, 0)];
      // A free slot holds zeros, so that hash is kept as another.
      const key = `${first} ${first === 0 && second === 0 ? 1 : second}`;
      assert.equal(set.has(group, first, second), values.has(key));
      assert.equal(set.add(group, first, second), !values.has(key));
      values.set(key, [first, second]);
      assert.equal(set.size(group), values.size);
      if (random() < 0.001) {
        set.clear(group);
        values.clear();
        assert.equal(set.has(group, first, second), false);
      }
    }
    groups.forEach((values, group) => {
      const seen: string[] = [];
      set.visit(group, (first, second) => seen.push(`${first} ${second}`));
      assert.deepEqual(seen.sort(), [...values.keys()].sort());
    });
    assert.ok(taken < 600_000, `took ${taken} bytes`);
  }));

test("a value set holds ten thousand values of each of some groups", () => {
  const set = new ValueSet(free);
  set.grow(9);
  for (let value = 0; value < 10_000; value++) {
    for (let group = 0; group < 9; group++) {
      assert.equal(set.add(group, Math.imul(value, 0x9e3779b1), group), true);
    }
  }
  for (let group = 0; group < 9; group++) {
    assert.equal(set.size(group), 10_000);
    assert.equal(set.has(group, Math.imul(9_999, 0x9e3779b1), group), true);
    assert.equal(set.has(group, 5, group), false);
  }
});
