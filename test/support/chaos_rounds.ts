/**
 * The kinds of rounds of the chaos test: what is done to a run, and how it must end.
 * @module
 */
import assert from "node:assert/strict";
import { exchange, type Leaving } from "./chaos_client.ts";
import { resumed } from "./chaos_resume.ts";
import { codesOf, endsEarly, expectDisturbed, expectOwnEnd, makeSubject } from "./chaos_subject.ts";
import { endOf, placeToStop, reportOf, send, uploadOf } from "./chaos_send.ts";
import { watched } from "./chaos_watched.ts";
import { BYSTANDER, type Play } from "./chaos_world.ts";
import { between, pickOne } from "./random.ts";
import { eventually } from "./server.ts";

const undisturbed: Play = async (world, random, story) => {
  const subject = await makeSubject(world, random, story);
  const how = { whole: random() < 0.3, slow: random() < 0.3 };
  story.details += JSON.stringify(how);
  const pieces = uploadOf(random, subject);
  const answer = await send(world, subject, { pieces, ...how }, random);
  expectOwnEnd(subject, answer, await endOf(world));
};

const leaving: Play = async (world, random, story) => {
  const subject = await makeSubject(world, random, story);
  const pieces = uploadOf(random, subject);
  const leave = pickOne<Leaving>(random, ["close", "reset", "half-close"]);
  const stop = { before: placeToStop(random, subject, pieces), leave };
  story.details += JSON.stringify(stop);
  const seen = () => eventually(() => reportOf(world) !== null);
  const answer = await send(world, subject, { pieces, stop: { ...stop, until: seen } }, random);
  const report = await endOf(world);
  const codes = ["client_gone", "upload_cut", ...codesOf(subject)];
  if (report.state === "complete") return assert.ok(endsEarly(subject));
  assert.ok(codes.includes(report.error!.code), report.error!.message);
  // The runtimes close such a connection, at times before the error line is out.
  assert.ok(answer.cut || answer.status !== 200, `an answer of ${answer.status} is cut`);
};

const deaf: Play = async (world, random, story) => {
  const subject = await makeSubject(world, random, story);
  const readAtMost = between(random, 1, 20_000);
  story.details += `reads at most ${readAtMost}`;
  const pieces = uploadOf(random, subject);
  await send(world, subject, { pieces, readAtMost }, random);
  const { state, error } = await endOf(world);
  const codes = ["client_gone", "upload_cut", ...codesOf(subject)];
  if (state === "failed") assert.ok(codes.includes(error!.code), error!.message);
};

const cancelled: Play = async (world, random, story) => {
  const subject = await makeSubject(world, random, story);
  const pieces = uploadOf(random, subject);
  const until = async () => {
    const { id } = await eventually(() => reportOf(world));
    await exchange(`${world.server.url}/v1/runs/${id}`, {
      method: "DELETE",
      pieces: [],
      whole: true,
    });
  };
  const stop = { before: placeToStop(random, subject, pieces), until, leave: null };
  const answer = await send(world, subject, { pieces, stop }, random);
  expectDisturbed(subject, answer, await endOf(world), ["cancelled"]);
};

const outOfTime: Play = async (world, random, story) => {
  const made = await makeSubject(world, random, story);
  const [limit, code] = pickOne(
    random,
    [["timeout", "timeout"], ["idle", "idle_timeout"]] as const,
  );
  const subject = { ...made, parameters: { ...made.parameters, [limit]: "30ms" } };
  story.details += limit;
  const pieces = uploadOf(random, subject);
  const stop = {
    before: placeToStop(random, subject, pieces),
    until: () => endOf(world),
    leave: null,
  };
  const answer = await send(world, subject, { pieces, stop }, random);
  expectDisturbed(subject, answer, await endOf(world), [code]);
};

const stopped: Play = async (world, random, story) => {
  const subject = await makeSubject(world, random, story);
  const pieces = uploadOf(random, subject);
  const how = pickOne(random, ["graceful", "hybrid", "abrupt"] as const);
  story.details += how;
  const server = await world.open();
  const over = Promise.withResolvers<void>();
  const until = async () => {
    await eventually(() => reportOf(world, server));
    // The bystanders are over before the server takes no more.
    await eventually(() =>
      world.news(server).filter(({ pipeline, state }) =>
        pipeline === BYSTANDER && state === "complete"
      ).length === 2
    );
    void server.stop(how).then(over.resolve, over.reject);
    if (how !== "graceful") await endOf(world, server);
  };
  const stop = { before: placeToStop(random, subject, pieces), until, leave: null };
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
  ["watched", watched],
  ["watched", watched],
  ["leaving", leaving],
  ["leaving", leaving],
  ["deaf", deaf],
  ["cancelled", cancelled],
  ["out of time", outOfTime],
  ["stopped", stopped],
  ["resumed", resumed],
  ["resumed", resumed],
];
