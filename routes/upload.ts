/**
 * Running a pipeline on a request: what /v1/run and /v1/pipelines/NAME share.
 * @module
 */
import { LRUCache } from "lru-cache";
import { admit } from "../src/admission.ts";
import { openBody, plainBody } from "../src/intake/intake.ts";
import { type FormTable, openMultipart } from "../src/intake/multipart.ts";
import type { Limits } from "../src/limits.ts";
import type { Place } from "../src/pipeline/runs.ts";
import { uploadedTable } from "../src/lookup/read_table.ts";
import { printPlan } from "../src/plan.ts";
import type { Resources } from "../src/resources.ts";
import { startRun } from "../src/telemetry/spans.ts";
import type { Services } from "./app.ts";
import type { Chosen } from "./choose.ts";
import { readParameters, type RunParameters } from "./parameters.ts";
import { noPlace, tooLarge } from "./problem.ts";
import { wholeResponse } from "./serve_answered.ts";
import { wholeBody } from "./serve_arrived.ts";

/** What a request's head asks for, checked. */
interface Order extends Chosen {
  readonly parameters: RunParameters;
  /** The pipeline as text, in its own words. */
  readonly pipeline: string;
}

interface Upload {
  readonly body: ReadableStream<Uint8Array> | Uint8Array;
  readonly figures: { wireBytes: number; bytes: number };
}

interface FormUpload extends Upload {
  readonly values: ReadonlyMap<string, string>;
  readonly table: FormTable | null;
  readonly body: ReadableStream<Uint8Array>;
}

/** Runs uploads; see {@link uploadRunner}. */
export type RunUpload = (
  request: Request,
  choose: (parameters: RunParameters) => Chosen,
) => Response | Promise<Response>;

const NO_FIELDS: ReadonlyMap<string, string> = new Map();

/** The orders of so many heads are kept, and so many characters of heads: small uploads tend to ask the same again. */
const ORDERS_KEPT = { max: 256, maxSize: 256 * 1024 };

/**
 * Gives what starts the run that `choose` makes of a request's parameters and answers with its results, live. What it
 * makes depends on the address and the `x-pipeline` header alone, so it is kept with those: 256 of them, 256 KiB of
 * text. Every fault found before is thrown as a problem with the body unread (of a form: read up to its file).
 */
export function uploadRunner(services: Services): RunUpload {
  const { runs, limits, vocabulary } = services;
  const orders = new LRUCache<string, Order>({
    ...ORDERS_KEPT,
    sizeCalculation: (_, head) => head.length,
  });
  return (request, choose) => {
    const place = runs.reserve();
    if (typeof place === "string") throw noPlace(place, runs.maxRuns);
    try {
      refuseLength(request, limits);
      if (isForm(request)) return settled(startForm(request, services, place, choose), place);
      // Of a plain upload everything is known before the body; a form tells its fields first.
      const order = orderOf(request, services, orders, choose);
      const admitted = admit(order.checked, vocabulary, services.resources);
      if (admitted === undefined) return startPlain(request, services, place, order);
      return settled(admitted.then(() => startPlain(request, services, place, order)), place);
    } catch (fault) {
      place.release();
      throw fault;
    }
  };
}

/** What comes of `starting`; when that is a fault, the place is free again. */
async function settled(starting: Promise<Response>, place: Place): Promise<Response> {
  try {
    return await starting;
  } catch (fault) {
    place.release();
    throw fault;
  }
}

/** Starts a run of an upload that is all of the body. Synchronous, so that what a small one needed is garbage before the next begins. */
function startPlain(request: Request, services: Services, place: Place, order: Order): Response {
  const upload = openPlain(request, services.limits);
  try {
    return start(request, services, place, order, upload, services.resources);
  } catch (fault) {
    if (!(upload.body instanceof Uint8Array)) void upload.body.cancel(fault).catch(() => {});
    throw fault;
  }
}

async function startForm(
  request: Request,
  services: Services,
  place: Place,
  choose: (parameters: RunParameters) => Chosen,
): Promise<Response> {
  const upload = await openForm(request, services.limits);
  try {
    const order = makeOrder(request, services, upload.values, choose);
    const resources = resourcesOf(services, upload);
    await admit(order.checked, services.vocabulary, resources);
    return start(request, services, place, order, upload, resources);
  } catch (fault) {
    await upload.body.cancel(fault);
    throw fault;
  }
}

function orderOf(
  request: Request,
  services: Services,
  orders: LRUCache<string, Order>,
  choose: (parameters: RunParameters) => Chosen,
): Order {
  const head = `${request.url} ${request.headers.get("x-pipeline") ?? ""}`;
  const known = orders.get(head);
  if (known !== undefined) return known;
  const order = makeOrder(request, services, NO_FIELDS, choose);
  orders.set(head, order);
  return order;
}

function makeOrder(
  request: Request,
  { vocabulary }: Services,
  fields: ReadonlyMap<string, string>,
  choose: (parameters: RunParameters) => Chosen,
): Order {
  const parameters = parametersOf(request, fields);
  const chosen = choose(parameters);
  return { ...chosen, parameters, pipeline: printPlan(chosen.checked.plan, vocabulary) };
}

function start(
  request: Request,
  { vocabulary, limits, workers }: Services,
  place: Place,
  { checked, name, parameters, pipeline }: Order,
  { body, figures }: Upload,
  resources: Resources,
): Response {
  const id = crypto.randomUUID();
  const telemetry = startRun({
    runId: id,
    pipeline,
    pipelineName: name,
    traceparent: request.headers.get("traceparent"),
    tracestate: request.headers.get("tracestate"),
    startedAt: Date.now(),
  });
  const run = place.start({
    id,
    plan: checked.plan,
    pipeline,
    name,
    vocabulary,
    limits,
    workers,
    options: parameters.options,
    body,
    figures,
    resources,
    onEvent: ({ name, attributes, ...stage }) => telemetry.event(name, attributes, stage),
    onEnd: (report) => telemetry.end(report),
  });
  const results = run.whole as Uint8Array<ArrayBuffer> | null;
  const headers = {
    "content-type": "application/x-ndjson; charset=utf-8",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-run-id": id,
    traceresponse: telemetry.traceresponse,
  };
  return results === null
    ? new Response(run.results, { headers })
    : wholeResponse(results, headers);
}

/** What the server has, and what came with the run. */
function resourcesOf({ resources, limits }: Services, { table }: FormUpload): Resources {
  if (table === null) return resources;
  return { ...resources, uploaded: uploadedTable(table.bytes, table.name, limits.maxStateBytes) };
}

function refuseLength(request: Request, limits: Limits): void {
  const length = Number(request.headers.get("content-length") ?? 0);
  if (length > limits.maxBodyBytes) throw tooLarge(length, limits.maxBodyBytes);
}

function isForm(request: Request): boolean {
  const type = request.headers.get("content-type") ?? "";
  return type.toLowerCase().startsWith("multipart/form-data");
}

function openPlain(request: Request, { maxBodyBytes, maxInflationRatio }: Limits): Upload {
  const figures = { wireBytes: 0, bytes: 0 };
  const headers = { contentEncoding: request.headers.get("content-encoding") };
  const whole = wholeBody(request);
  const body = (whole && plainBody(whole, headers, figures)) ??
    openBody(bodyOf(request), headers, { maxBodyBytes, maxInflationRatio }, figures);
  return { body, figures };
}

async function openForm(
  request: Request,
  { maxBodyBytes, maxInflationRatio, maxStateBytes }: Limits,
): Promise<FormUpload> {
  const figures = { wireBytes: 0, bytes: 0 };
  const { fields, table, file } = await openMultipart(
    bodyOf(request),
    {
      contentEncoding: request.headers.get("content-encoding"),
      contentType: request.headers.get("content-type"),
    },
    { maxBodyBytes, maxInflationRatio, maxTableBytes: maxStateBytes },
    figures,
  );
  return { values: fields, table, body: file.stream, figures };
}

function bodyOf(request: Request): ReadableStream<Uint8Array> {
  return request.body ?? new ReadableStream({ start: (controller) => controller.close() });
}

/** The query wins over the `x-pipeline` header, and that over form fields. Throws a problem that names every bad one. */
export function parametersOf(request: Request, fields: ReadonlyMap<string, string>): RunParameters {
  const values = new Map(fields);
  const header = request.headers.get("x-pipeline");
  if (header !== null) values.set("q", header);
  for (const [name, value] of new URL(request.url).searchParams) values.set(name, value);
  return readParameters(values);
}
