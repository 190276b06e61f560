/**
 * From the arguments that were written to those a stage gets: defaults filled in, validated by the stage's own schema.
 * @module
 */
import { z } from "zod";
import type { AnyStage } from "../stage.ts";
import type { Issue } from "./diagnostics.ts";
import type { Written } from "./parse_stage.ts";
import { argumentsSchemaOf, propertiesOf } from "./properties.ts";
import type { Span } from "./syntax.ts";
import { usage } from "./usage.ts";
import { showJson } from "./value_json.ts";

/** The stage's arguments in plan form, or null when they were not valid, and then the faults are reported. */
export function completeArguments(
  stage: AnyStage,
  written: Written,
  at: Span,
  report: (issue: Issue) => void,
): Readonly<Record<string, unknown>> | null {
  const values: Record<string, unknown> = {};
  let sound = true;
  for (const property of propertiesOf(stage)) {
    const found = written.get(property.name);
    const value = found === undefined
      ? z.safeDecode(property.schema, undefined as never).data
      : found.value;
    if (value !== undefined) values[property.name] = value;
    else if (!property.optional) {
      const message = `\`${stage.name}\` needs \`${property.name}\``;
      report({ message, at, hint: `Usage: ${usage(stage)}` });
      sound = false;
    }
  }
  if (!sound) return null;
  const checked = z.safeEncode(argumentsSchemaOf(stage), values as never);
  for (const issue of checked.error?.issues ?? []) {
    const name = String(issue.path[0] ?? "");
    const message = describe(issue, name, values[name]);
    report({ message, at: written.get(name)?.at ?? at });
  }
  return checked.success ? values : null;
}

/** A zod issue in our words: `` `count` must be at least 1, found 0 ``. */
function describe(issue: z.core.$ZodIssue, name: string, value: unknown): string {
  const found = `, found ${showJson(Array.isArray(value) ? value.length : value)}`;
  const verb = Array.isArray(value) ? "have" : "be";
  switch (issue.code) {
    case "too_small":
      return `\`${name}\` must ${verb} at least ${issue.minimum}${found}`;
    case "too_big":
      return `\`${name}\` must ${verb} at most ${issue.maximum}${found}`;
    case "invalid_type":
      return issue.expected === "int"
        ? `\`${name}\` must be a whole number${found}`
        : `\`${name}\` must be a ${issue.expected}${found}`;
    case "invalid_value":
      return `\`${name}\` must be ${
        issue.values.map((word) => `\`${String(word)}\``).join(" or ")
      }${found}`;
    default:
      return issue.message;
  }
}
