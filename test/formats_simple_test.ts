/**
 * The `simple` format, and the examples of all formats that show rows or one reject.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeRows } from "../src/batch/ndjson.ts";
import { Batch } from "../src/batch/batch.ts";
import { parseDecimal, parseDigits } from "../src/batch/numbers.ts";
import combined from "../stages/combined.ts";
import common from "../stages/common.ts";
import json from "../stages/json.ts";
import lines from "../stages/lines.ts";
import simple from "../stages/simple.ts";
import { runFormat, utf8 } from "./support/format_run.ts";

describe("simple", () => {
  it("reads the four words", () => {
    const upload = "GET /api/users?id=1&x=? 200 12ms\nHEAD / 503 30000ms\r\nGET * 200 0.5s\n";
    assert.deepEqual(runFormat(simple, [utf8(upload)]).rows, [
      { method: "GET", path: "/api/users", query: "id=1&x=?", status: 200, latency: 12 },
      { method: "HEAD", path: "/", query: null, status: 503, latency: 30_000 },
      { method: "GET", path: "*", query: null, status: 200, latency: 500 },
    ]);
  });
  it("reads every unit as milliseconds", () => {
    const latency = (text: string) =>
      runFormat(simple, [utf8(`GET / 200 ${text}`)]).rows[0]?.["latency"];
    const texts = ["1502ms", "1.5ms", "250us", "250µs", "1000ns", "1.5s", "1.001s", "2.3s", "0s"];
    assert.deepEqual(texts.map(latency), [1502, 1.5, 0.25, 0.25, 0.001, 1500, 1001, 2300, 0]);
  });
  it("says what is wrong with a line", () => {
    const cases: [string, string][] = [
      [" / 200 1ms", 'Expected a method, found " / 200 1ms"'],
      ["GET", "Expected a path, found the end of the line"],
      ["GET  200 1ms", 'Expected a path, found " 200 1ms"'],
      ["GET / 20 1ms", 'Expected a status of three digits, found "20"'],
      ["GET /", "Expected a status of three digits, found the end of the line"],
      ["GET / abc 1ms", 'Expected a status of three digits, found "abc"'],
      ["GET / 200", "Expected a latency such as 1502ms, found the end of the line"],
      ["GET / 200 12", 'Expected a latency such as 1502ms, found "12"'],
      ["GET / 200 ms", 'Expected a latency such as 1502ms, found "ms"'],
      ["GET / 200 -1ms", 'Expected a latency such as 1502ms, found "-1ms"'],
      ["GET / 200 .5s", 'Expected a latency such as 1502ms, found ".5s"'],
      ["GET / 200 1ms x", 'Expected the end of the line after the latency, found " x"'],
    ];
    for (const [line, reason] of cases) {
      assert.equal(runFormat(simple, [utf8(line)]).rejects[0]?.reason, reason);
    }
  });
});

describe("numbers", () => {
  const decimal = (text: string, factor?: number) =>
    parseDecimal(utf8(text), 0, text.length, factor);
  it("are the nearest doubles", () => {
    for (const text of ["0", "12", "0.1", "0.30000000000000004", "123456789.123456", "9.95"]) {
      assert.equal(decimal(text), Number(text));
    }
    assert.equal(decimal("1.0015", 1000), 1001.5);
  });
  it("are NaN for anything else", () => {
    for (const text of ["", ".", "1.", ".1", "1.2.3", "-1", "1e3", " 1", "x", "9".repeat(400)]) {
      assert.equal(decimal(text), NaN, text);
    }
    assert.equal(parseDigits(utf8("12a"), 0, 3), NaN);
  });
});

describe("examples of one format", () => {
  for (const stage of [combined, common, simple, json, lines]) {
    for (const example of stage.examples.filter(({ pipeline }) => pipeline === stage.name)) {
      it(`${stage.name}: ${example.title}`, () => {
        const { rows, rejects } = runFormat(stage, [utf8(example.input)]);
        if (example.output !== undefined) {
          const printed = rows.map((row) =>
            new TextDecoder().decode(encodeRows(Batch.ofRows([row])))
          );
          assert.equal(printed.join(""), example.output + "\n");
        } else {
          const first = rejects[0]!;
          const told = `None of the 1 lines could become a row; line 1: ${first.reason}`;
          assert.equal(told, example.error);
        }
      });
    }
  }
});
