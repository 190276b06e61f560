/**
 * What the request thread and a worker thread say to each other. All of it is structured-cloneable.
 * @module
 */
import type { RunErrorCode } from "../errors.ts";
import type { Plan } from "../language/syntax.ts";
import type { Limits } from "../limits.ts";
import type { StageFigures } from "../pipeline/report.ts";
import type { OnReject, Reject } from "../reject.ts";

/** A reject with what its stage says of it. */
export interface SliceReject {
  readonly reject: Reject;
  readonly policy: OnReject | undefined;
}

/** What a worker made of a slice of whole lines. Lines and offsets count from the slice's own start. */
export interface SliceResult {
  /** The aggregate's saved state over the slice alone. */
  readonly state: unknown;
  /** Lines read, parsed or not, and the empty ones besides. */
  readonly lines: number;
  readonly empty: number;
  /** In line order; a slice bounds how many there are. */
  readonly rejects: readonly SliceReject[];
  readonly notices: readonly (readonly [key: string, value: unknown])[];
  /** What each stage did, in plan order. */
  readonly figures: readonly StageFigures[];
}

/** A failure as data; `code` is null for what was not thrown as a RunError. */
export interface SliceFault {
  readonly code: RunErrorCode | null;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** To a worker. */
export type ToWorker =
  | { readonly kind: "open"; readonly run: number; readonly plan: Plan; readonly limits: Limits }
  | {
    readonly kind: "slice";
    readonly run: number;
    readonly slice: number;
    readonly bytes: SharedArrayBuffer;
    /** Where in `bytes` the slice begins. */
    readonly start: number;
    readonly length: number;
    /** The upload ends with this slice, perhaps without a line feed. */
    readonly last: boolean;
  }
  | { readonly kind: "close"; readonly run: number };

/** From a worker. */
export type FromWorker =
  | { readonly kind: "ready" }
  | {
    readonly kind: "result";
    readonly run: number;
    readonly slice: number;
    readonly result: SliceResult;
  }
  | {
    readonly kind: "fault";
    readonly run: number;
    readonly slice: number;
    readonly fault: SliceFault;
  };
