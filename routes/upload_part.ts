/**
 * A part of a resumable upload: taken by the run that goes on with it, answered with the new offset or the result.
 * @module
 */
import { RunError } from "../src/errors.ts";
import { openBody } from "../src/intake/intake.ts";
import { startRun } from "../src/telemetry/spans.ts";
import type { ResumableRun } from "../src/uploads/resumable_run.ts";
import type { UploadHead } from "../src/uploads/upload_head.ts";
import type { UploadEntry, Uploads } from "../src/uploads/uploads.ts";
import type { Services } from "./app.ts";
import { noPlace, notFound, Problem, toProblem } from "./problem.ts";
import { inconsistentLength, offsetFields, refuseCoding, refuseMismatch } from "./upload_fields.ts";

/** The uploads of the server. Throws a problem when it keeps none. */
export function uploadsOf({ uploads }: Services): Uploads {
  if (uploads !== undefined) return uploads;
  throw new Problem(
    501,
    "No checkpoints",
    "Resumable uploads need a folder for their checkpoints: start the server with CHECKPOINT_DIR, or send the whole " +
      "upload to /v1/run",
  );
}

/** The upload of that id. Throws a problem when there is none. */
export function findUpload(uploads: Uploads, id: string): UploadEntry {
  const upload = uploads.find(id);
  if (upload === null) throw notFound("upload", id, null);
  return upload;
}

/** Takes a part, and answers with the new offset, or with the result when the upload is complete. */
export async function append(
  request: Request,
  services: Services,
  id: string,
  { offset, last }: { offset: number; last: boolean },
): Promise<Response> {
  refuseCoding(request);
  const { run, traceresponse } = open(
    request,
    services,
    id,
    (head) => refuseMismatch(head, offset),
  );
  const bounds = { ...services.limits, maxBodyBytes: services.limits.maxBodyBytes - offset };
  const figures = { wireBytes: 0, bytes: 0 };
  const body = request.body ?? new ReadableStream({ start: (controller) => controller.close() });
  try {
    await run.take(openBody(body, { contentEncoding: "identity" }, bounds, figures), last);
  } catch (fault) {
    throw withOffset(fault, run.head);
  }
  if (last && !run.head.complete) throw inconsistentLength(run.head);
  if (last) return await answer(run, traceresponse);
  return new Response(null, {
    status: 204,
    headers: { ...offsetFields(run.head), "x-run-id": id, traceresponse },
  });
}

/** The result of a complete upload, once more. */
export async function result(
  request: Request,
  services: Services,
  head: UploadHead,
): Promise<Response> {
  if (!head.complete) {
    throw new Problem(
      409,
      "Upload is not complete",
      `The result comes with the last part; go on at byte ${head.offset}`,
      {},
      offsetFields(head),
    );
  }
  const { run, traceresponse } = open(request, services, head.id, () => {});
  return await answer(run, traceresponse);
}

/** Restores the upload under one of MAX_RUNS places; `check` may refuse by throwing. */
function open(
  request: Request,
  { runs, ...services }: Services,
  id: string,
  check: (head: UploadHead) => void,
): { run: ResumableRun; traceresponse: string } {
  const uploads = uploadsOf({ runs, ...services });
  const { head, active } = findUpload(uploads, id);
  if (active) throw locked(head);
  check(head);
  const place = runs.reserve();
  if (typeof place === "string") throw noPlace(place, runs.maxRuns);
  const telemetry = startRun({
    runId: id,
    pipeline: head.pipeline,
    pipelineName: head.name,
    traceparent: request.headers.get("traceparent"),
    tracestate: request.headers.get("tracestate"),
    startedAt: Date.now(),
  });
  try {
    const run = uploads.open(id, {
      onEvent: ({ name, attributes, ...stage }) => telemetry.event(name, attributes, stage),
      onEnd: (report) => telemetry.end(report),
    });
    place.hold(run);
    return { run, traceresponse: telemetry.traceresponse };
  } catch (fault) {
    place.release();
    throw fault;
  }
}

async function answer(run: ResumableRun, traceresponse: string): Promise<Response> {
  try {
    return new Response(await run.finish(), {
      headers: {
        "content-type": "application/x-ndjson; charset=utf-8",
        "x-content-type-options": "nosniff",
        "x-run-id": run.id,
        ...offsetFields(run.head),
        traceresponse,
      },
    });
  } catch (fault) {
    throw withOffset(fault, run.head);
  }
}

/** The fault as a problem with where the client goes on. */
function withOffset(fault: unknown, head: UploadHead): Problem {
  const problem = toProblem(fault);
  const retry = fault instanceof RunError && fault.code === "shutdown"
    ? { "retry-after": "5" }
    : {};
  const headers = { ...problem.headers, ...offsetFields(head), ...retry };
  return new Problem(problem.status, problem.title, problem.message, problem.members, headers);
}

function locked(head: UploadHead): Problem {
  return new Problem(
    423,
    "Upload is busy",
    `A part of the upload ${head.id} is coming in, or its result is being read; HEAD ends a part that has broken off`,
    {},
    { "retry-after": "1" },
  );
}
