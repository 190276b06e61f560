/**
 * What is told to the clients of runs that are under way when the server stops: notices, and the error of those that are cut.
 * @module
 */
import { RunError } from "../errors.ts";

/** How runs end: in their own time, within a grace, or now. */
export type Shutdown = "graceful" | "hybrid" | "abrupt";

/** How a server stops. */
export interface Stopping {
  readonly mode: Shutdown;
  /** Milliseconds from then on after which runs are cut; null for never. */
  readonly deadlineMs: number | null;
}

/**
 * How a client goes on after a cut: with the upload from `offset`, or by asking for the `result` again, both paths on any
 * server with the same CHECKPOINT_DIR; null when nothing is saved and all is to be sent again.
 */
export type Resume =
  | { readonly upload: string; readonly offset: number }
  | { readonly result: string }
  | null;

/** The facts of a notice. */
export interface ShutdownNotice {
  readonly shutdown: Stopping & { readonly resume: Resume };
}

/** The notice of a run that is under way when the server begins to stop. */
export function shutdownNotice(stopping: Stopping, resume: Resume): ShutdownNotice {
  return { shutdown: { ...stopping, resume } };
}

/** Why runs are cut; `deadlineMs` of 0 is now. */
export function shutdownMessage({ deadlineMs }: Stopping): string {
  return deadlineMs === null || deadlineMs === 0
    ? "The server is stopping now"
    : `The server is stopping and its grace of ${deadlineMs} ms is over`;
}

/** The error of a run of which nothing is saved. */
export function cutForGood(message: string): RunError {
  return new RunError(
    "shutdown",
    `${message}; nothing of the run is saved, so send the whole upload again`,
  );
}
