/**
 * The faults a run can end with. One class, one list of codes: the doors (routes/) translate a code into a
 * status, telemetry into a span status, the envelope into the `$error` line. Nobody matches on message text.
 * @module
 */

/** Every way in which a run fails, by the name that is shown to users. */
const RUN_ERROR_CODES = [
  /** The body does not decode: broken gzip, truncated zstd, unknown content encoding, broken multipart. */
  "bad_encoding",
  /** Decompressed bytes outgrew the allowed multiple of the compressed ones. */
  "inflation_limit",
  /** The body is larger than the configured ceiling. */
  "body_too_large",
  /** The client went away or cut its upload short. */
  "upload_cut",
  /** No byte moved in or out for the stall time. */
  "stalled",
  /** The run took longer than its `timeout`. */
  "timeout",
  /** The upload sent nothing for the time `idle`. */
  "idle_timeout",
  /** No row came out within the time `first_result`. */
  "first_result_timeout",
  /** The pipeline of a `timeout` stage took longer for a batch than it may. */
  "stage_timeout",
  /** Cancelled by DELETE /v1/runs/ID. */
  "cancelled",
  /** The client no longer reads the result. */
  "client_gone",
  /** The server is stopping and the grace time is over. */
  "shutdown",
  /** State outgrew the memory budget of the run. */
  "budget_exceeded",
  /** More came at once than a `buffer overflow=fail` may hold. */
  "overflow",
  /** More rejects than `max_rejects` allows, or any with `on_reject=fail`. */
  "rejects_exceeded",
  /** Lines came, and none of them could be parsed. */
  "nothing_parsed",
  /** What was saved of a resumable upload cannot be read any more. */
  "stale_state",
  /** A host that the pipeline asks or sends to has failed, and `on_error=fail` says not to go on. */
  "dependency_failed",
  /** A table cannot be read, or has not the column that rows are to be joined by. */
  "table_unfit",
  /** A stage threw something that is not a RunError: a bug, told as one. */
  "internal",
] as const;

/** One of {@link RUN_ERROR_CODES}. */
export type RunErrorCode = (typeof RUN_ERROR_CODES)[number];

/**
 * A run's failure. Thrown once, and the same object reaches the source, every stage, the response and the span.
 * `details` holds JSON-safe facts (limits, values found) that go into the `$error` line as they are.
 */
export class RunError extends Error {
  override readonly name = "RunError";
  constructor(
    readonly code: RunErrorCode,
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** The JSON form that users see: `{ code, message, ...details }`. */
  toJSON(): Record<string, unknown> {
    return { code: this.code, message: this.message, ...this.details };
  }
}

/** The given fault as a {@link RunError}: itself when it is one, else wrapped as `internal` with the cause kept. */
export function toRunError(fault: unknown): RunError {
  if (fault instanceof RunError) return fault;
  const text = fault instanceof Error ? fault.message : String(fault);
  return new RunError("internal", `Stage failed: ${text}`, {}, { cause: fault });
}

/** Why a reader stopped reading, as a {@link RunError}: the one that it was given, else `client_gone`. */
export function clientGone(reason: unknown): RunError {
  if (reason instanceof RunError) return reason;
  return new RunError("client_gone", "The client no longer reads the result", {}, {
    cause: reason,
  });
}
