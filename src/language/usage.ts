/**
 * Usage lines, derived from what a stage declares.
 * @module
 */
import type { AnyStage } from "../stage.ts";
import { ownPropertiesOf, type Property } from "./properties.ts";
import { KINDS } from "./value.ts";

/** How a stage is written, the options of all stages aside: `stats AGGREGATE, ... [by COLUMN, ...]`. */
export function usage(stage: AnyStage): string {
  const words = ownPropertiesOf(stage).map((property) => {
    const text = usageOf(property);
    return property.optional ? `[${text}]` : text;
  });
  return [stage.name, ...words].join(" ");
}

/** How one argument is written: `by COLUMN, ...`, `timeout=DURATION`. */
export function usageOf(property: Property): string {
  const value = usageOfValue(property);
  const { name, syntax } = property;
  if (syntax.option) return `${name}=${value}`;
  return syntax.keyword === undefined ? value : `${syntax.keyword} ${value}`;
}

/** How the value of an argument is written, without its keyword: `COLUMN, ...`. */
export function usageOfValue({ name, syntax }: Property): string {
  const upper = name.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();
  return KINDS[syntax.kind].usage
    .replace(/^("?)NAME("?)$/, `$1${upper}$2`)
    .replace(/^WORDS$/, (syntax.words ?? []).join("|"));
}
