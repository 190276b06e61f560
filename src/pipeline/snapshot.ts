/**
 * Snapshots: what the result would be if the upload ended now, taken without disturbing the run.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { AssembledStage } from "./assemble.ts";
import type { StageServices } from "./stage_context.ts";
import { RunBudget } from "./budget.ts";
import { snapshotThrough } from "./chain.ts";
import type { Envelope } from "./envelope.ts";

/** The largest snapshot that is sent, in bytes; a run whose snapshots outgrow it sends no more, and says so. */
const MAX_SNAPSHOT_BYTES = 16 * 1024 * 1024;

/**
 * The snapshots of a run: the rows of the first stage that can tell what it would finish with, sent through fresh
 * instances of the stages below it. Taken without a pause, each is consistent: no input is worked on in between. Costs
 * what the stages below cost on the rows of the moment, with a budget of their own, and at most 16 MiB of text. One that fails
 * says nothing of how the run will end, so the notice tells of it and the run goes on.
 */
export class Snapshots {
  /** Whether the run's rows are numbered by the set that they belong to. */
  readonly numbered: boolean;
  #point: number;
  #sets = 0;

  constructor(
    readonly stages: readonly AssembledStage[],
    readonly services: StageServices,
    readonly envelope: Envelope,
  ) {
    this.#point = stages.findIndex((stage) => stage.operator.snapshot !== undefined);
    const outward = stages.slice(this.#point + 1).find((stage) => stage.reachesOut);
    if (this.#point >= 0 && outward !== undefined) {
      const reason =
        `None: \`${outward.name}\` reaches out of the server, so only final rows go through it`;
      services.notice("snapshots", reason);
      this.#point = -1;
    }
    this.numbered = this.#point >= 0;
  }

  /** The number of the set that comes next: a snapshot, or the final rows. */
  get set(): number {
    return this.#sets + 1;
  }

  /** The next snapshot, encoded; nothing when there are none, or no more: the first that cannot be taken is the last. */
  take(): readonly Uint8Array[] {
    if (this.#point < 0) return [];
    try {
      const chunks = bounded(this.envelope.snapshot(this.#rows(), this.set));
      this.#sets++;
      return chunks;
    } catch (fault) {
      const message = fault instanceof Error ? fault.message : String(fault);
      this.services.notice("snapshots", `Stopped: ${message.slice(0, 200)}`);
      this.#point = -1;
      return [];
    }
  }

  #rows(): Iterable<Batch> {
    const own: StageServices = {
      ...this.services,
      budget: new RunBudget(this.services.limits.maxStateBytes),
      reject: () => {},
      lines: () => {},
      notice: () => {},
      event: () => {},
    };
    const below = this.stages.slice(this.#point + 1);
    const makers = below.map((stage) => () => stage.fresh(own));
    const operators = below.map(({ operator }) => operator);
    return snapshotThrough(this.stages[this.#point]!.operator, makers, operators);
  }
}

/** All `chunks`. Throws RangeError when they are larger than {@link MAX_SNAPSHOT_BYTES}. */
function bounded(chunks: Iterable<Uint8Array>): readonly Uint8Array[] {
  const all: Uint8Array[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    all.push(chunk);
    bytes += chunk.byteLength;
    if (bytes > MAX_SNAPSHOT_BYTES) {
      throw new RangeError(`larger than ${MAX_SNAPSHOT_BYTES} bytes each`);
    }
  }
  return all;
}
