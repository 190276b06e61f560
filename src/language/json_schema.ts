/**
 * The JSON form of pipelines as a JSON Schema (draft 2020-12), for editors, clients and OpenAPI.
 * @module
 */
import { z } from "zod";
import type { AnyStage } from "../stage.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { argumentsSchemaOf, propertiesOf } from "./properties.ts";
import { KINDS } from "./value.ts";

/** Any JSON Schema. */
export type JsonSchema = Record<string, unknown>;

/** The JSON Schema of one stage in the JSON form, its name included. `pipeline` is a reference to that of a pipeline. */
function stageJsonSchema(stage: AnyStage, pipeline = "#"): JsonSchema {
  const { $schema: _, ...own } = z.toJSONSchema(argumentsSchemaOf(stage), { io: "input" });
  const properties: JsonSchema = { stage: { const: stage.name, description: stage.summary } };
  for (const { name, syntax } of propertiesOf(stage)) {
    const property = own.properties?.[name];
    const nested = { anyOf: [{ type: "string" }, { $ref: pipeline }, REFERENCE] };
    const { json } = KINDS[syntax.kind];
    if (json === "pipelines" && typeof property === "object") {
      properties[name] = { ...property, items: nested };
    } else if (json === "cases" && typeof property === "object") {
      properties[name] = { ...property, items: { anyOf: caseSchemas(nested) } };
    } else if (json === "pipeline") {
      properties[name] = { description: syntax.description, ...nested };
    } else properties[name] = property;
  }
  return {
    type: "object",
    description: stage.summary,
    properties,
    required: ["stage", ...own.required ?? []],
    additionalProperties: false,
  };
}

/** Stands for the pipeline of that name among `pipelines`. */
const REFERENCE: JsonSchema = {
  type: "object",
  properties: { ref: { type: "string" } },
  required: ["ref"],
  additionalProperties: false,
};

function caseSchemas(pipeline: JsonSchema): JsonSchema[] {
  const texts = { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] };
  const closed = { type: "object", additionalProperties: false };
  return [
    { ...closed, properties: { case: texts, pipeline }, required: ["case", "pipeline"] },
    { ...closed, properties: { else: pipeline }, required: ["else"] },
  ];
}

/** The JSON Schema of a whole pipeline in the JSON form: an object with `stages`, or the bare array. */
export function pipelineJsonSchema(vocabulary: Vocabulary): JsonSchema {
  const stages = [...vocabulary.stages.values()];
  const definitions = stages.map((stage) => [stage.name, stageJsonSchema(stage)]);
  const list = {
    type: "array",
    minItems: 1,
    items: { oneOf: stages.map(({ name }) => ({ $ref: `#/$defs/${name}` })) },
  };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Sluice pipeline",
    anyOf: [
      {
        type: "object",
        properties: { stages: list, pipelines: { type: "object", additionalProperties: list } },
        required: ["stages"],
        additionalProperties: false,
      },
      list,
    ],
    $defs: Object.fromEntries(definitions),
  };
}
