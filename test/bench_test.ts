/**
 * What the bench relies on: that wrong answers are seen, arguments are read, answers are framed, tables are put in place.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compareAnswers, readRows } from "../bench/answers.ts";
import { bodyOf } from "../bench/keep_alive_client.ts";
import { repeated } from "../bench/input_file.ts";
import { profileOf } from "../bench/profile.ts";
import { readSelection } from "../bench/selection.ts";
import { replacePart, tablesOf } from "../bench/tables.ts";

const SHAPE = { key: "path", values: { count: 0, p99: 0.01 } };
const OURS = [{ path: "/a", count: 2, p99: 100 }, { path: "/b", count: 1, p99: null }];

test("answers that agree, in any order, within what is allowed", () => {
  const theirs = [{ path: "/b", count: "1", p99: null }, { path: "/a", count: 2, p99: 100.5 }];
  compareAnswers("mawk", OURS, theirs, SHAPE);
  compareAnswers("mawk", OURS, [{ path: "/a", count: 2 }, { path: "/b", count: 1 }], SHAPE, [
    "p99",
  ]);
});

test("answers that differ are told", () => {
  const theirs = [{ path: "/a", count: 3, p99: 102 }, { path: "/c", count: 1, p99: 1 }];
  assert.throws(() => compareAnswers("mawk", OURS, theirs, SHAPE), {
    message: `Sluice and mawk answer differently in 4 places:
  /c is theirs alone
  /a: count is 2 and 3
  /a: p99 is 100 and 102
  /b is ours alone`,
  });
  assert.throws(() => compareAnswers("mawk", OURS, [{ path: "/a", count: 2 }], SHAPE), {
    message: `Sluice and mawk answer differently in 2 places:
  /a: p99 is 100 and undefined
  /b is ours alone`,
  });
  assert.throws(() => compareAnswers("mawk", [], [], SHAPE), {
    message: "Sluice and mawk answer differently in 1 places:\n  no rows at all",
  });
});

test("rows without notices, and no rows of a run that failed", () => {
  assert.deepEqual(readRows('{"n":1}\n{"$notice":{}}\n'), [{ n: 1 }]);
  assert.throws(() => readRows('{"n":1}\n{"$error":{"title":"Cut"}}\n'), {
    message: 'The run failed: {"$error":{"title":"Cut"}}',
  });
});

test("parts and works by name", () => {
  const ids = ["access", "ndjson"];
  assert.deepEqual(readSelection(["--quick"], ids), {
    quick: true,
    parts: ["throughput", "small", "latency", "concurrency", "memory"],
    works: ["access", "ndjson"],
  });
  const alone = { quick: false, parts: ["throughput"], works: ["ndjson"] };
  assert.deepEqual(readSelection(["throughput", "ndjson"], ids), alone);
  assert.deepEqual(readSelection(["ndjson"], ids), alone);
  assert.deepEqual(readSelection(["memory"], ids), { quick: false, parts: ["memory"], works: [] });
  assert.throws(() => readSelection(["memry"], ids), {
    message: "Nothing here is called memry. Known are --quick, throughput, small, latency, " +
      "concurrency, memory, access, ndjson",
  });
});

test("an answer is whole when its last byte is there", () => {
  const chunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab\r\nc\r\n1\r\nd\r\n0\r\n\r\n";
  const sized = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd";
  for (const [answer, body] of [[chunked, "ab\r\ncd"], [sized, "abcd"]] as const) {
    for (let end = 0; end < answer.length; end++) assert.equal(bodyOf(answer.slice(0, end)), null);
    assert.equal(bodyOf(answer), body);
  }
});

test("records are repeated up to a size and stay whole", () => {
  const pieces = [...repeated(0.000025, ["one\nmore", "two"], "head")];
  const text = pieces.map((piece) =>
    typeof piece === "string" ? piece : new TextDecoder().decode(piece)
  ).join("");
  assert.equal(text, "head\none\nmore\ntwo\none\nmore\n");
});

test("a table takes the place of the one before", () => {
  const text = "# A\n<!-- bench: works -->\nold\n<!-- end -->\nrest\n";
  assert.equal(
    replacePart(text, "works", "new"),
    "# A\n<!-- bench: works -->\n\nnew\n\n<!-- end -->\nrest\n",
  );
  assert.throws(() => replacePart(text, "memory", "new"), {
    message: "Expected <!-- bench: memory --> and then <!-- end -->, found neither",
  });
});

test("what was not measured is a dash", () => {
  const { targets } = tablesOf({ deno: null, bun: null });
  assert.equal(targets!.split("\n")[2], "| access-log query | mawk | 2.5 x | - | 3.5 x | - |");
});

test("no profile without a run", () => {
  assert.throws(() => profileOf([]), {
    message: "The server knows no run that it could report on",
  });
});
