/**
 * What is known of a resumable upload without its state: written with every checkpoint, and shown to clients.
 * @module
 */
import { RunError } from "../errors.ts";
import type { RunOptions } from "../pipeline/run_input.ts";
import { type Resume, shutdownNotice, type Stopping } from "../pipeline/stopping.ts";

/** Raised when saved states of an earlier release can no longer be restored. */
export const STATE_VERSION = 2;

/** Sizes in bytes, counts of rows and lines so far. */
export interface UploadHead {
  readonly version: number;
  readonly id: string;
  /** The pipeline as text, and its name when it has one. */
  readonly pipeline: string;
  readonly name: string | null;
  readonly options: Pick<RunOptions, "envelope" | "onReject" | "maxRejects">;
  /** ISO 8601. */
  readonly createdAt: string;
  /** How much of the upload is in the state that is kept. */
  readonly offset: number;
  /** How much the client said there is, once it has. */
  readonly length: number | null;
  /** Whether all of the upload has come. */
  readonly complete: boolean;
  readonly lines: number;
  readonly rejects: number;
  readonly rows: number;
  /** Bytes of rows that came before the end, kept for the answer. */
  readonly kept: number;
}

/** How a client goes on with the upload as it was saved last. */
export function resumeOf({ id, offset, complete }: UploadHead): NonNullable<Resume> {
  return complete ? { result: `${uploadPath(id)}/result` } : { upload: uploadPath(id), offset };
}

/**
 * The error with the resume token: where the client goes on, at the offset of the last checkpoint. When the server stops, `how`
 * it does is told as the notice that the answer would have had.
 */
export function withToken(error: RunError, head: UploadHead, how: Stopping | null): RunError {
  const { id, offset } = head;
  const told = error.code === "shutdown" && how !== null;
  const notice = told ? { notice: shutdownNotice(how, resumeOf(head)) } : {};
  const details = { ...error.details, upload: uploadPath(id), offset, ...notice };
  return new RunError(error.code, error.message, details, { cause: error });
}

/** Where a client goes on with an upload. */
export function uploadPath(id: string): string {
  return `/v1/uploads/${id}`;
}
