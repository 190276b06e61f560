/**
 * The way from what a user wrote to a plan that can run, and what can be said of a plan.
 * @module
 */
import type { PipelineJson } from "./language/nested_json.ts";
import { checkPlan, type PlanSchemas } from "./language/check_plan.ts";
import { type Issue, PipelineError } from "./language/diagnostics.ts";
import { Places, readPipelineJson } from "./language/pipeline_json.ts";
import { type ReadScope, readText } from "./language/pipeline_text.ts";
import type { Plan } from "./language/syntax.ts";
import { MAX_SOURCE_LENGTH } from "./language/tokens.ts";
import type { Vocabulary } from "./vocabulary.ts";

export { explain, type Explanation, type Segments, segments } from "./language/explain.ts";
export { findParameters, type Parameter } from "./language/parameters.ts";
export { planToJson } from "./language/plan_to_json.ts";
export { printPlan } from "./language/pipeline_text.ts";
export { pipelineJsonSchema } from "./language/json_schema.ts";

/** The most issues that are told at once. */
const MAX_ISSUES = 50;

/** A plan without faults, with the rows on every edge. Structured-cloneable. */
export interface CheckedPlan extends PlanSchemas {
  readonly plan: Plan;
  /** What the user wrote. */
  readonly source: string;
}

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();

/**
 * The plan of a pipeline in text, or in JSON when the source starts with `{` or `[`. `parameters` fill `$name`: each
 * value becomes one literal and is never read as syntax. Throws PipelineError with all issues, in text order, at most
 * 50. Linear in the source; memory in proportion to it.
 */
export function parsePipeline(
  source: string,
  vocabulary: Vocabulary,
  parameters: ReadonlyMap<string, string> = NO_PARAMETERS,
): CheckedPlan {
  const isJson = /^\s*[{[]/.test(source);
  if (!isJson) {
    return collect(source, vocabulary, parameters, null, (scope) => readText(source, scope));
  }
  const places = new Places();
  return collect(source, vocabulary, parameters, places, (scope) => {
    const json = readJsonText(source, scope);
    return json === undefined ? null : readPipelineJson(json, scope, places);
  });
}

/** The plan of a pipeline in its JSON form, parsed already. Throws PipelineError with all issues, each with its place. */
export function planFromJson(
  json: Exclude<PipelineJson, string>,
  vocabulary: Vocabulary,
  parameters: ReadonlyMap<string, string> = NO_PARAMETERS,
): CheckedPlan {
  const places = new Places();
  const source = JSON.stringify(json);
  const read = (scope: ReadScope) => readPipelineJson(json, scope, places);
  return collect(source, vocabulary, parameters, places, read);
}

/** Reads and checks, and throws when that found anything. A null plan is one of which nothing could be read. */
function collect(
  source: string,
  vocabulary: Vocabulary,
  parameters: ReadonlyMap<string, string>,
  places: Places | null,
  read: (scope: ReadScope) => Plan | null,
): CheckedPlan {
  const issues = new Map<string, Issue>();
  const scope: ReadScope = {
    vocabulary,
    parameters,
    faulty: new Set(),
    stages: 0,
    report(issue) {
      const key = `${issue.at.start} ${issue.message}`;
      if (issues.size < MAX_ISSUES && !issues.has(key)) issues.set(key, issue);
    },
  };
  const plan = read(scope);
  const schemas = plan === null ? null : checkPlan(plan, scope);
  if (issues.size === 0 && plan !== null && schemas !== null) return { plan, source, ...schemas };
  const inOrder = [...issues.values()].sort((left, right) => left.at.start - right.at.start);
  const located = places === null ? inOrder : inOrder.map((issue) => places.locate(issue));
  throw new PipelineError(source, located);
}

function readJsonText(source: string, scope: ReadScope): unknown {
  const at = { start: 0, end: 0 };
  if (source.length > MAX_SOURCE_LENGTH) {
    const message =
      `A pipeline has at most ${MAX_SOURCE_LENGTH} characters, found ${source.length}`;
    scope.report({ message, at });
    return undefined;
  }
  try {
    return JSON.parse(source);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const hint = "A pipeline that starts with { or [ is read as JSON";
    scope.report({ message: `Pipeline is not valid JSON: ${reason}`, at, hint });
    return undefined;
  }
}
