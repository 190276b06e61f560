/**
 * /v1/uploads: resumable uploads, by the IETF draft. POST opens one, HEAD tells where to go on, PATCH brings a part, and
 * what the last part is answered with is the result.
 * @module
 */
import { Hono } from "hono";
import { admit } from "../src/admission.ts";
import { printPlan } from "../src/plan.ts";
import { type UploadHead, uploadPath } from "../src/uploads/upload_head.ts";
import type { Uploads } from "../src/uploads/uploads.ts";
import type { Services } from "./app.ts";
import { chooseNamed, chooseText, type Chosen, findNamed } from "./choose.ts";
import { badParameters, methodNotAllowed, noPlace, Problem } from "./problem.ts";
import { parametersOf } from "./upload.ts";
import {
  limitFields,
  offsetFields,
  readBytes,
  readComplete,
  readPart,
  refuseCoding,
  shown,
} from "./upload_fields.ts";
import { append, findUpload, result, uploadsOf } from "./upload_part.ts";

/** The resources `/uploads`, `/uploads/ID` and `/uploads/ID/result`. */
export function uploadRoutes(services: Services): Hono {
  const app = new Hono();
  app.get(
    "/uploads",
    (context) => context.json({ uploads: uploadsOf(services).list().map(shown) }),
  );
  app.post("/uploads", (context) => create(context.req.raw, services));
  app.get("/uploads/:id", async (context) => {
    const id = context.req.param("id");
    const uploads = uploadsOf(services);
    if (context.req.method === "GET") return context.json(shown(findUpload(uploads, id)));
    await uploads.takeOver(id);
    const { head, expiresAt } = findUpload(uploads, id);
    const limits = limitFields(services.limits.maxBodyBytes, (expiresAt - Date.now()) / 1000);
    return new Response(null, { status: 204, headers: { ...offsetFields(head), ...limits } });
  });
  app.patch("/uploads/:id", (context) => {
    const { id } = findUpload(uploadsOf(services), context.req.param("id")).head;
    return append(context.req.raw, services, id, readPart(context.req.raw));
  });
  app.get(
    "/uploads/:id/result",
    (context) =>
      result(
        context.req.raw,
        services,
        findUpload(uploadsOf(services), context.req.param("id")).head,
      ),
  );
  app.delete("/uploads/:id", async (context) => {
    const uploads = uploadsOf(services);
    await uploads.delete(findUpload(uploads, context.req.param("id")).head.id);
    return context.body(null, 204);
  });
  app.all("/uploads", (context) => {
    throw methodNotAllowed(context.req.method, "GET, POST");
  });
  app.all("/uploads/:id", (context) => {
    throw methodNotAllowed(context.req.method, "GET, HEAD, PATCH, DELETE");
  });
  return app;
}

/** Opens an upload, and takes the request's body as its first part when it has one. */
async function create(request: Request, services: Services): Promise<Response> {
  const uploads = uploadsOf(services);
  if (!services.runs.ready) throw noPlace("stopping", services.runs.maxRuns);
  const last = readComplete(request, false);
  const length = readBytes(request, "Upload-Length");
  refuseCoding(request);
  const { checked, name, options } = chosen(request, services);
  await admit(checked, services.vocabulary, services.resources);
  const head = uploads.create({
    pipeline: printPlan(checked.plan, services.vocabulary),
    name,
    options,
    length,
  });
  if (head === null) throw tooMany(uploads);
  const location = uploadPath(head.id);
  const fields = limitFields(services.limits.maxBodyBytes, uploads.options.ttlMs / 1000);
  const response = request.body === null && !last
    ? new Response(null, { status: 201, headers: offsetFields(head) })
    : await append(request, services, head.id, { offset: 0, last });
  const status = response.status === 204 ? 201 : response.status;
  const headers = new Headers(response.headers);
  for (const [field, value] of Object.entries({ location, ...fields })) headers.set(field, value);
  return new Response(response.body, { status, headers });
}

function chosen(
  request: Request,
  services: Services,
): Chosen & { options: UploadHead["options"] } {
  const { options, rest } = parametersOf(request, new Map());
  const { envelope, onReject, maxRejects, everyMs, timeoutMs, supervision } = options;
  const never = Object.entries({
    every: everyMs,
    timeout: timeoutMs,
    restart: supervision ?? null,
  }).filter(([, value]) => value !== null);
  if (never.length > 0) {
    throw badParameters(never.map(([parameter]) => ({
      parameter,
      message:
        "A resumable upload goes on from its checkpoints and answers once; /v1/run knows this",
    })));
  }
  const values = new Map(rest);
  const name = values.get("pipeline");
  values.delete("pipeline");
  const choice = name === undefined
    ? chooseText(values, services)
    : chooseNamed(findNamed(name, services), values, services);
  return { ...choice, options: { envelope, onReject, maxRejects } };
}

function tooMany({ options }: Uploads): Problem {
  return new Problem(
    429,
    "Too many uploads",
    `All ${options.maxUploads} uploads are open; complete or DELETE one, or raise MAX_UPLOADS`,
    {},
    { "retry-after": "60" },
  );
}
