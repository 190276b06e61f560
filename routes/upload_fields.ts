/**
 * The header fields of resumable uploads (draft-ietf-httpbis-resumable-upload): read, written, and their problems.
 * @module
 */
import type { UploadEntry } from "../src/uploads/uploads.ts";
import { type UploadHead, uploadPath } from "../src/uploads/upload_head.ts";
import { Problem } from "./problem.ts";

const TYPES = "https://iana.org/assignments/http-problem-types#";
const PART_TYPE = "application/partial-upload";

/** The value of `Upload-Complete`, or `standard` when it is not there. Throws a problem when there is neither. */
export function readComplete(request: Request, standard: boolean | null): boolean {
  const value = request.headers.get("upload-complete");
  if (value === "?1" || value === "?0") return value === "?1";
  if (value === null && standard !== null) return standard;
  throw badField("Upload-Complete", "?0, or ?1 with the last part", value);
}

/** The value of a field that is a number of bytes, or null when it is not there. */
export function readBytes(request: Request, name: string): number | null {
  const value = request.headers.get(name);
  if (value === null) return null;
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw badField(name, "a number of bytes", value);
}

/** The offset at which a part says it begins. Throws a problem when it does not say so, or is no part. */
export function readPart(request: Request): { offset: number; last: boolean } {
  const type = request.headers.get("content-type");
  if ((type ?? "").toLowerCase().split(";")[0]!.trim() !== PART_TYPE) {
    throw new Problem(
      415,
      "Not a part",
      `Expected a part with the content type ${PART_TYPE}, found ${type ?? "none"}`,
      {},
      { "accept-patch": PART_TYPE },
    );
  }
  const offset = readBytes(request, "Upload-Offset");
  if (offset === null) throw badField("Upload-Offset", "where this part begins", null);
  return { offset, last: readComplete(request, null) };
}

/** Throws a problem for bodies in a content coding: a coding cannot be entered in its middle. */
export function refuseCoding(request: Request): void {
  const coding = request.headers.get("content-encoding");
  if (coding === null || coding.trim().toLowerCase() === "identity") return;
  throw new Problem(
    415,
    "Unsupported content encoding",
    `Expected no Content-Encoding, found "${
      coding.slice(0, 64)
    }": a resumable upload goes on at any byte, ` +
      "and a decoder cannot; send it decoded, or in one piece to /v1/run",
  );
}

/** Throws problems for a part that does not fit what has come so far. */
export function refuseMismatch(head: UploadHead, offset: number): void {
  if (head.complete) {
    throw new Problem(
      400,
      "Upload is complete",
      `All ${head.offset} bytes have come; the result is at ${uploadPath(head.id)}/result`,
      { "upload": uploadPath(head.id) },
      offsetFields(head),
      `${TYPES}completed-upload`,
    );
  }
  if (head.offset === offset) return;
  throw new Problem(
    409,
    "Mismatching offset",
    `Expected a part that begins at byte ${head.offset}, found one at ${offset}`,
    { "expected-offset": head.offset, "provided-offset": offset },
    offsetFields(head),
    `${TYPES}mismatching-upload-offset`,
  );
}

/** A length that the upload does not have. */
export function inconsistentLength(head: UploadHead): Problem {
  return new Problem(
    400,
    "Inconsistent length",
    `Expected ${head.length} bytes, as told at the beginning, found ${head.offset} at the end`,
    {},
    offsetFields(head),
    `${TYPES}inconsistent-upload-length`,
  );
}

/** `Upload-Offset` and `Upload-Complete`, and `Upload-Length` where it was told. */
export function offsetFields(head: UploadHead): Record<string, string> {
  return {
    "upload-offset": String(head.offset),
    "upload-complete": head.complete ? "?1" : "?0",
    ...(head.length === null ? {} : { "upload-length": String(head.length) }),
    "cache-control": "no-store",
  };
}

/** `Upload-Limit`: how large an upload may be in bytes, and how many seconds it is kept. */
export function limitFields(maxBytes: number, seconds: number): Record<string, string> {
  const size = Number.isFinite(maxBytes) ? [`max-size=${maxBytes}`] : [];
  return { "upload-limit": [...size, `max-age=${Math.max(0, Math.floor(seconds))}`].join(", ") };
}

/** An upload as JSON. */
export function shown({ head, updatedAt, expiresAt, active }: UploadEntry): object {
  const { version: _version, kept: _kept, ...known } = head;
  return {
    ...known,
    upload: uploadPath(head.id),
    active,
    updatedAt: new Date(updatedAt).toISOString(),
    expiresAt: new Date(expiresAt).toISOString(),
  };
}

function badField(name: string, expected: string, found: string | null): Problem {
  const text = found === null ? "none" : `"${found.slice(0, 64)}"`;
  return new Problem(400, "Bad header field", `${name}: Expected ${expected}, found ${text}`);
}
