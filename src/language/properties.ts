/**
 * The arguments that a stage declares, as the grammar sees them.
 * @module
 */
import { z } from "zod";
import type { AnyStage } from "../stage.ts";
import { type ArgumentSyntax, syntaxOf } from "./arguments.ts";

/** One declared argument. */
export interface Property {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly syntax: ArgumentSyntax;
  /** Whether it may be left out. */
  readonly optional: boolean;
}

const known = new WeakMap<AnyStage, readonly Property[]>();

/** The arguments of a stage in the order of the text. Throws TypeError when one was not made by `argument.*`. */
export function propertiesOf(stage: AnyStage): readonly Property[] {
  const before = known.get(stage);
  if (before !== undefined) return before;
  const shape: Readonly<Record<string, z.ZodType>> = stage.arguments.shape;
  const properties = Object.entries(shape).map(([name, schema]): Property => {
    const syntax = syntaxOf(schema);
    if (syntax === null) {
      throw new TypeError(
        `Argument \`${name}\` of stage \`${stage.name}\` has no syntax: make it with argument.*`,
      );
    }
    return { name, schema, syntax, optional: z.safeDecode(schema, undefined as never).success };
  });
  known.set(stage, properties);
  return properties;
}

/** Names that must wear backquotes in a stage's text: its keywords, options and words. */
export function reservedOf(stage: AnyStage): ReadonlySet<string> {
  const reserved = new Set<string>();
  for (const { name, syntax } of propertiesOf(stage)) {
    if (syntax.option) reserved.add(name);
    if (syntax.keyword !== undefined) reserved.add(syntax.keyword);
    for (const word of syntax.words ?? []) reserved.add(word);
  }
  return reserved;
}
