import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import type { Batch } from "../src/batch/batch.ts";
import { encodeText } from "../src/batch/text.ts";
import { PipelineError } from "../src/language/diagnostics.ts";
import { chain } from "../src/pipeline/chain.ts";
import { type AnyStage, defineStage } from "../src/stage.ts";
import { DEFAULT_STAGES, vocabularyOf } from "../stages/mod.ts";
import { bench, run, textOf } from "./support/operators.ts";

const ROWS = '{"n":1}\n{"n":2}\n{"n":3}\n';

test("what comes at the end comes branch by branch", async () => {
  assert.equal(
    (await run("json | tee (tail 1) (sort -n | head 2) (where n == 2)", ROWS)).output,
    '{"n":2,"$branch":3}\n{"n":3,"$branch":1}\n{"n":3,"$branch":2}\n{"n":2,"$branch":2}\n',
  );
});

test("a branch that has enough gets no more, all together stop the upload", async () => {
  const whole = chain(bench("json | tee (head 1) (head 2)").makers);
  const push = async (line: string) => textOf(await whole.push(encodeText(line)));
  assert.equal(await push('{"n":1}\n'), '{"n":1,"$branch":1}\n{"n":1,"$branch":2}\n');
  assert.equal(whole.done, false);
  assert.equal(await push('{"n":2}\n'), '{"n":2,"$branch":2}\n');
  assert.equal(whole.done, true);
});

test("a snapshot has what each branch would finish with", async () => {
  const whole = chain(bench("json | tee (tail 1) (where n > 1) (top 1 by n asc)").makers);
  await whole.push(encodeText(ROWS));
  assert.equal(textOf(whole.snapshot!()), '{"n":3,"$branch":1}\n{"n":1,"$branch":3}\n');
});

test("branches that pass rows on at once have no snapshot, and do not stand in the way of one", async () => {
  const alone = chain(bench("json | tee (where n > 1) (where n < 3)").makers);
  assert.equal(alone.snapshot, undefined);
  const sorted = chain(bench("json | sort -n | tee (where n > 1) (tail 1)").makers);
  await sorted.push(encodeText(ROWS));
  assert.equal(
    textOf(sorted.snapshot!()),
    '{"n":3,"$branch":1}\n{"n":2,"$branch":1}\n{"n":1,"$branch":2}\n',
  );
});

test("a tee inside a tee: the outer branch is the one that is told", async () => {
  assert.equal(
    (await run("json | tee (tee (head 1) (tail 1) | let inner = `$branch`) (head 0)", ROWS)).output,
    '{"n":1,"$branch":1,"inner":1}\n{"n":3,"$branch":1,"inner":2}\n'
      .replaceAll(/"\$branch":1,"inner":(\d)/g, '"inner":$1,"$branch":1'),
  );
});

test("a field $branch that is there already gives way", async () => {
  assert.equal(
    (await run("json | tee (head 1)", '{"$branch":"mine","n":1}\n')).output,
    '{"n":1,"$branch":1}\n',
  );
});

test("17 branches are one too many", () => {
  assert.throws(
    () => bench(`json | tee ${"(head 1) ".repeat(17)}`),
    (fault) =>
      fault instanceof PipelineError && fault.issues.length === 1 &&
      fault.issues[0]!.message === "Too many branches: 17" &&
      fault.issues[0]!.hint === "A `tee` has at most 16",
  );
});

/** A stage that waits for `until` before it passes a batch on. */
function waiting(until: () => Promise<void>, disposed: string[]): AnyStage {
  return defineStage({
    name: "wait",
    kind: "ordered",
    summary: "Waits",
    description: "Waits",
    arguments: z.object({}),
    examples: [],
    create: () => ({
      async push(batch: Batch) {
        await until();
        return [batch];
      },
      dispose: () => void disposed.push("wait"),
    }),
  });
}

test("the slowest branch sets the pace, and order stays", async () => {
  const gate = Promise.withResolvers<void>();
  const disposed: string[] = [];
  const vocabulary = vocabularyOf([...DEFAULT_STAGES, waiting(() => gate.promise, disposed)]);
  const whole = chain(bench("json | tee (wait) (head 9) (wait)", { vocabulary }).makers);
  disposed.length = 0;
  let over = false;
  const pushed = Promise.resolve(whole.push(encodeText('{"n":1}\n'))).then((outputs) => {
    over = true;
    return outputs;
  });
  await Promise.resolve();
  assert.equal(over, false);
  gate.resolve();
  assert.equal(
    textOf(await pushed),
    '{"n":1,"$branch":1}\n{"n":1,"$branch":2}\n{"n":1,"$branch":3}\n',
  );
  whole.dispose?.();
  assert.deepEqual(disposed, ["wait", "wait"]);
});

test("a branch that fails fails the whole with its own error, when no other is at work", async () => {
  const fault = new Error("Broken branch");
  const vocabulary = vocabularyOf([...DEFAULT_STAGES, waiting(() => Promise.reject(fault), [])]);
  await assert.rejects(
    run("json | tee (head 1) (wait) (wait)", ROWS, { vocabulary }),
    (thrown) => thrown === fault,
  );
});

test("joined branches answer once, whatever comes first, and with each key once", async () => {
  const pipeline =
    "json | tee join by k, j (where n > 1) (stats sum(n) as n, count by k, j) | sort k, n";
  const { output } = await run(
    pipeline,
    '{"k":"a","j":1,"n":1}\n{"k":"b","j":1,"n":2}\n{"k":"b","j":1,"n":3}\n{"k":"b","j":"1","n":4}\n',
    { cuts: [5, 30, 31] },
  );
  assert.equal(
    output,
    '{"k":"a","j":1,"n":null,"n_2":1,"count":1}\n' +
      '{"k":"b","j":1,"n":2,"n_2":5,"count":2}\n' +
      '{"k":"b","j":1,"n":3,"n_2":5,"count":2}\n' +
      '{"k":"b","j":"1","n":4,"n_2":4,"count":1}\n',
  );
});

test("a field that a joined row does not have is null, whatever objects inherit", async () => {
  assert.equal(
    (await run(
      "json | tee join by k (where n > 0) (where n > 0 | let m = n)",
      '{"k":1,"n":1,"toString":1,"__proto__":2}\n{"k":2,"n":3}\n',
    )).output.replaceAll('"toString_2"', '"t2"').replaceAll('"__proto___2"', '"p2"'),
    '{"k":1,"n":1,"toString":1,"__proto__":2,"n_2":1,"t2":1,"p2":2,"m":1}\n' +
      '{"k":2,"n":3,"toString":null,"__proto__":null,"n_2":3,"t2":null,"p2":null,"m":3}\n',
  );
});

test("what a join or a concatenation holds is declared, and given back", async () => {
  for (const mode of ["join by n", "concat"]) {
    const { makers, budget } = bench(`json | tee ${mode} (where n > 0) (where n > 1)`);
    const whole = chain(makers);
    await whole.push(encodeText(ROWS));
    assert.ok(budget.used > 0, mode);
    const before = budget.used;
    assert.notEqual(textOf(whole.snapshot?.() ?? []), null);
    assert.equal(budget.used, before, mode);
    whole.dispose!();
    assert.equal(budget.used, 0, mode);
  }
});

test("a snapshot of a join or a concatenation needs no state of its own", async () => {
  const rows = Array.from({ length: 1000 }, (_, n) => `{"n":${n}}\n`).join("");
  for (const mode of ["join by n", "concat"]) {
    const pipeline = `json | tee ${mode} (where n > 0) (where n > 990 | tail 1)`;
    const tried = bench(pipeline);
    const whole = chain(tried.makers);
    await whole.push(encodeText(rows));
    const tight = bench(pipeline, { limits: { maxStateBytes: tried.budget.used + 1000 } });
    const again = chain(tight.makers);
    await again.push(encodeText(rows));
    assert.equal(textOf(again.snapshot!()), textOf(whole.snapshot!()));
    for (const one of [whole, again]) one.dispose!();
  }
});

test("a routed row goes to the first case that it fits, equal as `==` has it", async () => {
  const { output, notices } = await run(
    'json | route by n { case 1, "x" (let to = "a") case "1", 2 (let to = "b") } | sort n',
    '{"n":"1"}\n{"n":2}\n{"n":3}\n{"n":null}\n{"n":"x"}\n{}\n',
  );
  assert.equal(output, '{"n":"1","to":"a"}\n{"n":2,"to":"b"}\n{"n":"x","to":"a"}\n');
  assert.deepEqual(notices.get("route"), { unmatched: 3 });
});

test("a branch that throws is not told of while another is at work", async () => {
  const gate = Promise.withResolvers<void>();
  const made = (name: string, push: (batch: Batch) => Promise<Batch[]>): AnyStage =>
    defineStage({
      name,
      kind: "ordered",
      summary: "",
      description: "",
      arguments: z.object({}),
      examples: [],
      create: () => ({ push }),
    });
  const waits = made("waits", (batch) => gate.promise.then(() => [batch]));
  const throws = made("throws", () => {
    throw new Error("Broken");
  });
  const { makers, budget } = bench("json | tee (waits | sort n) (throws)", {
    vocabulary: vocabularyOf([...DEFAULT_STAGES, waits, throws]),
  });
  const whole = chain(makers);
  let over = false;
  const failed = assert.rejects(async () => {
    try {
      await whole.push(encodeText(ROWS));
    } finally {
      over = true;
    }
  }, new Error("Broken"));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(over, false);
  gate.resolve();
  await failed;
  whole.dispose!();
  assert.equal(budget.used, 0);
});
