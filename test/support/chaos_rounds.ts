/**
 * The kinds of rounds of the chaos test: what is done to a run, and how it must end.
 * @module
 */
import assert from "node:assert/strict";
import type { Sluice } from "../../routes/server.ts";
import type { RunReport } from "../../src/pipeline/report.ts";
import { type Conduct, type Exchange, exchange, type Leaving } from "./chaos_client.ts";
import { type ChaosPlan, growPlan } from "./chaos_plan.ts";
import { type Trouble, TROUBLE_WORDS } from "./chaos_words.ts";
import { BYSTANDER, piecesOf, startServer, type Story, type World } from "./chaos_world.ts";
import { type Outcome, run } from "./operators.ts";
import { between, pickOne } from "./random.ts";
import { eventually, runUrl } from "./server.ts";

type Random = () => number;
type Play = (world: World, random: Random, story: Story) => Promise<void>;

/** A plan under way, with what it must give. */
export interface Subject {
  readonly plan: ChaosPlan;
  readonly troubles: readonly Trouble[];
  readonly reference: Outcome;
  /** Throws are mended by restarts. */
  readonly mended: boolean;
  readonly parameters: Readonly<Record<string, string>>;
}

const MOST_TROUBLES = 3;

/** Grows a plan with troubles in it, and runs it without them. `shaky` words throw, where `throwing`. */
export async function makeSubject(
  world: World,
  random: Random,
  story: Story,
  throwing = true,
): Promise<Subject> {
  const mended = throwing && random() < 0.6;
  const troubles: Trouble[] = [];
  const words = throwing ? ["shaky", "stall", "lag"] : ["stall", "lag"];
  const plan = growPlan(random, (mendable) => {
    if (troubles.length >= MOST_TROUBLES || random() < 0.75) return null;
    const word = pickOne(random, words);
    if (word === "shaky" && mended && !mendable) return null;
    const key = String(troubles.length);
    const trouble = world.ledger.plan(key, random, word === "shaky" ? between(random, 1, 3) : 0);
    troubles.push(trouble);
    openSoon(trouble, between(random, 0, 30));
    return `${word} "${key}"`;
  });
  story.plan = plan.text;
  const reference = await run(plan.text.replace(TROUBLE_WORDS, ""), plan.input);
  // Replayed from the state, or, with the chain of a branch, from what its stages say: 3 strikes of 3 words.
  const parameters: Record<string, string> = mended ? { restart: "9" } : {};
  story.details = `${JSON.stringify(parameters)}, ${troubles.length} troubles`;
  return { plan, troubles, reference, mended, parameters };
}

function openSoon(trouble: Trouble, turns: number): void {
  const turn = (left: number) => {
    if (left === 0) trouble.open();
    else setImmediate(turn, left - 1);
  };
  turn(turns);
}

const struck = ({ troubles }: Subject) => troubles.some((trouble) => trouble.struck > 0);
const endsEarly = ({ plan }: Subject) => /\bhead\b/.test(plan.text);

/** The rows of an answer, in an order that both sides have. */
function rowsOf(text: string, ordered: boolean): string {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith('{"$notice":'));
  if (!ordered) lines.sort();
  return lines.join("\n");
}

/** The answer is whole and that of the reference. */
export function expectRight(subject: Subject, { status, text, cut }: Exchange): void {
  const { plan, reference } = subject;
  assert.equal(status, 200, text);
  assert.equal(cut, false, `the answer is cut: ${text.slice(-300)}`);
  assert.equal(rowsOf(text, plan.ordered), rowsOf(reference.output, plan.ordered));
}

function expectComplete(subject: Subject, answer: Exchange, report: RunReport): void {
  assert.equal(report.state, "complete", JSON.stringify(report.error));
  expectRight(subject, answer);
  if (endsEarly(subject)) return;
  assert.equal(report.rejects, subject.reference.rejects.length, "rejects");
}

/** The run failed with one of `codes`, its error line is the answer's last, and the answer is cut. */
function expectFailed(answer: Exchange, report: RunReport, codes: readonly string[]): void {
  assert.equal(report.state, "failed");
  const code = report.error!.code;
  assert.ok(codes.includes(code), `failed with ${code}: ${report.error!.message}`);
  if (answer.status === 200) {
    const last = answer.text.trimEnd().split("\n").at(-1)!;
    assert.match(last, new RegExp(`^\\{"\\$error":\\{"code":"${code}"`));
    assert.ok(answer.cut, "a failed answer is cut");
  } else assert.ok(answer.status >= 400, `status ${answer.status}`);
}

/** How a run ends that nobody but its own stages disturbs. */
function expectOwnEnd(subject: Subject, answer: Exchange, report: RunReport): void {
  if (!struck(subject) || subject.mended || (endsEarly(subject) && report.state === "complete")) {
    expectComplete(subject, answer, report);
  } else expectFailed(answer, report, ["internal"]);
}

/** How a run ends that was disturbed: in `codes`, unless its stages threw before or it had enough before. */
function expectDisturbed(
  subject: Subject,
  answer: Exchange,
  report: RunReport,
  codes: readonly string[],
): void {
  if (endsEarly(subject) && report.state === "complete") expectRight(subject, answer);
  else expectFailed(answer, report, struck(subject) ? [...codes, "internal"] : codes);
}

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

const resumed: Play = async (world, random, story) => {
  const subject = await makeSubject(world, random, story, false);
  const { url } = world.server;
  const query = new URLSearchParams({ q: subject.plan.text });
  const opened = await exchange(`${url}/v1/uploads?${query}`, { pieces: [], whole: true });
  assert.equal(opened.status, 201, opened.text);
  const place = url + opened.headers.get("location")!;
  const bytes = Buffer.from(subject.plan.input);
  for (;;) {
    const head = await exchange(place, { method: "HEAD", pieces: [], whole: true });
    const offset = Number(head.headers.get("upload-offset"));
    const end = random() < 0.4 ? bytes.length : between(random, offset, bytes.length);
    const pieces = piecesOf(random, bytes.subarray(offset, end).toString("latin1"));
    const leave = random() < 0.5
      ? pickOne<Leaving>(random, ["close", "reset", "half-close"])
      : null;
    const before = between(random, 0, Math.max(0, pieces.length - 1));
    story.details += ` ${offset}-${end}${leave === null ? "" : ` ${leave} at ${before}`}`;
    const [answer] = await Promise.all([
      exchange(place, {
        method: "PATCH",
        headers: {
          "content-type": "application/partial-upload",
          "upload-offset": String(offset),
          "upload-complete": end === bytes.length ? "?1" : "?0",
        },
        pieces,
        stop: { before, until: () => Promise.resolve(), leave },
      }),
      world.askBystanders(world.server, random),
    ]);
    if (answer.status !== 200) continue;
    expectRight(subject, answer);
    break;
  }
  const { text } = await exchange(place, { method: "GET", pieces: [], whole: true });
  const { lines } = JSON.parse(text) as { lines: number };
  // A last line without a line feed is one when the results are asked for.
  const open = subject.plan.input.endsWith("\n") ? 0 : 1;
  if (!endsEarly(subject)) assert.equal(lines, subject.reference.policy.lines - open, "lines");
  // Each report is that of one part, and what a part's end gives came in with others.
  for (const { id } of world.news().filter(({ pipeline }) => pipeline !== BYSTANDER)) {
    world.seen.add(id);
  }
  await exchange(place, { method: "DELETE", pieces: [], whole: true });
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
