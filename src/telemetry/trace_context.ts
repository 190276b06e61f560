/**
 * W3C Trace Context on the two headers that Sluice handles itself: `traceparent` in, `traceresponse` out. Kept apart
 * from the SDK's propagator so that both work when the SDK is not loaded.
 * @module
 */
import {
  createTraceState,
  isSpanContextValid,
  type SpanContext,
  TraceFlags,
} from "@opentelemetry/api";

/** version, trace id, parent id, flags, and what later versions may add. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/**
 * The caller's span, from its `traceparent` and `tracestate` headers; null when the former is missing or not valid by
 * W3C Trace Context (then the latter is ignored too, as the standard asks). A later version is read as version 00.
 */
export function callerOf(
  traceparent: string | null,
  tracestate: string | null,
): SpanContext | null {
  if (traceparent === null) return null;
  const [, version, traceId, spanId, flags, rest] = TRACEPARENT.exec(traceparent.trim()) ?? [];
  if (version === undefined || version === "ff") return null;
  if (version === "00" && rest !== undefined) return null;
  const caller: SpanContext = {
    traceId: traceId!,
    spanId: spanId!,
    traceFlags: Number.parseInt(flags!, 16) & TraceFlags.SAMPLED,
    isRemote: true,
    ...(tracestate !== null && { traceState: createTraceState(tracestate) }),
  };
  return isSpanContextValid(caller) ? caller : null;
}

/** The `traceresponse` header that names `span`: trace id, span id, and whether it is recorded. */
export function traceresponseOf(span: SpanContext): string {
  return `00-${span.traceId}-${span.spanId}-0${span.traceFlags & TraceFlags.SAMPLED}`;
}

/**
 * A `traceresponse` for a run that nobody records: the caller's trace, or a random one, with a random span id and the
 * flags 00. So there is always an id to quote.
 */
export function unrecordedTraceresponse(caller: SpanContext | null): string {
  if (unused === drawn.length) {
    crypto.getRandomValues(drawn);
    unused = 0;
  }
  const at = unused;
  unused += ID_BYTES;
  const traceId = caller === null ? hex(drawn, at, at + 16) : caller.traceId;
  return `00-${traceId}-${hex(drawn, at + 16, at + ID_BYTES)}-00`;
}

/** A trace id and a span id. */
const ID_BYTES = 24;
/** Random bytes drawn ahead for some runs, each used once. */
const drawn = new Uint8Array(64 * ID_BYTES);
let unused = drawn.length;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function hex(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let index = from; index < to; index++) text += HEX[bytes[index]!];
  return text;
}
