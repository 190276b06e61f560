/**
 * Where checkpoints are kept: one small interface, so that what keeps them can be another.
 * @module
 */

/** One checkpoint: a few hundred bytes that tell of it, and the state. */
export interface Checkpoint {
  /** JSON. */
  readonly head: string;
  readonly state: Uint8Array;
}

/** A checkpoint in the list: times in milliseconds since 1970. */
export interface CheckpointEntry {
  readonly id: string;
  readonly head: string;
  readonly updatedAt: number;
}

/**
 * Checkpoints by id, each with a log of bytes that only grows. Every call is atomic: after a crash of the process or the
 * machine, all of it has happened or nothing. Calls are synchronous and throw Error when the store cannot be reached.
 */
export interface CheckpointStore {
  /** Replaces the checkpoint of `id` and adds `logged` to the end of its log, together. */
  put(id: string, checkpoint: Checkpoint, logged?: Uint8Array): void;
  get(id: string): Checkpoint | null;
  /** As {@link CheckpointStore.get} without the state, which may be large. */
  entry(id: string): CheckpointEntry | null;
  /** The log in the pieces in which it was added, read one by one. */
  log(id: string): Iterable<Uint8Array>;
  /** Forgets `id` and its log; nothing happens when there is none. */
  delete(id: string): void;
  /** All there are, those that were written longest ago first. */
  list(): readonly CheckpointEntry[];
  /** No call may follow. */
  close(): void;
}
