/** Windows that answer more than once, and the stages that must not be asked for answers that may change. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PipelineError } from "../src/language/diagnostics.ts";
import { chain } from "../src/pipeline/chain.ts";
import { parsePipeline } from "../src/plan.ts";
import { previews } from "../src/windows/previews.ts";
import { VOCABULARY } from "../stages/mod.ts";
import { bench } from "./support/operators.ts";

const UPDATE = "window 10s on at lateness=5s late=update";
const EARLY = "window 10s on at early=1s";
const ASK = 'lookup http "https://geo.example/{n}" as geo';

/** What is wrong with `pipeline`: each message with the text it points at. */
function faults(pipeline: string): string[] {
  try {
    parsePipeline(pipeline, VOCABULARY);
    return [];
  } catch (fault) {
    if (!(fault instanceof PipelineError)) throw fault;
    return fault.issues.map(({ message, at }) =>
      `${message} @ ${pipeline.slice(at.start, at.end)}`
    );
  }
}

/** The fault of `stage` below `above`. */
function refused(stage: string, above: string, option = "late=update"): string[] {
  return [
    `\`${stage}\` takes only final rows, and with \`${option}\` those of \`${above}\` may change @ ${stage}`,
  ];
}

test("a stage that waits or reaches out is refused behind one that answers at the end", () => {
  const behind = (stages: string) => faults(`json | ${UPDATE} (${stages})`);
  assert.deepEqual(behind("stats count by n | throttle 5/s"), refused("throttle", "stats"));
  assert.deepEqual(behind(`stats count by n | where n > 1 | ${ASK}`), refused("lookup", "stats"));
  assert.deepEqual(behind("sort n | lookup csv users on n key=id"), refused("lookup", "sort"));
  assert.deepEqual(behind("top 3 by n | cache (let a = n) by n"), refused("cache", "top"));
  assert.deepEqual(behind('tail 5 | into file "a.ndjson"'), refused("into", "tail"));
  assert.deepEqual(
    faults(`json | ${EARLY} (stats count | throttle 5/s)`),
    refused("throttle", "stats", "early"),
  );
});

test("it is found in nested pipelines, and below those that hold such a stage", () => {
  const behind = (stages: string) => faults(`json | ${UPDATE} (${stages})`);
  assert.deepEqual(
    behind("stats count by n | tee (head 1) (timeout 5s (throttle 5/s))"),
    refused("throttle", "stats"),
  );
  assert.deepEqual(
    behind("tee (head 1) (sort n | throttle 5/s)"),
    refused("throttle", "sort"),
  );
  assert.deepEqual(
    behind("route { case n > 1 (stats count) } | throttle 5/s"),
    refused("throttle", "route"),
  );
  assert.deepEqual(behind(`session 1s on at (${ASK})`), refused("lookup", "session"));
  assert.deepEqual(
    behind("window 1s on at (where n > 1) | throttle 5/s"),
    refused("throttle", "window"),
  );
  assert.deepEqual(
    behind("window 1s on at (stats count | throttle 5/s)"),
    refused("throttle", "stats"),
  );
});

test("it may stand above such a stage, behind the window, and in windows that answer once", () => {
  for (
    const pipeline of [
      `json | ${UPDATE} (throttle 5/s | ${ASK} | stats count)`,
      `json | ${UPDATE} (where n > 1 | head 3 | throttle 5/s)`,
      `json | ${UPDATE} (tee (throttle 5/s) (stats count))`,
      `json | ${UPDATE} (window 1s on at (throttle 5/s))`,
      `json | ${UPDATE} (session 1s on at (stats count))`,
      `json | ${UPDATE} (dead_letter (stats count) | throttle 5/s)`,
      `json | ${UPDATE} (stats count by n) | throttle 5/s | ${ASK}`,
      `json | window 10s on at late=emit (stats count by n | throttle 5/s | ${ASK})`,
    ]
  ) assert.deepEqual(faults(pipeline), [], pipeline);
});

test("the message says what would work", () => {
  assert.throws(
    () => parsePipeline(`json | ${EARLY} (stats count | throttle 5/s)`, VOCABULARY),
    {
      message:
        "`throttle` takes only final rows, and with `early` those of `stats` may change at line 1, column 49\n" +
        "  json | window 10s on at early=1s (stats count | throttle 5/s)\n" +
        "                                                  ^^^^^^^^\n" +
        "Put `throttle` behind the window, or before `stats`",
    },
  );
});

test("stages have a snapshot where their definitions say so", () => {
  for (const { examples } of VOCABULARY.stages.values()) {
    for (const { pipeline, error } of examples) {
      if (error !== undefined) continue;
      const { plan } = parsePipeline(pipeline, VOCABULARY);
      const { makers } = bench(pipeline);
      plan.stages.forEach((stage, index) => {
        const operator = chain([makers[index]!]);
        const has = operator.snapshot !== undefined;
        operator.dispose?.();
        assert.equal(previews(stage, VOCABULARY), has, `${stage.stage} in ${pipeline}`);
      });
    }
  }
});
