/**
 * `json` when only some fields are asked for: the same rows, rejects and answers as when it makes whole objects.
 */
import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import type { Batch } from "../src/batch/batch.ts";
import { jsonLines } from "../src/batch/json_lines.ts";
import type { Demand } from "../src/language/demand.ts";
import { defineStage } from "../src/stage.ts";
import type { Vocabulary } from "../src/vocabulary.ts";
import json from "../stages/json.ts";
import { VOCABULARY } from "../stages/mod.ts";
import { cutRandomly, runFormat, utf8 } from "./support/format_run.ts";
import { run } from "./support/operators.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

type Random = () => number;

/** The vocabulary with a `json` that always makes whole objects. */
const WHOLE: Vocabulary = {
  ...VOCABULARY,
  stages: new Map([
    ...VOCABULARY.stages,
    [
      "json",
      defineStage({
        ...json,
        create: (args, context) => json.create(args, { ...context, demand: "all" }),
      }),
    ] as const,
  ]),
};

function demandFor(paths: readonly (readonly string[])[]): Demand {
  return new Map(paths.map((path) => [JSON.stringify(path), path]));
}

function blockOf(bytes: Uint8Array, demand: Demand) {
  return jsonLines(demand).parse(bytes, 0, bytes.length);
}

function kindOf(text: string, name: string): string {
  return blockOf(utf8(text), demandFor([[name]])).batch!.field([name]).kind;
}

describe("columns", () => {
  it("are of the type of their values", () => {
    assert.equal(kindOf('{"a":1}\n{"a":null}\n{"a":-2.5e3}\n{}', "a"), "number");
    assert.equal(kindOf('{"a":"x"}\n{"a":"ü😀"}\n{"b":1}', "a"), "text");
    assert.equal(kindOf('{"b":1}', "a"), "text");
    for (const other of ['"\\n"', "true", "[1]", '{"b":1}', "1e400", "-0"]) {
      assert.equal(kindOf(`{"a":${other}}`, "a"), "value", other);
    }
    assert.equal(kindOf('{"a":1}\n{"a":"1"}', "a"), "value");
    assert.equal(kindOf('{"a":1}\n{"\\u0061":2}', "a"), "value");
  });
  it("show no field that nobody asked for", () => {
    const rows = runFormat(json, [utf8('{"a":1,"b":2}\n')], undefined, demandFor([["b", "c"]]));
    assert.deepEqual(rows.rows, [{ b: 2 }]);
  });
  it("are made of whole objects when a key could not be told from a path", () => {
    const demand = demandFor([["a.b"], ["a", "b"]]);
    assert.notEqual(blockOf(utf8('{"a.b":1,"a":{"b":2}}'), demand).batch!.open, null);
  });
});

test("a number has the value that JSON.parse gives it", async () => {
  await forSeeds(300, (random) => {
    const text = randomNumber(random);
    const { batch } = blockOf(utf8(`{"a":${text}}`), demandFor([["a"]]));
    assert.ok(Object.is(batch!.field(["a"]).value(0), JSON.parse(text)), text);
  });
});

test("nesting is bounded as it is for whole objects", () => {
  for (const levels of [1, 2, 999, 1000, 1001, 5000]) {
    const arrays = "[".repeat(levels - 1) + "]".repeat(levels - 1);
    const objects = '{"b":'.repeat(levels - 1) + "0" + "}".repeat(levels - 1);
    for (const value of [arrays, objects, arrays.slice(1), objects.slice(1)]) {
      const line = [utf8(`{"b":${value},"a":1}`)];
      const some = runFormat(json, line, undefined, demandFor([["a"]]));
      const whole = runFormat(json, line);
      assert.deepEqual(some.rejects, whole.rejects);
      assert.deepEqual(some.rows, whole.rows.map(() => ({ a: 1 })));
    }
  }
});

const KEYS = ["a", "b", "ab", "ü", "", "__proto__", "k k", "length"];
const WORDS = ["", "x", "y", "a longer text than most", "12", "1.0", "ünï 😀", "\u2028", "\ufffd"];
const SPACES = ["", "", "", " ", "\t", " \r "];

function randomNumber(random: Random): string {
  const digits = (most: number) =>
    Array.from({ length: between(random, 1, most) }, () => between(random, 0, 9)).join("");
  const whole = random() < 0.3
    ? "0"
    : `${between(random, 1, 9)}${digits(pickOne(random, [2, 20]))}`;
  const fraction = random() < 0.5 ? "" : `.${digits(pickOne(random, [3, 20]))}`;
  const exponent = random() < 0.8 ? "" : `e${pickOne(random, ["", "+", "-"])}${digits(3)}`;
  return `${random() < 0.3 ? "-" : ""}${whole}${fraction}${exponent}`;
}

function randomString(random: Random, text: string): string {
  const plain = JSON.stringify(text);
  if (random() < 0.8 || text === "") return plain;
  const escaped = `\\u${text.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return pickOne(random, [`"${escaped}${plain.slice(2)}`, '"\\ud800"', '"\\"\\\\\\/\\b\\n"']);
}

function randomValue(random: Random, depth: number): string {
  const kind = between(random, 0, depth > 0 ? 9 : 7);
  if (kind < 3) return random() < 0.5 ? String(between(random, 0, 5)) : randomNumber(random);
  if (kind < 6) return randomString(random, pickOne(random, WORDS));
  if (kind < 8) return pickOne(random, ["null", "true", "false"]);
  if (kind === 8) return randomObject(random, depth - 1);
  const items = Array.from({ length: between(random, 0, 3) }, () => randomValue(random, depth - 1));
  return `[${items.map((item) => padded(random, item)).join(",")}]`;
}

function randomObject(random: Random, depth: number): string {
  const members = Array.from({ length: between(random, 0, 6) }, () => {
    const key = randomString(random, pickOne(random, KEYS));
    return `${padded(random, key)}:${padded(random, randomValue(random, depth))}`;
  });
  return `{${members.length === 0 ? pickOne(random, SPACES) : members.join(",")}}`;
}

function padded(random: Random, text: string): string {
  return pickOne(random, SPACES) + text + pickOne(random, SPACES);
}

/** Lines of which some are mutated in their bytes. */
function randomUpload(random: Random): Uint8Array {
  const plain = random() < 0.5;
  const lines = Array.from({ length: between(random, 1, 30) }, () => {
    const line = utf8(plain ? plainLine(random) : padded(random, randomObject(random, 3)));
    for (let times = random() < 0.2 ? between(random, 1, 3) : 0; times > 0; times--) {
      const byte = random() < 0.5 ? pickOne(random, [...utf8('"\\{}[]:,-0e.tn ')]) : 256 * random();
      line[between(random, 0, line.length - 1)] = byte === 10 ? 11 : byte;
    }
    return line;
  });
  return Uint8Array.from(lines.flatMap((line) => [...line, 10]));
}

/** Lines whose fields have one type each, as most have. */
function plainLine(random: Random): string {
  const text = JSON.stringify(pickOne(random, WORDS));
  return `{"a":${between(random, -9, 9)},"ü":${text},"b":${text},"ab":${randomNumber(random)}}`;
}

const FUZZ = Number(process.env["JSON_FUZZ"] ?? 1);

test("rows and rejects are those of whole objects", async () => {
  await forSeeds(400 * FUZZ, (random) => {
    const bytes = randomUpload(random);
    const keys = KEYS.filter(() => random() < 0.5);
    const chunks = [...cutRandomly(bytes, bytes.length, random)];
    const whole = runFormat(json, chunks);
    const some = runFormat(json, chunks, undefined, demandFor(keys.map((key) => [key])));
    assert.deepEqual(some.rejects, whole.rejects);
    assert.equal(some.lines, whole.lines);
    const wanted = whole.rows.map((row) =>
      keys.map((key) => Object.hasOwn(row, key) ? row[key] : null)
    );
    assert.deepEqual(some.rows.map((row) => keys.map((key) => row[key])), wanted);
  });
});

test("a batch of few rows makes their values alone, the same", async () => {
  await forSeeds(100 * FUZZ, (random) => {
    const bytes = randomUpload(random);
    const { batch } = blockOf(bytes, demandFor(KEYS.map((key) => [key])));
    const whole = blockOf(bytes, "all").batch;
    if (batch === null || whole === null) return assert.equal(batch, whole);
    const rows = Uint32Array.from({ length: batch.rows }, (_, row) => row).filter(() =>
      random() < 0.15
    );
    const valuesOf = (of: Batch, key: string) => {
      const column = of.select(rows).field([key]);
      return Array.from(rows, (row) => column.value(row));
    };
    for (const key of KEYS) assert.deepEqual(valuesOf(batch, key), valuesOf(whole, key));
  });
});

const PIPELINES = [
  "json | stats count, sum(a), p50(ab), max(b), distinct(`ü`), values(b) by `ü`",
  "json | where a > 1 | stats count by b, a",
  "json | where `ü` == b or a.b != null | select a, b, a.b, b.`0`, `ü`, `__proto__`",
  "json | sort -b, a | select b, a, ab",
  "json | let c = a + ab, a = b | stats min(c), first(a), last(`k k`), values(a.a) by a",
  "json | drop a | where a.b == null | stats count by a.b, a, b",
  "json | tee (top 3 by ab | select ab, a) (stats avg(a) by length(b) as n) | where ab != 1",
  'json | tee (tail 4) (head 2) | select a, `$branch`, lower(b), `ü` =~ "x|y"',
];

test("pipelines answer as with whole objects", async () => {
  await forSeeds(60 * FUZZ, async (random) => {
    const bytes = randomUpload(random);
    const cuts = [between(random, 0, bytes.length)];
    for (const pipeline of PIPELINES) {
      const outcomes = await Promise.allSettled([
        run(pipeline, bytes, { cuts }),
        run(pipeline, bytes, { cuts, vocabulary: WHOLE }),
      ]);
      const [some, whole] = outcomes.map((outcome) =>
        outcome.status === "rejected" ? String(outcome.reason) : {
          output: outcome.value.output,
          rejects: outcome.value.rejects,
          notices: [...outcome.value.notices],
        }
      );
      assert.deepEqual(some, whole, pipeline);
    }
  });
});
