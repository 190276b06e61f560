/**
 * Expressions over rows: the table of their meaning, and the fast paths against the plain one.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Batch } from "../src/batch/batch.ts";
import {
  BooleanColumn,
  type Column,
  ConstantColumn,
  TimeColumn,
  type Value,
  ValueColumn,
} from "../src/batch/column.ts";
import { contains, HOLDS, relation, toText } from "../src/expression/compare.ts";
import { compile, compileCondition } from "../src/expression/compile.ts";
import type { Expression, NamedExpression } from "../src/language/syntax.ts";
import { parsePipeline } from "../src/plan.ts";
import { OPEN_SCHEMA, schemaOf } from "../src/schema.ts";
import { VOCABULARY } from "../stages/mod.ts";
import { numberColumn, textColumn } from "./support/columns.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

const { functions } = VOCABULARY;
const NOON = new Date("2015-05-17T12:00:00Z");

function expressionOf(text: string): Expression {
  const { plan } = parsePipeline(`json | let x = ${text}`, VOCABULARY);
  return (plan.stages[1]!.arguments["assignments"] as NamedExpression[])[0]!.expression;
}

/** The value of an expression in a row with some of everything. */
function evaluate(text: string): Value {
  const batch = Batch.ofRows([{
    n: 5,
    zero: 0,
    t: "abc",
    num: " 12.5 ",
    word: "x1",
    yes: true,
    no: false,
    nil: null,
    at: NOON,
    list: [1, "two", null],
    req: { headers: { host: "example.org" }, "odd name": 7 },
    "dotted.name": 9,
  }]);
  return compile(expressionOf(text), OPEN_SCHEMA, functions)(batch).value(0);
}

describe("an expression", () => {
  const table: readonly [string, Value][] = [
    ["n + 1", 6],
    ["n - 1 - 1", 3],
    ["2 + n * 2", 12],
    ["-n", -5],
    ["-(n + 1)", -6],
    ["n / zero", null],
    ["n % 3", 2],
    ["n % zero", null],
    ["num + 1", 13.5],
    ["t + 1", null],
    ["nil + 1", null],
    ["at - at", 0],
    ["at + 1h", new Date("2015-05-17T13:00:00Z")],
    ["1h + at", new Date("2015-05-17T13:00:00Z")],
    ["at * 2", null],
    ["1h - at", null],
    ["at > '2015-05-17'", true],
    ["at < '2015-05-17T12:00:01'", true],
    ["at == '2015-05-17T14:00:00+02:00'", true],
    ["at == 1431864000000", true],
    ["at > 'yesterday'", false],
    ["n == 5", true],
    ["n != 5", false],
    ["n == '5'", true],
    ["n == 'five'", false],
    ["n != 'five'", true],
    ["num > 12", true],
    ["word > 12", false],
    ["'10' > '9'", true],
    ["'1.0' == '1'", false],
    ["'b' > 'a'", true],
    ["'\\ud83d\\ude00' > '\\uffff'", true],
    ["nil == 5", false],
    ["nil != 5", false],
    ["nil < 5", false],
    ["nil == nil", false],
    ["nil == null", true],
    ["null != n", true],
    ["missing == null", true],
    ["not (nil > 5)", true],
    ["yes", true],
    ["not yes", false],
    ["yes == 'true'", true],
    ["yes and no", false],
    ["no or yes", true],
    ["yes and n", false],
    ["n in (1, '5')", true],
    ["n not in (1, 2)", true],
    ["nil in (1)", false],
    ["nil not in (1)", false],
    ["t contains 'b'", true],
    ["t contains ''", true],
    ["nil contains ''", false],
    ["list contains 'two'", true],
    ["list contains 3", false],
    ["t starts_with 'ab'", true],
    ["t starts_with 'abcd'", false],
    ["t ends_with 'bc'", true],
    ["t =~ '^a.c$'", true],
    ["t !~ '^a.c$'", false],
    ["nil !~ 'x'", false],
    ["n =~ '5'", true],
    ["req.headers.host", "example.org"],
    ["req.`odd name`", 7],
    ["req.nothing.deeper", null],
    ["list.1", "two"],
    ["`dotted.name`", 9],
    ["list == list", true],
    ["if(n > 3, 'many', 'few')", "many"],
    ["1 + 2 * 3", 7],
    ["1e308 * 10", null],
  ];
  for (const [text, value] of table) {
    it(`${text} is ${JSON.stringify(value)}`, () => assert.deepEqual(evaluate(text), value));
  }

  it("agrees with itself as a column and as a condition", () => {
    for (const [text, value] of table) {
      const batch = Batch.ofRows([{ n: 5, zero: 0, t: "abc", yes: true }]);
      const rows = compileCondition(expressionOf(text), OPEN_SCHEMA, functions)(batch);
      const column = compile(expressionOf(text), OPEN_SCHEMA, functions)(batch);
      assert.equal(rows.length === 1, column.value(0) === true, `${text}, ${value}`);
    }
  });
});

const CELLS = [
  "",
  "a",
  "abc",
  "b",
  "5",
  "12.5",
  " 7",
  "-3",
  "true",
  "2015-05-17",
  "é",
  "\u{1f600}",
  "x".repeat(40),
];
const NUMBERS = [0, 1, -3, 5, 12.5, 200, 500, NaN];
const OPERATORS = [
  "==",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "contains",
  "starts_with",
  "ends_with",
] as const;

function randomValue(random: () => number): Value {
  return pickOne<Value>(random, [null, true, false, 5, 12.5, NOON, [5], { a: 1 }, ...CELLS]);
}

function randomColumn(random: () => number, rows: number): Column {
  const times = <T>(make: () => T) => Array.from({ length: rows }, make);
  switch (between(random, 0, 5)) {
    case 0:
      return textColumn(times(() => random() < 0.2 ? null : pickOne(random, CELLS)));
    case 1:
      return numberColumn(...times(() => pickOne(random, NUMBERS)));
    case 2:
      return new TimeColumn(Float64Array.from(times(() => random() < 0.2 ? NaN : NOON.getTime())));
    case 3:
      return new BooleanColumn(Uint8Array.from(times(() => between(random, 0, 1))));
    case 4:
      return new ValueColumn(times(() => randomValue(random)));
    default:
      return new ConstantColumn(randomValue(random));
  }
}

/** One comparison by the plain meaning. */
function holds(operator: (typeof OPERATORS)[number], left: Value, right: Value): boolean {
  if (operator === "contains") return contains(left, right);
  if (operator === "starts_with" || operator === "ends_with") {
    const [text, part] = [toText(left), toText(right)];
    if (text === null || part === null) return false;
    return operator === "starts_with" ? text.startsWith(part) : text.endsWith(part);
  }
  return (relation(left, right) & HOLDS[operator]) !== 0;
}

describe("a function over raw numbers", () => {
  for (const definition of functions.values()) {
    if (definition.numbers === undefined) continue;
    it(`${definition.name} agrees with itself one by one`, async () => {
      assert.ok(definition.arity[1] <= 2);
      await forSeeds(50, (random) => {
        const rows = between(random, 1, 20);
        const numbers = () =>
          Array.from({ length: rows }, () => pickOne(random, [...NUMBERS, -0.5, 1e12, 60_000]));
        const first = random() < 0.5
          ? numberColumn(...numbers())
          : new TimeColumn(Float64Array.from(numbers(), Math.trunc));
        const batch = Batch.of(
          rows,
          new Map<string, Column>([["a", first], ["b", numberColumn(...numbers())]]),
        );
        const schema = schemaOf({ a: first.kind, b: "number" });
        const names = ["a", pickOne(random, ["b", "7"])].slice(0, definition.arity[0]);
        const compiled = compile(expressionOf(`${definition.name}(${names})`), schema, functions)(
          batch,
        );
        for (let row = 0; row < rows; row++) {
          const values = names.map((name) => name === "7" ? 7 : batch.column(name)!.value(row));
          assert.deepEqual(compiled.value(row), definition.apply(...values), `${names} ${values}`);
        }
      });
    });
  }
});

describe("a condition's fast path", () => {
  it("agrees with the plain meaning on random columns, literals and selections", async () => {
    await forSeeds(400, (random) => {
      const rows = between(random, 1, 30);
      const a = randomColumn(random, rows);
      const b = randomColumn(random, rows);
      const whole = Batch.of(rows, new Map([["a", a], ["b", b]]));
      const chosen = Uint32Array.from({ length: rows }, (_, row) => row).filter(() =>
        random() < 0.7
      );
      const batch = random() < 0.5 ? whole : whole.select(chosen);
      const operator = pickOne(random, OPERATORS);
      const literal = pickOne<Value>(random, [...CELLS, 5, 12.5, -3, true]);
      const right: Expression = random() < 0.7
        ? { kind: "literal", value: literal as string, at: { start: 0, end: 0 } }
        : { kind: "field", path: ["b"], at: { start: 0, end: 0 } };
      const left: Expression = { kind: "field", path: ["a"], at: { start: 0, end: 0 } };
      const condition: Expression = { kind: "binary", operator, left, right, at: left.at };
      const selected = compileCondition(condition, OPEN_SCHEMA, functions)(batch);
      const expected = Array.from({ length: batch.length }, (_, index) => batch.rowAt(index))
        .filter((row) =>
          holds(operator, a.value(row), right.kind === "literal" ? literal : b.value(row))
        );
      assert.deepEqual(
        [...selected],
        expected,
        `${a.kind} ${operator} ${JSON.stringify(literal)} ${b.kind}`,
      );
      const inverse: Expression = {
        kind: "unary",
        operator: "not",
        operand: condition,
        at: left.at,
      };
      const others = compileCondition(inverse, OPEN_SCHEMA, functions)(batch);
      assert.equal(others.length + selected.length, batch.length);
    });
  });
});

describe("what was compiled of an expression", () => {
  const schema = schemaOf({ a: "number", s: "text" });

  it("is kept with it for the same rows and functions, without patterns and calls", () => {
    for (
      const [text, kept] of [["a + 1", true], ["s =~ 'x.*y'", false], ["lower(s)", false]] as const
    ) {
      const expression = expressionOf(text);
      const first = compile(expression, OPEN_SCHEMA, functions);
      assert.equal(compile(expression, OPEN_SCHEMA, functions) === first, kept, text);
    }
  });

  it("is made anew for other rows, and for an equal expression elsewhere", () => {
    const expression = expressionOf("a >= 1");
    const first = compileCondition(expression, OPEN_SCHEMA, functions);
    assert.notEqual(compileCondition(expression, schema, functions), first);
    assert.notEqual(compileCondition(expressionOf("a >= 1"), OPEN_SCHEMA, functions), first);
    const batch = Batch.of(2, new Map([["a", numberColumn(0, 1)]]));
    assert.deepEqual([...compileCondition(expression, schema, functions)(batch)], [1]);
    assert.deepEqual([...compileCondition(expression, schema, functions)(batch)], [1]);
  });
});
