/**
 * The kinds of argument a stage may declare. Each call gives a zod schema (a codec where the JSON form differs from the
 * plan form) that carries its text syntax in {@link ARGUMENT_SYNTAX}, so one declaration serves the text grammar, the
 * JSON form, validation, JSON Schema, the typed builder and the documentation.
 * @module
 */
import { z } from "zod";
import type { Issue } from "./diagnostics.ts";
import { CASE_JSON, casesJson, needsVocabulary, PIPELINE_JSON, stagesJson } from "./nested_json.ts";
import type { Bound, Case, Expression, Plan, Rate, Template } from "./syntax.ts";
import { printTemplate } from "./template.ts";
import { type ArgumentKind, type ArgumentValues, printValue } from "./value.ts";
import { readJson } from "./value_json.ts";

/** How an argument is written in the text. */
export interface ArgumentSyntax {
  readonly kind: ArgumentKind;
  /** One line for people, also the `description` in the JSON Schema. */
  readonly description: string;
  /** The word that stands before the value: `by` in `stats count by path`. */
  readonly keyword?: string;
  /** Written `name=value`, anywhere among the arguments. */
  readonly option: boolean;
  /** The words of a choice. */
  readonly words?: readonly string[];
}

/** Where the grammar finds the syntax of an argument; `.optional()`, `.default()` and checks around it keep it. */
const ARGUMENT_SYNTAX: z.core.$ZodRegistry<ArgumentSyntax> = z.registry<ArgumentSyntax>();

/** What every argument may say of itself. */
export interface ArgumentOptions {
  /** One line for people. */
  readonly description: string;
  /** Written `name=value` anywhere among the arguments, in place of by position. */
  readonly option?: true;
}

/** For arguments whose value a word may introduce. */
export interface KeywordOptions extends ArgumentOptions {
  /** The word that stands before the value, such as `by`. */
  readonly keyword?: string;
}

/** For arguments that are numbers. */
export interface RangeOptions extends KeywordOptions {
  /** The least value allowed; for counts, durations and sizes 0 unless given. */
  readonly minimum?: number;
  readonly maximum?: number;
}

const TEXTS = z.union([z.string(), z.array(z.string())]);
const NUMBER_OR_TEXT = z.union([z.number(), z.string()]);

type ListKind = "columns" | "assignments" | "fields" | "aggregates" | "sortKeys";

/** The argument kinds; a stage's `arguments` is a `z.object` of these, in the order of the text. */
export const argument = {
  /** One expression: `status >= 500`. JSON: its text. */
  expression(options: KeywordOptions) {
    return declare("expression", options, codedText());
  },
  /** `expr [as name], ...`. JSON: the text of all, or an array with the text of each. */
  columns(options: KeywordOptions) {
    return declare("columns", options, codedList("columns"));
  },
  /** `name = expr, ...`. JSON: the text of all, or an array with the text of each. */
  assignments(options: ArgumentOptions) {
    return declare("assignments", options, codedList("assignments"));
  },
  /** `a, b.c`. JSON: the text of all, or an array with the text of each. */
  fields(options: KeywordOptions) {
    return declare("fields", options, codedList("fields"));
  },
  /** `count, avg(x) if cond as n`. JSON: the text of all, or an array with the text of each. */
  aggregates(options: ArgumentOptions) {
    return declare("aggregates", options, codedList("aggregates"));
  },
  /** `-errors, path asc`. JSON: the text of all, or an array with the text of each. */
  sortKeys(options: KeywordOptions) {
    return declare("sortKeys", options, codedList("sortKeys"));
  },
  /** A whole number. */
  count(options: RangeOptions) {
    return declare("count", options, ranged(z.int(), { minimum: 0, ...options }));
  },
  /** Milliseconds; text `10s`, `1.5h`. JSON: milliseconds, or the text. */
  duration(options: RangeOptions) {
    const milliseconds = ranged(z.number(), { minimum: 0, ...options });
    return declare("duration", options, z.codec(NUMBER_OR_TEXT, milliseconds, steps("duration")));
  },
  /** Bytes; text `4MiB`, `64kB`. JSON: bytes, or the text. */
  size(options: RangeOptions) {
    const bytes = ranged(z.int(), { minimum: 0, ...options });
    return declare("size", options, z.codec(NUMBER_OR_TEXT, bytes, steps("size")));
  },
  /** Any finite number. */
  number(options: RangeOptions) {
    return declare("number", options, ranged(z.number(), options));
  },
  /** A string: quoted, or one bare word. */
  text(options: KeywordOptions) {
    return declare("text", options, z.string());
  },
  /** A string with expressions in braces: `"https://geo.example/{ip}"`. */
  template(options: KeywordOptions) {
    const { decode } = steps("template");
    const codec = z.codec(z.string(), z.custom<Template>(isObject), {
      decode,
      encode: printTemplate,
    });
    return declare("template", options, codec);
  },
  /** One of some words. */
  choice<const Words extends readonly [string, ...string[]]>(
    words: Words,
    options: KeywordOptions,
  ) {
    return declare("choice", options, z.enum(words), words);
  },
  /** A queue bound: `100` rows or `4MiB` bytes, at least 1. JSON: the number of rows, or the text. */
  bound(options: KeywordOptions) {
    const plan = z.custom<Bound>(isBound, { error: "A bound is at least one row or one byte" });
    return declare("bound", options, z.codec(NUMBER_OR_TEXT, plan, steps("bound")));
  },
  /** An amount a time: `500/s`, `4MiB/s`, `5/10s`. JSON: the text. */
  rate(options: KeywordOptions) {
    return declare("rate", options, z.codec(z.string(), z.custom<Rate>(isObject), steps("rate")));
  },
  /** One nested pipeline in parentheses, or with `rest` all stages behind this one. JSON: a pipeline. */
  pipeline(options: ArgumentOptions & { readonly rest?: true }) {
    const plan = z.custom<Plan>(isObject);
    return declare(
      options.rest ? "rest" : "pipeline",
      options,
      z.codec(PIPELINE_JSON, plan, { decode: needsVocabulary, encode: stagesJson }),
    );
  },
  /** `{ case 200, 204 (...) else (...) }`. JSON: an array of `{"case": "200, 204", "pipeline": ...}`, `{"else": ...}`. */
  cases(options: ArgumentOptions) {
    const plan = z.array(z.custom<Case>(isObject)).min(1);
    return declare(
      "cases",
      options,
      z.codec(z.array(CASE_JSON).min(1), plan, { decode: needsVocabulary, encode: casesJson }),
    );
  },
  /** Nested pipelines, each in parentheses and without a format. JSON: an array of pipelines. */
  pipelines(options: ArgumentOptions & { readonly minimum?: number }) {
    const plans = z.array(z.custom<Plan>(isObject)).min(options.minimum ?? 1);
    return declare(
      "pipelines",
      options,
      z.codec(z.array(PIPELINE_JSON).min(options.minimum ?? 1), plans, {
        decode: needsVocabulary,
        encode: (nested) => nested.map(stagesJson),
      }),
    );
  },
} as const;

/** The syntax of one property of a stage's arguments, or null when it was not made by {@link argument}. */
export function syntaxOf(schema: z.core.$ZodType): ArgumentSyntax | null {
  let inner: z.core.$ZodType | undefined = schema;
  while (inner !== undefined) {
    const found = ARGUMENT_SYNTAX.get(inner);
    if (found?.kind !== undefined) return found;
    inner = (inner._zod.def as { innerType?: z.core.$ZodType }).innerType;
  }
  return null;
}

function declare<Schema extends z.ZodType>(
  kind: ArgumentKind,
  options: KeywordOptions,
  schema: Schema,
  words?: readonly string[],
): Schema {
  const { description, keyword } = options;
  const described = schema.meta({ description });
  ARGUMENT_SYNTAX.add(described, {
    kind,
    description,
    option: options.option === true,
    ...(keyword === undefined ? {} : { keyword }),
    ...(words === undefined ? {} : { words }),
  });
  return described;
}

/** A codec between text and an expression. */
function codedText(): z.ZodCodec<z.ZodString, z.ZodCustom<Expression, Expression>> {
  return z.codec(z.string(), z.custom<Expression>(isObject), steps("expression"));
}

/** A codec between text, or an array of texts, and a list. */
function codedList<Kind extends ListKind>(
  kind: Kind,
): z.ZodCodec<typeof TEXTS, z.ZodCustom<ArgumentValues[Kind], ArgumentValues[Kind]>> {
  return z.codec(TEXTS, z.custom<ArgumentValues[Kind]>(Array.isArray), steps(kind));
}

/** The two directions of a codec: JSON form to plan form, faults becoming zod issues, and back. */
function steps<Kind extends ArgumentKind>(kind: Kind): {
  decode(json: unknown, payload: z.core.ParsePayload): ArgumentValues[Kind];
  encode(value: ArgumentValues[Kind]): string;
} {
  return {
    decode(json, payload) {
      const report = ({ message }: Issue) => {
        payload.issues.push({ code: "custom", message, input: json });
      };
      return readJson(kind, json, { parameters: new Map(), report }) ?? z.NEVER;
    },
    encode: (value) => printValue(kind, value, { reserved: new Set(), plan: () => "" }),
  };
}

function ranged(schema: z.ZodNumber, { minimum, maximum }: RangeOptions): z.ZodNumber {
  const above = minimum === undefined ? schema : schema.min(minimum);
  return maximum === undefined ? above : above.max(maximum);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function isBound(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const amount = "rows" in value ? value.rows : "bytes" in value ? value.bytes : null;
  return typeof amount === "number" && Number.isSafeInteger(amount) && amount >= 1;
}
