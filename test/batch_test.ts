/**
 * Laws of batches and columns.
 */
import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { Batch } from "../src/batch/batch.ts";
import { isObject } from "../src/batch/objects.ts";
import {
  BooleanColumn,
  NULL_COLUMN,
  NumberColumn,
  TextColumn,
  TimeColumn,
  type Value,
  ValueColumn,
} from "../src/batch/column.ts";
import { decodeText, encodeText } from "../src/batch/text.ts";
import { utf8 } from "./support/format_run.ts";
import { between, forSeeds } from "./support/random.ts";

const numbers = (...values: number[]) => new NumberColumn(Float64Array.from(values));
const three = () => Batch.of(3, new Map([["n", numbers(1, 2, 3)]]));
const valuesOf = (batch: Batch, ...path: string[]): Value[] => {
  const column = batch.field(path);
  return Array.from({ length: batch.length }, (_, index) => column.value(batch.rowAt(index)));
};

describe("columns", () => {
  it("give null where there is none", () => {
    const text = new TextColumn(utf8("ab"), Int32Array.of(0, -1, 1), Int32Array.of(1, 0, 1));
    assert.deepEqual([0, 1, 2].map((row) => text.value(row)), ["a", null, ""]);
    assert.deepEqual([0, 1].map((row) => numbers(NaN, 0).value(row)), [null, 0]);
    const time = new TimeColumn(Float64Array.of(0, NaN));
    assert.deepEqual([0, 1].map((row) => time.value(row)), [new Date(0), null]);
    assert.equal(new BooleanColumn(Uint8Array.of(0)).value(0), false);
    assert.equal(NULL_COLUMN.value(5), null);
  });
});

describe("text", () => {
  it("decodes as the platform does, short or long", () =>
    forSeeds(300, (random) => {
      const least = random() < 0.5 ? 0 : 120;
      const bytes = Uint8Array.from(
        { length: between(random, 0, 60) },
        () => between(random, least, random() < 0.9 ? 127 : 255),
      );
      const whole = Uint8Array.of(0xe2, 0x82, ...bytes, 0x80);
      const expected = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
      assert.equal(decodeText(whole, 2, whole.length - 1), expected);
    }));
  it("encodes what it decodes", () =>
    assert.deepEqual(encodeText("aä"), Uint8Array.of(97, 195, 164)));
});

describe("a lazy batch", () => {
  it("makes a column once, when first asked, in derived batches too", () => {
    const made: string[] = [];
    const make = (name: string) => {
      made.push(name);
      return numbers(1, 2);
    };
    const batch = Batch.lazy(2, ["a", "b"], make, 10);
    const selected = batch.select(Uint32Array.of(1));
    assert.deepEqual(made, []);
    assert.equal(selected.column("a"), batch.column("a"));
    assert.deepEqual(valuesOf(selected.with("c", numbers(5, 6)), "a"), [2]);
    assert.deepEqual(made, ["a"]);
  });
  it("has only the columns in its names", () => {
    const batch = Batch.lazy(1, ["a"], () => numbers(1), 10);
    assert.equal(batch.column("b"), undefined);
    assert.equal(batch.without(new Set(["a"])).column("a"), undefined);
    assert.deepEqual(valuesOf(batch, "b"), [null]);
  });
});

describe("fields", () => {
  const open = Batch.ofRows([{ a: { b: [10, { c: 1 }] }, "x.y": 7 }, { a: "text" }, {}]);
  it("go inwards through objects and lists, and are null where missing", () => {
    assert.deepEqual(valuesOf(open, "a", "b", "1", "c"), [1, null, null]);
    assert.deepEqual(valuesOf(open, "a", "b", "0"), [10, null, null]);
    assert.deepEqual(valuesOf(open, "a", "b", "length"), [null, null, null]);
    assert.deepEqual(valuesOf(open, "a", "length"), [null, null, null]);
    assert.deepEqual(valuesOf(open, "x.y"), [7, null, null]);
  });
  it("never reach inherited properties", () => {
    for (const name of ["constructor", "__proto__", "toString"]) {
      assert.deepEqual(valuesOf(open, name), [null, null, null]);
      assert.deepEqual(valuesOf(open, "a", name), [null, null, null]);
    }
    const own = Batch.ofRows([JSON.parse('{"__proto__":{"x":1}}')]);
    assert.deepEqual(valuesOf(own, "__proto__", "x"), [1]);
    assert.equal(JSON.stringify(own.row(0)), '{"__proto__":{"x":1}}');
  });
  it("prefer a named column to an open key, whole paths to first segments", () => {
    const batch = open
      .with("a", new ValueColumn([{ b: 1 }, null, { b: 3 }]))
      .with("a.c", numbers(7, 8, 9));
    assert.deepEqual(valuesOf(batch, "a", "b"), [1, null, 3]);
    assert.deepEqual(valuesOf(batch, "a", "c"), [7, 8, 9]);
  });
  it("of a replaced column are the new ones", () => {
    const before = open.with("a", new ValueColumn([{ b: 1 }, null, null]));
    assert.deepEqual(valuesOf(before, "a", "b"), [1, null, null]);
    const after = before.with("a", new ValueColumn([{ b: 2 }, null, null]));
    assert.deepEqual(valuesOf(after, "a", "b"), [2, null, null]);
  });
});

describe("nested names", () => {
  const names = ["a", "a.b", "ab.c"];
  const make = (name: string) => numbers(names.indexOf(name));
  const batch = Batch.lazy(1, names, make, 10, null, ["a.b", "ab.c"]);
  it("go with the field that they are in", () => {
    assert.deepEqual(valuesOf(batch, "a", "b"), [1]);
    const replaced = batch.with("a", new ValueColumn([{ b: 7 }]));
    assert.deepEqual(valuesOf(replaced, "a", "b"), [7]);
    assert.deepEqual(valuesOf(replaced, "ab", "c"), [2]);
    const dropped = batch.without(new Set(["a"]));
    assert.deepEqual([dropped.names, dropped.nested], [["ab.c"], ["ab.c"]]);
    assert.deepEqual(valuesOf(dropped, "a", "b"), [null]);
  });
  it("are plain ones once they are set", () => {
    const set = batch.with("a.b", numbers(5)).with("a", numbers(6));
    assert.deepEqual(valuesOf(set, "a", "b"), [5]);
    assert.deepEqual(batch.withOnly(new Map([["a.b", numbers(5)]])).nested, []);
  });
});

describe("derived batches", () => {
  it("leave the one they come from as it was", () => {
    const batch = three();
    batch.with("n", numbers(7, 8, 9));
    batch.without(new Set(["n"]));
    batch.select(Uint32Array.of(0));
    batch.withOnly(new Map());
    assert.deepEqual([...batch.toRows()], [{ n: 1 }, { n: 2 }, { n: 3 }]);
  });
  it("replace a column in its place and add a new one behind", () => {
    const batch = three().with("m", numbers(4, 5, 6)).with("n", numbers(0, 0, 0));
    assert.deepEqual(batch.names, ["n", "m"]);
  });
  it("show a hidden key again when it is set again", () => {
    const batch = Batch.ofRows([{ a: 1, b: 2 }]).without(new Set(["a"]));
    assert.deepEqual(valuesOf(batch, "a"), [null]);
    assert.deepEqual([...batch.toRows()], [{ b: 2 }]);
    assert.deepEqual([...batch.with("a", numbers(3)).toRows()], [{ b: 2, a: 3 }]);
  });
  it("keep nothing but the given columns", () => {
    const batch = Batch.ofRows([{ a: 1, b: 2 }]);
    assert.deepEqual([...batch.withOnly(new Map([["c", numbers(3)]])).toRows()], [{ c: 3 }]);
  });
});

test("a slice is the slice of the rows", () =>
  forSeeds(500, (random) => {
    const rows = between(random, 0, 6);
    const all = Batch.of(rows, new Map([["n", numbers(...Array(rows).keys())]]), 1000);
    const chosen = [...Array(rows).keys()].filter(() => random() < 0.6);
    const batch = random() < 0.5 ? all : all.select(Uint32Array.from(chosen));
    const [from, to] = [between(random, -2, 8), between(random, -2, 8)];
    const sliced = batch.slice(from, to);
    const expected = [...batch.toRows()].slice(Math.max(0, from), Math.max(0, to));
    assert.deepEqual([...sliced.toRows()], expected);
    assert.equal(sliced.length, expected.length);
    assert.ok(sliced.weight <= batch.weight);
  }));

test("only plain objects are objects", () => {
  const values: Value[] = [null, [], new Date(0), "a", 1, true, {}];
  assert.deepEqual(values.map(isObject), [false, false, false, false, false, false, true]);
});
