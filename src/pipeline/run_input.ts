/**
 * What a run is started with.
 * @module
 */
import type { Plan } from "../language/syntax.ts";
import type { Limits } from "../limits.ts";
import type { Resources } from "../resources.ts";
import type { Vocabulary } from "../vocabulary.ts";
import type { WorkerPool } from "../workers/pool.ts";
import type { EnvelopeName } from "./envelope.ts";
import type { OnReject } from "../reject.ts";
import type { RejectBudget } from "./rejects.ts";
import type { RunReport, StageEvent } from "./report.ts";
import type { Supervision } from "./supervise.ts";

/** How a run is to be done; what the door reads from the request. */
export interface RunOptions {
  /** Milliseconds between snapshots and progress events; null for none. */
  readonly everyMs: number | null;
  readonly envelope: EnvelopeName;
  /** Milliseconds the whole run may take; null for as long as it likes. */
  readonly timeoutMs: number | null;
  /** Milliseconds the upload may send nothing while it is waited for, and until the first row; none for no end. */
  readonly idleMs?: number | undefined;
  readonly firstResultMs?: number | undefined;
  readonly onReject: OnReject;
  readonly maxRejects: RejectBudget | null;
  /** Set when stages that throw are made anew. */
  readonly supervision?: Supervision | undefined;
}

/** Rows only, no snapshots, no timeout, rejects skipped. */
export const DEFAULT_RUN_OPTIONS: RunOptions = {
  everyMs: null,
  envelope: "rows",
  timeoutMs: null,
  onReject: "skip",
  maxRejects: null,
};

/** A plan with what it runs on. */
export interface RunInput {
  readonly id: string;
  readonly plan: Plan;
  /** The pipeline as text, and its name when it has one. */
  readonly pipeline: string;
  readonly name: string | null;
  readonly vocabulary: Vocabulary;
  readonly limits: Limits;
  readonly options: RunOptions;
  /**
   * The decoded upload, and its live figures in bytes: as it came, and decoded. Bytes stand for a small one that is here
   * as a whole, of less than a batch; they must not change.
   */
  readonly body: ReadableStream<Uint8Array> | Uint8Array;
  readonly figures: { readonly wireBytes: number; readonly bytes: number };
  /** Threads that run the map segment of a plan that has one; none when there are none. */
  readonly workers?: WorkerPool | undefined;
  readonly resources: Resources;
  /** Called when a stage tells of a change. */
  onEvent?(event: StageEvent): void;
  /** Called once, when the last byte was read or the run was cut, with the final figures. */
  onEnd?(report: RunReport): void;
}
