/**
 * The language after parsing: plain immutable data, safe to send to another thread or machine. Text, JSON and the
 * TypeScript builder all end here, and equal pipelines give equal trees (positions aside).
 * @module
 */

/** Where a piece of syntax stands in its source text: UTF-16 offsets, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A value written in the text. `raw` keeps the spelling of a number with a unit (`10ms`, `2MiB`) for printing. */
export interface Literal {
  readonly kind: "literal";
  readonly value: null | boolean | number | string;
  readonly raw?: string;
  readonly at: Span;
}

/** A field: `status`, nested `req.headers.host`, or with backquotes `` `odd name` ``, one path segment each. */
export interface FieldReference {
  readonly kind: "field";
  readonly path: readonly string[];
  readonly at: Span;
}

/** `not x` or `-x`. */
export interface Unary {
  readonly kind: "unary";
  readonly operator: "not" | "-";
  readonly operand: Expression;
  readonly at: Span;
}

/** The two-sided operators, loosest binding first. */
export const BINARY_OPERATORS = [
  ["or"],
  ["and"],
  ["==", "!=", "<", "<=", ">", ">=", "=~", "!~", "contains", "starts_with", "ends_with"],
  ["+", "-"],
  ["*", "/", "%"],
] as const;

/** One of {@link BINARY_OPERATORS}. */
export type BinaryOperator = (typeof BINARY_OPERATORS)[number][number];

/** `left operator right`. The right side of `=~` and `!~` is a string literal, checked by the plan. */
export interface Binary {
  readonly kind: "binary";
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
  readonly at: Span;
}

/** `x in (1, 2, "a")`, or `x not in (...)` when `negated`. */
export interface Membership {
  readonly kind: "in";
  readonly operand: Expression;
  readonly options: readonly Expression[];
  readonly negated: boolean;
  readonly at: Span;
}

/** `name(argument, ...)`: a function, `if(c, a, b)` among them. */
export interface Call {
  readonly kind: "call";
  readonly name: string;
  readonly arguments: readonly Expression[];
  readonly at: Span;
}

/** Anything that has a value in a row. */
export type Expression = Literal | FieldReference | Unary | Binary | Membership | Call;

/** `expression as name`, or `name = expression` in `let`. Without `as`, the name is the expression's own text. */
export interface NamedExpression {
  readonly name: string;
  readonly expression: Expression;
  readonly at: Span;
}

/** `function(arguments) if condition as name`. */
export interface AggregateCall {
  readonly function: string;
  readonly arguments: readonly Expression[];
  readonly condition: Expression | null;
  readonly name: string;
  readonly at: Span;
}

/** `-x`, `+x`, `x`, `x asc`, `x desc`. Null: the stage's own default direction. */
export interface SortKey {
  readonly expression: Expression;
  readonly direction: "asc" | "desc" | null;
  readonly at: Span;
}

/** A queue bound: rows (`100`) or bytes (`4MiB`). */
export type Bound = { readonly rows: number } | { readonly bytes: number };

/** An amount a time: `500/s` rows, `4MiB/s` bytes, `5/10s`. */
export interface Rate {
  readonly amount: number;
  readonly unit: "rows" | "bytes";
  /** Milliseconds in which the amount is allowed. */
  readonly everyMs: number;
}

/** One way out of a fork: `case 200, 204 (...)`, or `else (...)`, which has no values. */
export interface Case {
  readonly values: readonly Expression[];
  readonly plan: Plan;
  readonly at: Span;
}

/** A text with expressions in it: `https://geo.example/{ip}`. No two texts in a row; at least one part. */
export interface Template {
  readonly parts: readonly (string | Expression)[];
  readonly at: Span;
}

/** One stage as the user wrote it, arguments parsed and valid for the stage's own schema. */
export interface PlanStage {
  readonly stage: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly at: Span;
}

/** A pipeline after parsing and checking. */
export interface Plan {
  readonly stages: readonly PlanStage[];
}
