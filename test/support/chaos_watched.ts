/**
 * Rounds of the chaos test that ask for more than rows: snapshots while the upload goes on, rejects, events, limits of what
 * may be rejected and of how long a first row may take; and that look at the run meanwhile.
 * @module
 */
import assert from "node:assert/strict";
import type { RunReport } from "../../src/pipeline/report.ts";
import { type Exchange, exchange } from "./chaos_client.ts";
import { endOf, placeToStop, reportOf, send, uploadOf } from "./chaos_send.ts";
import { endsEarly, expectOwnEnd, makeSubject, type Subject } from "./chaos_subject.ts";
import type { Play, World } from "./chaos_world.ts";
import { pickOne } from "./random.ts";
import { eventually } from "./server.ts";

type Random = () => number;

const LOOKS = 4;

function parametersOf(random: Random): Readonly<Record<string, string>> {
  return {
    ...random() < 0.7 && { every: "10ms" },
    ...random() < 0.5 && { envelope: "events" },
    ...random() < 0.5 && { on_reject: "emit" },
    ...random() < 0.15 && { max_rejects: pickOne(random, ["2", "1%"]) },
    ...random() < 0.1 && { first_result: "5ms" },
  };
}

/** An undisturbed run that is asked for more, and looked at while its upload goes on. */
export const watched: Play = async (world, random, story) => {
  const made = await makeSubject(world, random, story);
  const subject = { ...made, parameters: { ...made.parameters, ...parametersOf(random) } };
  story.details += JSON.stringify(subject.parameters);
  const pieces = uploadOf(random, subject);
  const until = () => look(world);
  const stop = { before: placeToStop(random, subject, pieces), until, leave: null };
  const answer = await send(world, subject, { pieces, stop }, random);
  const report = await endOf(world);
  expectOwnEnd(subject, plainAnswer(subject, answer), report);
  if (answer.status === 200) expectTold(subject, answer.text, report);
  const { max_rejects: most } = subject.parameters;
  if (most === "2" && report.state === "complete") assert.ok(report.rejects <= 2, "max_rejects");
};

/** Asks the server of the run, and of all, some times in a row: each takes a round trip, in which snapshots come due. */
async function look(world: World): Promise<void> {
  const { id } = await eventually(() => reportOf(world));
  for (let looks = 0; looks < LOOKS; looks++) {
    for (const path of [`/v1/runs/${id}`, "/v1/runs", "/metrics"]) {
      const url = world.server.url + path;
      const { status } = await exchange(url, { method: "GET", pieces: [], whole: true });
      assert.equal(status, 200, path);
    }
  }
}

const SET = /(,?)"\$snapshot":\d+,"\$final":true\}$/;

/** The answer as it would be without snapshots, as rows. */
function plainAnswer({ parameters }: Subject, answer: Exchange): Exchange {
  if (answer.status !== 200) return answer;
  const lines = answer.text.split("\n");
  const plain = parameters["envelope"] === "events"
    ? lines.flatMap(plainEvent)
    : lines.filter((line) => !/"\$snapshot":\d+\}$/.test(line)).map((line) =>
      line.replace(SET, "}")
    );
  return { ...answer, text: plain.join("\n") };
}

/** The line of the other envelope that says the same. */
function plainEvent(line: string): readonly string[] {
  const [, kind = "", value = ""] = /^\{"(\w+)":(.*)\}$/.exec(line) ?? [];
  if (kind === "row") return [value];
  return ["error", "notice", "reject"].includes(kind) ? [`{"$${kind}":${value}}`] : [];
}

/** What else stands in an answer is in its order, and adds up with the report. */
function expectTold({ plan, parameters, ...subject }: Subject, text: string, report: RunReport) {
  const events = parameters["envelope"] === "events";
  const sets = text.matchAll(
    events ? /^\{"snapshot":\{"number":(\d+),/gm : /"\$snapshot":(\d+)(?:,"\$final":true)?\}$/gm,
  );
  let before = 0;
  for (const [, number] of sets) {
    // A snapshot without rows is told by its number alone, and only among events.
    assert.ok(Number(number) >= before, `set ${number} behind set ${before}`);
    before = Number(number);
  }
  const firsts = text.split("\n").map((line) => /^\{"\$?(\w+)":/.exec(line)?.[1]);
  if (events) {
    assert.equal(firsts[0], "start");
    assert.equal(firsts.at(-2), report.state === "complete" ? "end" : "error");
    const rows = firsts.filter((kind) => kind === "row").length;
    if (report.state === "complete") assert.equal(rows, report.rows, "rows told");
  }
  if (report.state !== "complete" || endsEarly({ plan, parameters, ...subject })) return;
  // Others say themselves what becomes of theirs.
  if (/on_error=|dead_letter/.test(plan.text)) return;
  const rejects = firsts.filter((kind) => kind === "reject").length;
  const { on_reject: policy } = parameters;
  assert.equal(rejects, policy === "emit" ? report.rejects : 0, "rejects told");
}
