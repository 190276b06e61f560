/**
 * The words that a pipeline may use. A value that is passed in, never a global: tests and libraries bring their own.
 * @module
 */
import type { AggregateDefinition } from "./aggregate/aggregate.ts";
import type { FunctionDefinition } from "./expression/function.ts";
import type { AnyStage } from "./stage.ts";

/** Stages, aggregates and functions by name. */
export interface Vocabulary {
  readonly stages: ReadonlyMap<string, AnyStage>;
  readonly functions: ReadonlyMap<string, FunctionDefinition>;
  /** Looks an aggregate up by the name written, families like `p99` included; null when there is none. */
  aggregate(name: string): AggregateDefinition | null;
  /** The names to list and to suggest. */
  readonly aggregateNames: readonly string[];
}
