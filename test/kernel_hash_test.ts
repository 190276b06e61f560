/**
 * The hashes that the kernel makes of columns of text against those of its twin.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findAggregate } from "../src/aggregate/mod.ts";
import { ValueHasher } from "../src/aggregate/value_hash.ts";
import { TextColumn } from "../src/batch/column.ts";
import { columnMemory, newColumnMemory } from "../src/kernel/column_memory.ts";
import { HashKernel, hashKernel, sharedHash } from "../src/kernel/hash_kernel.ts";
import { numberKernel, twinNumbers } from "../src/kernel/number_kernel.ts";
import { allRows, textColumn } from "./support/columns.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

/** Columns; KERNEL_FUZZ multiplies how many. */
const TIMES = Number(process.env["KERNEL_FUZZ"] ?? 1);
const memory = newColumnMemory()!;
const kernel = new HashKernel(memory);
const hasher = new ValueHasher(() => {});

/** The halves of each cell that is not null. */
function twin(column: TextColumn, rows: Uint32Array): (readonly [number, number] | null)[] {
  return Array.from(rows, (row) => {
    if (column.starts[row]! < 0) return null;
    hasher.cell(column, row);
    return [hasher.first, hasher.second];
  });
}

function own(column: TextColumn, rows: Uint32Array): (readonly [number, number] | null)[] {
  const halves = kernel.hashes(column, rows, rows.length)!;
  return Array.from(
    rows,
    (row, index) => column.starts[row]! < 0 ? null : [halves[2 * index]!, halves[2 * index + 1]!],
  );
}

/** Cells of any bytes, mostly short, some null. */
function randomColumn(random: () => number): TextColumn {
  const longest = pickOne(random, [3, 12, 40, 300]);
  const cells = Array.from({ length: between(random, 16, 200) }, () => {
    if (random() < 0.1) return null;
    return Uint8Array.from({ length: between(random, 0, longest) }, () => between(random, 0, 255));
  });
  return textColumn(cells);
}

describe("the hash kernel", () => {
  it("gives the hashes of its twin", () =>
    forSeeds(400 * TIMES, (random) => {
      const column = randomColumn(random);
      const all = allRows(column.starts.length);
      const rows = random() < 0.5 ? all : all.filter(() => random() < 0.8);
      if (rows.length >= 16) assert.deepEqual(own(column, rows), twin(column, rows));
    }));

  it("hashes cells that do not lie in its memory", () => {
    const bytes = Uint8Array.from({ length: 400_000 }, (_, at) => at * 7);
    const starts = Int32Array.from({ length: 40 }, (_, cell) => cell * 10_000);
    const column = new TextColumn(bytes, starts, starts.map((start) => start + 10_000));
    assert.deepEqual(own(column, allRows(40)), twin(column, allRows(40)));
    const behind = new TextColumn(
      bytes,
      starts.map((start) => 390_000 - start / 100),
      starts.fill(390_100),
    );
    assert.deepEqual(own(behind, allRows(40)), twin(behind, allRows(40)));
  });

  it("leaves few rows of many, and more than fit, to its twin", () => {
    const column = textColumn(Array.from({ length: 200 }, (_, cell) => String(cell)));
    assert.equal(kernel.hashes(column, allRows(15), 15), null);
    assert.equal(kernel.hashes(column, allRows(49), 49), null);
    const long = textColumn(Array.from({ length: 16_385 }, () => "a"));
    assert.equal(kernel.hashes(long, allRows(16_385), 16_385), null);
    assert.notEqual(kernel.hashes(column, allRows(50), 50), null);
  });

  it("forgets numbers that it writes over", () => {
    const numbers = numberKernel(memory)!;
    const column = textColumn(Array.from({ length: 40 }, (_, cell) => String(cell * 3)));
    const before = numbers.view(column)!.slice();
    kernel.hashes(column, allRows(40), 40);
    assert.deepEqual(numbers.view(column), before);
    assert.deepEqual(before, twinNumbers(column));
  });

  it("is not there where its instructions are not", () => {
    assert.equal(sharedHash() === null, columnMemory() === null);
    const { validate } = WebAssembly;
    try {
      WebAssembly.validate = () => false;
      assert.equal(hashKernel(), null);
    } finally {
      WebAssembly.validate = validate;
    }
  });

  it("counts the same values as cells one by one", () =>
    forSeeds(60 * TIMES, (random) => {
      const column = randomColumn(random);
      const count = column.starts.length;
      const groups = Int32Array.from({ length: count }, () => between(random, 0, 3));
      const [joint, single] = [newDistinct(), newDistinct()];
      joint.grow(4);
      single.grow(4);
      joint.add(groups, allRows(count), count, [column]);
      for (let row = 0; row < count; row++) {
        single.add(groups.subarray(row), Uint32Array.of(row), 1, [column]);
      }
      for (let group = 0; group < 4; group++) {
        assert.equal(joint.result(group), single.result(group));
      }
    }));
});

function newDistinct() {
  return findAggregate("distinct")!.create([], { take: () => {}, notice: () => {} });
}
