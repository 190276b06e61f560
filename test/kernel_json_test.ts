/**
 * The JSON kernel against its twin, and both against JSON.parse.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MAX_BATCH_BYTES } from "../src/batch/batch.ts";
import type { Row } from "../src/batch/column.ts";
import { JsonColumns } from "../src/batch/json_columns.ts";
import { type JsonTree, jsonTree } from "../src/batch/json_paths.ts";
import { jsonScan } from "../src/batch/json_scan.ts";
import { JSON_KIND, type JsonBlock, type JsonScan } from "../src/batch/json_tape.ts";
import { isObject } from "../src/batch/objects.ts";
import { jsonScanner, kernelJsonScan } from "../src/kernel/json_kernel.ts";
import { decodeText } from "../src/batch/text.ts";
import { utf8 } from "./support/format_run.ts";
import { randomJsonLine, randomJsonUpload, randomPaths, valueAt } from "./support/json_lines.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

const kernel = kernelJsonScan()!;

/** Numbers of uploads of some 15 lines; JSON_FUZZ multiplies them. */
const TIMES = Number(process.env["JSON_FUZZ"] ?? 1);

function treeOf(...paths: string[]): JsonTree {
  return jsonTree(paths.map((path) => path.split(".")))!;
}

interface Left {
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly row: number;
}

interface Scanned {
  readonly block: JsonBlock;
  readonly left: readonly Left[];
  readonly parsed: ReadonlyMap<number, Row>;
}

/** Scans, and parses what is left. */
function scanned(scan: JsonScan, bytes: Uint8Array, start: number, end: number): Scanned {
  const left: Left[] = [];
  const parsed = new Map<number, Row>();
  const block = scan(bytes, start, end, (from, to, line, row) => {
    left.push({ start: from, end: to, line, row });
    const object = parsedObject(bytes, from, to);
    if (object !== null) parsed.set(row, object);
    return object !== null;
  });
  return { block, left, parsed };
}

function parsedObject(bytes: Uint8Array, start: number, end: number): Row | null {
  try {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const value = JSON.parse(decoder.decode(bytes.subarray(start, end)));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Scans with both, block after block as the line framing does; gives what was found first. */
function expectTwins(tree: JsonTree, bytes: Uint8Array, start = 0, end = bytes.length): Scanned {
  const found = scanned(kernel(tree), bytes, start, end);
  const twin = scanned(jsonScan(tree), bytes, start, end);
  const bare = { fields: [], bytes: null };
  assert.deepEqual({ ...found.block, ...bare }, { ...twin.block, ...bare });
  expectSame(found.block.bytes, twin.block.bytes);
  assert.deepEqual(found.left, twin.left);
  found.block.fields.forEach((places, field) => {
    const other = twin.block.fields[field]!;
    assert.equal(places.summary, other.summary);
    for (const name of ["starts", "ends", "kinds", "numbers"] as const) {
      expectSame(places[name], other[name]);
    }
  });
  if (found.block.next < end) expectTwins(tree, bytes, found.block.next, end);
  return found;
}

/** Compared by hand first, because a deep comparison of thousands of numbers is slow. */
function expectSame(found: ArrayLike<number>, wanted: ArrayLike<number>): void {
  let same = found.length === wanted.length;
  for (let at = 0; same && at < found.length; at++) same = Object.is(found[at], wanted[at]);
  if (!same) assert.deepEqual(found, wanted);
}

/** Checks the rows, and each value of them, against JSON.parse of each line. */
function expectParsed(tree: JsonTree, bytes: Uint8Array, { block, parsed }: Scanned): void {
  const rows: Row[] = [];
  let empty = 0;
  let at = 0;
  for (let line = 0; line < block.lines; line++) {
    const newline = bytes.indexOf(10, at) < 0 ? bytes.length : bytes.indexOf(10, at);
    const row = parsedObject(bytes, at, newline);
    if (row !== null) rows.push(row);
    if (newline === at || (newline === at + 1 && bytes[at] === 13)) empty++;
    at = newline + 1;
  }
  assert.deepEqual([block.rows, block.empty, block.next], [
    rows.length,
    empty,
    Math.min(at, bytes.length),
  ]);
  const columns = new JsonColumns(tree.paths, block, parsed);
  tree.paths.forEach((path, field) => {
    const column = columns.make(field, null);
    rows.forEach((row, index) => {
      const value = column.value(index);
      const wanted = valueAt(row, path);
      if (!Object.is(value, wanted)) assert.deepEqual(value, wanted);
    });
  });
}

function scanText(text: string, ...paths: string[]): Scanned {
  return expectTwins(treeOf(...paths), utf8(text));
}

describe("the JSON kernel", () => {
  it("is what jsonScanner gives", () => {
    const { validate } = WebAssembly;
    const bytes = utf8('{"a":1}');
    assert.deepEqual(jsonScanner()(treeOf("a"))(bytes, 0, 7, () => false).rows, 1);
    try {
      WebAssembly.validate = () => false;
      assert.equal(kernelJsonScan(), null);
    } finally {
      WebAssembly.validate = validate;
    }
  });

  it("writes places, numbers and kinds", () => {
    const { block } = scanText(
      '{"a":"x","b":12.5,"c":{"d":true}}\n\n{"b":-3e2,"c":[]}\r\n',
      "a",
      "b",
      "c",
      "c.d",
    );
    const { text, boolean, none, other, number } = JSON_KIND;
    assert.deepEqual([block.rows, block.lines, block.empty, block.next], [2, 3, 1, 54]);
    assert.deepEqual(
      block.fields.map(({ starts, ends, kinds, numbers, summary }) => [
        summary,
        ...[starts, ends, kinds, numbers].map((array) => [...array]),
      ]),
      [
        [text, [0, -1], [1, 0], [], []],
        [number, [], [], [], [12.5, -300]],
        [other, [1, 11], [11, 13], [other, other], []],
        [boolean, [13, -1], [17, 0], [boolean, none], []],
      ],
    );
    assert.equal(decodeText(block.bytes, 0, block.bytes.length), 'x{"d":true}[]true');
  });

  it("leaves to the parser what it cannot tell", () => {
    const lines = [
      "[1]",
      '{"\\u0061":1}',
      '{"a":01}',
      '{"a":1}x',
      ' {"a":1} ',
      '{"a":{"\\u0062":1}}',
      '{"c":{"\\u0062":1}}',
      "\u00a0{}",
    ];
    const { left, block } = scanText(lines.join("\n"), "a.b");
    assert.deepEqual(left.map(({ line, row }) => [line, row]), [
      [0, 0],
      [1, 0],
      [2, 1],
      [3, 1],
      [5, 2],
      [7, 4],
    ]);
    assert.deepEqual([block.rows, block.lines], [4, 8]);
  });

  it("takes the last of equal keys, at every level", () => {
    const { block } = scanText(
      '{"a":{"b":1},"a":{"b":2,"c":3}}\n{"a":{"b":1},"a":{"c":1}}\n{"a":{"b":1},"a":7}',
      "a.b",
    );
    assert.deepEqual([...block.fields[0]!.numbers], [2, NaN, NaN]);
  });

  it("counts to the items of arrays", () => {
    const { block } = scanText('{"a":[{"b":1},[5,6],7]}\n{"a":{"0":{"b":2}}}\n', "a.0.b", "a.1.1");
    assert.deepEqual(block.fields.map(({ numbers }) => [...numbers]), [[1, 2], [6, NaN]]);
  });

  it("takes lines of many shapes in any order", async () => {
    const paths = ["a", "b", "ab", "k k", "a key of more than eight bytes"].map((name) => [name]);
    await forSeeds(30 * TIMES, (random) => {
      const shapes = Array.from({ length: between(random, 1, 60) }, () => randomJsonLine(random));
      const lines = Array.from({ length: 150 }, () => pickOne(random, shapes));
      const tree = jsonTree(paths)!;
      const bytes = utf8(`${lines.join("\n")}\n`);
      expectParsed(tree, bytes, expectTwins(tree, bytes));
    });
  });

  it("tells values of different kinds behind the same bytes", () => {
    const values = [
      "1",
      '"x"',
      "[1]",
      "null",
      "[]",
      '{"b":"y"}',
      "-0",
      '"\\n"',
      "12345678.5",
      '"é"',
    ];
    const lines = values.flatMap((value) => values.map((other) => `{"a":${value},"c":${other}}`));
    const text = `${lines.join("\n")}\n\u0000{}\n{"a":1,"c":2,}\n${lines.join("\n")}`;
    for (const path of ["a", "c", "a.b", "a.0"]) {
      const { block, left } = scanText(text, path);
      assert.deepEqual([block.rows, left.map(({ line }) => line)], [200, [100, 101]]);
    }
  });

  it("scans what is put into its memory where it stands", () => {
    const room = kernel.room!;
    assert.equal(room.length, MAX_BATCH_BYTES);
    const bytes = utf8('{"a":"x"}\n{"a":"yz"}\n[]\n{"a":3}');
    const tree = treeOf("a");
    for (const [start, end] of [[0, bytes.length], [10, 21], [10, 24], [3, 20]] as const) {
      const copied = scanned(kernel(tree), bytes, start, end);
      room.set(bytes);
      const there = room.subarray(0, bytes.length);
      assert.deepEqual(scanned(kernel(tree), there, start, end), copied);
      assert.deepEqual(decodeText(there, 0, there.length), decodeText(bytes, 0, bytes.length));
    }
  });

  it("stops when the tape is full", () => {
    const paths = Array.from({ length: 64 }, (_, key) => `k${key}`);
    const { block } = scanText('{"k7":1}\n'.repeat(1000), ...paths);
    assert.deepEqual([block.rows, block.next], [384, 384 * 9]);
    assert.equal(scanText("{}\n".repeat(20_000), "a").block.rows, 16_384);
    assert.equal(scanText("{}\n".repeat(20_000)).block.rows, 16_384);
  });

  it("leaves to its twin what does not fit in its memory", () => {
    for (const extra of [-1, 0, 1, 100_000]) {
      const text = `{"a":"${"x".repeat(MAX_BATCH_BYTES + extra - 9)}"}`;
      const { block } = scanText(`${text}\n`, "a");
      assert.deepEqual([...block.fields[0]!.starts, block.bytes.length], [0, text.length - 8]);
      assert.equal(scanText(`${text}"`, "a").left.length, 1);
    }
    const long = "name".repeat(10_000);
    assert.deepEqual([...scanText(`{"${long}":4}`, long).block.fields[0]!.numbers], [4]);
  });

  it("goes on with the fields of another run between two blocks", () => {
    const bytes = utf8('{"a":1,"b":2}');
    const [first, second] = [kernel(treeOf("a")), kernel(treeOf("b", "a"))];
    const numbers = (scan: JsonScan) =>
      scan(bytes, 0, bytes.length, () => false).fields.map((places) => places.numbers[0]);
    for (let times = 0; times < 2; times++) {
      assert.deepEqual(numbers(first), [1]);
      assert.deepEqual(numbers(second), [2, 1]);
    }
  });

  it("finds what its twin and JSON.parse find in mutated lines", async () => {
    await forSeeds(1500 * TIMES, (random) => {
      const tree = jsonTree(randomPaths(random))!;
      const bytes = randomJsonUpload(random);
      expectParsed(tree, bytes, expectTwins(tree, bytes));
      const start = between(random, 0, bytes.length);
      const end = between(random, start, bytes.length);
      expectTwins(tree, bytes, start, end);
    });
  });

  it("finds what its twin finds in a line cut at every byte", () => {
    const tree = treeOf("a", "a.b", "c", "long name of a key");
    for (const line of SPECIAL_LINES) {
      const bytes = utf8(line + line);
      for (let end = 0; end <= bytes.length; end++) {
        // Leaves behind the end, in the kernel's memory, what would go on there.
        kernel(tree)(bytes, 0, bytes.length, () => false);
        expectTwins(tree, bytes, 0, end);
        expectTwins(tree, bytes, end, bytes.length);
      }
    }
  });
});

const SPECIAL_LINES = [
  '{"a":{"b":-12.5e-3,"c":[true,false,null,{}]},"c":"x\\u00e9\\n\\\\\\"","long name of a key":1}\n',
  ' { "a" : "0123456789abcdef0123456789ü😀" , "c" : 12345678901234567890 , "a" : 1E5 } \r\n',
  '{"c":1e999,"a":-0,"b":9007199254740993,"long name of a kex":[[[]],[{}]],"c":0.1}\n',
  "\r\n\n",
];
