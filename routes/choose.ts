/**
 * Which pipeline a request means, by its text or by its name, with its parameters put in.
 * @module
 */
import { nearest } from "../src/language/diagnostics.ts";
import { type CheckedPlan, parsePipeline } from "../src/plan.ts";
import type { Services } from "./app.ts";
import type { NamedPipeline } from "./named_pipelines.ts";
import { refuseUnknown } from "./parameters.ts";
import { badParameters, notFound } from "./problem.ts";

/** What a door has made of the parameters of an upload. */
export interface Chosen {
  readonly checked: CheckedPlan;
  readonly name: string | null;
}

/** The pipeline whose text is the value `q`. Throws a problem when there is none, or other values. */
export function chooseText(
  values: ReadonlyMap<string, string>,
  { vocabulary }: Services,
): Chosen {
  const { q, ...others } = Object.fromEntries(values);
  refuseUnknown(Object.keys(others), ["q"]);
  if (q === undefined) {
    throw badParameters([{
      parameter: "q",
      message:
        "Expected a pipeline in the query `q`, the header `x-pipeline`, or a form field before the file",
    }]);
  }
  return { checked: parsePipeline(q, vocabulary), name: null };
}

/** The named pipeline with its parameters from `values`. Throws a problem when there are others. */
export function chooseNamed(
  { name, text, parameters }: NamedPipeline,
  values: ReadonlyMap<string, string>,
  { vocabulary }: Services,
): Chosen {
  const known = parameters.map((parameter) => parameter.name);
  refuseUnknown([...values.keys()].filter((key) => !known.includes(key)), known);
  return { checked: parsePipeline(text, vocabulary, values), name };
}

/** The pipeline of that name. Throws a problem when there is none. */
export function findNamed(name: string, { pipelines }: Services): NamedPipeline {
  const found = pipelines.get(name);
  if (found === undefined) throw notFound("pipeline", name, nearest(name, pipelines.keys()));
  return found;
}
