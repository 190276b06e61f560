/**
 * Rows on which a stage fails, and what becomes of them: counted, told, never lost without a word.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PipelineError } from "../src/language/diagnostics.ts";
import { parsePipeline, planFromJson, printPlan } from "../src/plan.ts";
import { FAULTY_WORDS, type FaultyOutcome, runFaulty } from "./support/faulty_words.ts";
import { randomCuts } from "./support/operators.ts";
import { forSeeds, pickOne } from "./support/random.ts";

interface Made {
  readonly lines: readonly string[];
  readonly good: readonly number[];
  readonly bad: readonly number[];
  readonly broken: number;
}

/** Lines of rows numbered by `n`, some of them `bad`, and some that are no JSON. */
function made(random: () => number, count: number): Made {
  const kinds = Array.from(
    { length: count },
    () => pickOne(random, ["good", "good", "good", "bad", "broken"]),
  );
  const numbered = kinds.map((kind, n) => ({ kind, n }));
  return {
    lines: numbered.map(({ kind, n }) =>
      kind === "broken" ? "{broken" : JSON.stringify(kind === "bad" ? { n, bad: true } : { n })
    ),
    good: numbered.filter(({ kind }) => kind === "good").map(({ n }) => n),
    bad: numbered.filter(({ kind }) => kind === "bad").map(({ n }) => n),
    broken: kinds.filter((kind) => kind === "broken").length,
  };
}

function issueOf(pipeline: string): string {
  try {
    parsePipeline(pipeline, FAULTY_WORDS);
  } catch (fault) {
    if (fault instanceof PipelineError) return fault.message;
    throw fault;
  }
  throw new Error(`${pipeline} has no issue`);
}

const failure = ({ report }: FaultyOutcome) => [report.error?.code, report.error?.message];

describe("a row-local stage that throws", () => {
  it("fails the run, as nothing else was asked for", async () => {
    const lines = ['{"n":1}', '{"n":2,"bad":true}'];
    for (const pipeline of ["json | poisoned", "json | poisoned on_error=fail"]) {
      assert.deepEqual(failure(await runFaulty(pipeline, lines)), [
        "internal",
        "Stage failed: Cannot take row 2",
      ]);
    }
  });

  it("loses the bad rows alone with on_error=skip, wherever the upload is cut", async () => {
    await forSeeds(15, async (random) => {
      const { lines, good, bad, broken } = made(random, 200);
      const cuts = randomCuts(random, lines.join("\n").length);
      const word = pickOne(random, ["poisoned", "poisoned later"]);
      const { rows, report } = await runFaulty(`json | ${word} on_error=skip`, lines, { cuts });
      const answers = rows.filter((row) => "n" in row).map((row) => row["n"]);
      assert.deepEqual(answers, good);
      assert.deepEqual([report.lines, report.rows, report.rejects], [
        lines.length,
        good.length,
        bad.length + broken,
      ]);
      assert.deepEqual(report.rejectsByClass, { syntax: broken, thrown: bad.length });
      const [format, stage] = report.stages;
      assert.deepEqual(format!.rejectsByClass, { syntax: broken });
      assert.deepEqual(stage!.rejectsByClass, { thrown: bad.length });
      assert.equal(stage!.rowsIn, stage!.rowsOut + stage!.rejects, "rows in = out + rejected");
    });
  });

  it("tells each bad row with on_error=emit, though the run skips others", async () => {
    const lines = ['{"n":1}', '{"n":2,"bad":true,"s":"é"}', "{"];
    const { rows } = await runFaulty("json | poisoned on_error=emit", lines);
    const told = {
      line: null,
      offset: null,
      class: "thrown",
      reason: "Cannot take row 2",
      text: '{"n":2,"bad":true,"s":"é"}',
      stage: "poisoned",
    };
    const skipped = {
      line: 3,
      offset: 36,
      class: "syntax",
      reason: "Expected a key in quotes at column 2, found the end of the line",
      text: "{",
      stage: "json",
    };
    assert.deepEqual(rows.filter((row) => "$reject" in row), [{ $reject: told }]);
    const [notice] = rows.filter((row) => "$notice" in row);
    assert.deepEqual(notice, {
      $notice: {
        rejects: {
          count: 2,
          byClass: { syntax: 1, thrown: 1 },
          lines: 3,
          samples: [skipped, told],
        },
      },
    });
  });

  it("shows whole rows, though the stages below read one field", async () => {
    const { rows } = await runFaulty("json | poisoned on_error=emit | stats count, sum(n) as n", [
      '{"n":1,"s":"x"}',
      '{"n":2,"s":"y","bad":true}',
    ]);
    assert.deepEqual(rows.slice(0, 2).map((row) => row["$reject"] ?? row), [
      {
        line: null,
        offset: null,
        class: "thrown",
        reason: "Cannot take row 2",
        text: '{"n":2,"s":"y","bad":true}',
        stage: "poisoned",
      },
      { count: 1, n: 1 },
    ]);
  });

  it("is held to inside of branches too", async () => {
    const { rows, report } = await runFaulty(
      "json | tee (poisoned on_error=skip | stats count) (stats count)",
      ['{"n":1}', '{"n":2,"bad":true}', '{"n":3}'],
    );
    assert.deepEqual(rows.slice(0, 2), [{ count: 2, $branch: 1 }, { count: 3, $branch: 2 }]);
    assert.deepEqual(report.rejectsByClass, { thrown: 1 });
  });
});

describe("a supervised stage", () => {
  const supervision = { limit: 3, state: "restore", backoffMs: 1 } as const;

  it("tells of a last line without a line feed", async () => {
    const { report } = await runFaulty("json", ['{"n":1}'], {
      options: { supervision },
      rest: "{",
    });
    assert.deepEqual([report.lines, report.rejects, report.rows], [2, 1, 1]);
  });

  it("counts what nested stages reject once, though the call is made again", async () => {
    const { report, rows } = await runFaulty(
      "json | tee (poisoned on_error=skip | flaky)",
      ['{"n":1,"bad":true}', '{"n":2}'],
      { options: { supervision } },
    );
    assert.deepEqual(report.events.map(({ name }) => name), ["restarted"]);
    assert.deepEqual([report.rejects, rows[0]], [1, { n: 2, $branch: 1 }]);
  });
});

describe("the budget of rejects", () => {
  const lines = ['{"n":1,"bad":true}', '{"n":2,"bad":true}', "{", '{"n":3}'];
  const pipeline = "json | poisoned on_error=skip";

  it("holds for all classes together", async () => {
    const three = await runFaulty(pipeline, lines, { options: { maxRejects: { count: 3 } } });
    assert.equal(three.report.state, "complete");
    const two = await runFaulty(pipeline, lines, { options: { maxRejects: { count: 2 } } });
    assert.deepEqual(failure(two), [
      "rejects_exceeded",
      "More lines and rows were rejected than max_rejects=2 allows",
    ]);
    assert.deepEqual(two.report.error?.details["rejectsByClass"], { syntax: 1, thrown: 2 });
  });

  it("holds as a share too, looked at when all is known", async () => {
    for (const [percent, state] of [[75, "complete"], [74, "failed"]] as const) {
      const { report } = await runFaulty(pipeline, lines, { options: { maxRejects: { percent } } });
      assert.equal(report.state, state, `${percent}%`);
    }
  });

  it("is kept out of by on_error=fail of a format, and on_error=skip keeps on_reject=fail out", async () => {
    const broken = ['{"n":1}', "{"];
    const strict = await runFaulty("json on_error=fail", broken);
    assert.deepEqual(failure(strict), [
      "rejects_exceeded",
      "Line 2 could not become a row: Expected a key in quotes at column 2, found the end of the line",
    ]);
    const options = { onReject: "fail" } as const;
    assert.equal((await runFaulty("json", broken, { options })).report.state, "failed");
    const lenient = await runFaulty("json on_error=skip", broken, { options });
    assert.deepEqual([lenient.report.state, lenient.report.rejects], ["complete", 1]);
  });

  it("counts lines that are too long by their own class", async () => {
    const { report } = await runFaulty("lines", ["short", "x".repeat(40)], {
      limits: { maxLineBytes: 20 },
    });
    assert.deepEqual(report.rejectsByClass, { length: 1 });
  });
});

describe("the option on_error", () => {
  it("is refused where a stage keeps state", () => {
    assert.equal(
      issueOf("json | sort n on_error=skip"),
      "`sort` cannot go on without a row, so it takes no `on_error=skip` at line 1, column 8\n" +
        "  json | sort n on_error=skip\n" +
        "         ^^^^\n" +
        "Formats take it, and stages that look at each row by itself, such as where and let",
    );
    parsePipeline("json | sort n on_error=fail", FAULTY_WORDS);
  });

  it("must be one of three words", () => {
    assert.match(
      issueOf("json | where n > 1 on_error=ignore"),
      /Expected `skip` or `fail` or `emit`, found `ignore`/,
    );
  });

  it("is written and read as text and as JSON", () => {
    const text = "json on_error=emit | where n > 1 on_error=skip | let on_error_2 = 1";
    const { plan } = parsePipeline(text, FAULTY_WORDS);
    assert.equal(printPlan(plan, FAULTY_WORDS), text);
    const json = [{ stage: "json", on_error: "emit" }, {
      stage: "where",
      condition: "n > 1",
      on_error: "skip",
    }, { stage: "let", assignments: ["on_error_2 = 1"] }];
    assert.equal(printPlan(planFromJson(json, FAULTY_WORDS).plan, FAULTY_WORDS), text);
    assert.throws(
      () => planFromJson([{ stage: "json", on_error: "ignore" }], FAULTY_WORDS),
      /`on_error` must be `skip` or `fail` or `emit`, found "ignore"/,
    );
  });
});
