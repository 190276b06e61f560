/**
 * The spans of a run: one for the run, one for each of its stages, never one for a row. Knows the OpenTelemetry API
 * only; whether and where spans go is decided in setup.ts.
 * @module
 */
import {
  type Attributes,
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import type { RunReport, StageReport } from "../pipeline/report.ts";
import {
  bounded,
  errorAttributes,
  runAttributes,
  stageAttributes,
  stageIdentity,
  startAttributes,
} from "./attributes.ts";
import { callerOf, traceresponseOf, unrecordedTraceresponse } from "./trace_context.ts";

const TRACER = "sluice";

/** What is known of a run when it starts. */
export interface RunFacts {
  readonly runId: string;
  /** The pipeline as text: an attribute, never part of a span's name. */
  readonly pipeline: string;
  /** The name of a named pipeline: part of the span's name, so it must come from the server's own list. */
  readonly pipelineName: string | null;
  /** The request headers of these names. */
  readonly traceparent: string | null;
  readonly tracestate: string | null;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** The spans of one run. */
export interface RunTelemetry {
  /** The response header of this name: the run's span, or random ids with the flags 00 when nobody records. */
  readonly traceresponse: string;
  /**
   * Notes something that changed (a worker restarted, a breaker opened) on the span of the run, or of `stage`.
   * At most 128 events a span are kept, the latest; after {@link RunTelemetry.end} there are none.
   */
  event(name: string, attributes?: Attributes, stage?: StageIdentity): void;
  /**
   * Ends all spans now, with the report's figures: when the body has ended, failed or was cancelled. The run's span
   * has the status ERROR with `error.type` unless the report says complete, and so have the stages', so that figures
   * of a part never look like those of the whole. Only the first call counts.
   */
  end(report: RunReport): void;
}

/** Which stage: its word and its index in the report. */
export type StageIdentity = Pick<StageReport, "stage" | "index">;

/**
 * Starts the span of a run, as the child of the span that is active here (a server's that the runtime made), else of
 * the caller's `traceparent`. When nobody records it, nothing is kept and only the random ids of `traceresponse` are
 * made. Never throws.
 */
export function startRun(facts: RunFacts): RunTelemetry {
  const active = trace.getSpan(context.active());
  const caller = active?.spanContext() ?? callerOf(facts.traceparent, facts.tracestate);
  const parent = caller === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, caller);
  const span = trace.getTracer(TRACER).startSpan(
    facts.pipelineName === null ? "run" : `run ${facts.pipelineName}`,
    {
      kind: active === undefined ? SpanKind.SERVER : SpanKind.INTERNAL,
      startTime: facts.startedAt,
    },
    parent,
  );
  return span.isRecording()
    ? new RecordedRun(span, parent, facts)
    : unrecorded(span.spanContext(), caller);
}

function nothing(): void {}

function unrecorded(dropped: SpanContext, caller: SpanContext | null): RunTelemetry {
  // A sampler that drops a span has still named it; without an SDK the caller's own span comes back, or none.
  const named = trace.isSpanContextValid(dropped) && dropped.spanId !== caller?.spanId;
  const traceresponse = named ? traceresponseOf(dropped) : unrecordedTraceresponse(caller);
  return { traceresponse, event: nothing, end: nothing };
}

class RecordedRun implements RunTelemetry {
  readonly traceresponse: string;
  readonly #span: Span;
  readonly #context: Context;
  readonly #startedAt: number;
  /** Between the clock of `performance` and the wall's, fixed here so that spans never end before they start. */
  readonly #clockOffsetMs = Date.now() - performance.now();
  readonly #stages = new Map<number, Span>();
  #ended = false;

  constructor(span: Span, parent: Context, facts: RunFacts) {
    this.#span = span;
    this.#context = trace.setSpan(parent, span);
    this.#startedAt = facts.startedAt;
    this.traceresponse = traceresponseOf(span.spanContext());
    span.setAttributes(startAttributes(facts));
  }

  event(name: string, attributes: Attributes = {}, stage?: StageIdentity): void {
    if (this.#ended) return;
    const span = stage === undefined ? this.#span : this.#stageSpan(stage);
    span.addEvent(name, attributes, this.#now());
  }

  end(report: RunReport): void {
    if (this.#ended) return;
    this.#ended = true;
    const endedAt = this.#now();
    const incomplete = report.state !== "complete" && report.state !== "parked";
    for (const stage of report.stages) {
      const span = this.#stageSpan(stage);
      span.setAttributes({ ...stageAttributes(stage), ...errorAttributes(report) });
      if (incomplete) span.setStatus({ code: SpanStatusCode.ERROR });
    }
    for (const span of this.#stages.values()) span.end(endedAt);
    this.#span.setAttributes(runAttributes(report));
    if (incomplete) {
      const message = bounded(report.error?.message ?? `The run ended while ${report.state}`);
      this.#span.setStatus({ code: SpanStatusCode.ERROR, message });
    }
    this.#span.end(endedAt);
  }

  /** Made when first needed: it starts with the run either way, and nested stages are known only by their report. */
  #stageSpan(stage: StageIdentity): Span {
    const known = this.#stages.get(stage.index);
    if (known !== undefined) return known;
    const span = trace.getTracer(TRACER).startSpan(stage.stage, {
      kind: SpanKind.INTERNAL,
      startTime: this.#startedAt,
      attributes: stageIdentity(stage),
    }, this.#context);
    this.#stages.set(stage.index, span);
    return span;
  }

  #now(): number {
    return Math.max(this.#startedAt, performance.now() + this.#clockOffsetMs);
  }
}
