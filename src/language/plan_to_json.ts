/**
 * Plans in their JSON form.
 * @module
 */
import type { Vocabulary } from "../vocabulary.ts";
import type { StageJson } from "./nested_json.ts";
import { printExpression } from "./print.ts";
import { propertiesOf, reservedOf } from "./properties.ts";
import type { Case, Plan, PlanStage } from "./syntax.ts";
import { KINDS, type KindSyntax, type Printer } from "./value.ts";

/** The JSON form of a plan, arguments as canonical text. Throws TypeError when the vocabulary lacks a stage. */
export function planToJson(plan: Plan, vocabulary: Vocabulary): { stages: StageJson[] } {
  return { stages: plan.stages.map((stage) => stageToJson(stage, vocabulary)) };
}

function stageToJson(stage: PlanStage, vocabulary: Vocabulary): StageJson {
  const definition = vocabulary.stages.get(stage.stage);
  if (definition === undefined) throw new TypeError(`Unknown stage \`${stage.stage}\``);
  const printer: Printer = { reserved: reservedOf(definition), plan: () => "" };
  const json: StageJson = { stage: stage.stage };
  for (const { name, syntax } of propertiesOf(definition)) {
    const value = stage.arguments[name];
    if (value === undefined) continue;
    const kind: KindSyntax<unknown> = KINDS[syntax.kind];
    if (kind.string !== undefined) json[name] = kind.string.write(value);
    else if (kind.json === "number" || kind.json === "string") json[name] = value;
    else if (kind.json === "cases") json[name] = casesToJson(value as readonly Case[], vocabulary);
    else if (kind.json === "pipeline") json[name] = planToJson(value as Plan, vocabulary);
    else if (kind.json === "pipelines") {
      json[name] = (value as readonly Plan[]).map((nested) => planToJson(nested, vocabulary));
    } else {
      const items = kind.print(value, printer);
      json[name] = kind.json === "texts" ? items : items[0];
    }
  }
  return json;
}

function casesToJson(cases: readonly Case[], vocabulary: Vocabulary): unknown[] {
  return cases.map(({ values, plan }) => {
    const pipeline = planToJson(plan, vocabulary);
    const texts = values.map((value) => printExpression(value));
    return texts.length === 0 ? { else: pipeline } : { case: texts, pipeline };
  });
}
