/**
 * Checking expressions before any data: unknown fields and functions, wrong counts of arguments, patterns that are none.
 * @module
 */
import { type Issue, nearest } from "../language/diagnostics.ts";
import type {
  Binary,
  Call,
  Expression,
  FieldReference,
  Literal,
  Membership,
} from "../language/syntax.ts";
import type { FieldType, Schema } from "../schema.ts";
import { toTime } from "./compare.ts";
import type { FunctionDefinition } from "./function.ts";
import { compilePattern } from "./regex.ts";

/**
 * The type of `expression` on rows of `schema`, `any` where only the data tells. Every issue in it is reported; nothing
 * is thrown.
 */
export function checkExpression(
  expression: Expression,
  schema: Schema,
  functions: ReadonlyMap<string, FunctionDefinition>,
  report: (issue: Issue) => void,
): FieldType {
  return new Checker(schema, functions, report).type(expression);
}

/** {@link checkExpression} for one that decides about rows: a number or a text is no condition. */
export function checkCondition(
  condition: Expression,
  schema: Schema,
  functions: ReadonlyMap<string, FunctionDefinition>,
  report: (issue: Issue) => void,
): void {
  new Checker(schema, functions, report).truth(condition);
}

class Checker {
  constructor(
    readonly schema: Schema,
    readonly functions: ReadonlyMap<string, FunctionDefinition>,
    readonly report: (issue: Issue) => void,
  ) {}

  type(expression: Expression): FieldType {
    switch (expression.kind) {
      case "literal":
        return typeOfLiteral(expression);
      case "field":
        return this.#field(expression);
      case "unary":
        if (expression.operator === "not") return this.truth(expression.operand);
        this.type(expression.operand);
        return "number";
      case "binary":
        return this.#binary(expression);
      case "in":
        return this.#membership(expression);
      case "call":
        return this.#call(expression);
    }
  }

  #field({ path, at }: FieldReference): FieldType {
    const name = path.join(".");
    const whole = this.schema.fields.get(name);
    if (whole !== undefined) return whole;
    const first = this.schema.fields.get(path[0]!);
    if (path.length > 1 && (first === "any" || (first === undefined && this.schema.open))) {
      return "any";
    }
    if (path.length > 1 && first !== undefined) {
      this.report({ message: `Field \`${path[0]}\` is ${first} and has no \`${name}\``, at });
      return "any";
    }
    if (this.schema.open) return "any";
    const names = [...this.schema.fields.keys()];
    const near = nearest(name, names);
    const list = names.length === 0
      ? "There are no fields here"
      : `The fields are ${names.join(", ")}`;
    const hint = near === null ? list : `Did you mean \`${near}\`?`;
    this.report({ message: `Unknown field \`${name}\``, at, hint });
    return "any";
  }

  #binary(expression: Binary): FieldType {
    const { operator, left, right } = expression;
    switch (operator) {
      case "and":
      case "or":
        this.truth(left);
        return this.truth(right);
      case "=~":
      case "!~":
        this.type(left);
        this.#pattern(right);
        return "boolean";
      case "+":
      case "-":
      case "*":
      case "/":
      case "%":
        return typeOfArithmetic(operator, this.type(left), this.type(right));
      default: {
        const types = [this.type(left), this.type(right)] as const;
        if (operator !== "contains" && operator !== "starts_with" && operator !== "ends_with") {
          this.#instant(types[0], right);
          this.#instant(types[1], left);
        }
        return "boolean";
      }
    }
  }

  #membership(expression: Membership): FieldType {
    const type = this.type(expression.operand);
    for (const option of expression.options) {
      this.type(option);
      this.#instant(type, option);
    }
    return "boolean";
  }

  /** What stands where truth is asked for must be able to be true. */
  truth(operand: Expression): FieldType {
    const type = this.type(operand);
    if (type !== "boolean" && type !== "any") {
      this.report({
        message: `Expected a condition, found ${type === "text" ? "a text" : `a ${type}`}`,
        at: operand.at,
        hint: "Compare it with something, as in `status >= 500`, or `x != null` for presence",
      });
    }
    return "boolean";
  }

  #pattern(pattern: Expression): void {
    if (pattern.kind !== "literal" || typeof pattern.value !== "string") {
      this.type(pattern);
      this.report({ message: "Expected a pattern as a literal text", at: pattern.at });
      return;
    }
    try {
      compilePattern(pattern.value);
    } catch (fault) {
      this.report({ message: (fault as Error).message, at: pattern.at });
    }
  }

  #instant(type: FieldType, other: Expression): void {
    if (type !== "time" || other.kind !== "literal" || typeof other.value !== "string") return;
    if (!Number.isNaN(toTime(other.value))) return;
    this.report({
      message: `Expected an instant to compare a time with, found "${other.value}"`,
      at: other.at,
      hint: "Write it as ISO 8601, such as `2015-05-17T10:05:03Z`",
    });
  }

  #call({ name, arguments: own, at }: Call): FieldType {
    const definition = this.functions.get(name);
    const types = own.map((argument, index) => {
      if (index !== definition?.pattern) return this.type(argument);
      this.#pattern(argument);
      return "text";
    });
    if (definition === undefined) {
      const near = nearest(name, this.functions.keys());
      const hint = near === null ? {} : { hint: `Did you mean \`${near}\`?` };
      this.report({ message: `Unknown function \`${name}\``, at, ...hint });
      return "any";
    }
    const [least, most] = definition.arity;
    if (own.length < least || own.length > most) {
      this.report({
        message: `\`${name}\` takes ${arityText(least, most)}, found ${own.length}`,
        at,
        hint: `It is ${definition.signature}`,
      });
      return "any";
    }
    return definition.result(types);
  }
}

function typeOfLiteral({ value }: Literal): FieldType {
  switch (typeof value) {
    case "number":
      return "number";
    case "string":
      return "text";
    case "boolean":
      return "boolean";
    default:
      return "any";
  }
}

function typeOfArithmetic(operator: string, left: FieldType, right: FieldType): FieldType {
  if (left === "time" && right === "time") return "number";
  if (left === "any" || right === "any") return "any";
  const shifts = operator === "+" || operator === "-";
  return shifts && (left === "time" || right === "time") ? "time" : "number";
}

function arityText(least: number, most: number): string {
  const plural = (count: number) => `${count} argument${count === 1 ? "" : "s"}`;
  if (most === Infinity) return `at least ${plural(least)}`;
  return least === most ? plural(least) : `${least} to ${plural(most)}`;
}
