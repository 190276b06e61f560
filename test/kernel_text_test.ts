/**
 * The kernels that read columns of text, numbers and keys of groups, against what they stand for.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GroupTable } from "../src/aggregate/group_table.ts";
import { NearKeys } from "../src/aggregate/near_keys.ts";
import { MAX_BATCH_BYTES, MAX_BATCH_ROWS } from "../src/batch/batch.ts";
import { TextColumn } from "../src/batch/column.ts";
import { keyKernel } from "../src/kernel/key_kernel.ts";
import { numberKernel, textNumbers, twinNumbers } from "../src/kernel/number_kernel.ts";
import { utf8 } from "./support/format_run.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

const numbers = numberKernel()!;

/** Columns; KERNEL_FUZZ multiplies how many. */
const TIMES = Number(process.env["KERNEL_FUZZ"] ?? 1);

/** A column of these cells, in their order, `gap` between them and in front. */
function columnOf(cells: readonly (string | null)[], gap = ""): TextColumn {
  const starts = new Int32Array(cells.length);
  const ends = new Int32Array(cells.length);
  const parts: Uint8Array[] = [];
  let at = 0;
  cells.forEach((cell, row) => {
    const part = utf8(gap + (cell ?? ""));
    starts[row] = cell === null ? -1 : at + gap.length;
    at += part.length;
    ends[row] = at;
    parts.push(part);
  });
  const bytes = new Uint8Array(at);
  at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return new TextColumn(bytes, starts, ends);
}

function bitsOf(values: Float64Array): string {
  return new BigUint64Array(values.buffer, values.byteOffset, values.length).join();
}

function expectTwins(column: TextColumn): Float64Array {
  const found = numbers.read(column);
  const twin = twinNumbers(column);
  if (bitsOf(found) !== bitsOf(twin)) {
    const row = twin.findIndex((value, at) => !Object.is(value, found[at]));
    assert.fail(`${column.value(row)}: ${found[row]} in place of ${twin[row]}`);
  }
  return found;
}

/** Enough cells that the kernel takes the column. */
function padded(cells: readonly (string | null)[]): readonly (string | null)[] {
  return [...cells, ...new Array<null>(20).fill(null)];
}

describe("numbers of text columns", () => {
  it("are those that the cells spell", () => {
    const cells = [
      "0",
      "-0",
      "7",
      "-12.5",
      "12345678",
      "-1234567.",
      ".5",
      "0.1",
      "99999.99",
      "1.0000000",
    ];
    const found = expectTwins(columnOf(padded(cells)));
    assert.deepEqual([...found.slice(0, cells.length)], [
      0,
      0,
      7,
      -12.5,
      12345678,
      -1234567,
      0.5,
      0.1,
      99999.99,
      1,
    ]);
  });

  it("are those of tenths, and of what looks like tenths", () => {
    const cells = ["5.5", "-9.9", "99.9", "-0.0", "-12.3", "-.5", "123.4", "5.", "-1.25", "0.0"];
    const found = expectTwins(columnOf(padded(cells)));
    assert.deepEqual([...found.slice(0, cells.length)], [
      5.5,
      -9.9,
      99.9,
      0,
      -12.3,
      -0.5,
      123.4,
      5,
      -1.25,
      0,
    ]);
    const others = ["1-.3", "/.3", "1:.3", "..3", "-:.3", "1.-", "é.3", "\0\0.3", "--.3", "-.-"];
    assert.ok(expectTwins(columnOf(padded(others))).every(Number.isNaN));
  });

  it("are left to the twin where they are longer or spelled otherwise", () => {
    const cells = [
      "123456789",
      "-0.123456789012345",
      "1e3",
      "+5",
      " 7 ",
      "1e999",
      "0x10",
      "1_0",
      "٣",
    ];
    const found = expectTwins(columnOf(padded(cells)));
    assert.deepEqual([...found.slice(0, 5)], [123456789, -0.123456789012345, 1000, 5, 7]);
    assert.deepEqual([...found.slice(5, cells.length)], [NaN, NaN, NaN, NaN]);
  });

  it("are none where a cell spells none", () => {
    const cells = [null, "", "-", ".", "-.", "1.2.3", "1-2", "--1", "a1", "1a", "/", "é"];
    assert.ok(expectTwins(columnOf(padded(cells))).every(Number.isNaN));
  });

  it("are read once a column", () => {
    const column = columnOf(padded(["1"]));
    assert.equal(textNumbers(column), textNumbers(column));
  });

  it("are read from any amount of bytes", () => {
    for (
      const size of [MAX_BATCH_BYTES - 3, MAX_BATCH_BYTES, MAX_BATCH_BYTES + 1, 2 * MAX_BATCH_BYTES]
    ) {
      const far = columnOf(["1", "x".repeat(size - 60), ...new Array<string>(29).fill("25")]);
      assert.equal(expectTwins(far)[30], 25);
      const last = new TextColumn(far.bytes.subarray(0, far.ends[30]!), far.starts, far.ends);
      assert.equal(expectTwins(last)[30], 25);
    }
    assert.equal(
      expectTwins(columnOf(new Array<string>(MAX_BATCH_ROWS + 1).fill("3"))).length,
      16_385,
    );
  });

  it("have the twin's bits for random cells", async () => {
    await forSeeds(400 * TIMES, (random) => {
      const cells = Array.from({ length: between(random, 16, 1500) }, () => numberLike(random));
      expectTwins(columnOf(cells, pickOne(random, ["", ",", "9", "-", "."])));
    });
  });
});

describe("numbers of which most are tenths", () => {
  it("have the twin's bits, whatever stands between four of them", async () => {
    await forSeeds(200 * TIMES, (random) => {
      const others = pickOne(random, [0, 0.002, 0.05, 0.4]);
      const cells = Array.from(
        { length: between(random, 16, 600) },
        () => random() < others ? tenthLike(random) : (random() * 200 - 100).toFixed(1),
      );
      expectTwins(columnOf(cells, pickOne(random, ["", ",", "9", "-", "."])));
    });
  });
});

/** Of the length of tenths, but most often none. */
function tenthLike(random: () => number): string | null {
  if (random() < 0.2) return null;
  const characters = Array.from({ length: between(random, 0, 6) }, () => digit(random));
  if (characters.length > 1 && random() < 0.8) characters[characters.length - 2] = ".";
  return (random() < 0.3 ? "-" : "") + characters.join("");
}

function digit(random: () => number): string {
  return random() < 0.8 ? String(between(random, 0, 9)) : pickOne(random, [..."/:.-+; \0é"]);
}

function numberLike(random: () => number): string | null {
  const kind = random();
  if (kind < 0.05) return null;
  if (kind < 0.4) return (random() * 200 - 100).toFixed(between(random, 0, 6));
  if (kind < 0.6) return String(Math.floor(random() * 10 ** between(random, 0, 17)));
  if (kind < 0.7) return String(random() * 10 ** between(random, -8, 22));
  const size = between(random, 0, 18);
  return Array.from({ length: size }, () => pickOne(random, [..."0123456789999..-+eE a/:é\0"]))
    .join("");
}

describe("keys of groups", () => {
  const take = () => {};

  function assigned(table: GroupTable, column: TextColumn, rows: Uint32Array): number[] {
    return [...table.assign([column], rows, rows.length).subarray(0, rows.length)];
  }

  it("have the groups of a table without a kernel, also when tables take turns", async () => {
    const near = keyKernel()!;
    await forSeeds(60 * TIMES, (random) => {
      const pairs = [1, 2].map(
        () => [new GroupTable(take, new NearKeys(near)), new GroupTable(take, new NearKeys(null))],
      );
      const most = pickOne(random, [3, 300, 300, 20_000]);
      for (let batch = 0; batch < between(random, 1, 12); batch++) {
        const cells = Array.from({ length: between(random, 1, 1500) }, () => key(random, most));
        const column = columnOf(cells, pickOne(random, ["", "k"]));
        const share = pickOne(random, [1, 1, 0.3]);
        const rows = Uint32Array.from(cells.keys()).filter(() => random() < share);
        const [one, other] = pickOne(random, pairs) as [GroupTable, GroupTable];
        assert.deepEqual(assigned(one, column, rows), assigned(other, column, rows));
      }
      for (const [one, other] of pairs) assert.deepEqual(one!.save(), other!.save());
    });
  });

  it("are told apart by length, by zeros and behind 32 bytes", () => {
    const long = "x".repeat(32);
    const cells = [
      "",
      "\0",
      "\0\0",
      null,
      "a",
      "a\0",
      long,
      `${long}y`,
      `${long}z`,
      long.slice(1),
      `${long.slice(1)}y`,
    ];
    const table = new GroupTable(take, new NearKeys(keyKernel()));
    const column = columnOf([...cells, ...cells, ...cells]);
    const rows = Uint32Array.from({ length: 3 * cells.length }, (_, row) => row);
    assert.deepEqual(assigned(table, column, rows), Array.from(rows, (row) => row % cells.length));
  });

  it("are found in any amount of bytes", () => {
    const cells = ["a", "x".repeat(2 * MAX_BATCH_BYTES), ...new Array<string>(40).fill("b"), "a"];
    const column = columnOf(cells);
    const rows = Uint32Array.from(cells.keys());
    const expected = [0, 1, ...new Array<number>(40).fill(2), 0];
    assert.deepEqual(
      assigned(new GroupTable(take, new NearKeys(keyKernel())), column, rows),
      expected,
    );
    const many = columnOf(new Array<string>(MAX_BATCH_ROWS + 5).fill("c"));
    const all = Uint32Array.from(many.starts.keys());
    assert.ok(
      assigned(new GroupTable(take, new NearKeys(keyKernel())), many, all).every((group) =>
        group === 0
      ),
    );
  });
});

function key(random: () => number, most: number): string | null {
  if (random() < 0.01) return null;
  const number = Math.floor(random() ** 2 * most);
  return number % 10 === 0
    ? `/a/longer/path/of/number/${number}/x`.repeat(1 + number % 3)
    : `k${number}`;
}
