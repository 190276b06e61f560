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
import {
  JSON_KEYS,
  randomJsonNumber,
  randomJsonUpload,
  randomPaths,
  valueAt,
} from "./support/json_lines.ts";
import { run } from "./support/operators.ts";
import { between, forSeeds } from "./support/random.ts";

/** The vocabulary with a `json` that always makes whole objects. */
const WHOLE: Vocabulary = {
  ...VOCABULARY,
  stages: new Map([
    ...VOCABULARY.stages,
    [
      "json",
      defineStage({
        ...json,
        create: (args, context) =>
          json.create(args, Object.defineProperty(context, "demand", { value: "all" })),
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
    for (const escapes of ['"\\n"', '"\\ud83d\\ude00"', '"\\/ü"']) {
      assert.equal(kindOf(`{"a":${escapes}}`, "a"), "text", escapes);
    }
    for (
      const other of ['"\\ud800"', '"\\ude00\\ud83d"', "true", "[1]", '{"b":1}', "1e400", "-0"]
    ) {
      assert.equal(kindOf(`{"a":${other}}`, "a"), "value", other);
    }
    assert.equal(kindOf('{"a":1}\n{"a":"1"}', "a"), "value");
    assert.equal(kindOf('{"a":1}\n{"\\u0061":2}', "a"), "value");
  });
  it("show no field that nobody asked for", () => {
    const rows = runFormat(json, [utf8('{"a":1,"b":2}\n')], undefined, demandFor([["b"]]));
    assert.deepEqual(rows.rows, [{ b: 2 }]);
  });
  it("are made of whole objects when a key could not be told from a path", () => {
    const many = Array.from({ length: 65 }, (_, key) => [`k${key}`]);
    for (const paths of [[["a.b"], ["a", "b"]], [["\ufffd"]], [["a", "007"]], many]) {
      const { batch } = blockOf(utf8('{"a.b":1,"a":{"b":2}}'), demandFor(paths));
      assert.notEqual(batch!.open, null);
    }
    assert.equal(blockOf(utf8("{}"), demandFor(many.slice(1))).batch!.open, null);
  });
});

test("a number has the value that JSON.parse gives it", async () => {
  await forSeeds(300, (random) => {
    const text = randomJsonNumber(random);
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

const FUZZ = Number(process.env["JSON_FUZZ"] ?? 1);

test("rows and rejects are those of whole objects", async () => {
  await forSeeds(400 * FUZZ, (random) => {
    const bytes = randomJsonUpload(random);
    const paths = randomPaths(random);
    const chunks = [...cutRandomly(bytes, bytes.length, random)];
    const whole = runFormat(json, chunks);
    const some = runFormat(json, chunks, undefined, demandFor(paths));
    assert.deepEqual(some.rejects, whole.rejects);
    assert.equal(some.lines, whole.lines);
    const wanted = whole.rows.map((row) => paths.map((path) => valueAt(row, path)));
    assert.deepEqual(some.rows.map((row) => paths.map((path) => row[path.join(".")])), wanted);
  });
});

test("a batch of few rows makes their values alone, the same", async () => {
  await forSeeds(100 * FUZZ, (random) => {
    const bytes = randomJsonUpload(random);
    const { batch } = blockOf(bytes, demandFor(JSON_KEYS.map((key) => [key])));
    const whole = blockOf(bytes, "all").batch;
    if (batch === null || whole === null) return assert.equal(batch, whole);
    const rows = Uint32Array.from({ length: batch.rows }, (_, row) => row).filter(() =>
      random() < 0.15
    );
    const valuesOf = (of: Batch, key: string) => {
      const column = of.select(rows).field([key]);
      return Array.from(rows, (row) => column.value(row));
    };
    for (const key of JSON_KEYS) assert.deepEqual(valuesOf(batch, key), valuesOf(whole, key));
  });
});

const PIPELINES = [
  "json | stats count, sum(a), p50(ab), max(b), distinct(`ü`), values(b) by `ü`",
  "json | where a > 1 | stats count by b, a",
  "json | where `ü` == b or a.b != null | select a, b, a.b, b.`0`, `ü`, `__proto__`",
  "json | sort -b, a | select b, a, ab",
  "json | let c = a + ab, a = b | stats min(c), first(a), last(`k k`), values(a.a) by a",
  "json | let a = b | where a.b == null and b.a != 1 | stats count by a, a.b, b.a.0",
  "json | sort a.b | let `a.b` = 1 | let a = b | select a.b, a.a, b.1",
  "json | tail 5 | let a = ab | select a.b, b.a.b, b",
  "json | drop a | where a.b == null | stats count by a.b, a, b",
  "json | tee (top 3 by ab | select ab, a) (stats avg(a) by length(b) as n) | where ab != 1",
  'json | tee (tail 4) (head 2) | select a, `$branch`, lower(b), `ü` =~ "x|y"',
];

test("pipelines answer as with whole objects", async () => {
  await forSeeds(60 * FUZZ, async (random) => {
    const bytes = randomJsonUpload(random);
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
