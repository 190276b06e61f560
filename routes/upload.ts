/**
 * Running a pipeline on a request: what /v1/run and /v1/pipelines/NAME share.
 * @module
 */
import { openBody } from "../src/intake/intake.ts";
import { openMultipart } from "../src/intake/multipart.ts";
import type { Limits } from "../src/limits.ts";
import type { Run } from "../src/pipeline/run.ts";
import type { RunInput } from "../src/pipeline/run_input.ts";
import { type CheckedPlan, printPlan } from "../src/plan.ts";
import { startRun } from "../src/telemetry/spans.ts";
import type { Services } from "./app.ts";
import { readParameters, type RunParameters } from "./parameters.ts";
import { noPlace, tooLarge } from "./problem.ts";

/** What a door has made of the parameters of an upload. */
export interface Chosen {
  readonly checked: CheckedPlan;
  readonly name: string | null;
}

interface Upload {
  readonly values: Map<string, string>;
  readonly body: ReadableStream<Uint8Array>;
  readonly figures: { wireBytes: number; bytes: number };
}

/**
 * Starts the run that `choose` makes of the request's parameters and answers with its results, live. Every fault found
 * before is thrown as a problem with the body unread (of a form: read up to its file).
 */
export async function runUpload(
  request: Request,
  services: Services,
  choose: (parameters: RunParameters) => Chosen,
): Promise<Response> {
  const { runs, limits } = services;
  const place = runs.reserve();
  if (typeof place === "string") throw noPlace(place, runs.maxRuns);
  try {
    refuseLength(request, limits);
    const form = isForm(request);
    // Of a plain upload everything is known before the body; a form tells its fields first.
    const early = form ? null : parametersOf(request, new Map());
    const chosen = early && choose(early);
    const upload = await open(request, form, limits);
    try {
      const parameters = early ?? parametersOf(request, upload.values);
      const run = chosen ?? choose(parameters);
      return start(request, services, place.start, run, { parameters, upload });
    } catch (fault) {
      await upload.body.cancel(fault);
      throw fault;
    }
  } catch (fault) {
    place.release();
    throw fault;
  }
}

function start(
  request: Request,
  { vocabulary, limits, workers, resources }: Services,
  startRunning: (input: RunInput) => Run,
  { checked, name }: Chosen,
  { parameters, upload }: { parameters: RunParameters; upload: Upload },
): Response {
  const id = crypto.randomUUID();
  const pipeline = printPlan(checked.plan, vocabulary);
  const telemetry = startRun({
    runId: id,
    pipeline,
    pipelineName: name,
    traceparent: request.headers.get("traceparent"),
    tracestate: request.headers.get("tracestate"),
    startedAt: Date.now(),
  });
  const run = startRunning({
    id,
    plan: checked.plan,
    pipeline,
    name,
    vocabulary,
    limits,
    workers,
    options: parameters.options,
    body: upload.body,
    figures: upload.figures,
    resources,
    onEvent: ({ name, attributes, ...stage }) => telemetry.event(name, attributes, stage),
    onEnd: (report) => telemetry.end(report),
  });
  return new Response(run.results, {
    headers: {
      "content-type": "application/x-ndjson; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-run-id": id,
      traceresponse: telemetry.traceresponse,
    },
  });
}

function refuseLength(request: Request, limits: Limits): void {
  const length = Number(request.headers.get("content-length") ?? 0);
  if (length > limits.maxBodyBytes) throw tooLarge(length, limits.maxBodyBytes);
}

function isForm(request: Request): boolean {
  const type = request.headers.get("content-type") ?? "";
  return type.toLowerCase().startsWith("multipart/form-data");
}

async function open(request: Request, form: boolean, limits: Limits): Promise<Upload> {
  const figures = { wireBytes: 0, bytes: 0 };
  const body = request.body ?? new ReadableStream({ start: (controller) => controller.close() });
  const contentEncoding = request.headers.get("content-encoding");
  const bounds = {
    maxBodyBytes: limits.maxBodyBytes,
    maxInflationRatio: limits.maxInflationRatio,
  };
  if (!form) {
    return {
      values: new Map(),
      body: openBody(body, { contentEncoding }, bounds, figures),
      figures,
    };
  }
  const contentType = request.headers.get("content-type");
  const { fields, file } = await openMultipart(
    body,
    { contentEncoding, contentType },
    bounds,
    figures,
  );
  return { values: fields, body: file.stream, figures };
}

/** The query wins over the `x-pipeline` header, and that over form fields. */
function parametersOf(request: Request, fields: ReadonlyMap<string, string>): RunParameters {
  const values = new Map(fields);
  const header = request.headers.get("x-pipeline");
  if (header !== null) values.set("q", header);
  for (const [name, value] of new URL(request.url).searchParams) values.set(name, value);
  return readParameters(values);
}
