/**
 * Expressions at their edges: look-ups and byte searches against the plain meaning, bounds, and what checking reports.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Batch } from "../src/batch/batch.ts";
import type { Value } from "../src/batch/column.ts";
import { ValueColumn } from "../src/batch/column.ts";
import { checkExpression } from "../src/expression/check.ts";
import { equalValues } from "../src/expression/compare.ts";
import { compile, compileCondition } from "../src/expression/compile.ts";
import { FUNCTIONS } from "../src/expression/functions/mod.ts";
import { renderIssue } from "../src/language/diagnostics.ts";
import type { Expression, Literal } from "../src/language/syntax.ts";
import { OPEN_SCHEMA, schemaOf } from "../src/schema.ts";
import { textColumn } from "./support/columns.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

const at = { start: 0, end: 1 };
const FIELD: Expression = { kind: "field", path: ["x"], at };

function literal(value: Literal["value"]): Literal {
  return { kind: "literal", value, at };
}

function compare(operator: "contains" | "==" | "<=" | "%", right: Expression): Expression {
  return { kind: "binary", operator, left: FIELD, right, at };
}

function call(name: string, ...values: Expression[]): Expression {
  return { kind: "call", name, arguments: values, at };
}

function valueOf(expression: Expression, x: Value): Value {
  const batch = Batch.of(1, new Map([["x", new ValueColumn([x])]]));
  return compile(expression, OPEN_SCHEMA, FUNCTIONS)(batch).value(0);
}

/** Bytes that are no UTF-8 among some that are. */
const BROKEN = new Uint8Array([0x61, 0xff, 0xe2, 0x82, 0x62]);
const LETTERS = ["a", "a", "b"];
const TEXTS = ["", "a", "b", "ab", "aa", "aab", "1", "1.0", "true", "\ufffd", "a\ufffd", "\ud83d"];

describe("what has no order", () => {
  for (const value of [true, [1], { a: 1 }]) {
    it(`${JSON.stringify(value)} equals itself, and is not <= itself`, () => {
      assert.equal(valueOf(compare("==", FIELD), value), true);
      assert.equal(valueOf(compare("<=", FIELD), value), false);
    });
  }
});

it("arithmetic gives no -0", () => {
  assert.ok(Object.is(valueOf(compare("%", literal(1)), -1), 0));
});

describe("a text column", () => {
  it("contains what its strings contain, with broken UTF-8 too", async () => {
    await forSeeds(300, (random) => {
      const cells = Array.from({ length: 8 }, () => {
        const letters = Array.from(
          { length: between(random, 0, 12) },
          () => pickOne(random, LETTERS),
        );
        return random() < 0.2 ? BROKEN : letters.join("");
      });
      const column = textColumn(cells);
      const part = random() < 0.3
        ? pickOne(random, TEXTS)
        : Array.from({ length: between(random, 1, 6) }, () => pickOne(random, LETTERS)).join("");
      const batch = Batch.of(8, new Map([["x", column]]));
      const condition = compileCondition(
        compare("contains", literal(part)),
        OPEN_SCHEMA,
        FUNCTIONS,
      );
      const expected = cells.map((_, row) => row).filter((row) =>
        column.value(row)!.includes(part)
      );
      assert.deepEqual([...condition(batch)], expected, JSON.stringify(part));
    });
  });

  it("is in a list of literals when it equals one of them", async () => {
    await forSeeds(400, (random) => {
      const count = between(random, 1, random() < 0.2 ? 30 : 4);
      const options = Array.from({ length: count }, () => {
        const plain = random() < 0.8;
        return literal(plain ? pickOne(random, TEXTS) : pickOne(random, [null, true, 1, 2]));
      });
      const cells = [...TEXTS, BROKEN, null];
      const asText = textColumn(cells);
      const asValues = new ValueColumn([...TEXTS, 1, true, new Date(1), null]);
      const negated = random() < 0.5;
      for (const column of [asText, asValues]) {
        const rows = column === asText ? cells.length : asValues.values.length;
        const batch = Batch.of(rows, new Map([["x", column]]));
        const condition: Expression = { kind: "in", operand: FIELD, options, negated, at };
        const kept = compileCondition(condition, OPEN_SCHEMA, FUNCTIONS)(batch);
        const expected = Array.from({ length: rows }, (_, row) => row).filter((row) => {
          const value = column.value(row);
          const found = options.some((option) => equalValues(value, option.value));
          return value !== null && found !== negated;
        });
        assert.deepEqual([...kept], expected, JSON.stringify(options.map(({ value }) => value)));
      }
    });
  });
});

it("replace_regex gives up where finding all matches would be quadratic", () => {
  const replaced = call("replace_regex", FIELD, literal("a.*x|a"), literal("-"));
  assert.equal(valueOf(replaced, "a".repeat(4000) + "b".repeat(60_000)), null);
  assert.equal(valueOf(replaced, "a".repeat(300)), "-".repeat(300));
});

const SCHEMA = schemaOf({ status: "number", time: "time", path: "text", req: "any" });
const SOURCE = "x";

function issuesOf(expression: Expression): string[] {
  const issues: string[] = [];
  checkExpression(expression, SCHEMA, FUNCTIONS, (issue) => {
    issues.push(
      renderIssue(SOURCE, issue).split("\n").filter((_, line) => line !== 1 && line !== 2).join(
        "; ",
      ),
    );
  });
  return issues;
}

function field(...path: string[]): Expression {
  return { kind: "field", path, at };
}

const ISSUES: readonly [title: string, expression: Expression, issues: readonly string[]][] = [
  ["a path into a column of any", field("req", "host"), []],
  ["a slip of the fingers", field("stauts"), [
    "Unknown field `stauts` at line 1, column 1; Did you mean `status`?",
  ]],
  ["a name like no other", field("zzz"), [
    "Unknown field `zzz` at line 1, column 1; The fields are status, time, path, req",
  ]],
  ["a path into a number", field("status", "code"), [
    "Field `status` is number and has no `status.code` at line 1, column 1",
  ]],
  ["an unknown function", call("lowr", field("path")), [
    "Unknown function `lowr` at line 1, column 1; Did you mean `lower`?",
  ]],
  ["too few arguments", call("substring", field("path")), [
    "`substring` takes 2 to 3 arguments, found 1 at line 1, column 1; " +
    "It is substring(text, start, length?)",
  ]],
  ["a broken pattern in a function", call("extract", field("path"), literal("(a")), [
    "Pattern `(a` is not valid: missing closing ) at line 1, column 1",
  ]],
  ["a pattern from a field", call("extract", field("path"), field("path")), [
    "Expected a pattern as a literal text at line 1, column 1",
  ]],
  ["a time against no instant", {
    kind: "binary",
    operator: ">",
    left: field("time"),
    right: literal("noon"),
    at,
  }, [
    'Expected an instant to compare a time with, found "noon" at line 1, column 1; ' +
    "Write it as ISO 8601, such as `2015-05-17T10:05:03Z`",
  ]],
  ["two faults", { kind: "binary", operator: "and", left: field("a1"), right: field("path"), at }, [
    "Unknown field `a1` at line 1, column 1; The fields are status, time, path, req",
    "Expected a condition, found a text at line 1, column 1; " +
    "Compare it with something, as in `status >= 500`, or `x != null` for presence",
  ]],
];

describe("checking", () => {
  for (const [title, expression, issues] of ISSUES) {
    it(title, () => assert.deepEqual(issuesOf(expression), issues));
  }
});
