/**
 * The parameters of a run, from the query, a header or form fields, checked by one schema.
 * @module
 */
import { z } from "zod";
import { nearest } from "../src/language/diagnostics.ts";
import { readQuantity } from "../src/language/units.ts";
import type { RejectBudget } from "../src/pipeline/rejects.ts";
import { REJECT_POLICIES } from "../src/reject.ts";
import type { RunOptions } from "../src/pipeline/run_input.ts";
import { badParameters } from "./problem.ts";

/** Snapshots more often than this would cost more than they tell. */
const LEAST_EVERY_MS = 10;

const duration = (leastMs: number) =>
  z.string().transform((text, context) => {
    const quantity = readQuantity(text);
    if (quantity?.dimension === "duration" && quantity.value >= leastMs) return quantity.value;
    const message =
      `Expected a duration of at least ${leastMs}ms, such as 200ms or 5s, found "${text}"`;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });

const rejectBudget = z.string().transform((text, context): RejectBudget => {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text);
  const amount = Number(match?.[1]);
  if (match?.[2] === "%" && amount <= 100) return { percent: amount };
  if (match?.[2] === "" && Number.isSafeInteger(amount)) return { count: amount };
  const message = `Expected a number of lines such as 100, or a share such as 1%, found "${text}"`;
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

/** The parameters of a run by their names in the query, each with the line that documents it. */
export const RUN_PARAMETERS = z.object({
  every: duration(LEAST_EVERY_MS).optional().describe("Snapshots this often while uploading"),
  envelope: z.enum(["rows", "events"]).default("rows").describe("Shape of the answer's lines"),
  timeout: duration(1).optional().describe("Longest time for the whole run"),
  idle: duration(1).optional().describe("Longest wait for more of the upload"),
  first_result: duration(1).optional().describe("Longest time until the first row of the result"),
  on_reject: z.enum(REJECT_POLICIES).default("skip").describe(
    "What happens to lines and rows that are rejected, where their stage has no `on_error`",
  ),
  restart: z.string().regex(/^\d{1,3}$/, {
    error: ({ input }) => `Expected a number of restarts from 0 to 999, found "${input}"`,
  }).transform(Number).optional().describe(
    "How often a stage that throws is made anew before the run fails; default 0",
  ),
  on_restart: z.enum(["restore", "reset"]).default("restore").describe(
    "Whether such a stage goes on with its state or begins from nothing",
  ),
  backoff: duration(1).optional().describe(
    "Pause before the first of its restarts, doubled for each further one; default 20ms",
  ),
  max_rejects: rejectBudget.optional().describe(
    "Rejects allowed, of all classes: a count, or a share of the lines",
  ),
});

const NAMES = Object.keys(RUN_PARAMETERS.shape);

/** The options of a run and the values that are left, for the parameters of a named pipeline. */
export interface RunParameters {
  readonly options: RunOptions;
  readonly rest: ReadonlyMap<string, string>;
}

/** Splits and checks `values`. Throws a problem that names every bad one. */
export function readParameters(values: ReadonlyMap<string, string>): RunParameters {
  const known = Object.fromEntries([...values].filter(([name]) => NAMES.includes(name)));
  const rest = new Map([...values].filter(([name]) => !NAMES.includes(name)));
  const result = RUN_PARAMETERS.safeParse(known);
  if (!result.success) {
    throw badParameters(result.error.issues.map((issue) => ({
      parameter: issue.path.join("."),
      message: issue.code === "invalid_value"
        ? `Expected one of ${issue.values.join(", ")}, found "${known[String(issue.path[0])]}"`
        : issue.message,
    })));
  }
  const { every, envelope, timeout, idle, first_result, on_reject, max_rejects } = result.data;
  const { restart, on_restart, backoff } = result.data;
  const options: RunOptions = {
    everyMs: every ?? null,
    envelope,
    timeoutMs: timeout ?? null,
    idleMs: idle,
    firstResultMs: first_result,
    onReject: on_reject,
    maxRejects: max_rejects ?? null,
    ...(restart && { supervision: { limit: restart, state: on_restart, backoffMs: backoff } }),
  };
  return { options, rest };
}

/** Refuses parameters that nothing knows: a slip of the fingers must not pass for a setting. */
export function refuseUnknown(names: Iterable<string>, allowed: readonly string[]): void {
  const candidates = [...allowed, ...NAMES];
  const issues = [...names].map((parameter) => {
    const near = nearest(parameter, candidates);
    const hint = near === null
      ? `The parameters are ${candidates.join(", ")}`
      : `Did you mean \`${near}\`?`;
    return { parameter, message: `Unknown parameter. ${hint}` };
  });
  if (issues.length > 0) throw badParameters(issues);
}
