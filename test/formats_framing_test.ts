/**
 * Line framing: what it answers is independent of chunks, and what it holds is bounded.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import combined from "../stages/combined.ts";
import common from "../stages/common.ts";
import json from "../stages/json.ts";
import lines from "../stages/lines.ts";
import simple from "../stages/simple.ts";
import { cutEvery, cutRandomly, runFormat, utf8 } from "./support/format_run.ts";
import { between, forSeeds } from "./support/random.ts";

const texts = (upload: string, maxLineBytes?: number) =>
  runFormat(lines, [utf8(upload)], maxLineBytes).rows.map((row) => row["line"]);

describe("lines", () => {
  it("ends a line at a line feed, with or without a carriage return", () => {
    assert.deepEqual(texts("a\nb\r\nc\rd\n"), ["a", "b", "c\rd"]);
  });
  it("takes a last line without a line feed", () => {
    assert.deepEqual(texts("a\nb"), ["a", "b"]);
    assert.deepEqual(texts("a\nb\r"), ["a", "b"]);
  });
  it("leaves out empty lines and does not count them", () => {
    const answer = runFormat(lines, [utf8("\n\r\na\n\n")]);
    assert.deepEqual(answer.rows, [{ line: "a" }]);
    assert.equal(answer.lines, 1);
    assert.deepEqual(answer.rejects, []);
  });
  it("skips a byte order mark at the start and nowhere else", () => {
    const answer = runFormat(lines, cutEvery(utf8("\ufeffa\n\ufeffb"), 1));
    assert.deepEqual(answer.rows, [{ line: "a" }, { line: "\ufeffb" }]);
    assert.deepEqual(texts("\ufeff"), []);
  });
  it("reads an empty upload as no rows", () => {
    const answer = runFormat(lines, []);
    assert.deepEqual([answer.rows, answer.lines], [[], 0]);
  });
  it("reads bytes that are not UTF-8 as U+FFFD", () => {
    assert.deepEqual(runFormat(lines, [Uint8Array.of(97, 0xff, 98, 10)]).rows, [{
      line: "a\ufffdb",
    }]);
  });
  it("emits every whole line from the push that brought it", () => {
    const answer = runFormat(lines, [utf8("a\nb"), utf8("c\n"), utf8("d")]);
    assert.deepEqual(answer.batches, [1, 1, 1]);
  });
});

describe("batches", () => {
  it("hold no more than 16384 rows", () => {
    const { batches } = runFormat(lines, [utf8("x\n".repeat(40_000))]);
    assert.deepEqual(batches, [16_384, 16_384, 7_232]);
  });
  it("are cut at 256 KiB", () => {
    const line = "y".repeat(1023) + "\n";
    const { batches } = runFormat(lines, [utf8(line.repeat(1000))]);
    assert.deepEqual(batches, [256, 256, 256, 232]);
  });
  it("hold a longer line alone", () => {
    const upload = utf8(`a\nb\n${"z".repeat(300_000)}\nc\n`);
    assert.deepEqual(runFormat(lines, [upload]).batches, [2, 1, 1]);
    assert.deepEqual(runFormat(lines, cutEvery(upload, 65_536)).batches, [2, 1, 1]);
  });
});

describe("a line that is too long", () => {
  it("is one reject, and the lines around it are rows", () => {
    const answer = runFormat(lines, [utf8(`ab\n${"x".repeat(17)}\n${"y".repeat(16)}\n`)], 16);
    assert.deepEqual(answer.rows, [{ line: "ab" }, { line: "y".repeat(16) }]);
    assert.deepEqual(answer.rejects, [
      { line: 2, offset: 3, reason: "Line of more than 16 bytes", text: "x".repeat(16) },
    ]);
    assert.equal(answer.lines, 3);
  });
  it("may be the last, without a line feed", () => {
    const answer = runFormat(lines, cutEvery(utf8(`ab\n${"x".repeat(40)}`), 7), 16);
    assert.deepEqual(answer.rejects, [
      { line: 2, offset: 3, reason: "Line of more than 16 bytes", text: "x".repeat(16) },
    ]);
  });
  it("shows 200 bytes, cut between characters", () => {
    const answer = runFormat(lines, cutEvery(utf8("a" + "ä".repeat(1000)), 3), 512);
    assert.equal(answer.rejects[0]!.text, "a" + "ä".repeat(99));
  });
  it("of 100 MB is never held", () => {
    const chunk = new Uint8Array(64 * 1024).fill(120);
    function* upload() {
      yield utf8("first\n");
      for (let sent = 0; sent < 1600; sent++) yield chunk;
      yield utf8("\nlast\n");
    }
    const answer = runFormat(lines, upload());
    assert.deepEqual(answer.rows, [{ line: "first" }, { line: "last" }]);
    assert.deepEqual(answer.rejects, [{
      line: 2,
      offset: 6,
      reason: "Line of more than 1048576 bytes",
      text: "x".repeat(200),
    }]);
    assert.ok(answer.mostHeld <= 1024 * 1024, `held ${answer.mostHeld}`);
    assert.equal(answer.heldAfterwards, 0);
  });
});

const PIECES = [
  "\n",
  "\r\n",
  "\r",
  "",
  "plain words",
  '{"a":1,"b":"ä"}',
  "[1]",
  '{"a":',
  "GET /a?b=c 200 12ms",
  "GET /a 20 12ms",
  '1.1.1.1 - - [17/May/2015:10:05:03 +0000] "GET /ä HTTP/1.1" 200 5 "-" "agent"',
  '1.1.1.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5',
  "x".repeat(130),
  "ä".repeat(90),
  "\ufeff",
  "\u0000\u0001",
];

function randomUpload(random: () => number): Uint8Array {
  let text = random() < 0.3 ? "\ufeff" : "";
  for (let count = between(random, 0, 25); count > 0; count--) {
    text += PIECES[between(random, 0, PIECES.length - 1)]! + (random() < 0.7 ? "\n" : "");
  }
  const bytes = utf8(text);
  for (let at = 0; at < bytes.length; at++) {
    if (random() < 0.002) bytes[at] = between(random, 0, 255);
  }
  return bytes;
}

describe("rows, rejects and counts do not depend on chunks", () => {
  for (const stage of [combined, common, simple, json, lines]) {
    it(stage.name, () =>
      forSeeds(60, (random) => {
        const upload = randomUpload(random);
        const most = between(random, 1, 2) === 1 ? 120 : 100_000;
        const { rows, rejects, lines } = runFormat(stage, [upload], most);
        const cuts = [cutEvery(upload, 1), cutEvery(upload, 2), cutRandomly(upload, 90, random)];
        for (const cut of cuts) {
          const again = runFormat(stage, cut, most);
          assert.deepEqual(again.rows, rows);
          assert.deepEqual(again.rejects, rejects);
          assert.equal(again.lines, lines);
        }
        assert.equal(rows.length + rejects.length, lines);
      }));
    it(`${stage.name} takes any bytes`, () =>
      forSeeds(20, (random) => {
        const upload = Uint8Array.from({ length: 5000 }, () => between(random, 0, 255));
        const { rows, rejects, lines } = runFormat(stage, cutRandomly(upload, 2000, random));
        assert.equal(rows.length + rejects.length, lines);
      }));
  }
});
