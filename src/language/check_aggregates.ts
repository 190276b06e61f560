/**
 * Checks of aggregate calls before any row exists.
 * @module
 */
import type { AggregateDefinition } from "../aggregate/aggregate.ts";
import type { FieldType, Schema } from "../schema.ts";
import type { CheckContext } from "../stage.ts";
import { nearest } from "./diagnostics.ts";
import type { AggregateCall, Expression, Literal } from "./syntax.ts";

/**
 * The types of the result columns, one a call, `any` where a call is faulty. Reports unknown aggregates, the wrong
 * number of arguments, literals that are none or out of range, and all that is wrong in arguments and conditions.
 */
export function checkAggregates(
  calls: readonly AggregateCall[],
  input: Schema,
  check: CheckContext,
): FieldType[] {
  return calls.map((call) => {
    const types = call.arguments.map((value) => check.expression(value, input));
    if (call.condition !== null) check.condition(call.condition, input);
    const definition = check.vocabulary.aggregate(call.function);
    if (definition === null) {
      reportUnknown(call, check);
      return "any";
    }
    const fits = checkArity(call, definition, check) && checkLiterals(call, definition, check);
    return fits ? definition.result(types) : "any";
  });
}

/** The last arguments of a call, those that its aggregate takes as literals; none where they were left out. */
export function literalArguments(
  call: AggregateCall,
  definition: AggregateDefinition,
): readonly Expression[] {
  const most = Number.isFinite(definition.arity[1]) ? definition.arity[1] : call.arguments.length;
  return call.arguments.slice(Math.max(0, most - definition.literals));
}

function reportUnknown(call: AggregateCall, check: CheckContext): void {
  const { start } = call.at;
  const near = nearest(call.function, check.vocabulary.aggregateNames);
  check.issue({
    message: `Unknown aggregate \`${call.function}\``,
    at: { start, end: start + call.function.length },
    hint: near === null
      ? `Aggregates are ${check.vocabulary.aggregateNames.join(", ")}`
      : `Did you mean \`${near}\`?`,
  });
}

function checkArity(
  call: AggregateCall,
  { arity: [least, most], signature }: AggregateDefinition,
  check: CheckContext,
): boolean {
  const found = call.arguments.length;
  if (found >= least && found <= most) return true;
  const range = most === Infinity ? `at least ${least}` : `${least} to ${most}`;
  const expected = least === most ? String(least) : range;
  const noun = expected === "1" ? "argument" : "arguments";
  const message = `\`${call.function}\` takes ${expected} ${noun}, found ${found}`;
  check.issue({ message, at: call.at, hint: `Write ${signature}` });
  return false;
}

function checkLiterals(
  call: AggregateCall,
  definition: AggregateDefinition,
  check: CheckContext,
): boolean {
  const literals = literalArguments(call, definition);
  const others = literals.filter((value) => value.kind !== "literal");
  for (const { at } of others) {
    const message = `\`${call.function}\` takes a literal value here`;
    check.issue({ message, at, hint: `Write ${definition.signature}` });
  }
  if (others.length > 0) return false;
  const values = literals.map((value) => (value as Literal).value);
  const message = definition.checkLiterals?.(values) ?? null;
  if (message !== null) check.issue({ message, at: literals[0]?.at ?? call.at });
  return message === null;
}
