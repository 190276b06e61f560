/**
 * The kinds of rounds of the chaos test: what is done to a run, and how it must end.
 * @module
 */
import assert from "node:assert/strict";
import type { Sluice } from "../../routes/server.ts";
import type { RunReport } from "../../src/pipeline/report.ts";
import { type Conduct, type Exchange, exchange, type Leaving } from "./chaos_client.ts";
import { resumed } from "./chaos_resume.ts";
import {
  endsEarly,
  expectDisturbed,
  expectOwnEnd,
  makeSubject,
  struck,
  type Subject,
} from "./chaos_subject.ts";
import { BYSTANDER, piecesOf, type Play, startServer, type World } from "./chaos_world.ts";
import { between, pickOne } from "./random.ts";
import { eventually, runUrl } from "./server.ts";

type Random = () => number;

async function send(
  world: World,
  subject: Subject,
  conduct: Conduct,
  random: Random,
  server: Sluice = world.server,
): Promise<Exchange> {
  const url = runUrl(server, subject.plan.text, subject.parameters);
  const [answer] = await Promise.all([
    exchange(url, conduct),
    world.askBystanders(server, random),
  ]);
  return answer;
}

/** The report of the subject's run, live or ended; null when there is none. */
function reportOf(world: World, server = world.server): RunReport | null {
  return world.news(server).find(({ pipeline }) => pipeline !== BYSTANDER) ?? null;
}

function endOf(world: World, server?: Sluice): Promise<RunReport> {
  return eventually(() => {
    const report = reportOf(world, server);
    return report !== null && report.state !== "running" ? report : null;
  });
}

const undisturbed: Play = async (world, random, story) => {
  const subject = await makeSubject(world, random, story);
  const how = { whole: random() < 0.3, slow: random() < 0.3 };
  story.details += JSON.stringify(how);
  const pieces = piecesOf(random, subject.plan.input);
  const answer = await send(world, subject, { pieces, ...how }, random);
  expectOwnEnd(subject, answer, await endOf(world));
};

const leaving: Play = async (world, random, story) => {
  const subject = await makeSubject(world, random, story);
  const pieces = piecesOf(random, subject.plan.input);
  const leave = pickOne<Leaving>(random, ["close", "reset", "half-close"]);
  const stop = { before: between(random, 0, pieces.length - 1), leave };
  story.details += JSON.stringify(stop);
  const seen = () => eventually(() => reportOf(world) !== null);
  const answer = await send(world, subject, { pieces, stop: { ...stop, until: seen } }, random);
  const report = await endOf(world);
  const codes = ["client_gone", "upload_cut"];
  if (report.state === "complete") return assert.ok(endsEarly(subject));
  assert.ok([...codes, "internal"].includes(report.error!.code), report.error!.message);
  // The runtimes close such a connection, at times before the error line is out.
  assert.ok(answer.cut || answer.status !== 200, `an answer of ${answer.status} is cut`);
};

const deaf: Play = async (world, random, story) => {
  const subject = await makeSubject(world, random, story);
  const readAtMost = between(random, 1, 20_000);
  story.details += `reads at most ${readAtMost}`;
  const pieces = piecesOf(random, subject.plan.input);
  await send(world, subject, { pieces, readAtMost }, random);
  const { state, error } = await endOf(world);
  const codes = struck(subject)
    ? ["client_gone", "upload_cut", "internal"]
    : ["client_gone", "upload_cut"];
  if (state === "failed") assert.ok(codes.includes(error!.code), error!.message);
};

const cancelled: Play = async (world, random, story) => {
  const subject = await makeSubject(world, random, story);
  const pieces = piecesOf(random, subject.plan.input);
  const until = async () => {
    const { id } = await eventually(() => reportOf(world));
    await exchange(`${world.server.url}/v1/runs/${id}`, {
      method: "DELETE",
      pieces: [],
      whole: true,
    });
  };
  const stop = { before: between(random, 0, pieces.length - 1), until, leave: null };
  const answer = await send(world, subject, { pieces, stop }, random);
  expectDisturbed(subject, answer, await endOf(world), ["cancelled"]);
};

const outOfTime: Play = async (world, random, story) => {
  const made = await makeSubject(world, random, story);
  const subject = { ...made, parameters: { ...made.parameters, timeout: "30ms" } };
  const pieces = piecesOf(random, subject.plan.input);
  const stop = {
    before: between(random, 0, pieces.length - 1),
    until: () => endOf(world),
    leave: null,
  };
  const answer = await send(world, subject, { pieces, stop }, random);
  expectDisturbed(subject, answer, await endOf(world), ["timeout"]);
};

const stopped: Play = async (world, random, story) => {
  const subject = await makeSubject(world, random, story);
  const pieces = piecesOf(random, subject.plan.input);
  const how = pickOne(random, ["graceful", "hybrid", "abrupt"] as const);
  story.details += how;
  const server = await startServer(world.ledger.vocabulary, {});
  const over = Promise.withResolvers<void>();
  const until = async () => {
    await eventually(() => reportOf(world, server));
    // The bystanders are over before the server takes no more.
    await eventually(() =>
      world.news(server).filter(({ state }) => state === "complete").length >= 2
    );
    void server.stop(how).then(over.resolve, over.reject);
    if (how !== "graceful") await endOf(world, server);
  };
  const stop = { before: between(random, 0, pieces.length - 1), until, leave: null };
  const answer = await send(world, subject, { pieces, stop }, random, server);
  await over.promise;
  const report = await endOf(world, server);
  if (how === "graceful") expectOwnEnd(subject, answer, report);
  else expectDisturbed(subject, answer, report, ["shutdown"]);
  await world.settle(server);
};

/** The kinds of rounds; those that stand twice are played twice as often. */
export const CHAOS_ROUNDS: readonly (readonly [kind: string, play: Play])[] = [
  ["undisturbed", undisturbed],
  ["undisturbed", undisturbed],
  ["undisturbed", undisturbed],
  ["leaving", leaving],
  ["leaving", leaving],
  ["deaf", deaf],
  ["cancelled", cancelled],
  ["out of time", outOfTime],
  ["stopped", stopped],
  ["resumed", resumed],
  ["resumed", resumed],
];
