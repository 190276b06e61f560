/**
 * What stages may reach beyond their rows: given by whoever starts the run, so that a stage never names a runtime.
 * @module
 */
import { startTimer } from "./flow/clock.ts";
import { CLOSED_DOOR, type HttpDoor } from "./lookup/http_door.ts";
import { NamedCaches } from "./lookup/named_caches.ts";
import { NO_TABLES, type Tables, type UploadedTable } from "./lookup/tables.ts";
import { type Files, NO_FILES } from "./sinks/files.ts";

/** Time, so that tests can be its master. */
export interface Clock {
  /** Milliseconds that never go backwards. */
  now(): number;
  /** Calls `then` once after `milliseconds`; the function that is returned takes that back. */
  after(milliseconds: number, then: () => void): () => void;
}

/** What the runs of one server share, and what came with one run. */
export interface Resources {
  readonly clock: Clock;
  /** The way to other hosts. */
  readonly http: HttpDoor;
  /** The folder that may be written to. */
  readonly files: Files;
  /** The tables of the configured folder. */
  readonly tables: Tables;
  /** The table that came with this run. */
  readonly uploaded: UploadedTable | null;
  /** Answers that outlive a run. */
  readonly caches: NamedCaches;
}

/** The clock of the machine. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after: startTimer,
};

/** Time, and nothing else: no host may be asked, nothing may be written, there is no table, and no cache can be named. */
export const DEFAULT_RESOURCES: Resources = {
  clock: SYSTEM_CLOCK,
  http: CLOSED_DOOR,
  files: NO_FILES,
  tables: NO_TABLES,
  uploaded: null,
  caches: new NamedCaches(0, SYSTEM_CLOCK),
};
