/**
 * A form upload (browsers, `curl -F`): small fields first, then one file that is streamed.
 * @module
 */

import { joined } from "../batch/bytes.ts";
import { RunError } from "../errors.ts";
import { type ByteSource, type IntakeFigures, toStream } from "./byte_source.ts";
import { parseContentEncoding } from "./codings.ts";
import { type BodyHeaders, decoded, type IntakeLimits } from "./intake.ts";
import { meteredSource } from "./metered_source.ts";
import { brokenMultipart, PartReader } from "./part_reader.ts";

/** Most fields before the file. */
const MAX_FIELDS = 32;

/** Most bytes of one field: a pipeline's text is far shorter. */
const MAX_FIELD_BYTES = 64 * 1024;

/** What of the request's head decides how a form is read. */
export interface FormHeaders extends BodyHeaders {
  /** The Content-Type header; holds the boundary. */
  contentType: string | null;
}

/** A table that came with the file, whole, as it was sent. */
export interface FormTable {
  readonly bytes: Uint8Array;
  /** As the client gave it. */
  readonly name: string;
}

/** A form as far as it has been read: up to the first byte of the file. */
export interface MultipartUpload {
  /** Text fields that stood before the file, by name. */
  fields: Map<string, string>;
  /** The part named `table` with a file name, when there is one before the file. */
  table: FormTable | null;
  file: {
    /** As the client gave it: never a path to be trusted. */
    name?: string;
    contentType?: string;
    /** The decoded file, with everything `openBody` promises of its stream. */
    stream: ReadableStream<Uint8Array>;
  };
}

/**
 * Reads the fields, and a part named `table` that has a file name, and opens the file: the part with a filename, or the one named `file`. The file streams on demand in
 * constant memory and is decompressed by its own first bytes (or its part's Content-Encoding). A Content-Encoding
 * of the request applies to the whole form first. `maxBodyBytes` and `figures.wireBytes` count the whole form.
 *
 * Rejects with `bad_encoding` (no boundary, broken framing, no file, a field given twice, more than 32 fields or 64 KiB in one),
 * `body_too_large`, `upload_cut`, or UnsupportedEncoding; once the body has been touched it is then cancelled.
 * The file's stream fails with `bad_encoding` when the form ends without its closing delimiter and when
 * any part follows the file: a field there comes too late to be used, and a second file would be lost without a word.
 */
export async function openMultipart(
  body: ReadableStream<Uint8Array>,
  headers: FormHeaders,
  limits: IntakeLimits,
  figures: IntakeFigures,
): Promise<MultipartUpload> {
  const boundary = parseBoundary(headers.contentType);
  const codings = parseContentEncoding(headers.contentEncoding) ?? [];
  const wire = meteredSource(body, limits.maxBodyBytes, figures);
  const source = decoded(wire, codings, limits);
  try {
    const parts = new PartReader(source, boundary);
    const { fields, table, file } = await readFields(parts, limits.maxTableBytes ?? 0);
    const partCodings = parseContentEncoding(file.get("content-encoding") ?? null);
    const part = decoded(filePart(parts, source), partCodings, limits);
    const { filename } = disposition(file);
    const contentType = file.get("content-type");
    return {
      fields,
      table,
      file: {
        ...(filename === undefined || filename === "" ? {} : { name: filename }),
        ...(contentType === undefined ? {} : { contentType }),
        stream: toStream(part, figures),
      },
    };
  } catch (fault) {
    await source.cancel(fault);
    throw fault;
  }
}

function parseBoundary(contentType: string | null): string {
  const match = /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]+)"|([^\s;"]+))/is
    .exec(contentType ?? "");
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined || boundary.length > 70 || !/^[\x20-\x7e]+$/.test(boundary)) {
    throw brokenMultipart(
      `Content-Type is ${
        contentType === null ? "missing" : JSON.stringify(contentType.slice(0, 200))
      }, it must be multipart/form-data with a boundary of 1 to 70 characters`,
    );
  }
  return boundary;
}

/** Reads up to the headers of the file. */
async function readFields(
  parts: PartReader,
  maxTableBytes: number,
): Promise<Pick<MultipartUpload, "fields" | "table"> & { file: Map<string, string> }> {
  const fields = new Map<string, string>();
  let table: FormTable | null = null;
  for (;;) {
    const headers = await parts.nextPart();
    if (headers === null) {
      throw brokenMultipart(
        `no file in it, found ${
          fields.size === 0 ? "no fields" : `the fields ${[...fields.keys()].join(", ")}`
        }, send the data as a part with a filename or named file`,
      );
    }
    const { name, filename } = disposition(headers);
    refuseTransferEncoding(headers);
    if (name === "table" && filename !== undefined && table === null) {
      table = { name: filename, bytes: await readTable(parts, maxTableBytes) };
      continue;
    }
    if (filename !== undefined || name === "file") return { fields, table, file: headers };
    if (fields.has(name)) {
      throw brokenMultipart(`the field ${name} is given twice`, { field: name });
    }
    if (fields.size === MAX_FIELDS) {
      throw brokenMultipart(`more than ${MAX_FIELDS} fields stand before the file`);
    }
    fields.set(name, await readField(parts, name));
  }
}

async function readField(parts: PartReader, name: string): Promise<string> {
  // Decoded as it comes: joining bytes would cost the square of the length when they come one by one
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let value = "";
  let size = 0;
  try {
    for (let bytes = await parts.content(); bytes !== null; bytes = await parts.content()) {
      size += bytes.byteLength;
      if (size > MAX_FIELD_BYTES) throw tooLong(name);
      value += decoder.decode(bytes, { stream: true });
    }
    return value + decoder.decode();
  } catch (fault) {
    if (fault instanceof TypeError) {
      throw brokenMultipart(`the field ${name} is not UTF-8 text`, { field: name });
    }
    throw fault;
  }
}

/** The part's bytes, whole. */
async function readTable(parts: PartReader, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let bytes = await parts.content(); bytes !== null; bytes = await parts.content()) {
    size += bytes.byteLength;
    if (size > maxBytes) {
      throw new RunError(
        "budget_exceeded",
        `The part table is larger than the ${maxBytes} bytes that a run may hold`,
        { limitBytes: maxBytes },
      );
    }
    chunks.push(bytes.slice());
  }
  return joined(chunks, size);
}

function tooLong(name: string): RunError {
  return brokenMultipart(
    `the field ${name} is longer than ${MAX_FIELD_BYTES} bytes, data goes into a part with a filename or named file`,
    { field: name },
  );
}

/** The file's bytes; its end is only given when the whole form has ended as it should. */
function filePart(parts: PartReader, source: ByteSource): ByteSource {
  return {
    async read() {
      const bytes = await parts.content();
      if (bytes !== null) return bytes;
      const next = await parts.nextPart();
      if (next === null) return null;
      const { name } = disposition(next);
      throw brokenMultipart(
        `the part ${name} follows the file, put fields before it and send one file a request`,
        { part: name },
      );
    },
    cancel: (reason) => source.cancel(reason),
  };
}

function refuseTransferEncoding(headers: Map<string, string>): void {
  const encoding = headers.get("content-transfer-encoding")?.toLowerCase();
  if (encoding === undefined || ["binary", "8bit", "7bit"].includes(encoding)) return;
  // RFC 7578 4.7 deprecates it; taking base64 for the data itself would be worse than refusing
  throw brokenMultipart(
    `Content-Transfer-Encoding ${encoding} is not decoded, send the bytes as they are`,
  );
}

/** `name` and `filename` of a part's Content-Disposition, quoted as browsers (%22) or curl (\") do. */
function disposition(headers: Map<string, string>): { name: string; filename: string | undefined } {
  const header = headers.get("content-disposition") ?? "";
  const name = parameter(header, "name");
  if (name === undefined || !/^form-data\s*;/i.test(header)) {
    throw brokenMultipart(
      `a part's Content-Disposition is ${
        JSON.stringify(header.slice(0, 80))
      }, it must be form-data with a name`,
    );
  }
  return { name, filename: parameter(header, "filename") };
}

function parameter(header: string, key: string): string | undefined {
  // Whole parameters are walked, or a filename holding `; name=` would be taken for a name
  for (const match of header.matchAll(/;\s*([^\s=;]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^\s;]*))/g)) {
    if (match[1]?.toLowerCase() !== key) continue;
    return (match[2] ?? match[3] ?? "").replaceAll('\\"', '"').replaceAll("%22", '"');
  }
  return undefined;
}
