import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch } from "../src/batch/batch.ts";
import { encodeText } from "../src/batch/text.ts";
import { PipelineError } from "../src/language/diagnostics.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { chain } from "../src/pipeline/chain.ts";
import { VOCABULARY } from "../stages/mod.ts";
import { bench, run, textOf } from "./support/operators.ts";

/** NDJSON of `{ n }` from 1 to `count`. */
function numbered(count: number): string {
  return Array.from({ length: count }, (_, index) => `{"n":${index + 1}}\n`).join("");
}

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

/** The one operator of stage `name` in `pipeline`. */
function operatorOf(pipeline: string, name: string) {
  const { makers, names } = bench(pipeline);
  return makers[names.indexOf(name)]!();
}

test("where passes a batch of which every row is kept on as it is", () => {
  const batch = Batch.ofRows([{ n: 2 }, { n: 3 }]);
  const [output] = operatorOf("json | where n > 1", "where").push(batch) as readonly Batch[];
  assert.equal(output, batch);
});

test("where shares the columns of what it keeps, and gives nothing for nothing", () => {
  const where = operatorOf("json | where n > 2", "where");
  const batch = Batch.ofRows([{ n: 2 }, { n: 3 }]);
  const [output] = where.push(batch) as readonly Batch[];
  assert.equal(output?.open, batch.open);
  assert.deepEqual(output?.selection, Uint32Array.of(1));
  assert.deepEqual(where.push(Batch.ofRows([{ n: 1 }])), []);
});

test("where leaves out rows without the field, whatever the comparison", async () => {
  assert.equal(
    await outputOf("json | where n != 1", '{"n":1}\n{"m":1}\n{"n":null}\n{"n":"2"}\n{"n":0}\n'),
    '{"n":"2"}\n{"n":0}\n',
  );
});

test("let sets each field in turn, in the place of a field of that name", async () => {
  assert.equal(
    await outputOf("json | let a = n, n = a + 1 | let a = n * 10", '{"n":1,"m":0}\n'),
    '{"n":2,"m":0,"a":20}\n',
  );
});

test("a field named __proto__ is data like any other", async () => {
  assert.equal(
    await outputOf("json | let `__proto__` = n, other = `__proto__` + 1", '{"n":1}\n'),
    '{"n":1,"__proto__":1,"other":2}\n',
  );
  assert.equal(
    await outputOf("json | select `__proto__` as `constructor`", '{"__proto__":"x"}\n'),
    '{"constructor":"x"}\n',
  );
  assert.equal(
    await outputOf(
      "json | sort `__proto__` | drop other",
      '{"__proto__":2}\n{"__proto__":1,"other":0}\n',
    ),
    '{"__proto__":1}\n{"__proto__":2}\n',
  );
});

test("fields behind select are those that it names", () => {
  assert.equal(
    issueOf("json | select path, status as code | where status > 1"),
    "Unknown field `status` at line 1, column 44\n" +
      "  json | select path, status as code | where status > 1\n" +
      "                                             ^^^^^^\n" +
      "The fields are path, code",
  );
});

test("drop refuses a field that cannot be there, once it is dropped too", () => {
  assert.equal(issueOf("combined | drop agent | select path"), "no issue");
  assert.equal(
    issueOf("combined | drop agent | select agent").split("\n")[0],
    "Unknown field `agent` at line 1, column 32",
  );
});

test("drop takes a dotted field that select made", async () => {
  assert.equal(
    await outputOf("json | select req.host, n | drop req.host", '{"req":{"host":"a"},"n":1}\n'),
    '{"n":1}\n',
  );
});

test("head has 10 rows unless told otherwise, and is done with the last", () => {
  const head = operatorOf("json | head", "head");
  assert.equal(head.done, false);
  const nine = Batch.ofRows(Array.from({ length: 9 }, (_, n) => ({ n })));
  assert.equal((head.push(nine) as readonly Batch[])[0], nine);
  assert.equal(head.done, false);
  assert.equal((head.push(nine) as readonly Batch[])[0]?.length, 1);
  assert.equal(head.done, true);
});

for (const stage of ["head 0", "tail 0", "top 0 by n"]) {
  test(`${stage} is done before any input`, async () => {
    const whole = chain(bench(`json | ${stage}`).makers);
    assert.equal(whole.done, true);
    assert.equal(await outputOf(`json | ${stage}`, numbered(3)), "");
  });
}

test("tail keeps no more than its rows, however many come", async () => {
  const input = numbered(20_000);
  const { makers, budget } = bench("json | tail 3");
  const whole = chain(makers);
  for (let round = 0; round < 5; round++) {
    await whole.push(encodeText(input));
    assert.ok(budget.used < 2000, `${budget.used} bytes in round ${round}`);
  }
  assert.equal(textOf(whole.snapshot!()), '{"n":19998}\n{"n":19999}\n{"n":20000}\n');
  whole.dispose?.();
});

test("buffer declares its bound as its queue and its memory", () => {
  const buffer = VOCABULARY.stages.get("buffer")!;
  assert.deepEqual(buffer.queue?.({ bound: { rows: 100 }, overflow: "block" }), { rows: 100 });
  assert.deepEqual(buffer.queue?.({ bound: { bytes: 4096 }, overflow: "block" }), { bytes: 4096 });
  assert.equal(buffer.memory?.({ bound: { bytes: 4096 } }, DEFAULT_LIMITS), 4096);
  assert.equal(buffer.memory?.({ bound: { rows: 2 } }, DEFAULT_LIMITS), 2 * 1024 * 1024);
});

test("buffer passes batches on unchanged", () => {
  const batch = Batch.ofRows([{ n: 1 }, { n: 2 }]);
  assert.deepEqual(operatorOf("json | buffer 1", "buffer").push(batch), [batch]);
});
