/**
 * Pipelines in JSON: `{"stages": [{"stage": "where", "condition": "status >= 500"}]}`, or the bare array. A nested
 * pipeline may also be given as text, or as `{"ref": "name"}` of one in the whole's `"pipelines"`.
 * @module
 */
import type { AnyStage } from "../stage.ts";
import { completeArguments } from "./complete.ts";
import { MAX_NESTING } from "./cursor.ts";
import { type Issue, nearest } from "./diagnostics.ts";
import type { Written } from "./parse_stage.ts";
import { isNested } from "./nested_kinds.ts";
import { isReference, References } from "./references.ts";
import { countStage, findStage, type ReadScope, readText } from "./pipeline_text.ts";
import { ownPropertiesOf, propertiesOf, type Property } from "./properties.ts";
import type { Plan, PlanStage, Span } from "./syntax.ts";
import { usage } from "./usage.ts";
import { type JsonScope, readJson, reportJson, showJson } from "./value_json.ts";

/**
 * The strings of a JSON pipeline laid end to end, so that one number says both which string and where in it. A plan from
 * JSON has such positions; {@link Places.locate} turns them into what people need.
 */
export class Places {
  readonly #places: { readonly start: number; readonly pointer: string; readonly text: string }[] =
    [];
  #next = 1;

  /** Lays one more string down, known by its JSON Pointer; gives the position of its first character. */
  add(pointer: string, text: string): number {
    const start = this.#next;
    this.#places.push({ start, pointer, text });
    this.#next += text.length + 1;
    return start;
  }

  /** The issue with its pointer and text, and its position within that text. */
  locate(issue: Issue): Issue {
    const place = this.#places.findLast(({ start }) => start <= issue.at.start);
    if (place === undefined) return issue;
    const { start, pointer, text } = place;
    const at = { start: issue.at.start - start, end: Math.max(0, issue.at.end - start) };
    return { ...issue, at, pointer, text };
  }
}

/** The plan of a JSON value. Reports every fault, at positions of `places`; the plan is then incomplete. */
export function readPipelineJson(
  json: unknown,
  scope: ReadScope,
  places: Places,
  pointer = "",
  nesting = 0,
  references: References = new References(json),
): Plan {
  const stages = isRecord(json) && Object.hasOwn(json, "stages") ? json["stages"] : json;
  const below = stages === json ? pointer : `${pointer}/stages`;
  const here = new PlaceScope(scope, places, below, nesting, references);
  if (!Array.isArray(stages)) {
    reportJson(json, 'a pipeline such as {"stages": [...]}', "", here);
    return { stages: [faulty(scope)] };
  }
  if (nesting > MAX_NESTING) {
    reportJson("...", `a nesting of at most ${MAX_NESTING} pipelines`, "", here);
    return { stages: [faulty(scope)] };
  }
  const read: PlanStage[] = [];
  for (const [index, stage] of stages.entries()) {
    const at = new PlaceScope(scope, places, `${below}/${index}`, nesting, references);
    if (!countStage(at.span("", showJson(stage)), scope)) break;
    read.push(readStageJson(stage, scope, at));
  }
  return { stages: read };
}

function readStageJson(json: unknown, scope: ReadScope, places: PlaceScope): PlanStage {
  const name = isRecord(json) && Object.hasOwn(json, "stage") ? json["stage"] : undefined;
  if (!isRecord(json) || typeof name !== "string") {
    reportJson(json, 'a stage such as {"stage": "head", "count": 10}', "", places);
    return faulty(scope);
  }
  const at = places.span("/stage", name);
  const definition = findStage(name, at, scope);
  const found = definition === null ? null : readArguments(json, definition, at, places);
  const stage: PlanStage = { stage: name, arguments: found ?? {}, at };
  if (found === null) scope.faulty.add(stage);
  return stage;
}

function readArguments(
  json: Readonly<Record<string, unknown>>,
  definition: AnyStage,
  at: Span,
  places: PlaceScope,
): Readonly<Record<string, unknown>> | null {
  const written: Written = new Map();
  const properties = propertiesOf(definition);
  let sound = true;
  for (const [name, value] of Object.entries(json)) {
    if (name === "stage" || value === undefined) continue;
    const property = properties.find((candidate) => candidate.name === name);
    const found = property === undefined
      ? reportUnknown(name, definition, properties, places)
      : readArgument(property, value, places.below(`/${escapePointer(name)}`));
    if (found === "wrong") sound = false;
    else if (found !== null) written.set(name, found);
  }
  return sound ? completeArguments(definition, written, at, (issue) => places.report(issue)) : null;
}

function readArgument(
  { syntax }: Property,
  json: unknown,
  places: PlaceScope,
): { value: unknown; at: Span } | "wrong" | null {
  if (Array.isArray(json) && json.length === 0 && !isNested(syntax.kind)) {
    return null;
  }
  const at = places.span("", showJson(json));
  const value = readJson(syntax.kind, json, places);
  return value === undefined ? "wrong" : { value, at };
}

function reportUnknown(
  name: string,
  definition: AnyStage,
  properties: readonly Property[],
  places: PlaceScope,
): "wrong" {
  const near = nearest(name, properties.map((property) => property.name));
  const own = ownPropertiesOf(definition).map((property) => property.name);
  const advice = near === null ? `Arguments are ${own.join(", ")}` : `Did you mean \`${near}\`?`;
  const hint = near === null && own.length === 0 ? `Usage: ${usage(definition)}` : advice;
  const at = places.span(`/${escapePointer(name)}`, name);
  places.report({ message: `Unknown argument \`${name}\` of \`${definition.name}\``, at, hint });
  return "wrong";
}

/** The scope of one place in the JSON. */
class PlaceScope implements JsonScope {
  readonly parameters: ReadonlyMap<string, string>;

  constructor(
    readonly scope: ReadScope,
    readonly places: Places,
    readonly pointer: string,
    readonly nesting: number,
    readonly references: References,
  ) {
    this.parameters = scope.parameters;
  }

  report(issue: Issue): void {
    this.scope.report(issue);
  }

  below(path: string): PlaceScope {
    return new PlaceScope(
      this.scope,
      this.places,
      this.pointer + path,
      this.nesting,
      this.references,
    );
  }

  place(path: string, text: string): number {
    return this.places.add(this.pointer + path, text);
  }

  span(path: string, text: string): Span {
    const start = this.place(path, text);
    return { start, end: start + text.length };
  }

  plan(json: unknown, path: string): Plan {
    const pointer = this.pointer + path;
    if (isReference(json)) return this.#follow(json.ref, path);
    if (typeof json !== "string") {
      const { scope, places, nesting, references } = this;
      return readPipelineJson(json, scope, places, pointer, nesting + 1, references);
    }
    return readText(json, this.scope, this.places.add(pointer, json));
  }

  #follow(name: string, path: string): Plan {
    const at = this.span(`${path}/ref`, name);
    const found = this.references.find(name);
    if ("message" in found) {
      this.report({ ...found, at });
      return { stages: [faulty(this.scope)] };
    }
    const { scope, places, nesting } = this;
    const pointer = `/pipelines/${escapePointer(name)}`;
    return new PlaceScope(scope, places, pointer, nesting + 1, found.within).plan(found.json, "");
  }
}

function faulty(scope: ReadScope): PlanStage {
  const stage: PlanStage = { stage: "", arguments: {}, at: { start: 0, end: 0 } };
  scope.faulty.add(stage);
  return stage;
}

function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
