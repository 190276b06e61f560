/**
 * Columns of some fields of access logs: those of the kernel against those of its twin, and against whole rows.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type AccessFields,
  type AccessFieldScan,
  scanAccessFields,
} from "../src/batch/access_fields.ts";
import { accessLog, COMBINED_FIELDS, COMMON_FIELDS } from "../src/batch/access_log.ts";
import { MAX_BATCH_BYTES } from "../src/batch/batch.ts";
import { Loan } from "../src/batch/chunk_memory.ts";
import type { TextColumn, Value } from "../src/batch/column.ts";
import { accessFieldScanner, kernelFieldScanner } from "../src/kernel/access_field_kernel.ts";
import combined from "../stages/combined.ts";
import { block, HEAD, mutated, SPECIAL_LINES } from "./support/access_lines.ts";
import { runFormat, utf8 } from "./support/format_run.ts";
import { run } from "./support/operators.ts";
import { between, forSeeds } from "./support/random.ts";

const kernel = kernelFieldScanner()!;
/** Numbers of blocks; KERNEL_FUZZ multiplies them. */
const TIMES = Number(process.env["KERNEL_FUZZ"] ?? 1);
const ALL = Object.keys(COMBINED_FIELDS);

/** The columns of `names`, a value a row, and all else that was found. */
function found(names: readonly string[], { make, rows, faults, ...rest }: AccessFields) {
  const columns = names.map((name): readonly Value[] => {
    const column = make(name);
    return Array.from({ length: rows }, (_, row) => column.value(row));
  });
  const { lines, empty, next } = rest;
  return { rows, faults, lines, empty, next, columns };
}

/** Scans with both, block after block, and compares all. */
function expectTwins(
  names: readonly string[],
  bytes: Uint8Array,
  referer: boolean,
  scan: AccessFieldScan = kernel(names, referer),
): void {
  const twin = scanAccessFields(referer);
  for (let at = 0; at < bytes.length;) {
    const expected = found(names, twin(bytes, at, bytes.length));
    const own = found(names, scan(bytes, at, bytes.length));
    assert.deepEqual(own, expected);
    at = own.next;
  }
}

function someOf(random: () => number, names: readonly string[]): readonly string[] {
  return random() < 0.3 ? names : names.filter(() => random() < 0.4);
}

describe("columns of some fields", () => {
  it("are the kernel's where it can run", () => {
    assert.equal(accessFieldScanner(), accessFieldScanner());
    assert.notEqual(accessFieldScanner().room, undefined);
    const { validate } = WebAssembly;
    try {
      WebAssembly.validate = () => false;
      assert.equal(kernelFieldScanner(), null);
    } finally {
      WebAssembly.validate = validate;
    }
  });

  it("are written one behind the other, and their texts behind them", () => {
    const line = utf8(`${HEAD} "GET /a?b HTTP/1.1" 404 52 "-" "x"\n`);
    const { make, rows, weight } = kernel(["path", "status", "referer"], true)(line, 0, 72);
    const path = make("path") as TextColumn;
    assert.deepEqual([rows, weight, make("status").value(0)], [1, 3 * 8 + 2, 404]);
    assert.deepEqual([...path.bytes], [...utf8("/a")]);
    assert.deepEqual([path.value(0), make("referer").value(0)], ["/a", null]);
    assert.equal(make("agent").value(0), null);
  });

  it("outlive the bytes that were scanned", () => {
    const line = utf8(`${HEAD} "GET /a HTTP/1.1" 404 52 "-" "x"\n`);
    for (const scan of [kernel(["path"], true), scanAccessFields(true)]) {
      const bytes = line.slice();
      const { make } = scan(bytes, 0, bytes.length);
      bytes.fill(0);
      kernel(["agent"], true)(utf8(line.toString()), 0, 10);
      assert.equal(make("path").value(0), "/a");
    }
  });

  it("are what the twin finds in mutated lines, wherever they are cut", async () => {
    await forSeeds(1000 * TIMES, (random) => {
      const bytes = mutated(random, block(random));
      const referer = random() < 0.7;
      const names = someOf(random, Object.keys(referer ? COMBINED_FIELDS : COMMON_FIELDS));
      expectTwins(names, bytes.subarray(between(random, 0, bytes.length >> 3)), referer);
    });
  });

  it("are what the twin finds in a line cut at every byte", () => {
    const scan = kernel(ALL, true);
    for (const line of SPECIAL_LINES) {
      const bytes = utf8(line + line);
      for (let end = 0; end <= bytes.length; end++) {
        // Leaves behind the end, in the kernel's memory, what would go on there.
        scan(bytes, 0, bytes.length);
        expectTwins(ALL, bytes.subarray(0, end), true, scan);
        expectTwins(ALL, bytes.subarray(end), true, scan);
      }
    }
  });

  it("hold sizes of any length", () => {
    const sizes = Array.from(
      { length: 400 },
      (_, digits) => "9876543210".repeat(40).slice(0, digits + 1),
    );
    const lines = sizes.map((size) => `${HEAD} "GET / HTTP/1.1" 200 ${size} "-" "-"\n`).join("");
    expectTwins(["bytes"], utf8(lines), true);
  });

  it("hold times of every month, in order or not", async () => {
    await forSeeds(300 * TIMES, (random) => {
      const months = [
        "Jan",
        "feb",
        "MAR",
        "Apr",
        "May",
        "Jun",
        "Jul",
        "Aug",
        "Sep",
        "Oct",
        "Nov",
        "Dec",
        "Dez",
      ];
      const two = (most: number) => String(between(random, 0, most)).padStart(2, "0");
      let head = "";
      const lines = Array.from({ length: 40 }, () => {
        if (head === "" || random() < 0.5) {
          const year = String(between(random, 0, 9999)).padStart(4, "0");
          head = `${two(32)}/${months[between(random, 0, 12)]!}/${year}:${two(24)}:${two(60)}`;
        }
        const zone = random() < 0.9 ? "+0000" : `${random() < 0.5 ? "-" : "+"}${two(24)}${two(60)}`;
        return `1 - - [${head}:${two(61)} ${zone}] "GET / HTTP/1.1" 200 1 "-" "-"\n`;
      });
      expectTwins(["time"], utf8(lines.join("")), true);
    });
  });

  it("may be more bytes than the lines have", () => {
    const request = `GET /${"a".repeat(MAX_BATCH_BYTES - HEAD.length - 40)} HTTP/1.1`;
    expectTwins(ALL, utf8(`${HEAD} "${request}" 200 1 "-" "-"\n`), true);
    expectTwins(ALL, utf8(`${HEAD} "${request}${"b".repeat(100)}" 200 1 "-" "-"\n`), true);
    expectTwins(["path", "query"], utf8('a b  [] "" - - "-"\n'.repeat(13_000)), true);
  });

  it("borrow memory of the chunk that their lines came with", () => {
    const bytes = utf8(`${HEAD} "GET /a HTTP/1.1" 404 52 "-" "x"\n`.repeat(500));
    const scan = kernel(["path", "status"], true);
    const own = scan(bytes, 0, bytes.length, bytes);
    assert.equal((own.make("path") as TextColumn).bytes.buffer.byteLength, own.weight);
    const loan = new Loan(bytes);
    const borrowed = scan(bytes, 0, bytes.length, bytes).make("path") as TextColumn;
    loan.spent();
    assert.equal(borrowed.bytes.buffer.byteLength % (16 * 1024), 0);
    assert.equal(borrowed.value(499), "/a");
  });

  it("have the values that whole rows have, however the upload is cut", async () => {
    await forSeeds(60, async (random) => {
      const bytes = mutated(random, block(random));
      const { rows, rejects } = runFormat(combined, [bytes]);
      const names = ALL.filter((name) => name === "status" || random() < 0.4);
      const cuts = Array.from({ length: 5 }, () => between(random, 0, bytes.length)).sort((a, b) =>
        a - b
      );
      const pipeline = `combined | select ${names.join(", ")}`;
      if (rows.length === 0) return;
      const own = await run(pipeline, bytes, { cuts });
      const expected = rows.map((row) =>
        Object.fromEntries(names.map((name) => [name, row[name]]))
      );
      assert.deepEqual(own.rows, JSON.parse(JSON.stringify(expected)));
      assert.equal(own.rejects.length, rejects.length);
    });
  });

  it("are none where none is asked for", () => {
    const bytes = utf8(`${HEAD} "GET /a HTTP/1.1" 404 52 "-" "x"\nx\n`);
    const none = new Map<string, readonly string[]>([["nothing", ["nothing"]]]);
    const { batch, faults } = accessLog("combined", none).parse(bytes, 0, bytes.length);
    assert.deepEqual([batch?.length, batch?.names, faults.length], [1, [], 1]);
  });
});
