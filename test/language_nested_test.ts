import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { argument } from "../src/language/arguments.ts";
import { PipelineError } from "../src/language/diagnostics.ts";
import { parsePipeline, planFromJson, planToJson, printPlan } from "../src/plan.ts";
import { head, json, sort, stageOf, vocabularyWith } from "./support/vocabulary.ts";

const panes = stageOf("panes", {
  every: argument.duration({ description: "Length" }),
  by: argument.expression({ description: "Key", keyword: "by" }).optional(),
  of: argument.pipeline({ description: "What runs in each", rest: true }),
});
const lanes = stageOf("lanes", {
  count: argument.count({ description: "How many" }),
  of: argument.pipeline({ description: "What runs in each" }),
});
const fork = stageOf("fork", {
  by: argument.expression({ description: "What decides", keyword: "by" }).optional(),
  cases: argument.cases({ description: "The ways out" }),
});
const pace = stageOf("pace", {
  rate: argument.rate({ description: "How fast" }),
  limit: argument.rate({ description: "A second one", option: true }).optional(),
});
const words = vocabularyWith([json, head, sort, panes, lanes, pace, fork]);

function printed(source: string): string {
  return printPlan(parsePipeline(source, words).plan, words);
}

function faults(source: string): string {
  try {
    parsePipeline(source, words);
  } catch (error) {
    if (error instanceof PipelineError) return error.message;
    throw error;
  }
  return "";
}

describe("one nested pipeline", () => {
  it("stands in parentheses", () => {
    assert.equal(
      printed("json | lanes 4 (sort -n | head 3) | head 1"),
      "json | lanes 4 (sort -n | head 3) | head 1",
    );
  });

  it("may be all that follows, where the stage says so", () => {
    const whole = "json | panes 1m (sort -n | head 3)";
    assert.equal(printed("json | panes 1m | sort -n | head 3"), whole);
    assert.equal(printed(whole), whole);
    assert.equal(printed(`${whole} | head 1`), `${whole} | head 1`);
    assert.equal(
      printed("json | panes 1m by (a + b) | head 3"),
      "json | panes 1m by a + b (head 3)",
    );
    assert.equal(
      printed("json | panes 1h | panes 1m | head 3"),
      "json | panes 1h (panes 1m (head 3))",
    );
    assert.equal(
      printed("json | lanes 2 (panes 1m | head 3)"),
      "json | lanes 2 (panes 1m (head 3))",
    );
  });

  it("is a pipeline in the JSON form too", () => {
    const { plan } = parsePipeline("json | panes 1m | lanes 2 (head 3)", words);
    const form = planToJson(plan, words);
    assert.deepEqual(form.stages[1], {
      stage: "panes",
      every: "1m",
      of: { stages: [{ stage: "lanes", count: 2, of: { stages: [{ stage: "head", count: 3 }] } }] },
    });
    assert.equal(
      printPlan(planFromJson(form, words).plan, words),
      "json | panes 1m (lanes 2 (head 3))",
    );
    const asText = planFromJson(
      [{ stage: "json" }, { stage: "lanes", count: 2, of: "head 3" }],
      words,
    );
    assert.equal(printPlan(asText.plan, words), "json | lanes 2 (head 3)");
  });

  it("is missed where there is none", () => {
    assert.match(faults("json | panes 1m"), /Expected \(PIPELINE\), found the end of the pipeline/);
    assert.match(
      faults("json | lanes 2 (head 3) (head 4)"),
      /Expected the end of `lanes`, found `\(`/,
    );
  });
});

describe("a rate", () => {
  it("is an amount in a time", () => {
    const { plan } = parsePipeline("json | pace 500/s limit=5/10s | pace 4MiB/m", words);
    assert.deepEqual(plan.stages.slice(1).map((stage) => stage.arguments), [
      {
        rate: { amount: 500, unit: "rows", everyMs: 1000 },
        limit: { amount: 5, unit: "rows", everyMs: 10_000 },
      },
      { rate: { amount: 4 * 1024 * 1024, unit: "bytes", everyMs: 60_000 } },
    ]);
    assert.equal(printPlan(plan, words), "json | pace 500/s limit=5/10s | pace 4MiB/m");
    assert.deepEqual(planToJson(plan, words).stages[2], { stage: "pace", rate: "4MiB/m" });
  });

  it("says what is wrong with it", () => {
    assert.match(faults("json | pace 500"), /Expected `\/`, found the end of the pipeline/);
    assert.match(faults("json | pace 0/s"), /A rate is more than 0 in a time more than 0/);
    assert.match(faults("json | pace 5/10"), /Expected a time such as s or 10s, found `10`/);
  });
});

describe("the ways out of a fork", () => {
  const text = 'json | fork by kind { case "a", 2 (head 1 | head 2) else (sort -n) }';

  it("have values and a pipeline each, with or without braces", () => {
    assert.equal(printed(text), text);
    assert.equal(printed('json | fork by kind case "a", 2 (head 1 | head 2) else (sort -n)'), text);
    assert.equal(
      printed("json | fork case a > 1 or b (head 1) case `odd name` (head 2)"),
      "json | fork { case a > 1 or b (head 1) case `odd name` (head 2) }",
    );
  });

  it("have a JSON form", () => {
    const { plan } = parsePipeline(text, words);
    const form = planToJson(plan, words);
    assert.deepEqual(form.stages[1], {
      stage: "fork",
      by: "kind",
      cases: [
        {
          case: ['"a"', "2"],
          pipeline: { stages: [{ stage: "head", count: 1 }, { stage: "head", count: 2 }] },
        },
        { else: { stages: [{ stage: "sort", keys: ["-n"] }] } },
      ],
    });
    assert.equal(printPlan(planFromJson(form, words).plan, words), text);
  });

  it("say what is missing", () => {
    assert.match(faults("json | fork by kind { }"), /Expected `case`, found `\}`/);
    assert.match(faults("json | fork by kind { case 1 (head 1)"), /Expected `case`, found the end/);
    assert.match(faults("json | fork by kind { case 1 }"), /Expected `\(`, found `\}`/);
  });
});

describe("references in a JSON plan", () => {
  const lanesOf = (of: unknown) => [{ stage: "json" }, { stage: "lanes", count: 2, of }];

  it("stand for a pipeline that the plan names", () => {
    const json = {
      stages: lanesOf({ ref: "both" }),
      pipelines: {
        both: [{ stage: "sort", keys: "-n" }, { stage: "lanes", count: 1, of: { ref: "one" } }],
        one: "head 1",
      },
    };
    const { plan } = parsePipeline(JSON.stringify(json), words);
    assert.equal(printPlan(plan, words), "json | lanes 2 (sort -n | lanes 1 (head 1))");
  });

  it("are refused in a loop, which is named", () => {
    const json = {
      stages: lanesOf({ ref: "a" }),
      pipelines: {
        a: [{ stage: "lanes", count: 1, of: { ref: "b" } }],
        b: [{ stage: "lanes", count: 1, of: { ref: "a" } }],
      },
    };
    assert.match(
      faults(JSON.stringify(json)),
      /Pipelines refer to each other in a loop: a -> b -> a in \/pipelines\/b\/0\/of\/ref/,
    );
    const alone = {
      stages: lanesOf({ ref: "a" }),
      pipelines: { a: [{ stage: "lanes", count: 1, of: { ref: "a" } }] },
    };
    assert.match(faults(JSON.stringify(alone)), /in a loop: a -> a/);
  });

  it("must name what is there", () => {
    const json = { stages: lanesOf({ ref: "bath" }), pipelines: { both: "head 1" } };
    assert.match(faults(JSON.stringify(json)), /Unknown pipeline `bath`[^]*Did you mean `both`\?/);
  });
});
