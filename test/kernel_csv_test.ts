/**
 * The kernel of separated values against its twin.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MAX_BATCH_BYTES, MAX_BATCH_ROWS } from "../src/batch/batch.ts";
import { mostRows, type RecordScan, type RecordShape } from "../src/batch/csv_scan.ts";
import { recordKernel, twinScanner } from "../src/kernel/csv_kernel.ts";
import { utf8 } from "./support/format_run.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

const kernel = recordKernel()!;
const CSV = { separator: 44, quote: 34 };

/** Numbers of blocks; KERNEL_FUZZ multiplies them. */
const TIMES = Number(process.env["KERNEL_FUZZ"] ?? 1);

/** What a deep comparison is quick with: the places of all fields as text. */
function plain(scan: RecordScan): unknown {
  const { starts, ends, ...rest } = scan;
  return {
    ...rest,
    starts: starts.map((places) => places.join()),
    ends: ends.map((places) => places.join()),
  };
}

/** Scans with both, block after block as the framing does, and gives what both found first. */
function expectTwins(
  bytes: Uint8Array,
  start: number,
  end: number,
  shape: RecordShape,
): RecordScan {
  const scans = [kernel.scanner(shape), twinScanner(shape)];
  let first: RecordScan | null = null;
  for (let at = start;;) {
    const [found, twin] = scans.map((scan) => scan(bytes, at, end, false)) as [
      RecordScan,
      RecordScan,
    ];
    assert.deepEqual(plain(found), plain(twin));
    first ??= found;
    if (found.next === at) return first;
    at = found.next;
  }
}

function expectTwinsOn(text: string, fields: number, wanted: readonly number[]): RecordScan {
  const bytes = utf8(text);
  return expectTwins(bytes, 0, bytes.length, { dialect: CSV, fields, wanted });
}

describe("the kernel of separated values", () => {
  it("finds the wanted fields, a column at a time", () => {
    const scan = expectTwinsOn('a,"b""c",d\r\n,"",e\nf,g', 3, [0, 1]);
    assert.deepEqual(scan.starts.map((places) => [...places]), [[0, -1], [3, 14]]);
    assert.deepEqual(scan.ends.map((places) => [...places]), [[1, 12], [7, 14]]);
    assert.deepEqual(scan.doubled, [false, true]);
    const { rows, records, lines, next } = scan;
    assert.deepEqual([rows, records, lines, next], [2, 2, 2, 18]);
  });

  it("tells every fault in words", () => {
    const { faults } = expectTwinsOn('a\n\na,b\n"x"y,b\nz\n1,2,3\n', 2, [0]);
    assert.deepEqual(faults, [
      { line: 0, start: 0, end: 1, reason: "Expected 2 fields, found 1" },
      {
        line: 3,
        start: 7,
        end: 13,
        reason: 'Expected a separator after the closing quote, found "y,b"',
      },
      { line: 4, start: 14, end: 15, reason: "Expected 2 fields, found 1" },
      { line: 5, start: 16, end: 21, reason: "Expected 2 fields, found 3" },
    ]);
  });

  it("stops after as many rows as a batch may hold, or as wide rows need", () => {
    const narrow = expectTwinsOn("a,b\n".repeat(MAX_BATCH_ROWS + 3), 2, [0, 1]);
    assert.deepEqual([narrow.rows, narrow.next], [MAX_BATCH_ROWS, MAX_BATCH_ROWS * 4]);
    const all = Array.from({ length: 1000 }, (_, place) => place);
    const wide = expectTwinsOn((",".repeat(999) + "\n").repeat(100), 1000, all);
    assert.deepEqual([wide.rows, mostRows(1000)], [65, 65]);
    const more = Array.from({ length: 1100 }, (_, place) => place);
    assert.equal(expectTwinsOn((",".repeat(1099) + "\n").repeat(100), 1100, more).rows, 64);
  });

  it("finds more faults than fit at once", () => {
    for (const count of [1023, 1024, 1025, 5000]) {
      assert.equal(expectTwinsOn("x\n".repeat(count), 2, [1]).faults.length, count);
      const { rows, faults } = expectTwinsOn('y\n\na,"b"\n'.repeat(count), 2, [1]);
      assert.deepEqual([rows, faults.length], [count, count]);
    }
  });

  it("scans blocks that fill its memory or are too large for it", () => {
    for (const extra of [-1, 0, 1, 100_000]) {
      const length = MAX_BATCH_BYTES + extra;
      assert.equal(expectTwinsOn("a".repeat(length - 3) + ",b\n", 2, [0, 1]).rows, 1);
      assert.equal(expectTwinsOn(`"${"\n".repeat(length - 5)}",b\n`, 2, [0, 1]).lines, length - 4);
      assert.equal(expectTwinsOn("\n".repeat(length), 2, [0]).lines, length);
      assert.equal(expectTwinsOn(",".repeat(length), 2, [0]).next, 0);
    }
  });

  it("finds what its twin finds in mutated records, wherever they are cut", async () => {
    await forSeeds(200 * TIMES, (random) => {
      const shape = shapeOf(random);
      const bytes = mutated(random, block(random, shape));
      const start = random() < 0.5 ? 0 : between(random, 0, bytes.length >> 2);
      const end = random() < 0.5 ? bytes.length : between(random, start, bytes.length);
      expectTwins(bytes, start, end, shape);
    });
  });

  it("finds what its twin finds in records cut at every byte", () => {
    const bytes = utf8(
      'a,"b\n""c",d\r\n,"",e\n\r\n"f" ,g,h\n1,2,3\ni,"j"\r\n"k\r\n,"\n' + "x,y,z\n".repeat(3),
    );
    const shape = { dialect: CSV, fields: 3, wanted: [0, 1, 2] };
    for (let end = 0; end <= bytes.length; end++) {
      for (let start = 0; start <= end; start++) expectTwins(bytes, start, end, shape);
    }
  });
});

function shapeOf(random: () => number): RecordShape {
  const fields = between(random, 1, random() < 0.1 ? 70 : 6);
  const share = pickOne(random, [0, 0.3, 1]);
  const wanted = Array.from({ length: fields }, (_, place) => place).filter(() => random() < share);
  const dialect = {
    separator: pickOne(random, [44, 44, 59, 9]),
    quote: random() < 0.8 ? 34 : -1,
  };
  return { dialect, fields, wanted };
}

/** Some records, mostly of the shape; sometimes hundreds, sometimes without any quote, sometimes with long fields. */
function block(random: () => number, { dialect, fields }: RecordShape): Uint8Array {
  const count = random() < 0.1 ? between(random, 300, 1500) : between(random, 0, 60);
  const [quotes, long] = [pickOne(random, [0, 0, 0.05, 0.6]), pickOne(random, [0, 0, 0.02])];
  const end = pickOne(random, ["\n", "\n", "\r\n"]);
  const separator = String.fromCharCode(dialect.separator);
  let text = "";
  for (let record = 0; record < count; record++) {
    const width = random() < 0.98 ? fields : between(random, 1, fields + 2);
    text += Array.from({ length: width }, () => field(random, quotes, long)).join(separator);
    text += random() < 0.97 ? end : pickOne(random, ["\r\n", "\n\n", "\n\r\n", "\r\r\n"]);
  }
  return utf8(text);
}

function field(random: () => number, quotes: number, long: number): string {
  const size = random() < long ? between(random, 0, 9000) : between(random, 0, 12);
  const text = "abcd 1.5é".repeat(size).slice(0, size);
  if (random() >= quotes) return text;
  const inner = pickOne(random, ["", "", '""', ",", ";", "\n", "\r\n", '"""",""']);
  return `"${text.slice(size >> 1)}${inner}${text.slice(0, size >> 1)}"`;
}

const MUTATIONS = [...utf8('",;\t\n\r" a')];

/** A copy with some bytes changed, inserted or removed; often none. */
function mutated(random: () => number, bytes: Uint8Array): Uint8Array {
  const count = random() < 0.4 ? 0 : between(random, 0, random() < 0.5 ? 4 : 1 + bytes.length / 50);
  const result = [...bytes];
  for (let edit = 0; edit < count; edit++) {
    const at = between(random, 0, result.length);
    const added = pickOne(random, [[], [pickOne(random, MUTATIONS)], [34, 34]]);
    result.splice(at, pickOne(random, [0, 1, 1, 3]), ...added);
  }
  return Uint8Array.from(result);
}
