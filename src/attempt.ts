/**
 * Work that may come to nothing: what is told of it counts once it is certain.
 * @module
 */
import type { Batch } from "./batch/batch.ts";
import type { Operator } from "./stage.ts";

/** What an instance of a pipeline has told of its work, held back until that is certain. */
export interface Told {
  /** All of it is certain: rejects are told and figures counted. Throws what the run's policy throws. */
  commit(): void;
  /** None of it was: the work has failed. */
  forget(): void;
  /**
   * Runs `work`, which gives the instance the state of another one. What it tells meanwhile that other one has told, but for what
   * stages inside have held back themselves.
   */
  bring(work: () => void): void;
  /** Lines and rejects are told at once from now on; figures are counted with the next {@link Told.commit}. */
  open(): void;
  /** Forgets what is held back, and hears nothing more. */
  close(): void;
}

/** An instance of a nested pipeline, and what it tells. */
export interface Attempt {
  readonly operator: Operator<Batch, Batch>;
  readonly told: Told;
}
