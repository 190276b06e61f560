/**
 * What every stage keeps to. The stages come from the registry and their pipelines from their own examples, so a new
 * stage is under these laws from its first day.
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Batch } from "../src/batch/batch.ts";
import { encodeText } from "../src/batch/text.ts";
import { decodeState } from "../src/checkpoint/decode.ts";
import { encodeState } from "../src/checkpoint/encode.ts";
import { type AnyOperator, chain, restoreOperator, saveOperator } from "../src/pipeline/chain.ts";
import type { AnyStage } from "../src/stage.ts";
import { VOCABULARY } from "../stages/mod.ts";
import {
  bench,
  cut,
  everyByte,
  type Outcome,
  outputsOf,
  randomCuts,
  run,
  textOf,
} from "./support/operators.ts";
import { comparable, ORDER_DEPENDS_ON_CUTS } from "./support/order.ts";
import { between, forSeeds } from "./support/random.ts";

/** How many rows a stage may give for one that comes in, where that is not 1. */
const ROWS_FOR_ONE: ReadonlyMap<string, readonly [most: number, why: string]> = new Map([
  ["tee", [16, "every branch gives the row once"]],
  ["window", [Infinity, "a row that ends windows brings out what they have"]],
  ["session", [Infinity, "a row that ends sessions brings out what they have"]],
  ["dead_letter", [1024, "the rejects that wait come with it"]],
]);

/** Stages with something to say at the end that is no part of snapshots. */
const NOT_IN_SNAPSHOTS: ReadonlyMap<string, string> = new Map([
  [
    "dead_letter",
    "a snapshot is of the rows below; what its own pipeline gathers comes at the end",
  ],
]);

/** Stages that a snapshot leaves out, with the reason. */
const NO_SNAPSHOT: ReadonlyMap<string, string> = new Map([
  ["lookup", "an answer that is under way is not there yet"],
  ["cache", "an answer that is under way is not there yet"],
  ["into", "what it wrote is known at the end"],
]);

interface Subject {
  readonly stage: AnyStage;
  readonly pipeline: string;
  /** Whole lines. */
  readonly input: string;
}

/** The stage's examples with output; `times` the input. */
function subjectsOf(stage: AnyStage, times: number): readonly Subject[] {
  return stage.examples.filter(({ output }) => output !== undefined).map(({ pipeline, input }) => ({
    stage,
    pipeline,
    input: (input.endsWith("\n") ? input : `${input}\n`).repeat(times),
  }));
}

/** Makes one test a stage of `check` over each of its examples. */
function law(name: string, times: number, check: (subject: Subject) => Promise<void>): void {
  for (const stage of VOCABULARY.stages.values()) {
    test(`${stage.name}: ${name}`, async () => {
      for (const subject of subjectsOf(stage, times)) await check(subject);
    });
  }
}

function facts(subject: Subject, outcome: Outcome) {
  return {
    output: comparable(subject.stage.name, outcome.output),
    rejects: outcome.rejects,
    notices: [...outcome.notices],
  };
}

/** What the chain has to say at the end, as text. */
async function finishText(operator: AnyOperator): Promise<string> {
  return textOf(await outputsOf(operator, []));
}

law("bytes that come one by one give the same result", 2, async (subject) => {
  const { pipeline, input } = subject;
  const whole = await run(pipeline, input);
  const cuts = everyByte(encodeText(input).length);
  assert.deepEqual(facts(subject, await run(pipeline, input, { cuts })), facts(subject, whole));
});

law("cuts anywhere give the same result", 40, async (subject) => {
  const { pipeline, input } = subject;
  const whole = facts(subject, await run(pipeline, input));
  const { length } = encodeText(input);
  await forSeeds(10, async (random) => {
    const cuts = randomCuts(random, length);
    assert.deepEqual(facts(subject, await run(pipeline, input, { cuts })), whole);
  });
});

law("snapshots change nothing, and the last is what it finishes with", 10, async (subject) => {
  if (NOT_IN_SNAPSHOTS.has(subject.stage.name)) return;
  const bytes = encodeText(subject.input);
  await forSeeds(5, async (random) => {
    const cuts = randomCuts(random, bytes.length);
    const whole = chain(bench(subject.pipeline).makers);
    const outputs: Batch[] = [];
    for (const chunk of cut(bytes, cuts)) {
      if (whole.done) break;
      outputs.push(...await whole.push(chunk));
      const taken = textOf(whole.snapshot?.() ?? []);
      for (const _first of whole.snapshot?.() ?? []) break;
      assert.equal(textOf(whole.snapshot?.() ?? []), taken, "twice the same");
    }
    const last = textOf(whole.snapshot?.() ?? []);
    const rest = await finishText(whole);
    if (!NO_SNAPSHOT.has(subject.stage.name)) assert.equal(last, rest);
    assert.equal(
      textOf(outputs) + rest,
      (await run(subject.pipeline, subject.input, { cuts })).output,
    );
    whole.dispose?.();
  });
});

law("two runs share no state", 5, async ({ pipeline, input }) => {
  const alone = await run(pipeline, input, { cuts: [7, 20] });
  const pieces = cut(encodeText(input), [7, 20]);
  const runs = [1, 2].map(() => ({ whole: chain(bench(pipeline).makers), outputs: [] as Batch[] }));
  for (const piece of pieces) {
    for (const { whole, outputs } of runs) {
      if (!whole.done) outputs.push(...await whole.push(piece));
    }
  }
  for (const { whole, outputs } of runs) {
    assert.equal(textOf(outputs) + await finishText(whole), alone.output);
    whole.dispose?.();
  }
});

law("disposing gives the budget back, wherever the run ends", 5, async ({ pipeline, input }) => {
  const pieces = cut(encodeText(input), [7, 30, 60]);
  for (let count = 0; count <= pieces.length; count++) {
    const made = bench(pipeline);
    const whole = chain(made.makers);
    for (const piece of pieces.slice(0, count)) {
      if (!whole.done) await whole.push(piece);
    }
    if (count === pieces.length) await finishText(whole);
    whole.dispose?.();
    whole.dispose?.();
    assert.equal(made.budget.used, 0, `after ${count} pieces`);
  }
});

law("a push gives rows in proportion to those that came in", 20, async (subject) => {
  const made = bench(subject.pipeline);
  const watched = made.makers.map((make, index) => () => {
    const operator = make();
    const [most] = ROWS_FOR_ONE.get(made.names[index]!) ?? [1];
    const push = operator.push.bind(operator);
    operator.push = async (chunk) => {
      const outputs = await push(chunk);
      const rowsIn = chunk instanceof Uint8Array ? chunk.length : chunk.length * most;
      const rowsOut = outputs.reduce((sum, { length }) => sum + length, 0);
      assert.ok(rowsOut <= rowsIn, `${made.names[index]} made ${rowsOut} rows of ${rowsIn}`);
      return outputs;
    };
    return operator;
  });
  await outputsOf(chain(watched), cut(encodeText(subject.input), [50, 100]));
});

law("done is final", 2, async ({ pipeline, input }) => {
  const whole = chain(bench(pipeline).makers);
  let done = false;
  for (const piece of cut(encodeText(input), everyByte(encodeText(input).length))) {
    if (!done) await whole.push(piece);
    assert.ok(!done || whole.done, "it wants input again");
    done = whole.done ?? false;
  }
  await finishText(whole);
  assert.ok(!done || whole.done, "it wants input again");
});

law("parts that are saved and merged give the whole", 10, async ({ stage, pipeline, input }) => {
  const made = bench(pipeline);
  const at = made.names.indexOf(stage.name);
  const mergeable = stage.kind === "aggregate";
  assert.equal(made.makers[at]!().merge !== undefined, mergeable, "merge is for aggregates");
  if (!mergeable) return;
  const bytes = encodeText(input);
  const whole = (await run(pipeline, input)).output;
  await forSeeds(10, async (random) => {
    const cuts = randomCuts(random, bytes.length);
    const batches = await outputsOf(chain(made.makers.slice(0, at)), cut(bytes, cuts));
    const splits = [between(random, 0, batches.length), between(random, 0, batches.length)].sort(
      (left, right) => left - right,
    );
    const first = made.makers[at]!();
    for (const batch of batches.slice(0, splits[0])) first.push(batch);
    for (const part of [batches.slice(splits[0], splits[1]), batches.slice(splits[1])]) {
      const other = made.makers[at]!();
      for (const batch of part) other.push(batch);
      first.merge!(structuredClone(other.save!()));
    }
    const merged = await outputsOf(first, []);
    assert.equal(textOf(await outputsOf(chain(made.makers.slice(at + 1)), merged)), whole);
  });
});

law("saved, written down and restored at any time, it goes on the same", 10, async (subject) => {
  const { pipeline, input } = subject;
  const bytes = encodeText(input);
  await forSeeds(10, async (random) => {
    const cuts = randomCuts(random, bytes.length);
    const whole = facts(subject, await run(pipeline, input, { cuts }));
    const made = bench(pipeline);
    let current = chain(made.makers);
    const outputs: Batch[] = [];
    for (const chunk of cut(bytes, cuts)) {
      if (!current.done) outputs.push(...await current.push(chunk));
      if (random() < 0.5) continue;
      const state = encodeState(saveOperator(current));
      current.dispose?.();
      assert.equal(made.budget.used, 0, "what was saved is not held any more");
      current = chain(made.makers);
      restoreOperator(current, decodeState(state));
    }
    const output = textOf(outputs) + await finishText(current);
    assert.deepEqual(facts(subject, { ...made, output, rows: [] }), whole);
    current.dispose?.();
    assert.equal(made.budget.used, 0);
  });
});

test("what every stage has", () => {
  for (const [name, stage] of VOCABULARY.stages) {
    assert.equal(stage.name, name);
    assert.match(stage.summary, /^[A-Z].*[^.]$/, `${name}: one line, capital first, no full stop`);
    assert.ok(stage.summary.length <= 100, `${name}: a summary fits a table`);
    assert.ok(stage.description.length > 80, `${name}: a description says what it promises`);
  }
});

test("the lists of exceptions name stages that are there", () => {
  for (
    const name of [
      ...ORDER_DEPENDS_ON_CUTS.keys(),
      ...ROWS_FOR_ONE.keys(),
      ...NOT_IN_SNAPSHOTS.keys(),
      ...NO_SNAPSHOT.keys(),
    ]
  ) {
    assert.ok(VOCABULARY.stages.has(name), name);
  }
});
