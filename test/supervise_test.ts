/**
 * Supervision: what a stage that throws gives after its restarts, and when the run fails all the same.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { Batch } from "../src/batch/batch.ts";
import { encodeText } from "../src/batch/text.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import type { AnyOperator } from "../src/pipeline/chain.ts";
import { Run } from "../src/pipeline/run.ts";
import { DEFAULT_RUN_OPTIONS } from "../src/pipeline/run_input.ts";
import { type Steps, stepsOf, stepwise } from "../src/pipeline/steps.ts";
import { parsePipeline } from "../src/plan.ts";
import { type Resources, SYSTEM_CLOCK } from "../src/resources.ts";
import type { RunReport } from "../src/pipeline/report.ts";
import {
  type AnyStage,
  defineStage,
  NOTHING,
  type Operator,
  type Outputs,
  type StageContext,
} from "../src/stage.ts";
import type { Vocabulary } from "../src/vocabulary.ts";
import { VOCABULARY } from "../stages/mod.ts";
import { cut, randomCuts } from "./support/operators.ts";
import { forSeeds } from "./support/random.ts";
import { exampleResources } from "./support/resources.ts";
import { curl, endedRun, runUrl, withServer } from "./support/server.ts";

/** A stage that counts rows and numbers them, and throws as often as the test says on the row whose `line` is `bad`. */
function faulty(times: number): { stage: ReturnType<typeof defineStage>; readonly made: number } {
  let left = times;
  let made = 0;
  class Faulty implements Operator<Batch, Batch> {
    #rows = 0;

    constructor() {
      made++;
    }

    push(batch: Batch) {
      const rows = [...batch.toRows()].map((row) => ({ ...row, number: ++this.#rows }));
      if (rows.some((row) => "line" in row && row.line === "bad") && left-- > 0) {
        throw new TypeError("Cannot read properties of a bad row");
      }
      return [Batch.ofRows(rows)];
    }

    *finish() {
      yield Batch.ofRows([{ rows: this.#rows }]);
    }

    save() {
      return this.#rows;
    }

    restore(state: unknown) {
      this.#rows = state as number;
    }
  }
  const stage = defineStage({
    name: "faulty",
    kind: "ordered",
    summary: "Throws",
    description: "For tests.",
    arguments: z.object({}),
    examples: [],
    create: () => new Faulty(),
  });
  return {
    stage,
    get made() {
      return made;
    },
  };
}

/** A format that tells a line and a reject before it throws, once. */
function faultyFormat(): ReturnType<typeof defineStage> {
  let thrown = false;
  return defineStage({
    name: "fragile",
    kind: "format",
    summary: "Throws",
    description: "For tests.",
    arguments: z.object({}),
    examples: [],
    create: (_args, context) => ({
      push(_chunk: Uint8Array) {
        context.lines(2);
        context.reject({ line: 1, offset: 0, reason: "Bad", text: "x" });
        if (!thrown) {
          thrown = true;
          throw new RangeError("Once");
        }
        return [Batch.ofRows([{ good: true }])];
      },
      finish: () => NOTHING,
    }),
  });
}

const LINES = ["one", "two", "bad", "four"];

/** Each line as a part of its own, so that the stage below has a push for each. */
async function send(url: string): Promise<{ output: string; code: number }> {
  const { output, code } = await curl(["-T", "-", url], LINES.join("\n"));
  return { output, code };
}

describe("supervision", () => {
  it("makes a stage anew with its state, as if nothing had been, and tells of it", async () => {
    const { stage } = faulty(2);
    await withServer({}, async (server) => {
      const url = runUrl(server, "lines | buffer 1 | faulty", { restart: "3" });
      const { output, code } = await send(url);
      assert.equal(code, 0);
      const numbered = LINES.map((line, index) => `{"line":"${line}","number":${index + 1}}\n`);
      assert.equal(output, numbered.join("") + '{"rows":4}\n');
      const report = await endedRun(server);
      assert.equal(report.stages[2]!.facts["restarts"], 2);
      assert.deepEqual(
        report.events.map(({ stage, name, attributes }) => [stage, name, attributes]),
        [
          ["faulty", "restarted", {
            restarts: 1,
            limit: 3,
            error: "Cannot read properties of a bad row",
          }],
          ["faulty", "restarted", {
            restarts: 2,
            limit: 3,
            error: "Cannot read properties of a bad row",
          }],
        ],
      );
    }, [stage]);
  });

  it("begins from nothing when it is told to", async () => {
    const { stage } = faulty(1);
    await withServer({}, async (server) => {
      const url = runUrl(server, "lines | buffer 1 | faulty", {
        restart: "1",
        on_restart: "reset",
      });
      const { output } = await send(url);
      assert.match(
        output,
        /\{"line":"bad","number":1\}\n\{"line":"four","number":2\}\n\{"rows":2\}\n$/,
      );
    }, [stage]);
  });

  it("fails the run with the stage's own fault after the limit, and at once without one", async () => {
    for (const restart of [0, 2]) {
      const faults = faulty(100);
      await withServer({}, async (server) => {
        const { output, code } = await send(
          runUrl(server, "lines | faulty", { restart: `${restart}` }),
        );
        assert.notEqual(code, 0);
        assert.match(
          output,
          /\{"\$error":\{"code":"internal","message":"Stage failed: Cannot read properties of a bad row"\}\}/,
        );
        assert.equal(faults.made, restart + 1);
      }, [faults.stage]);
    }
  });

  it("counts what a call told of lines and rejects once, when it has succeeded", async () => {
    await withServer({}, async (server) => {
      const url = runUrl(server, "fragile", { restart: "1" });
      const { output } = await curl(["--data-binary", "x", url]);
      assert.match(
        output,
        /^\{"good":true\}\n\{"\$notice":\{"rejects":\{"count":1,"byClass":\{"syntax":1\},"lines":2,/,
      );
    }, [faultyFormat()]);
  });

  it("counts a line and a reject that come with the end", async () => {
    await withServer({}, async (server) => {
      const url = runUrl(server, "json", { restart: "1" });
      const { output } = await curl(["-T", "-", url], '{"n":1}\nbroken');
      assert.match(
        output,
        /^\{"n":1\}\n\{"\$notice":\{"rejects":\{"count":1,"byClass":\{"syntax":1\},"lines":2,/,
      );
      const { lines, rejects } = await endedRun(server);
      assert.deepEqual([lines, rejects], [2, 1]);
    });
  });

  it("counts the rows inside a stage once, however often they went through", async () => {
    const { stage } = faulty(2);
    await withServer({}, async (server) => {
      const url = runUrl(server, "lines | buffer 1 | tee (faulty) (stats count)", { restart: "3" });
      await send(url);
      const { stages } = await endedRun(server);
      assert.deepEqual(stages.map(({ stage, rowsIn, rowsOut }) => [stage, rowsIn, rowsOut]), [
        ["lines", 0, 4],
        ["buffer", 4, 4],
        ["tee", 4, 6],
        ["tee.1.faulty", 4, 5],
        ["tee.2.stats", 4, 1],
      ]);
    }, [stage]);
  });

  it("lets other runs go on", async () => {
    const { stage } = faulty(4);
    await withServer({}, async (server) => {
      const [first, second] = await Promise.all([
        send(runUrl(server, "lines | faulty", { restart: "9" })),
        send(runUrl(server, "lines | stats count")),
      ]);
      assert.equal(first.code, 0);
      assert.equal(second.output, '{"count":4}\n');
    }, [stage]);
  });
});

/** A stage that sums `n`, and finishes with the sum and each number, but throws so often before the row of that number. */
function faultyEnd(times: number, before: number): ReturnType<typeof defineStage> {
  let left = times;
  class FaultyEnd implements Operator<Batch, Batch> {
    #rows: number[] = [];

    constructor(readonly context: StageContext) {}

    push(batch: Batch) {
      for (const { n } of batch.toRows()) this.#rows.push(Number(n));
      return NOTHING;
    }

    *finish() {
      yield Batch.ofRows([{ sum: this.#rows.reduce((sum, n) => sum + n, 0) }]);
      for (const n of this.#rows) {
        this.context.lines(1);
        this.context.reject({ line: n, offset: 0, reason: "Told at the end", text: "" });
        if (n === before && left-- > 0) throw new TypeError(`Cannot finish with ${n}`);
        yield Batch.ofRows([{ n }, { twice: 2 * n }]);
      }
    }

    save() {
      return [...this.#rows];
    }

    restore(state: unknown) {
      this.#rows = [...state as number[]];
    }
  }
  return defineStage({
    name: "faulty_end",
    kind: "ordered",
    summary: "Throws at the end",
    description: "For tests.",
    arguments: z.object({}),
    examples: [],
    create: (_args, context) => new FaultyEnd(context),
  });
}

describe("a stage that throws when it finishes", () => {
  const INPUT = '{"n":1}\n{"n":2}\n{"n":3}\n';
  const ROWS = '{"sum":6}\n{"n":1}\n{"twice":2}\n{"n":2}\n{"twice":4}\n{"n":3}\n{"twice":6}\n';

  async function finishing(
    { times, before = 3, pipeline = "json | buffer 1 | faulty_end", ...parameters }: {
      times: number;
      before?: number;
      pipeline?: string;
      restart: string;
      on_restart?: string;
    },
  ) {
    let found: { output: string; code: number; report: RunReport } | undefined;
    await withServer({}, async (server) => {
      const url = runUrl(server, pipeline, { backoff: "1ms", ...parameters });
      const { output, code } = await curl(["-T", "-", url], INPUT);
      found = { output, code, report: await endedRun(server) };
    }, [faultyEnd(times, before)]);
    return found!;
  }

  it("finishes from its last state, and gives and counts what came out already once", async () => {
    for (const before of [1, 2, 3]) {
      const { output, code, report } = await finishing({ times: 2, before, restart: "2" });
      assert.equal(code, 0);
      assert.ok(output.startsWith(`${ROWS}{"$notice":{"rejects":{"count":3,`), output);
      assert.deepEqual([report.lines, report.rejects], [6, 3]);
      assert.equal(report.stages[2]!.rowsOut, 7);
      assert.equal(report.stages[2]!.facts["restarts"], 2);
      assert.deepEqual(report.events.map(({ name, attributes }) => [name, attributes["error"]]), [
        ["restarted", `Cannot finish with ${before}`],
        ["restarted", `Cannot finish with ${before}`],
      ]);
    }
  });

  it("counts the rows inside a stage once", async () => {
    const pipeline = "json | buffer 1 | tee (faulty_end | where n > 0 | stats count)";
    const { output, report } = await finishing({ times: 2, restart: "2", pipeline });
    assert.ok(output.startsWith('{"count":3,"$branch":1}\n'), output);
    assert.deepEqual(report.stages.map(({ stage, rowsIn, rowsOut }) => [stage, rowsIn, rowsOut]), [
      ["json", 0, 3],
      ["buffer", 3, 3],
      ["tee", 3, 1],
      ["tee.1.faulty_end", 3, 7],
      ["tee.1.where", 7, 3],
      ["tee.1.stats", 3, 1],
    ]);
  });

  it("finishes with nothing more when it begins again from nothing", async () => {
    const { output, code } = await finishing({ times: 1, restart: "1", on_restart: "reset" });
    assert.equal(code, 0);
    assert.ok(
      output.startsWith('{"sum":6}\n{"n":1}\n{"twice":2}\n{"n":2}\n{"twice":4}\n{"sum":0}\n{"$no'),
      output,
    );
  });

  it("fails the run after the limit, and at once without one", async () => {
    for (const restart of ["0", "2"]) {
      const { output, code, report } = await finishing({ times: 3, before: 1, restart });
      assert.notEqual(code, 0);
      assert.match(output, /"message":"Stage failed: Cannot finish with 1"/);
      assert.equal(report.events.length, Number(restart));
    }
  });
});

/** A clock without pauses: what was to come later comes in the next turn. */
const HASTY: Resources = {
  ...exampleResources(),
  clock: {
    ...SYSTEM_CLOCK,
    after(_milliseconds, then) {
      const turn = setTimeout(then, 0);
      return () => clearTimeout(turn);
    },
  },
};

/** The stage with calls that, now and then, throw when they have done their work, the last one between what it gives too. */
function shaky(stage: AnyStage, random: () => number): AnyStage {
  return {
    ...stage,
    create(args, context) {
      const operator = stage.create(args, context) as AnyOperator;
      const push = operator.push.bind(operator);
      operator.push = (chunk) => {
        const outputs = push(chunk);
        const fails = random() < 0.2;
        const done = (ready: Outputs<Batch>) => {
          if (fails) throw new Error("Thrown after the work");
          return ready;
        };
        return outputs instanceof Promise ? outputs.then(done) : done(outputs);
      };
      const finish = operator.finish?.bind(operator);
      if (finish === undefined) return operator as Operator<Batch, Batch>;
      operator.finish = () =>
        stepwise(function* (): Steps<Batch> {
          for (const step of stepsOf(finish())) {
            yield step;
            if (random() < 0.2) throw new Error("Thrown between two outputs");
          }
          if (random() < 0.2) throw new Error("Thrown at the end");
        });
      return operator as Operator<Batch, Batch>;
    },
  };
}

/** The default words, and one that throws at each push. */
const SHAKY_WORDS: Vocabulary = {
  ...VOCABULARY,
  stages: new Map(VOCABULARY.stages).set("shaky", shaky(faulty(0).stage, () => 0)),
};

/** The answer of a supervised run over `input` in pieces that end at `cuts`. */
async function answer(pipeline: string, pieces: readonly Uint8Array[], vocabulary: Vocabulary) {
  const run = new Run({
    id: "test",
    plan: parsePipeline(pipeline, vocabulary).plan,
    pipeline,
    name: null,
    vocabulary,
    limits: DEFAULT_LIMITS,
    options: { ...DEFAULT_RUN_OPTIONS, supervision: { limit: 1_000_000, state: "restore" } },
    body: new ReadableStream({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      },
    }),
    figures: { wireBytes: 0, bytes: 0 },
    // What one run has written, the next does not find.
    resources: { ...HASTY, files: exampleResources().files },
  });
  const text = await new Response(run.results).text();
  await run.ended;
  return text;
}

describe("restarts", () => {
  it("send a request again under its key", async () => {
    const keys = new Map<string, Set<string>>();
    let asked = 0;
    const ask: Resources["http"]["ask"] = ({ body, headers }) => {
      asked++;
      const text = new TextDecoder().decode(body);
      keys.set(text, (keys.get(text) ?? new Set()).add(headers!["idempotency-key"]!));
      return Promise.resolve({ status: 200, body: new Uint8Array(0) });
    };
    const { stage } = faulty(1);
    const vocabulary = { ...VOCABULARY, stages: new Map(VOCABULARY.stages).set("faulty", stage) };
    const pipeline = 'lines | tee (into http "https://host.example/rows" batch=1) (faulty)';
    const run = new Run({
      id: "test",
      plan: parsePipeline(pipeline, vocabulary).plan,
      pipeline,
      name: null,
      vocabulary,
      limits: DEFAULT_LIMITS,
      options: { ...DEFAULT_RUN_OPTIONS, supervision: { limit: 1, state: "restore" } },
      body: new Blob([LINES.join("\n")]).stream(),
      figures: { wireBytes: 0, bytes: 0 },
      resources: { ...HASTY, http: { refusal: () => null, ask } },
    });
    await new Response(run.results).text();
    // The last line comes with the end, when the others have been sent.
    assert.deepEqual([...keys.values()].map(({ size }) => size), [1, 1, 1, 1]);
    assert.equal(new Set([...keys.values()].flatMap((each) => [...each])).size, 4);
    assert.equal(asked, 7);
  });

  it("pause for as long as asked, twice as long each time", async () => {
    const pauses: number[] = [];
    const { clock } = HASTY;
    const after = (milliseconds: number, then: () => void) => {
      pauses.push(milliseconds);
      return clock.after(milliseconds, then);
    };
    const run = new Run({
      id: "test",
      plan: parsePipeline("lines | shaky", SHAKY_WORDS).plan,
      pipeline: "lines | shaky",
      name: null,
      vocabulary: SHAKY_WORDS,
      limits: DEFAULT_LIMITS,
      options: {
        ...DEFAULT_RUN_OPTIONS,
        supervision: { limit: 4, state: "restore", backoffMs: 900 },
      },
      body: new Blob(["one\n"]).stream(),
      figures: { wireBytes: 0, bytes: 0 },
      resources: { ...HASTY, clock: { ...clock, after } },
    });
    await assert.rejects(new Response(run.results).text());
    const { error } = await run.ended;
    assert.equal(error?.message, "Stage failed: Thrown after the work");
    assert.deepEqual(pauses, [900, 1800, 3600, 5000]);
  });
});

for (const stage of VOCABULARY.stages.values()) {
  // What waits for a stage that takes rejects would not come again, so it is not supervised.
  if (stage.takesRejects) continue;
  it(`${stage.name}: thrown at any time and restarted, it gives the same`, () =>
    forSeeds(5, async (random) => {
      for (const { pipeline, input, output } of stage.examples) {
        if (output === undefined) continue;
        const bytes = encodeText((input.endsWith("\n") ? input : `${input}\n`).repeat(5));
        const pieces = cut(bytes, randomCuts(random, bytes.length));
        const vocabulary = {
          ...VOCABULARY,
          stages: new Map(VOCABULARY.stages).set(stage.name, shaky(stage, random)),
        };
        assert.equal(
          await answer(pipeline, pieces, vocabulary),
          await answer(pipeline, pieces, VOCABULARY),
        );
      }
    }));
}
