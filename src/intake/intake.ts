/**
 * From a request body to the bytes of the file in it: counted, bounded, decompressed, cancellable.
 * @module
 */

import { type ByteSource, deferred, type IntakeFigures, peek, toStream } from "./byte_source.ts";
import { type Coding, isZlibHeader, parseContentEncoding, recognise } from "./codings.ts";
import { Decoder, type Inflation } from "./decoder.ts";
import { meteredSource } from "./metered_source.ts";

/** The ceilings of one upload. */
export interface IntakeLimits {
  /** Most bytes taken from the request body, as they come over the wire; Infinity for no ceiling. */
  maxBodyBytes: number;
  /** Most decoded bytes for each compressed one, 1000 by default; not asked before 1 MiB is decoded. */
  maxInflationRatio?: number;
  /** Most bytes of a form's part `table`, which is held whole; none by default. */
  maxTableBytes?: number;
}

/** What of the request's head decides how the body is read. */
export interface BodyHeaders {
  /** The Content-Encoding header. `identity` passes the body as it is; null or "" looks for magic bytes. */
  contentEncoding: string | null;
}

/** gzip of zeros reaches 1030 and a log 40 at most, so this stops bombs and nothing else. */
const DEFAULT_MAX_INFLATION_RATIO = 1000;

/**
 * The body, decoded, as a stream that reads the body only on demand and passes plain chunks uncopied.
 * Decodes what Content-Encoding lists; without it, one level of what the first bytes show (gzip, zstd, zlib). A header
 * is taken at its word: what it yields is not looked into again. A body without header is passed on from its first byte
 * that cannot be magic. Memory: nothing for plain bodies, see {@link Decoder} for each coding. Decoded chunks may share
 * a buffer with the next one: copy before transferring one to another thread.
 *
 * Throws UnsupportedEncoding at once, with the body untouched. The stream fails with a RunError: `body_too_large`,
 * `upload_cut`, `bad_encoding`, `inflation_limit`, or the body's own RunError unchanged; what came before it was given
 * out first, and the body is cancelled with it. Cancelling the stream cancels the body once.
 * An empty body is an empty stream, but under a Content-Encoding it is a truncated one: no coding makes 0 bytes.
 */
export function openBody(
  body: ReadableStream<Uint8Array>,
  headers: BodyHeaders,
  limits: IntakeLimits,
  figures: IntakeFigures,
): ReadableStream<Uint8Array> {
  const codings = parseContentEncoding(headers.contentEncoding);
  const source = meteredSource(body, limits.maxBodyBytes, figures);
  return toStream(decoded(source, codings, limits), figures);
}

/**
 * The body as it is, counted, when it is here as a whole and nothing of it has to be decoded; null when something has,
 * which {@link openBody} does. Throws UnsupportedEncoding as that does. Its length is the caller's to bound.
 */
export function plainBody(
  body: Uint8Array,
  headers: BodyHeaders,
  figures: IntakeFigures,
): Uint8Array | null {
  const codings = parseContentEncoding(headers.contentEncoding);
  const verdict = codings === null ? recognise(body) : codings[0] ?? "plain";
  if (verdict !== "plain" && verdict !== "unsure") return null;
  figures.wireBytes = figures.bytes = body.byteLength;
  return body;
}

/**
 * The source decoded by the codings in the given order, or, for null, by what its first bytes show. For the intake's own use.
 */
export function decoded(
  source: ByteSource,
  codings: readonly Coding[] | null,
  limits: IntakeLimits,
): ByteSource {
  const inflation: Inflation = {
    maxRatio: limits.maxInflationRatio ?? DEFAULT_MAX_INFLATION_RATIO,
    compressedBytes: 0,
    layers: 0,
  };
  if (codings !== null) {
    return codings.reduce((inner, coding) => decodedBy(inner, coding, inflation), source);
  }
  return deferred(source, async (origin) => {
    const peeked = await peek(origin, (head) => recognise(head) !== "unsure");
    const coding = recognise(peeked.head);
    if (coding === "plain" || coding === "unsure") return peeked.source;
    return new Decoder(peeked.source, coding, inflation);
  });
}

function decodedBy(source: ByteSource, coding: Coding, inflation: Inflation): ByteSource {
  if (coding !== "deflate") return new Decoder(source, coding, inflation);
  return deferred(source, async (origin) => {
    const { head, source } = await peek(origin, (head) => head.byteLength >= 2);
    return new Decoder(source, isZlibHeader(head) ? "deflate" : "deflate-raw", inflation);
  });
}
