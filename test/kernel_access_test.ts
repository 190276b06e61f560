/**
 * The access log kernel against its twin, and against what its source compiles to.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { type AccessScan, scanAccessLog, STRIDE } from "../src/batch/access_scan.ts";
import { MAX_BATCH_BYTES, MAX_BATCH_ROWS } from "../src/batch/batch.ts";
import { accessScanner, kernelScanner } from "../src/kernel/access_kernel.ts";
import { WASM_BASE64 } from "../src/kernel/access_log_wasm.ts";
import { compileKernel, kernelModule, KERNELS } from "../kernels/compile.ts";
import { block, HEAD, mutated, SPECIAL_LINES } from "./support/access_lines.ts";
import { utf8 } from "./support/format_run.ts";
import { between, forSeeds } from "./support/random.ts";

const kernel = kernelScanner()!;
const SMALLEST_ROW = 'a b  [] "" - -\n';

/** Numbers of blocks; KERNEL_FUZZ multiplies them. */
const TIMES = Number(process.env["KERNEL_FUZZ"] ?? 1);

/** Scans with both, in full, block after block as the line framing does, and gives what both found. */
function expectTwins(bytes: Uint8Array, start: number, end: number, referer: boolean): AccessScan {
  const twin = scanAccessLog(bytes, start, end, referer);
  const found = kernel(bytes, start, end, referer);
  // Compared by hand first, because a deep comparison of thousands of offsets is slow.
  const same = found.tape.length === twin.tape.length &&
    found.tape.every((offset, at) => offset === twin.tape[at]);
  assert.deepEqual({ ...found, tape: [] }, { ...twin, tape: [] });
  if (!same) assert.deepEqual(found.tape, twin.tape);
  assert.ok(found.tape instanceof Int32Array);
  assert.equal(found.tape.length, found.rows * STRIDE);
  if (found.next < end) expectTwins(bytes, found.next, end, referer);
  return found;
}

function expectTwinsOn(text: string, referer = false): AccessScan {
  const bytes = utf8(text);
  return expectTwins(bytes, 0, bytes.length, referer);
}

describe("the access log kernel", () => {
  it("is what accessScanner gives", () => {
    assert.notEqual(accessScanner(), scanAccessLog);
    assert.equal(accessScanner(), accessScanner());
  });

  it("is not there where its instructions are not", () => {
    const { validate } = WebAssembly;
    try {
      WebAssembly.validate = () => false;
      assert.equal(kernelScanner(), null);
    } finally {
      WebAssembly.validate = validate;
    }
  });

  it("writes a row", () => {
    const scan = expectTwinsOn(`${HEAD} "GET / HTTP/1.1" 200 5 "-" "a"\n`, true);
    assert.deepEqual([...scan.tape], [0, 3, 5, 7, 35, 52, 59, 67]);
    assert.deepEqual([scan.rows, scan.lines, scan.empty, scan.next], [1, 1, 0, 68]);
  });

  it("tells every fault in words", () => {
    const lines = [
      "x",
      "a - - b [c] ",
      "a b c [d] e",
      'a b c [d] "e\\"',
      'a b c [d] "" 20 ',
      'a b c [d] "" 200 x',
      'a b c [d] "" 200 1 -',
    ];
    const { faults } = expectTwinsOn(lines.join("\n"), true);
    assert.deepEqual(faults.map(({ line, reason }) => `${line} ${reason.split(", found")[0]}`), [
      "0 Expected an address, an identity, a user and a time in brackets",
      "1 Expected three fields before the time",
      "2 Expected a request in quotes after the time",
      "3 Expected a closing quote after the request",
      "4 Expected a status of three digits",
      "5 Expected a size in bytes",
      "6 Expected a referer in quotes after the size",
    ]);
  });

  it("stops after as many rows as a batch may hold", () => {
    const text = SMALLEST_ROW.repeat(MAX_BATCH_ROWS + 3);
    assert.ok(text.length <= MAX_BATCH_BYTES);
    const { rows, next } = expectTwinsOn(text);
    assert.deepEqual([rows, next], [MAX_BATCH_ROWS, MAX_BATCH_ROWS * SMALLEST_ROW.length]);
  });

  it("finds more faults than fit at once", () => {
    for (const count of [1023, 1024, 1025, 5000]) {
      assert.equal(expectTwinsOn("x\n".repeat(count)).faults.length, count);
      const { rows, faults } = expectTwinsOn(`y\n\n${SMALLEST_ROW}`.repeat(count));
      assert.deepEqual([rows, faults.length], [count, count]);
    }
  });

  it("scans blocks that fill its memory or are too large for it", () => {
    for (const extra of [-1, 0, 1, 100_000]) {
      const length = MAX_BATCH_BYTES + extra;
      const long = `${HEAD} "GET /${"a".repeat(length - HEAD.length - 24)}`;
      assert.equal(expectTwinsOn(`${long} HTTP/1.1" 200 5`).rows, 1);
      assert.equal(expectTwinsOn(`${long}`).faults.length, 1);
      assert.equal(expectTwinsOn(" ".repeat(length)).faults.length, 1);
      assert.equal(expectTwinsOn("\n".repeat(length)).empty, length);
    }
  });

  it("scans nothing", () => {
    for (const [start, end] of [[0, 0], [3, 3], [4, 3]] as const) {
      assert.equal(expectTwins(utf8(SMALLEST_ROW), start, end, false).lines, 0);
    }
  });

  it("finds what its twin finds in mutated lines, wherever they are cut", async () => {
    await forSeeds(4000 * TIMES, (random) => {
      const bytes = mutated(random, block(random));
      const start = random() < 0.5 ? 0 : between(random, 0, bytes.length >> 2);
      const end = random() < 0.5 ? bytes.length : between(random, start, bytes.length);
      expectTwins(bytes, start, end, random() < 0.5);
    });
  });

  it("finds what its twin finds in a line cut at every byte", () => {
    for (const line of SPECIAL_LINES) {
      const bytes = utf8(line + line);
      for (let end = 0; end <= bytes.length; end++) {
        // Leaves behind the end, in the kernel's memory, what would go on there.
        kernel(bytes, 0, bytes.length, true);
        expectTwins(bytes, 0, end, true);
        expectTwins(bytes, 0, end, false);
        expectTwins(bytes, end, bytes.length, false);
      }
    }
  });
});

describe("the kernel's build", () => {
  for (const source of KERNELS) {
    it(`is what ${source.source} compiles to`, async () => {
      const wasm = await compileKernel(source);
      const text = readFileSync(new URL(`../${source.target}`, import.meta.url), "utf8");
      assert.ok(kernelModule(source, wasm) === text, "Stale kernel, run: deno task kernels");
    });
  }

  it("imports nothing and cannot grow", () => {
    const wasm = Uint8Array.from(atob(WASM_BASE64), (character) => character.charCodeAt(0));
    const module = new WebAssembly.Module(wasm);
    assert.deepEqual(WebAssembly.Module.imports(module), []);
    const { memory } = new WebAssembly.Instance(module).exports as { memory: WebAssembly.Memory };
    assert.throws(() => memory.grow(1));
  });
});
