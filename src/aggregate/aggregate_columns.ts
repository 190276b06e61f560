/**
 * The aggregate calls of a plan as columns to compute.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { Value } from "../batch/column.ts";
import { compile, compileCondition } from "../expression/compile.ts";
import { literalArguments } from "../language/check_aggregates.ts";
import { printExpression } from "../language/print.ts";
import type { AggregateCall, Expression } from "../language/syntax.ts";
import type { StageContext } from "../stage.ts";
import type { AggregateDefinition } from "./aggregate.ts";
import type { AggregateColumn, Evaluate } from "./aggregation.ts";

/** A state and the columns that are read from it. */
interface SharedState {
  readonly labels: string[];
  readonly column: AggregateColumn;
}

/**
 * The columns of checked `calls`, in their order; calls that can share one state do. What a state keeps is declared
 * through `take`; its notices name every column that is read from it.
 */
export function aggregateColumns(
  calls: readonly AggregateCall[],
  context: StageContext,
  take: (bytes: number) => void,
): AggregateColumn[] {
  const states = new Map<string, SharedState>();
  const compiled = new Compiled(context);
  const facts = new Map<string, Record<string, string>>();
  /** Notices of several calls under one key become one object, since the last value of a key stays. */
  const notice = (key: string, labels: readonly string[], fact: string) => {
    const all = { ...facts.get(key), ...Object.fromEntries(labels.map((label) => [label, fact])) };
    facts.set(key, all);
    context.notice(key, all);
  };
  return calls.map((call, index): AggregateColumn => {
    const definition = context.vocabulary.aggregate(call.function)!;
    const key = stateKey(call, definition) ?? String(index);
    const known = states.get(key);
    const literals = literalValues(call, definition);
    const labels = known?.labels ?? [];
    labels.push(call.name);
    const state = known?.column ?? newState(call, definition, compiled, {
      take,
      notice: (about, fact) => notice(about, labels, fact),
    });
    if (known === undefined) states.set(key, { labels, column: state });
    const { accumulator } = state;
    const { shared } = definition;
    const read = shared && ((group: number) => shared.read(accumulator, group, literals));
    return { ...state, name: call.name, ...(read && { read }) };
  });
}

function newState(
  call: AggregateCall,
  definition: AggregateDefinition,
  compiled: Compiled,
  states: Parameters<AggregateDefinition["create"]>[1],
): AggregateColumn {
  return {
    name: call.name,
    accumulator: definition.create(literalValues(call, definition), states),
    arguments: others(call, definition).map((part) => compiled.argument(part)),
    condition: call.condition === null ? null : compiled.condition(call.condition),
  };
}

/** Expressions as functions, one for all of equal text, so that equal functions tell equal columns. */
class Compiled {
  readonly #arguments = new Map<string, Evaluate>();
  readonly #conditions = new Map<string, (batch: Batch) => Uint32Array>();

  constructor(readonly context: StageContext) {}

  argument(expression: Expression): Evaluate {
    const { schema, vocabulary: { functions } } = this.context;
    const text = printExpression(expression);
    const known = this.#arguments.get(text) ?? compile(expression, schema, functions);
    this.#arguments.set(text, known);
    return known;
  }

  condition(expression: Expression): (batch: Batch) => Uint32Array {
    const { schema, vocabulary: { functions } } = this.context;
    const text = printExpression(expression);
    const known = this.#conditions.get(text) ?? compileCondition(expression, schema, functions);
    this.#conditions.set(text, known);
    return known;
  }
}

/** Calls of equal keys can share one state; null for a call that shares none. Equal text means equal expressions. */
function stateKey(call: AggregateCall, definition: AggregateDefinition): string | null {
  if (definition.shared === undefined) return null;
  const parts = others(call, definition).map((part) => printExpression(part));
  const condition = call.condition === null ? null : printExpression(call.condition);
  return JSON.stringify([definition.shared.family, parts, condition]);
}

function others(call: AggregateCall, definition: AggregateDefinition) {
  const literals = literalArguments(call, definition);
  return call.arguments.slice(0, call.arguments.length - literals.length);
}

function literalValues(call: AggregateCall, definition: AggregateDefinition): readonly Value[] {
  return literalArguments(call, definition).map((literal) =>
    literal.kind === "literal" ? literal.value : null
  );
}
