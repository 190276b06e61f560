/**
 * Sinks: where `into` writes rows. A sink is one file here and one line in mod.ts.
 * @module
 */
import type { z } from "zod";
import type { Batch } from "../batch/batch.ts";
import type { Row } from "../batch/column.ts";
import type { Refusal, StageContext } from "../stage.ts";

/** A sink at work. Calls never overlap. */
export interface Sink {
  /** Writes rows, or keeps them for a larger write: an amount that the sink bounds and declares to the budget. */
  write(batch: Batch): void | Promise<void>;
  /** Writes what is kept, makes it last, and says what was written: the fields of the row that `into` ends in. */
  finish(): Row | Promise<Row>;
  /** All that it keeps and knows, as JSON-safe data or typed arrays: for checkpoints. */
  save(): unknown;
  /** Puts a saved state into this sink, which has written nothing. */
  restore(state: unknown): void;
  /** Lets go of everything; called once, however the run ends. */
  dispose(): void;
}

/** One kind of place to write to. */
export interface SinkDefinition<Shape extends z.ZodRawShape = z.ZodRawShape> {
  /** The word behind `into`. */
  readonly name: string;
  /** One line, for the documentation. */
  readonly summary: string;
  /** Options of its own, made with `argument.*`, each optional; another sink's option of the same name is shared. */
  readonly options: Shape;
  /** What is wrong with the target as a text, or with the options, before anything runs; null when nothing is. */
  check?(target: string, options: z.output<z.ZodObject<Shape>>): Refusal | null;
  /** Why this server may not write there; null when it may. Asked before the upload is read. */
  refusal(
    target: string,
    server: Pick<StageContext, "resources">,
  ): Refusal | null | Promise<Refusal | null>;
  /** A new sink. */
  create(
    target: string,
    options: z.output<z.ZodObject<Shape>>,
    context: StageContext,
  ): Sink;
}

/** Declares a sink; the identity function, there for its types. */
export function defineSink<Shape extends z.ZodRawShape>(
  definition: SinkDefinition<Shape>,
): SinkDefinition<Shape> {
  return definition;
}
