/**
 * `stats` as users write it; its examples run with everybody's, in example_test.ts.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RunError } from "../src/errors.ts";
import { PipelineError } from "../src/language/diagnostics.ts";
import { bench, outputsOf, run, textOf } from "./support/operators.ts";
import { between, forSeeds } from "./support/random.ts";
import type { Batch } from "../src/batch/batch.ts";

async function outputOf(pipeline: string, input: string): Promise<string> {
  return (await run(pipeline, input)).output;
}

function issueOf(pipeline: string): string {
  try {
    bench(pipeline);
  } catch (fault) {
    if (fault instanceof PipelineError) return fault.message;
    throw fault;
  }
  return "no issue";
}

const LOG = '10.0.0.1 - - [01/Oct/2026:08:00:05 +0000] "GET /a HTTP/1.1" 200 100 "-" "curl"\n' +
  '10.0.0.2 - - [01/Oct/2026:08:00:59 +0000] "GET /b HTTP/1.1" 500 - "-" "curl"\n' +
  '10.0.0.1 - - [01/Oct/2026:08:01:00 +0000] "GET /a HTTP/1.1" 503 40 "-" "curl"\n';

test("times are grouped by bucket and print as instants", async () => {
  assert.equal(
    await outputOf("combined | stats count, max(bytes) by bin(time, 1m) as minute", LOG),
    '{"minute":"2026-10-01T08:00:00.000Z","count":2,"max(bytes)":100}\n' +
      '{"minute":"2026-10-01T08:01:00.000Z","count":1,"max(bytes)":40}\n',
  );
});

test("first and last times, the rate between them, and users of a log", async () => {
  assert.equal(
    await outputOf(
      "combined | stats min(time) as from, max(time) as to, rate(time), distinct(ip) as ips",
      LOG,
    ),
    '{"from":"2026-10-01T08:00:05.000Z","to":"2026-10-01T08:01:00.000Z",' +
      `"rate(time)":${3 / 55},"ips":2}\n`,
  );
});

test("several keys, missing fields and the same names as stages", async () => {
  assert.equal(
    await outputOf(
      "json | stats count by a, b",
      '{"a":"1","b":1}\n{"a":1,"b":"1"}\n{"a":"1","b":1}\n{"b":null}\n{"a":null}\n',
    ),
    '{"a":"1","b":1,"count":2}\n{"a":1,"b":"1","count":1}\n{"a":null,"b":null,"count":2}\n',
  );
});

test("a field named __proto__ groups and is a result like any other", async () => {
  assert.equal(
    await outputOf(
      "json | stats count, first(`__proto__`) as `__proto__` by name",
      '{"name":"__proto__","__proto__":1}\n{"name":"constructor"}\n{"name":"__proto__"}\n',
    ),
    '{"name":"__proto__","count":2,"__proto__":1}\n' +
      '{"name":"constructor","count":1,"__proto__":null}\n',
  );
});

test("rows that where left out are not seen, nor those that fail a call's condition", async () => {
  assert.equal(
    await outputOf(
      "json | where n > 1 | stats count, sum(n) if n % 2 == 0 as even, count if n > 9 as large by k",
      '{"k":"x","n":1}\n{"k":"x","n":2}\n{"k":"y","n":3}\n{"k":"x","n":4}\n{"k":"z","n":0}\n',
    ),
    '{"k":"x","count":2,"even":6,"large":0}\n{"k":"y","count":1,"even":null,"large":0}\n',
  );
});

test("no rows give one row without by, and none with it", async () => {
  assert.equal(
    await outputOf("json | stats count, avg(n), distinct(n), values(n), last(n)", ""),
    '{"count":0,"avg(n)":null,"distinct(n)":0,"values(n)":[],"last(n)":null}\n',
  );
  assert.equal(await outputOf("json | stats count by n", ""), "");
});

test("stages after stats see its columns and their types", async () => {
  assert.equal(
    await outputOf(
      "combined | stats count as hits, p95(bytes) as big by path | sort -hits | where hits > 1",
      LOG,
    ),
    '{"path":"/a","hits":2,"big":100}\n',
  );
});

test("more groups than a batch holds come in order, batch by batch", async () => {
  const input = Array.from({ length: 10_000 }, (_, index) => `{"k":${index % 5000}}\n`).join("");
  const { rows } = await run("json | stats count by k", input);
  assert.equal(rows.length, 5000);
  assert.ok(rows.every(({ k, count }, index) => k === index && count === 2));
});

test("a snapshot is what finishing now would give, and changes nothing", async () => {
  const { makers } = bench("json | stats count, p50(n), values(n) by k");
  const stats = makers[1]!();
  const [batch] = await outputsOf(makers[0]!(), [
    new TextEncoder().encode('{"k":1,"n":5}\n{"k":2,"n":6}\n'),
  ]);
  await stats.push(batch!);
  const snapshot = textOf(stats.snapshot!() as Iterable<Batch>);
  assert.equal(
    snapshot,
    '{"k":1,"count":1,"p50(n)":5,"values(n)":[5]}\n{"k":2,"count":1,"p50(n)":6,"values(n)":[6]}\n',
  );
  assert.equal(textOf(stats.snapshot!() as Iterable<Batch>), snapshot);
  await stats.push(batch!);
  assert.equal(
    textOf(await outputsOf(stats, [])),
    '{"k":1,"count":2,"p50(n)":5,"values(n)":[5]}\n{"k":2,"count":2,"p50(n)":6,"values(n)":[6]}\n',
  );
});

test("approximations of several calls stand in the notice side by side", async () => {
  const input = Array.from({ length: 2000 }, (_, index) => `{"n":${index}}\n`).join("");
  const { notices } = await run("json | stats p50(n), p99(n), distinct(n), values(n, 2)", input);
  assert.deepEqual(Object.fromEntries(notices), {
    approximate: {
      "p50(n)": "DDSketch, relative error 1 %",
      "p99(n)": "DDSketch, relative error 1 %",
      "distinct(n)": "HyperLogLog, standard error 0.81 %",
    },
    cut: { "values(n, 2)": "the first 2 values of a group" },
  });
});

test("calls that share a state answer as each would alone", () =>
  forSeeds(20, async (random) => {
    const calls = [
      "p50(n)",
      "p99(n)",
      "median(n)",
      "quantile(n, 0.25)",
      "p50(m)",
      "sum(n)",
      "avg(n)",
    ]
      .concat(["p50(n) if m > 50", "avg(n) if m > 50", "sum(n) if m > 50", "p50(n + 1)", "avg(m)"]);
    const rows = Array.from(
      { length: between(random, 1, 3000) },
      () => ({
        k: between(random, 1, 3),
        n: between(random, -999, 999) / 4,
        m: between(random, 0, 99),
      }),
    );
    const input = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    const some = calls.filter(() => random() < 0.6);
    const named = (call: string, index: number) => `${call} as c${index}`;
    const together = await run(
      `json | stats ${["count", ...some.map(named)].join(", ")} by k`,
      input,
    );
    for (const [index, call] of some.entries()) {
      const alone = await run(`json | stats ${named(call, index)} by k`, input);
      const name = `c${index}`;
      assert.deepEqual(
        together.rows.map((row) => row[name]),
        alone.rows.map((row) => row[name]),
        call,
      );
    }
  }));

test("more groups than the budget holds end the run", async () => {
  const input = Array.from({ length: 20_000 }, (_, index) => `{"k":"key ${index}"}\n`).join("");
  const limits = { maxStateBytes: 200_000 };
  await assert.rejects(
    run("json | stats count by k", input, { limits }),
    (fault) => fault instanceof RunError && fault.code === "budget_exceeded",
  );
});

test("faults in calls and keys are told all at once", () => {
  assert.equal(
    issueOf("common | stats cuont, p99(nope), quantile(bytes, 7) by path, path"),
    [
      "Unknown aggregate `cuont` at line 1, column 16",
      "  common | stats cuont, p99(nope), quantile(bytes, 7) by path, path",
      "                 ^^^^^",
      "Did you mean `count`?",
      "",
      "Unknown field `nope` at line 1, column 27",
      "  common | stats cuont, p99(nope), quantile(bytes, 7) by path, path",
      "                            ^^^^",
      "The fields are ip, ident, user, time, method, path, query, protocol, status, bytes, request",
      "",
      "A quantile's share is a number from 0 to 1, found 7 at line 1, column 50",
      "  common | stats cuont, p99(nope), quantile(bytes, 7) by path, path",
      "                                                   ^",
      "",
      "Two result columns are named `path` at line 1, column 62",
      "  common | stats cuont, p99(nope), quantile(bytes, 7) by path, path",
      "                                                               ^^^^",
      "Give one of them another name with `as`",
    ].join("\n"),
  );
});
