/**
 * The JSON kernel against its twin, and both against JSON.parse.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MAX_BATCH_BYTES } from "../src/batch/batch.ts";
import { jsonTree } from "../src/batch/json_paths.ts";
import { JSON_KIND, type JsonScan } from "../src/batch/json_tape.ts";
import { decodeText } from "../src/batch/text.ts";
import { jsonScanner, kernelJsonScan } from "../src/kernel/json_kernel.ts";
import { utf8 } from "./support/format_run.ts";
import { randomJsonLine, randomJsonUpload, randomPaths } from "./support/json_lines.ts";
import {
  expectParsed,
  expectTwins,
  kernel,
  scanned,
  scanText,
  TIMES,
  treeOf,
} from "./support/json_twins.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

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
