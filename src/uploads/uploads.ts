/**
 * The resumable uploads of a server: which there are, which is being worked on, and when they are forgotten.
 * @module
 */
import { decodeState } from "../checkpoint/decode.ts";
import { encodeState } from "../checkpoint/encode.ts";
import type { CheckpointEntry, CheckpointStore } from "../checkpoint/store.ts";
import { RunError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import { ENVELOPES } from "../pipeline/envelope.ts";
import type { RunReport, StageEvent } from "../pipeline/report.ts";
import { parsePipeline } from "../plan.ts";
import type { Resources } from "../resources.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { ResumableRun } from "./resumable_run.ts";
import type { SavedRun } from "./upload_book.ts";
import { STATE_VERSION, type UploadHead } from "./upload_head.ts";

/** What the uploads work with; times in milliseconds. */
export interface UploadsOptions {
  readonly store: CheckpointStore;
  readonly vocabulary: Vocabulary;
  readonly limits: Limits;
  readonly resources: Resources;
  readonly intervalMs: number;
  readonly ttlMs: number;
  readonly maxUploads: number;
}

/** What a new upload is to be. */
export type NewUpload = Pick<UploadHead, "pipeline" | "name" | "options" | "length">;

/** An upload as it is shown. */
export interface UploadEntry {
  readonly head: UploadHead;
  /** Milliseconds since 1970. */
  readonly updatedAt: number;
  readonly expiresAt: number;
  /** Whether a part is coming in or a result being read. */
  readonly active: boolean;
}

/** Who listens to a part. */
export interface PartListener {
  onEvent?(event: StageEvent): void;
  onEnd?(report: RunReport): void;
}

/**
 * Uploads live in the store; in memory are those of which a part is coming in, one part at a time each. Those that nobody
 * touched for the time to live are forgotten when any upload is asked for.
 */
export class Uploads {
  readonly #active = new Map<string, ResumableRun>();

  constructor(readonly options: UploadsOptions) {}

  /** A new upload of nothing yet; null when there are as many as may be and none is over. */
  create(input: NewUpload): UploadHead | null {
    const { store, maxUploads } = this.options;
    const kept = this.list();
    if (kept.length >= maxUploads) {
      const over = kept.find(({ head, active }) => head.complete && !active);
      if (over === undefined) return null;
      store.delete(over.head.id);
    }
    const id = crypto.randomUUID();
    const createdAt = new Date().toISOString();
    const start = ENVELOPES[input.options.envelope].start({
      id,
      pipeline: input.pipeline,
      name: input.name,
      startedAt: createdAt,
    });
    const head: UploadHead = {
      ...input,
      version: STATE_VERSION,
      id,
      createdAt,
      offset: 0,
      complete: false,
      lines: 0,
      rejects: 0,
      rows: 0,
      kept: start.length,
    };
    store.put(id, { head: JSON.stringify(head), state: encodeState(null) }, start);
    return head;
  }

  /** The upload of that id as it was saved last; null when there is none, or none any more. */
  find(id: string): UploadEntry | null {
    const entry = this.options.store.entry(id);
    return entry === null ? null : this.#alive(entry);
  }

  /** All there are, those that were touched longest ago first. */
  list(): readonly UploadEntry[] {
    return this.options.store.list().map((entry) => this.#alive(entry)).filter((upload) =>
      upload !== null
    );
  }

  /** The part that is being worked on. */
  active(id: string): ResumableRun | null {
    return this.#active.get(id) ?? null;
  }

  /**
   * Restores the upload for its next part, which there must be, with no other active. Throws RunError `stale_state` when
   * what was saved cannot be read by this server.
   */
  open(id: string, listener: PartListener): ResumableRun {
    const { store, vocabulary, limits, resources, intervalMs } = this.options;
    const checkpoint = store.get(id)!;
    const head = JSON.parse(checkpoint.head) as UploadHead;
    if (head.version !== STATE_VERSION) throw stale(head);
    const { plan } = parsePipeline(head.pipeline, vocabulary);
    const run = new ResumableRun({
      head,
      state: decodeState(checkpoint.state) as SavedRun | null,
      plan,
      vocabulary,
      limits,
      resources,
      store,
      intervalMs,
      ...listener,
    });
    this.#active.set(id, run);
    void run.ended.then(() => this.#active.delete(id));
    return run;
  }

  /** Ends a part that is coming in, for whoever sends it has come back by another way. Resolves when it is saved. */
  async takeOver(id: string): Promise<void> {
    const run = this.active(id);
    if (run === null || !run.taking) return;
    run.cancel(
      new RunError("upload_cut", "The upload was asked for its offset, so this part is over"),
    );
    await run.ended;
  }

  /** Forgets the upload, and ends what is being worked on of it. */
  async delete(id: string): Promise<void> {
    const run = this.active(id);
    run?.cancel(new RunError("cancelled", `The upload was cancelled by DELETE /v1/uploads/${id}`));
    await run?.ended;
    this.options.store.delete(id);
  }

  #alive(entry: CheckpointEntry): UploadEntry | null {
    const { store, ttlMs } = this.options;
    const active = this.#active.has(entry.id);
    const expiresAt = entry.updatedAt + ttlMs;
    if (!active && expiresAt <= Date.now()) {
      store.delete(entry.id);
      return null;
    }
    const head = JSON.parse(entry.head) as UploadHead;
    return { head, updatedAt: entry.updatedAt, expiresAt, active };
  }
}

function stale({ id, version }: UploadHead): RunError {
  return new RunError(
    "stale_state",
    `Cannot go on with the upload ${id}: its state is of version ${version} and this server writes ${STATE_VERSION}; ` +
      "send it anew with POST /v1/uploads",
  );
}
