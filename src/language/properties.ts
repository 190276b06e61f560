/**
 * The arguments that a stage declares, as the grammar sees them.
 * @module
 */
import { z } from "zod";
import type { AnyStage } from "../stage.ts";
import { type ArgumentSyntax, syntaxOf } from "./arguments.ts";
import { COMMON_OPTIONS } from "./common_options.ts";

/** One declared argument. */
export interface Property {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly syntax: ArgumentSyntax;
  /** Whether it may be left out. */
  readonly optional: boolean;
}

interface Known {
  /** What the stage declares. */
  readonly own: readonly Property[];
  /** The same, then the options of all stages. */
  readonly all: readonly Property[];
  readonly schema: z.ZodObject;
}

const known = new WeakMap<AnyStage, Known>();

/** The arguments of a stage in the order of the text, those of all stages last. Throws TypeError when one was not made by `argument.*`. */
export function propertiesOf(stage: AnyStage): readonly Property[] {
  return knownOf(stage).all;
}

/** The arguments that the stage itself declares. */
export function ownPropertiesOf(stage: AnyStage): readonly Property[] {
  return knownOf(stage).own;
}

/** The schema of all arguments of a stage. */
export function argumentsSchemaOf(stage: AnyStage): z.ZodObject {
  return knownOf(stage).schema;
}

function knownOf(stage: AnyStage): Known {
  const before = known.get(stage);
  if (before !== undefined) return before;
  const declared: Readonly<Record<string, z.ZodType>> = stage.arguments.shape;
  // A stage that declares an option of that name means its own.
  const common = Object.entries(COMMON_OPTIONS).filter(([name]) => !Object.hasOwn(declared, name));
  const schema: z.ZodObject = stage.arguments.extend(Object.fromEntries(common));
  const all = readProperties(stage, schema.shape);
  const own = all.filter(({ name }) => Object.hasOwn(declared, name));
  const made = { own, all, schema };
  known.set(stage, made);
  return made;
}

function readProperties(stage: AnyStage, shape: z.core.$ZodShape): readonly Property[] {
  return Object.entries(shape as Readonly<Record<string, z.ZodType>>).map(([name, schema]) => {
    const syntax = syntaxOf(schema);
    if (syntax === null) {
      throw new TypeError(
        `Argument \`${name}\` of stage \`${stage.name}\` has no syntax: make it with argument.*`,
      );
    }
    return { name, schema, syntax, optional: z.safeDecode(schema, undefined as never).success };
  });
}

/** Names that must wear backquotes in a stage's text: its keywords, options and words. */
export function reservedOf(stage: AnyStage): ReadonlySet<string> {
  const reserved = new Set<string>();
  for (const { name, syntax } of propertiesOf(stage)) {
    if (syntax.option) reserved.add(name);
    if (syntax.keyword !== undefined) reserved.add(syntax.keyword);
  }
  for (const { syntax } of ownPropertiesOf(stage)) {
    for (const word of syntax.words ?? []) reserved.add(word);
  }
  return reserved;
}
