/**
 * A plan of the chaos test with troubles in it, and how its run may end.
 * @module
 */
import assert from "node:assert/strict";
import type { RunReport } from "../../src/pipeline/report.ts";
import type { Exchange } from "./chaos_client.ts";
import { type ChaosPlan, growPlan } from "./chaos_plan.ts";
import { type Trouble, TROUBLE_WORDS } from "./chaos_words.ts";
import type { Story, World } from "./chaos_world.ts";
import { type Outcome, run } from "./operators.ts";
import { between, pickOne } from "./random.ts";

type Random = () => number;

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

/** Whether a stage threw. */
export const struck = ({ troubles }: Subject) => troubles.some((trouble) => trouble.struck > 0);
/** Whether the run may be over before its input. */
export const endsEarly = ({ plan }: Subject) => /\bhead\b/.test(plan.text);

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
export function expectOwnEnd(subject: Subject, answer: Exchange, report: RunReport): void {
  if (!struck(subject) || subject.mended || (endsEarly(subject) && report.state === "complete")) {
    expectComplete(subject, answer, report);
  } else expectFailed(answer, report, ["internal"]);
}

/** How a run ends that was disturbed: in `codes`, unless its stages threw before or it had enough before. */
export function expectDisturbed(
  subject: Subject,
  answer: Exchange,
  report: RunReport,
  codes: readonly string[],
): void {
  if (endsEarly(subject) && report.state === "complete") expectRight(subject, answer);
  else expectFailed(answer, report, struck(subject) ? [...codes, "internal"] : codes);
}
