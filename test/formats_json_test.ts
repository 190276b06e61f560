/**
 * The `json` format, and the reader that tells what is wrong with a line.
 */
import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { findJsonFault, nestsDeeper } from "../src/batch/json_fault.ts";
import json from "../stages/json.ts";
import { runFormat, utf8 } from "./support/format_run.ts";
import { between, forSeeds } from "./support/random.ts";

const reasonOf = (line: string) => runFormat(json, [utf8(line)]).rejects[0]?.reason;

describe("json", () => {
  it("takes objects as rows, good ones among bad ones", () => {
    const answer = runFormat(json, [utf8('{"a":1}\r\n\n[2]\n {"b":{"c":[null,true]}} \n{"a":\n')]);
    assert.deepEqual(answer.rows, [{ a: 1 }, { b: { c: [null, true] } }]);
    assert.deepEqual(answer.rejects, [
      { line: 3, offset: 10, reason: "Expected a JSON object, found an array", text: "[2]" },
      {
        line: 5,
        offset: 40,
        reason: "Expected a value at column 6, found the end of the line",
        text: '{"a":',
      },
    ]);
  });
  it("names what it found in place of an object", () => {
    const found = ["[1]", "12", '"x"', "true", "null"].map(reasonOf);
    assert.deepEqual(found, [
      "Expected a JSON object, found an array",
      "Expected a JSON object, found a number",
      "Expected a JSON object, found a string",
      "Expected a JSON object, found a boolean",
      "Expected a JSON object, found null",
    ]);
  });
  it("names the place of a fault", () => {
    const cases: [string, string][] = [
      ["hello", 'Expected a value at column 1, found "h"'],
      ["   ", "Expected a value at column 4, found the end of the line"],
      ['{"a":1,}', 'Expected a key in quotes at column 8, found "}"'],
      ['{"a" 1}', 'Expected ":" at column 6, found "1"'],
      ['{"a":1 "b":2}', 'Expected "," or "}" at column 8, found """'],
      ['{"a":[1 2]}', 'Expected "," or "]" at column 9, found "2"'],
      ['{"a":01}', 'Expected "," or "}" at column 7, found "1"'],
      ['{"a":"b', "Expected a closing quote at column 8, found the end of the line"],
      ['{"a":"\\x"}', 'Expected a JSON escape at column 7, found "\\"'],
      ['{"a":"\t"}', 'Expected an escaped control character at column 7, found "\t"'],
      ['{"a":1}}', 'Expected nothing at column 8, found "}"'],
      ['{"ä":😀}', 'Expected a value at column 6, found "😀"'],
    ];
    for (const [line, reason] of cases) assert.equal(reasonOf(line), reason);
  });
  it("keeps the last of equal keys", () => {
    assert.deepEqual(runFormat(json, [utf8('{"a":1,"a":2}')]).rows, [{ a: 2 }]);
  });
  it("keeps __proto__ as plain data", () => {
    const [row] = runFormat(json, [utf8('{"__proto__":{"admin":true},"b":1}')]).rows;
    assert.equal(JSON.stringify(row), '{"__proto__":{"admin":true},"b":1}');
    assert.equal(Object.getPrototypeOf(row), Object.prototype);
    assert.equal("admin" in {}, false);
  });
  it("reads bytes that are not UTF-8 as U+FFFD", () => {
    const bytes = Uint8Array.of(...utf8('{"a":"'), 0xff, 0xe2, 0x82, ...utf8('"}\n{"ä":1}\n'));
    assert.deepEqual(runFormat(json, [bytes]).rows, [{ a: "\ufffd\ufffd" }, { "ä": 1 }]);
  });
  it("takes 1000 nested levels and rejects more, however many", () => {
    const nested = (levels: number) => `{"a":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
    assert.equal(runFormat(json, [utf8(nested(1000))]).rows.length, 1);
    for (const levels of [1001, 100_000]) {
      assert.equal(reasonOf(nested(levels)), "Expected at most 1000 nested levels, found more");
    }
    assert.equal(
      reasonOf("[".repeat(100_000)),
      "Expected at most 1000 nested levels, found more",
    );
  });
  it("does not count brackets inside strings", () => {
    const text = JSON.stringify({ a: `\\"${"[".repeat(5000)}` });
    assert.equal(nestsDeeper(text, 1), false);
    assert.equal(runFormat(json, [utf8(text)]).rows.length, 1);
  });
});

const TOKENS = ["{", "}", "[", "]", ",", ":", '"a"', '"\\n"', '"\\u12', "1", "-0.5e+3", "01", "-"];
TOKENS.push("true", "null", "nul", " ", "\t", '"', "\\", "+", ".5", "1.", "\u0001", "ä");

test("a fault is found exactly where JSON.parse refuses", () =>
  forSeeds(20_000, (random) => {
    let text = "";
    for (let count = between(random, 0, 9); count > 0; count--) {
      text += TOKENS[between(random, 0, TOKENS.length - 1)]!;
    }
    if (random() < 0.3) text = `{"k":[${text}]}`;
    let valid = true;
    try {
      JSON.parse(text);
    } catch {
      valid = false;
    }
    assert.equal(findJsonFault(text) === null, valid, JSON.stringify(text));
  }));
