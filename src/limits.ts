/**
 * The bounds of one run. Made from the settings by the door, handed down to everything that holds or waits.
 * @module
 */

/** Every bound that a run keeps. */
export interface Limits {
  /** The longest line in bytes; a longer one is a reject and is never held whole. */
  readonly maxLineBytes: number;
  /** The most bytes of upload, as they come over the wire; Infinity for none. */
  readonly maxBodyBytes: number;
  /** The most decoded bytes for each compressed one. */
  readonly maxInflationRatio: number;
  /** The most bytes that the stages of a run may hold as state. */
  readonly maxStateBytes: number;
  /** The bound of an edge between two stages, in bytes, where the pipeline does not set one. */
  readonly edgeBytes: number;
  /** How long no byte may move in or out before the run is cut; 0 for never. */
  readonly stallTimeoutMs: number;
  /** How long a run with something waiting may get nowhere before it says so; 0 for never. */
  readonly blockedLimitMs: number;
}

/** The limits a library user gets when none are given; the server's come from its settings. */
export const DEFAULT_LIMITS: Limits = {
  maxLineBytes: 1024 * 1024,
  maxBodyBytes: Infinity,
  maxInflationRatio: 1000,
  maxStateBytes: 128 * 1024 * 1024,
  edgeBytes: 512 * 1024,
  stallTimeoutMs: 60_000,
  blockedLimitMs: 10_000,
};
