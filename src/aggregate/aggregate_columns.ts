/**
 * The aggregate calls of a plan as columns to compute.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { Value } from "../batch/column.ts";
import { compile, compileCondition } from "../expression/compile.ts";
import { isPlain } from "../expression/kept.ts";
import { literalArguments } from "../language/check_aggregates.ts";
import { printExpression } from "../language/print.ts";
import type { AggregateCall, Expression } from "../language/syntax.ts";
import type { StageContext } from "../stage.ts";
import type { Accumulator, AggregateDefinition } from "./aggregate.ts";
import type { AggregateColumn, Evaluate } from "./aggregation.ts";

/** What the columns of all instances of a stage have in common. */
interface Recipe {
  readonly definition: AggregateDefinition;
  readonly key: string;
  readonly literals: readonly Value[];
  readonly column: Pick<AggregateColumn, "name" | "arguments" | "condition">;
}

type Scope = Pick<StageContext, "schema" | "vocabulary">;

/** A state and the columns that are read from it. */
interface SharedState {
  readonly key: string;
  readonly labels: string[];
  readonly accumulator: Accumulator;
}

/** Recipes by what instances have in common: a window of one row would cost less than its recipe. */
const known = new WeakMap<object, readonly Recipe[]>();
/** Recipes by their calls, for plans that run again and again, and what they were made for. */
const kept = new WeakMap<
  readonly AggregateCall[],
  Scope & { readonly recipes: readonly Recipe[] }
>();

/**
 * The columns of checked `calls`, in their order; calls that can share one state do. What a state keeps is declared
 * through `take`; its notices name every column that is read from it.
 */
export function aggregateColumns(
  calls: readonly AggregateCall[],
  context: StageContext,
  take: (bytes: number) => void,
): AggregateColumn[] {
  const { common } = context;
  const recipes = common && known.get(common) || keptRecipes(calls, context);
  if (common !== null) known.set(common, recipes);
  const states: SharedState[] = [];
  let facts: Map<string, Record<string, string>> | null = null;
  /** Notices of several calls under one key become one object, since the last value of a key stays. */
  const notice = (key: string, labels: readonly string[], fact: string) => {
    facts ??= new Map();
    const all = { ...facts.get(key), ...Object.fromEntries(labels.map((label) => [label, fact])) };
    facts.set(key, all);
    context.notice(key, all);
  };
  return recipes.map(({ definition, key, literals, column }): AggregateColumn => {
    let state = states.find((known) => known.key === key);
    if (state === undefined) {
      const labels: string[] = [];
      const told = { take, notice: (about: string, fact: string) => notice(about, labels, fact) };
      state = { key, labels, accumulator: definition.create(literals, told) };
      states.push(state);
    }
    state.labels.push(column.name);
    const { accumulator } = state;
    const { shared } = definition;
    if (shared === undefined) return { ...column, accumulator };
    const read = (group: number) => shared.read(accumulator, group, literals);
    return { ...column, accumulator, read };
  });
}

function keptRecipes(calls: readonly AggregateCall[], context: StageContext): readonly Recipe[] {
  const { schema, vocabulary } = context;
  const before = kept.get(calls);
  if (before?.schema === schema && before.vocabulary === vocabulary) return before.recipes;
  const recipes = recipesOf(calls, context);
  const plain = calls.every((call) =>
    call.arguments.every(isPlain) && (call.condition === null || isPlain(call.condition))
  );
  if (plain) kept.set(calls, { schema, vocabulary, recipes });
  return recipes;
}

function recipesOf(calls: readonly AggregateCall[], context: StageContext): readonly Recipe[] {
  const compiled = new Compiled(context);
  return calls.map((call, index) => {
    const definition = context.vocabulary.aggregate(call.function)!;
    return {
      definition,
      key: stateKey(call, definition) ?? String(index),
      literals: literalValues(call, definition),
      column: {
        name: call.name,
        arguments: others(call, definition).map((part) => compiled.argument(part)),
        condition: call.condition === null ? null : compiled.condition(call.condition),
      },
    };
  });
}

/** Expressions as functions, one for all of equal text, so that equal functions tell equal columns. */
class Compiled {
  #arguments: Map<string, Evaluate> | null = null;
  #conditions: Map<string, (batch: Batch) => Uint32Array> | null = null;

  constructor(readonly context: StageContext) {}

  argument(expression: Expression): Evaluate {
    const { schema, vocabulary: { functions } } = this.context;
    const text = printExpression(expression);
    const made = this.#arguments ??= new Map();
    const known = made.get(text) ?? compile(expression, schema, functions);
    made.set(text, known);
    return known;
  }

  condition(expression: Expression): (batch: Batch) => Uint32Array {
    const { schema, vocabulary: { functions } } = this.context;
    const text = printExpression(expression);
    const made = this.#conditions ??= new Map();
    const known = made.get(text) ?? compileCondition(expression, schema, functions);
    made.set(text, known);
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
