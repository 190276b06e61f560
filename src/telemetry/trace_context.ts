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
  if (unused === DRAWN_DIGITS) {
    drawn = crypto.getRandomValues(new Uint8Array(DRAWN_DIGITS / 2)).toHex();
    unused = 0;
  }
  const span = unused + TRACE_DIGITS;
  const traceId = caller === null ? drawn.slice(unused, span) : caller.traceId;
  unused = span + SPAN_DIGITS;
  return `00-${traceId}-${drawn.slice(span, unused)}-00`;
}

const TRACE_DIGITS = 32;
const SPAN_DIGITS = 16;
/** Random digits are drawn ahead for 64 runs, and each is used once. */
const DRAWN_DIGITS = 64 * (TRACE_DIGITS + SPAN_DIGITS);
let drawn = "";
let unused = DRAWN_DIGITS;
