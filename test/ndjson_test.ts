/**
 * Rows as NDJSON.
 */
import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { Batch } from "../src/batch/batch.ts";
import {
  BooleanColumn,
  type Column,
  ConstantColumn,
  NumberColumn,
  TextColumn,
  TimeColumn,
  type Value,
  ValueColumn,
} from "../src/batch/column.ts";
import { encodePieces, encodeRows } from "../src/batch/ndjson.ts";
import { utf8 } from "./support/format_run.ts";
import { between, forSeeds } from "./support/random.ts";

const print = (batch: Batch, extra?: Record<string, Value>) =>
  new TextDecoder("utf-8", { fatal: true }).decode(encodeRows(batch, extra));

function textColumn(...texts: (string | Uint8Array | null)[]): TextColumn {
  const parts = texts.map((text) => typeof text === "string" ? utf8(text) : text);
  const bytes = Uint8Array.from(parts.flatMap((part) => part === null ? [] : [...part]));
  const starts = new Int32Array(parts.length);
  const ends = new Int32Array(parts.length);
  let at = 0;
  parts.forEach((part, row) => {
    starts[row] = part === null ? -1 : at;
    at += part?.length ?? 0;
    ends[row] = at;
  });
  return new TextColumn(bytes, starts, ends);
}

const numbers = (...values: number[]) => new NumberColumn(Float64Array.from(values));
const single = (column: Column, rows: number) => print(Batch.of(rows, new Map([["v", column]])));

describe("encodeRows", () => {
  it("prints every kind of column in the batch's order", () => {
    const columns = new Map<string, Column>([
      ["z", textColumn("a", null)],
      ["n", numbers(1.5, NaN)],
      ["t", new TimeColumn(Float64Array.of(Date.UTC(2015, 4, 17, 10, 5, 3), NaN))],
      ["b", new BooleanColumn(Uint8Array.of(1, 0))],
      ["v", new ValueColumn([{ "x y": [1, "ä", null] }, null])],
      ["c", new ConstantColumn("k")],
    ]);
    assert.equal(
      print(Batch.of(2, columns)),
      '{"z":"a","n":1.5,"t":"2015-05-17T10:05:03.000Z","b":true,"v":{"x y":[1,"ä",null]},"c":"k"}\n' +
        '{"z":null,"n":null,"t":null,"b":false,"v":null,"c":"k"}\n',
    );
  });
  it("prints only the rows that count", () => {
    const batch = Batch.of(3, new Map([["v", numbers(1, 2, 3)]]));
    assert.equal(print(batch.select(Uint32Array.of(0, 2))), '{"v":1}\n{"v":3}\n');
    assert.equal(print(batch.select(new Uint32Array(0))), "");
  });
  it("adds extra fields behind each row", () => {
    const extra = { $snapshot: 3, $final: true };
    assert.equal(
      print(Batch.of(1, new Map([["v", numbers(1)]])), extra),
      '{"v":1,"$snapshot":3,"$final":true}\n',
    );
    assert.equal(
      print(Batch.ofRows([{ a: 1 }, {}]), extra),
      '{"a":1,"$snapshot":3,"$final":true}\n{"$snapshot":3,"$final":true}\n',
    );
    assert.equal(print(Batch.of(1, new Map()), extra), '{"$snapshot":3,"$final":true}\n');
  });
  it("prints rows without fields as empty objects", () => {
    assert.equal(print(Batch.of(2, new Map())), "{}\n{}\n");
    assert.equal(print(Batch.ofRows([{}])), "{}\n");
  });
  it("prints numbers as JSON does", () => {
    const values = [0, -0, 7, 10, 99, 100, 2147483647, 2147483648, -1, 0.1, 1e21, 1e-7, 5e-324];
    assert.equal(
      single(numbers(...values, Infinity, -Infinity), values.length + 2),
      values.map((value) => `{"v":${JSON.stringify(value)}}\n`).join("") +
        '{"v":null}\n{"v":null}\n',
    );
  });
  it("prints times beyond four-digit years as Date does", () => {
    const values = [8.64e15, -8.64e15, 253_402_300_800_000, -62_167_219_200_001, 1.9, -1.9, 9e15];
    assert.equal(
      single(new TimeColumn(Float64Array.from(values)), values.length),
      values.map((value) => `{"v":${JSON.stringify(new Date(value))}}\n`).join(""),
    );
  });
  it("escapes text and mends what is not UTF-8", () => {
    const column = textColumn(
      'say "hi"\\',
      "a\u0000\u001f\u007f\n",
      "ä€😀\u2028",
      Uint8Array.of(97, 0xff, 0xc3),
      "",
      "x".repeat(100),
    );
    assert.equal(
      single(column, 6),
      '{"v":"say \\"hi\\"\\\\"}\n{"v":"a\\u0000\\u001f\u007f\\n"}\n{"v":"ä€😀\u2028"}\n' +
        `{"v":"a\ufffd\ufffd"}\n{"v":""}\n{"v":"${"x".repeat(100)}"}\n`,
    );
  });
  it("writes lone surrogates as escapes", () => {
    assert.equal(single(new ValueColumn(["\ud800"]), 1), '{"v":"\\ud800"}\n');
  });
  it("prints instants inside nested values", () => {
    const value = { at: [new Date(0), new Date(NaN)] };
    assert.equal(
      single(new ValueColumn([value]), 1),
      '{"v":{"at":["1970-01-01T00:00:00.000Z",null]}}\n',
    );
  });
  it("takes data named toJSON and __proto__ as data", () => {
    const row = JSON.parse('{"__proto__":{"a":1},"toJSON":"x"}');
    assert.equal(print(Batch.ofRows([row])), '{"__proto__":{"a":1},"toJSON":"x"}\n');
    const named = Batch.of(1, new Map([["__proto__", numbers(1)], ['"', numbers(2)]]));
    assert.equal(print(named), '{"__proto__":1,"\\"":2}\n');
  });
  it("prints open rows less the hidden keys, with columns in their places", () => {
    const batch = Batch.ofRows([{ a: 1, b: 2, c: 3 }, { b: 5 }])
      .without(new Set(["c"]))
      .with("a", numbers(9, 8))
      .with("n", numbers(7, NaN));
    assert.equal(print(batch), '{"a":9,"b":2,"n":7}\n{"b":5,"a":8,"n":null}\n');
  });
  it("prints more than its buffer holds", () => {
    const text = "é".repeat(700_000);
    const batch = Batch.of(2, new Map([["v", textColumn(text, "b")]]));
    assert.equal(print(batch), `{"v":"${text}"}\n{"v":"b"}\n`);
    assert.equal(single(textColumn("a"), 1), '{"v":"a"}\n');
  });
});

test("any bytes print as valid JSON of their decoded text", () =>
  forSeeds(300, (random) => {
    const parts = Array.from(
      { length: 5 },
      () => Uint8Array.from({ length: between(random, 0, 40) }, () => between(random, 0, 255)),
    );
    const batch = Batch.of(5, new Map([["v", textColumn(...parts)]]));
    const expected = parts.map((part) =>
      new TextDecoder("utf-8", { ignoreBOM: true }).decode(part)
    );
    const printed = print(batch).trimEnd().split("\n").map((line) => JSON.parse(line).v);
    assert.deepEqual(printed, expected);
  }));

describe("encodePieces", () => {
  const pieces = (batch: Batch, extra: Readonly<Record<string, Value>> = {}) =>
    [...encodePieces(batch, extra)].map((piece) => new TextDecoder().decode(piece));

  it("is one piece of an ordinary batch, and none of no rows", () => {
    const batch = Batch.of(2, new Map([["v", numbers(1, 2)]]));
    assert.deepEqual(pieces(batch), ['{"v":1}\n{"v":2}\n']);
    assert.deepEqual(pieces(batch.select(new Uint32Array(0))), []);
  });

  it("is many where a field is far larger than the rows were", () => {
    const wide = "x".repeat(600_000);
    const columns = Batch.of(5, new Map([["v", new ConstantColumn(wide)]]));
    const open = Batch.ofRows(Array.from({ length: 5 }, () => ({ v: wide })));
    for (const batch of [columns, open]) {
      const line = `{"v":"${wide}","n":1}\n`;
      assert.deepEqual(pieces(batch, { n: 1 }), [line + line, line + line, line]);
    }
  });
});
