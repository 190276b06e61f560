/**
 * A plan of the chaos test with troubles in it, and how its run may end.
 * @module
 */
import assert from "node:assert/strict";
import { type RunErrorCode, toRunError } from "../../src/errors.ts";
import type { RunReport } from "../../src/pipeline/report.ts";
import type { Exchange } from "./chaos_client.ts";
import { type ChaosPlan, growPlan } from "./chaos_plan.ts";
import { AMPLE, STRICT } from "./chaos_flow.ts";
import { Growth, type Place } from "./chaos_grown.ts";
import { calmPlaces, expectWritten } from "./chaos_places.ts";
import type { Resources } from "../../src/resources.ts";
import { type Trouble, TROUBLE_WORDS } from "./chaos_words.ts";
import type { Story, World } from "./chaos_world.ts";
import { type Outcome, run } from "./operators.ts";
import { between, pickOne } from "./random.ts";

type Random = () => number;

/** A plan under way, with what it must give. */
export interface Subject {
  readonly plan: ChaosPlan;
  readonly troubles: readonly Trouble[];
  /** Null where the plan has its run fail. */
  readonly reference: Outcome | null;
  /** What the plan has its run fail with; where several stages do, the first is a matter of time. */
  readonly failures: readonly RunErrorCode[];
  /** Throws are mended by restarts. */
  readonly mended: boolean;
  readonly parameters: Readonly<Record<string, string>>;
}

const MOST_TROUBLES = 3;

/** What a subject may have: words that throw, and stages that end the run by plan, lose rows, or need a form. */
interface Allowed {
  readonly throwing: boolean;
  readonly risks: boolean;
}

/** Grows a plan with troubles in it, and runs it without them. */
export async function makeSubject(
  world: World,
  random: Random,
  story: Story,
  { throwing, risks }: Allowed = { throwing: true, risks: true },
): Promise<Subject> {
  const mended = throwing && random() < 0.6;
  const troubles: Trouble[] = [];
  const trouble = ({ mendable, lanes }: Place) => {
    if (troubles.length >= MOST_TROUBLES || random() < 0.75) return null;
    const thrower = lanes ? "throws" : "shaky";
    const words = throwing ? [thrower, "stall", "lag"] : ["stall", "lag"];
    const word = pickOne(random, words);
    if (word === "shaky" && mended && !mendable) return null;
    const key = String(troubles.length);
    const strikes = word === thrower ? between(random, 1, 3) : 0;
    const made = world.ledger.plan(key, random, strikes);
    troubles.push(made);
    openSoon(made, between(random, 0, 30));
    return `${word} "${key}"`;
  };
  const { host } = world.places;
  const growth = new Growth(host.address, world.key, trouble, { risks: !risks });
  const plan = growPlan(random, growth);
  story.plan = plan.text;
  const calm = calmPlaces();
  const text = plan.text.replace(TROUBLE_WORDS, "").replaceAll(STRICT, AMPLE);
  const calmly = await runCalmly(world, text, plan.input, calm.resources);
  const reference = typeof calmly === "string" ? null : calmly;
  const failures = typeof calmly === "string"
    ? [calmly, ...await failuresOf(world, text, plan.input)]
    : [];
  // Replayed from the state, or, with the chain of a branch, from what its stages say: 3 strikes of 3 words.
  const parameters: Record<string, string> = mended ? { restart: "9", backoff: "2ms" } : {};
  story.details = `${JSON.stringify(parameters)}, ${troubles.length} troubles`;
  if (reference !== null && !plan.lossy) {
    world.afterwards = async (complete) => {
      for (const sink of plan.sinks) await expectWritten(sink, world.places, calm, complete);
    };
  }
  return { plan, troubles, reference, failures, mended, parameters };
}

/** What a plan gives where nothing is in its way, or what it fails with. */
async function runCalmly(
  { ledger: { vocabulary } }: World,
  text: string,
  input: string,
  resources: Resources,
): Promise<Outcome | RunErrorCode> {
  try {
    return await run(text, input, { vocabulary, resources });
  } catch (fault) {
    return toRunError(fault).code;
  }
}

const FAILING = /on_error=fail/g;

/** What a plan fails with when only one of its stages is to fail the run, for each of these. */
async function failuresOf(
  world: World,
  text: string,
  input: string,
): Promise<readonly RunErrorCode[]> {
  const codes: RunErrorCode[] = [];
  for (const { index } of text.matchAll(FAILING)) {
    const alone = text.replace(FAILING, (word, at) => at === index ? word : "on_error=emit");
    const outcome = await runCalmly(world, alone, input, calmPlaces().resources);
    if (typeof outcome === "string") codes.push(outcome);
  }
  return codes;
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
/** Whether a stage in lanes threw, which another lane may have mended or not. */
const struckInLanes = (subject: Subject) =>
  struck(subject) && subject.plan.text.includes("throws ");
/** What the run may fail with though nobody disturbs it. */
export function codesOf(subject: Subject): readonly RunErrorCode[] {
  const { failures, parameters, plan } = subject;
  return [
    ...failures,
    ...struck(subject) ? ["internal" as const] : [],
    ...plan.text.includes("overflow=fail") ? ["overflow" as const] : [],
    ...plan.text.includes(STRICT) ? ["stage_timeout" as const] : [],
    ..."first_result" in parameters ? ["first_result_timeout" as const] : [],
    ..."max_rejects" in parameters ? ["rejects_exceeded" as const] : [],
  ];
}
/** Whether the run may be over before its input. */
export const endsEarly = ({ plan }: Subject) => /\bhead\b/.test(plan.text);

const OTHER_LINES = /^\{"\$(?:notice|reject)":/;

/** The rows of an answer, in an order that both sides have. */
function rowsOf(text: string, ordered: boolean): string {
  const lines = text.split("\n").filter((line) => line !== "" && !OTHER_LINES.test(line))
    // A row that is written once more when a stage is made anew was there.
    .map((line) => line.replace(/"inserted":\d+,"updated":\d+/, ""));
  if (!ordered) lines.sort();
  return lines.join("\n");
}

/** The answer is whole and that of the reference. */
export function expectRight(subject: Subject, { status, text, cut }: Exchange): void {
  const { plan, reference } = subject;
  assert.equal(status, 200, text);
  assert.equal(cut, false, `the answer is cut: ${text.slice(-300)}`);
  if (plan.lossy) return;
  assert.ok(reference !== null, "the run fails by its plan");
  assert.equal(rowsOf(text, plan.ordered), rowsOf(reference.output, plan.ordered));
}

function expectComplete(subject: Subject, answer: Exchange, report: RunReport): void {
  assert.equal(report.state, "complete", JSON.stringify(report.error));
  expectRight(subject, answer);
  if (endsEarly(subject) || subject.plan.lossy) return;
  assert.equal(report.rejects, subject.reference!.rejects.length, "rejects");
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
  if (report.state !== "complete") {
    const { mended } = subject;
    const mustMend = mended && !struckInLanes(subject);
    const codes = codesOf(mustMend ? { ...subject, troubles: [] } : subject);
    return expectFailed(answer, report, codes);
  }
  // A snapshot that a stage throws on is left out.
  const mayEnd = !struck(subject) || subject.mended || struckInLanes(subject) ||
    "every" in subject.parameters;
  assert.ok(mayEnd || endsEarly(subject), "a run with a stage that threw is complete");
  if (subject.reference === null && endsEarly(subject)) return;
  expectComplete(subject, answer, report);
}

/** How a run ends that was disturbed: in `codes`, unless its stages threw before or it had enough before. */
export function expectDisturbed(
  subject: Subject,
  answer: Exchange,
  report: RunReport,
  codes: readonly string[],
): void {
  if (endsEarly(subject) && report.state === "complete") {
    if (subject.reference !== null) expectRight(subject, answer);
  } else expectFailed(answer, report, [...codes, ...codesOf(subject)]);
}
