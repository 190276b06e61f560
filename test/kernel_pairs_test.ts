/**
 * The kernel of logfmt and LTSV against its twin, and both against whole rows.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MAX_BATCH_BYTES, MAX_BATCH_ROWS } from "../src/batch/batch.ts";
import type { PairScan, PairSyntax } from "../src/batch/pair_scan.ts";
import type { Demand } from "../src/language/demand.ts";
import { pairKernel, twinPairScanner } from "../src/kernel/pairs_kernel.ts";
import logfmt from "../stages/logfmt.ts";
import ltsv from "../stages/ltsv.ts";
import { cutRandomly, runFormat, utf8 } from "./support/format_run.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

const kernel = pairKernel()!;

/** Numbers of blocks; KERNEL_FUZZ multiplies them. */
const TIMES = Number(process.env["KERNEL_FUZZ"] ?? 1);

/** What a deep comparison is quick with. */
function plain({ starts, ends, ...rest }: PairScan, left: readonly string[]): unknown {
  const [from, to] = [starts, ends].map((all) => all.map((places) => places.join()));
  return { ...rest, left, from, to };
}

/** Scans with both, block after block; every other line that is left is taken for a row. */
function expectTwins(
  syntax: PairSyntax,
  keys: readonly string[],
  bytes: Uint8Array,
  start: number,
  end: number,
): { readonly scan: PairScan; readonly left: readonly string[] } {
  const encoded = keys.map(utf8);
  const scans = [kernel.scanner(syntax, encoded), twinPairScanner(syntax, encoded)].map((scan) => {
    const left: string[] = [];
    const found = scan(bytes, start, end, (row, line, from, to) => {
      left.push(`${row} ${line} ${from} ${to}`);
      return left.length % 2 === 1;
    });
    return { scan: found, left };
  });
  const [found, twin] = scans.map(({ scan, left }) => plain(scan, left));
  assert.deepEqual(found, twin);
  const { next } = scans[0]!.scan;
  if (next < end) expectTwins(syntax, keys, bytes, next, end);
  return scans[0]!;
}

function expectTwinsOn(syntax: PairSyntax, keys: readonly string[], text: string) {
  const bytes = utf8(text);
  return expectTwins(syntax, keys, bytes, 0, bytes.length);
}

describe("the kernel of pairs", () => {
  it("finds the values of logfmt", () => {
    const { scan, left } = expectTwinsOn(
      "logfmt",
      ["a", "bc"],
      'a=1 bc="x y" d=2\r\n\na="" bc\n bc= a=é',
    );
    assert.deepEqual(scan.starts.map((places) => [...places]), [[2, 22, 34], [8, -2, -1]]);
    assert.deepEqual(scan.ends.map((places) => [...places]), [[3, 22, 36], [11, 26, 31]]);
    assert.deepEqual([scan.bare, scan.wide], [[false, true], [true, false]]);
    assert.deepEqual([scan.rows, scan.lines, scan.empty, scan.next], [3, 4, 1, 36]);
    assert.deepEqual(left, []);
  });

  it("finds the values of LTSV", () => {
    const { scan, left } = expectTwinsOn("ltsv", ["a", "t"], "t:10:05\ta:\r\n\t\na:b\t\tx:y\tt:\r");
    assert.deepEqual(scan.starts.map((places) => [...places]), [[-1, -1, 16], [2, -1, -1]]);
    assert.deepEqual(scan.ends.map((places) => [...places]), [[10, -1, 17], [7, -1, 25]]);
    assert.deepEqual([scan.rows, scan.lines, scan.empty, scan.next], [3, 3, 0, 26]);
    assert.deepEqual(left, []);
  });

  it("leaves what it does not take", () => {
    const logfmtLines = [" ", "=a", "a=b=c", 'a="b', 'a="\\n"', "é=1", 'a"', 'a=b"c"'];
    const { left } = expectTwinsOn("logfmt", ["a"], logfmtLines.join("\n"));
    assert.deepEqual(left.length, logfmtLines.length);
    const ltsvLines = ["a", "a:b\tc", ":x", "é:1", "a\tb:c"];
    assert.deepEqual(expectTwinsOn("ltsv", ["a"], ltsvLines.join("\r\n")).left.length, 5);
  });

  it("scans blocks of any size", () => {
    for (const syntax of ["logfmt", "ltsv"] as const) {
      const pair = syntax === "logfmt" ? "a=" : "a:";
      assert.equal(
        expectTwinsOn(syntax, ["a"], `${pair}1\n`.repeat(MAX_BATCH_ROWS + 3)).scan.rows,
        MAX_BATCH_ROWS,
      );
      for (const extra of [-1, 0, 1, 100_000]) {
        const length = MAX_BATCH_BYTES + extra;
        assert.equal(
          expectTwinsOn(syntax, ["a"], pair + "x".repeat(length - 2)).scan.ends[0]![0],
          length,
        );
        assert.equal(expectTwinsOn(syntax, ["a"], "\n".repeat(length)).scan.empty, length);
      }
      const keys = Array.from({ length: 65 }, (_, index) => `k${index}`);
      assert.equal(expectTwinsOn(syntax, keys, `${pair}1\n`).scan.rows, 1);
    }
  });

  it("finds what its twin finds in mutated lines, wherever they are cut", async () => {
    await forSeeds(500 * TIMES, (random) => {
      const syntax = pickOne(random, ["logfmt", "ltsv"] as const);
      const bytes = block(random, syntax);
      const keys = ["level", "msg", "a.rather.long.key-of_logs", "t"].filter(() => random() < 0.6);
      const start = random() < 0.5 ? 0 : between(random, 0, bytes.length >> 2);
      const end = random() < 0.5 ? bytes.length : between(random, start, bytes.length);
      expectTwins(syntax, keys, bytes, start, end);
    });
  });

  it("gives the values and rejects of whole rows, however the upload is cut", async () => {
    const demand: Demand = new Map(["level", "msg", "t"].map((key) => [key, [key]]));
    await forSeeds(150 * TIMES, (random) => {
      const stage = pickOne(random, [logfmt, ltsv]);
      const bytes = block(random, stage.name as PairSyntax);
      const whole = runFormat(stage, [bytes]);
      const some = runFormat(stage, cutRandomly(bytes, 2000, random), undefined, demand);
      assert.deepEqual(some.rejects, whole.rejects);
      assert.equal(some.lines, whole.lines);
      const expected = whole.rows.map(({ level, msg, t }) => ({
        level: level ?? null,
        msg: msg ?? null,
        t: t ?? null,
      }));
      assert.deepEqual(some.rows, expected);
    });
  });
});

const LOGFMT_LINES = [
  'level=info msg="request done" t=12.5 a.rather.long.key-of_logs=x',
  'time=2026-01-02T10:00:00Z level=warn t=3 msg="say \\"hi\\"" cached user=',
  'msg="" level= t level=error   ',
  'k=é msg="ünï" level=x',
  "=bad level=info",
  'level="open',
  "t=1=2",
];
const LTSV_LINES = [
  "level:info\tmsg:request done\tt:12.5\ta.rather.long.key-of_logs:x",
  "host:127.0.0.1\ttime:10:05:03\tlevel:\tt:3",
  "msg:ünï\t\tlevel:a\tlevel:b",
  "bad\tlevel:x",
  "\t",
  "ü:1\tt:2",
];

/** Some lines, a few bytes of them changed; broken UTF-8 among them. */
function block(random: () => number, syntax: PairSyntax): Uint8Array {
  const lines = syntax === "logfmt" ? LOGFMT_LINES : LTSV_LINES;
  let text = "";
  const count = random() < 0.05 ? between(random, 300, 900) : between(random, 0, 25);
  for (let line = 0; line < count; line++) {
    text += random() < 0.7 ? lines[line % 2]! : pickOne(random, lines);
    text += random() < 0.9 ? "\n" : pickOne(random, ["\r\n", "\n\n", "\n\r\n", "\r\r\n", " \n"]);
  }
  const bytes = [...utf8(random() < 0.5 ? text : text.slice(0, -1))];
  const edits = random() < 0.4 ? 0 : between(random, 0, 2 + bytes.length / 100);
  for (let edit = 0; edit < edits; edit++) {
    const at = between(random, 0, bytes.length);
    const added = pickOne(random, [[], [pickOne(random, MUTATIONS)], [0xe9]]);
    bytes.splice(at, pickOne(random, [0, 1, 1, 4]), ...added);
  }
  return Uint8Array.from(bytes);
}

const MUTATIONS = [...utf8('=" :\t\\\n\ra\0')];
