/**
 * Every function of the language: literal cases by name, and laws that hold for all of them.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Value } from "../src/batch/column.ts";
import { FUNCTIONS } from "../src/expression/functions/mod.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

const AT = new Date("2026-01-02T03:04:05.678Z");
const ARRAY: Value = ["a", 2, null];

/** Name, arguments, result. */
const cases: readonly (readonly [name: string, values: readonly Value[], result: Value])[] = [
  ["if", [true, 1, 2], 1],
  ["if", ["true", 1, 2], 2],
  ["if", [null, 1, null], null],
  ["coalesce", [null, 0, 1], 0],
  ["coalesce", [null], null],
  ["is_null", [null], true],
  ["is_null", [""], false],
  ["least", [3, "10", 2.5], 2.5],
  ["greatest", [3, "10", 2.5], "10"],
  ["greatest", ["a", "b"], "b"],
  ["least", [AT, new Date(0)], new Date(0)],
  ["number", [" 12.5 "], 12.5],
  ["number", ["12px"], null],
  ["number", [AT], null],
  ["round", [1.005, 2], 1.01],
  ["round", [-2.5], -3],
  ["round", [-0.3], 0],
  ["round", [1250, -2], 1300],
  ["round", [1e300, 5], 1e300],
  ["round", [1.5, 0.5], null],
  ["floor", [-1.5], -2],
  ["ceil", [-1.5], -1],
  ["abs", ["-2"], 2],
  ["sign", [-9], -1],
  ["sqrt", [-1], null],
  ["sqrt", [9], 3],
  ["log", [0], null],
  ["log", [1], 0],
  ["log10", [1000], 3],
  ["pow", [2, 0.5], Math.SQRT2],
  ["pow", [10, 999], null],
  ["bin", [17, 5], 15],
  ["bin", [-1, 5], -5],
  ["bin", [17, 0], null],
  ["bin", ["17", 5], 15],
  ["bin", [AT, 3_600_000], new Date("2026-01-02T03:00:00Z")],
  ["bin", ["n/a", 5], null],
  ["text", [AT], "2026-01-02T03:04:05.678Z"],
  ["text", [[1, "a"]], '[1,"a"]'],
  ["lower", ["ÄB"], "äb"],
  ["upper", ["äb"], "ÄB"],
  ["trim", ["\t a \n"], "a"],
  ["length", ["a😀"], 3],
  ["length", [[1, 2]], 2],
  ["concat", ["a", 1, true], "a1true"],
  ["concat", ["a", null], null],
  ["concat", ["a".repeat(1 << 20), "b"], null],
  ["substring", ["abcdef", 2], "cdef"],
  ["substring", ["abcdef", -3, 2], "de"],
  ["substring", ["abc", -9, 1], "a"],
  ["substring", ["abc", 1, -1], ""],
  ["substring", ["abc", 9], ""],
  ["replace", ["a.b.c", ".", "$&"], "a$&b$&c"],
  ["replace", ["abc", "", "-"], "abc"],
  ["replace", ["a".repeat(2000), "a", "b".repeat(2000)], null],
  ["replace_regex", ["k=v x=y", "(\\w)=(\\w)", "$2:$1 $$ $7"], "v:k $ $7 y:x $ $7"],
  ["replace_regex", ["cat concat cat", "\\bcat", "-"], "- concat -"],
  ["replace_regex", ["aaa", "^a", "-"], "-aa"],
  ["replace_regex", ["abc", "", "-"], "-a-b-c-"],
  ["replace_regex", ["a", "(", "-"], null],
  ["replace_regex", ["a".repeat(65_537), "a", ""], null],
  ["replace_regex", ["a".repeat(2000), "a", "b".repeat(2000)], null],
  ["extract", ["id=42", "id=(\\d+)"], "42"],
  ["extract", ["id=42", "\\d+"], "42"],
  ["extract", ["id=42", "(id)=(\\d+)", 2], "42"],
  ["extract", ["id=42", "(id)=(\\d+)", 0], "id=42"],
  ["extract", ["id=42", "id", 3], null],
  ["extract", ["id", "("], null],
  ["split", ["a,b,", ","], ["a", "b", ""]],
  ["split", ["a,b", ",", -1], "b"],
  ["split", ["a,b", ",", 2], null],
  ["split", ["ab", ""], null],
  ["index_of", ["abc", "c"], 2],
  ["index_of", ["abc", "x"], -1],
  ["ip_subnet", ["10.1.2.3", 16], "10.1.0.0/16"],
  ["ip_subnet", ["10.1.2.255", 25], "10.1.2.128/25"],
  ["ip_subnet", ["10.1.2.3", 0], "0.0.0.0/0"],
  ["ip_subnet", ["10.1.2.256", 8], null],
  ["ip_subnet", ["::1", 8], null],
  ["ip_subnet", ["10.1.2.3", 33], null],
  ["time", ["2026-01-02T03:04:05.678Z"], AT],
  ["time", [0], new Date(0)],
  ["time", [1e300], null],
  ["time", ["yesterday"], null],
  ["unix", [AT], 1767323045],
  ["unix_ms", [AT], 1767323045678],
  ["year", [AT], 2026],
  ["month", [AT], 1],
  ["day", [AT], 2],
  ["hour", [AT], 3],
  ["minute", [AT], 4],
  ["second", [AT], 5],
  ["weekday", [AT], 5],
  ["weekday", ["2026-01-04T00:00:00Z"], 7],
  ["date", [AT], "2026-01-02"],
  [
    "format_time",
    [AT, "%Y-%m-%dT%H:%M:%S%Z %j %b %a %y|%e|%% %Q %"],
    "2026-01-02T03:04:05UTC 002 Jan Fri 26| 2|% %Q %",
  ],
  ["format_time", ["2024-12-31T23:59:59Z", "%j"], "366"],
  ["url_decode", ["%41%C3%A4%f0%9f%98%80%C3%zz%E0%80%80+"], "Aä😀%C3%zz%E0%80%80+"],
  ["url_host", ["HTTP://a@b:c@Host:80/x"], "host"],
  ["url_host", ["https://[::1]:80"], "[::1]"],
  ["url_host", ["//host/x"], null],
  ["url_path", ["https://h/a/b?c#d"], "/a/b"],
  ["url_path", ["//a/b#c"], "//a/b"],
  ["query_param", ["?a=1&b=%20x+y", "b"], " x y"],
  ["query_param", ["next=/p?z=1&b=2", "next"], "/p?z=1"],
  ["query_param", ["https://h/p?a&b=2#c", "a"], ""],
  ["query_param", ["/p", "p"], null],
  ["json", ['{"__proto__":{"a":1}}'], JSON.parse('{"__proto__":{"a":1}}')],
  ["json", ["{"], null],
  ["json", ["1e999"], null],
  ["json", ["[".repeat(129) + "]".repeat(129)], null],
  ["json", ["[".repeat(1_000_000)], null],
  ["json_text", [{ a: [1, "x"] }], '{"a":[1,"x"]}'],
  ["item", [ARRAY, 1], 2],
  ["item", [ARRAY, -3], "a"],
  ["item", [ARRAY, 3], null],
  ["item", ["abc", 0], null],
  ["keys", [{ b: 1, a: 2 }], ["b", "a"]],
  ["keys", [[1]], null],
];

/** The functions for which a null is an answer like any other. */
const SEES_NULL = new Set(["if", "coalesce", "is_null"]);

function apply(name: string, values: readonly Value[]): Value {
  return FUNCTIONS.get(name)!.apply(...values);
}

for (const name of FUNCTIONS.keys()) {
  test(`${name} gives its literal results`, () => {
    const own = cases.filter(([caseName]) => caseName === name);
    assert.ok(own.length > 0, `No case for ${name}`);
    for (const [, values, result] of own) assert.deepEqual(apply(name, values), result);
  });
}

const SAMPLES: readonly Value[] = [
  null,
  true,
  false,
  0,
  -1,
  2.5,
  64,
  1e308,
  -1e308,
  5e-324,
  "",
  "a",
  "(",
  "%",
  " 12 ",
  "-1e9",
  "2026-01-02T03:04:05Z",
  "https://h/p?a=b",
  "10.0.0.1",
  "\ud800",
  "\u0000é😀",
  "[1,{}]",
  AT,
  new Date(8.64e15),
  new Date(-8.64e15),
  new Date(NaN),
  [],
  [1, [null]],
  {},
  { a: { b: AT } },
  JSON.parse('{"__proto__":1}'),
];

/** Seeded arguments, as few or as many as the function takes; at most five. */
function randomArguments(random: () => number, arity: readonly [number, number]): Value[] {
  const count = random() < 0.5 ? arity[0] : Math.min(5, arity[1]);
  return Array.from({ length: count }, () => pickOne(random, SAMPLES));
}

test("a null argument makes null, except where null is looked at", async () => {
  await forSeeds(50, (random) => {
    for (const { name, arity, apply } of FUNCTIONS.values()) {
      if (SEES_NULL.has(name)) continue;
      const values = randomArguments(random, arity);
      values[between(random, 0, values.length - 1)] = null;
      assert.equal(apply(...values), null, `${name}(${JSON.stringify(values)})`);
    }
  });
});

test("no argument makes a function throw or give what JSON cannot write", async () => {
  await forSeeds(300, (random) => {
    for (const { name, arity, apply } of FUNCTIONS.values()) {
      const values = randomArguments(random, arity);
      const result = apply(...values);
      const call = `${name}(${JSON.stringify(values)})`;
      assert.notEqual(result, undefined, call);
      if (typeof result === "number") assert.ok(Number.isFinite(result), call);
      if (result instanceof Date) assert.ok(!Number.isNaN(result.getTime()), call);
    }
  });
});

test("a result has the type that the function promises", async () => {
  const types = { string: "text", number: "number", boolean: "boolean", object: "time" } as const;
  const typeOf = (value: Value) => types[typeof value as keyof typeof types];
  const scalars = SAMPLES.filter((value) =>
    value !== null && (typeof value !== "object" || value instanceof Date)
  );
  await forSeeds(100, (random) => {
    for (const { name, arity, apply, result } of FUNCTIONS.values()) {
      const values = randomArguments(random, arity).map(() => pickOne(random, scalars));
      const promised = result(values.map(typeOf));
      const given = apply(...values);
      if (promised === "any" || given === null) continue;
      assert.equal(typeOf(given), promised, `${name}(${JSON.stringify(values)})`);
    }
  });
});

test("every function documents itself under a name of its own", () => {
  assert.equal(FUNCTIONS.size, 49);
  for (const [name, { signature, summary, arity, example: [expression, json] }] of FUNCTIONS) {
    assert.ok(signature.startsWith(`${name}(`) && expression.startsWith(`${name}(`), name);
    assert.ok(summary.length > 0 && arity[0] <= arity[1], name);
    assert.equal(JSON.stringify(JSON.parse(json)), json, name);
  }
});
