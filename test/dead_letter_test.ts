/**
 * Rejects in a pipeline of their own: all of them, each once, bounded, and counted as ever.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeText } from "../src/batch/text.ts";
import { outcomeOf, runFaulty, startFaulty } from "./support/faulty_words.ts";
import { randomCuts } from "./support/operators.ts";
import { between, forSeeds } from "./support/random.ts";

const LETTER = "$dead_letter";

describe("dead_letter", () => {
  it("gets lines and rows that the stages above reject", async () => {
    const { rows, report } = await runFaulty(
      "json | poisoned on_error=skip | dead_letter (drop reason) | let m = n * 2",
      ['{"n":1}', "{", '{"n":2,"bad":true}'],
    );
    const letters = rows.filter((row) => LETTER in row);
    assert.deepEqual(letters, [
      { line: 2, offset: 8, class: "syntax", text: "{", stage: "json", [LETTER]: true, m: null },
      {
        line: null,
        offset: null,
        class: "thrown",
        text: '{"n":2,"bad":true}',
        stage: "poisoned",
        [LETTER]: true,
        m: null,
      },
    ]);
    assert.deepEqual(rows.filter((row) => "n" in row), [{ n: 1, m: 2 }]);
    assert.deepEqual(report.rejectsByClass, { syntax: 1, thrown: 1 });
    assert.deepEqual(report.stages.map(({ stage, rowsIn }) => [stage, rowsIn]), [
      ["json", 0],
      ["poisoned", 2],
      ["dead_letter", 1],
      ["dead_letter.1.drop", 2],
      ["let", 3],
    ]);
  });

  it("loses and doubles nothing, wherever the upload is cut", async () => {
    await forSeeds(12, async (random) => {
      const kinds = Array.from({ length: 300 }, () => between(random, 0, 3));
      const lines = kinds.map((kind, n) =>
        kind === 0 ? `{${n}` : JSON.stringify({ n, bad: kind === 1 })
      );
      const cuts = randomCuts(random, lines.join("\n").length);
      const { rows, report } = await runFaulty(
        "json | poisoned on_error=skip | dead_letter (select class, text)",
        lines,
        { cuts },
      );
      const texts = (name: string) =>
        rows.filter((row) => row["class"] === name).map((row) => row["text"]);
      assert.deepEqual(texts("syntax"), lines.filter((_, n) => kinds[n] === 0));
      assert.deepEqual(texts("thrown"), lines.filter((_, n) => kinds[n] === 1));
      const good = rows.filter((row) => "n" in row);
      assert.equal(good.length, kinds.filter((kind) => kind > 1).length);
      assert.equal(report.lines, good.length + report.rejects);
    });
  });

  it("is reached by what is rejected in nested pipelines, and the nearest below takes it", async () => {
    const { rows } = await runFaulty(
      "json | tee (poisoned on_error=skip | dead_letter (select text as inner)) (poisoned on_error=skip)" +
        " | dead_letter (select text as outer)",
      ['{"n":1,"bad":true}', "{", '{"n":2}'],
    );
    const letters = rows.filter((row) => LETTER in row).map((row) => JSON.stringify(row));
    assert.deepEqual(
      letters.sort(),
      [
        '{"inner":"{\\"n\\":1,\\"bad\\":true}","$dead_letter":true,"$branch":1}',
        '{"outer":"{","$dead_letter":true}',
        '{"outer":"{\\"n\\":1,\\"bad\\":true}","$dead_letter":true}',
      ].sort(),
    );
  });

  it("is not told again by on_reject=emit; on_reject=fail and max_rejects hold", async () => {
    const lines = ['{"n":1}', "{", "{"];
    const run = (options: Parameters<typeof runFaulty>[2]) =>
      runFaulty("json | dead_letter (select line)", lines, options);
    const emitted = await run({ options: { onReject: "emit" } });
    assert.equal(emitted.rows.filter((row) => "$reject" in row).length, 0);
    assert.equal(emitted.rows.filter((row) => LETTER in row).length, 2);
    for (const options of [{ onReject: "fail" }, { maxRejects: { count: 1 } }] as const) {
      assert.equal((await run({ options })).report.error?.code, "rejects_exceeded");
    }
  });

  it("fails the run when its own pipeline does, once", async () => {
    const { report } = await runFaulty("json | dead_letter (let n = 1, bad = true | poisoned)", [
      '{"n":1}',
      "{",
    ]);
    assert.deepEqual([report.error?.code, report.error?.message], [
      "internal",
      "Stage failed: Cannot take row 1",
    ]);
  });

  it("holds the upload back when nobody takes the letters", async () => {
    const chunk = encodeText("{\n".repeat(500));
    let pulls = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulls++;
        controller.enqueue(chunk.slice());
      },
    }, { highWaterMark: 0 });
    const run = startFaulty("json | dead_letter (drop offset)", body);
    let before = -1;
    for (let quiet = 0; quiet < 5; quiet = pulls === before ? quiet + 1 : 0) {
      before = pulls;
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    // Bytes wait in the format's queue; of letters there are 256 KiB of results, about 110 bytes each, and a queue.
    const { rejects } = run.report();
    assert.ok(rejects > 1000 && rejects < 8000, `${rejects} lines were rejected ahead`);
    assert.ok(pulls < 1000, `${pulls} chunks were read ahead`);
    await run.results.cancel();
    const { state, error } = await run.ended;
    assert.deepEqual([state, error?.code], ["failed", "client_gone"]);
  });

  it("lets the run end when a stage below wants no more", async () => {
    const lines = ['{"n":1}', ...Array<string>(5000).fill("{"), '{"n":2}'];
    const { rows, report } = await runFaulty(
      "json | dead_letter (where line > 100000) | head 1",
      lines,
      { cuts: [8, 4000, 6000] },
    );
    assert.deepEqual([report.state, rows[0]], ["complete", { n: 1 }]);
    const outcome = startFaulty("json | dead_letter (select line) | head 3", forever());
    const { rows: few, report: done } = await outcomeOf(outcome);
    assert.deepEqual(few.slice(0, 3).map((row) => row["line"]), [1, 2, 3]);
    assert.equal(done.state, "complete");
  });
});

function forever(): ReadableStream<Uint8Array> {
  const chunk = encodeText("{\n".repeat(3000));
  return new ReadableStream<Uint8Array>(
    { pull: (controller) => controller.enqueue(chunk.slice()) },
    {
      highWaterMark: 0,
    },
  );
}
