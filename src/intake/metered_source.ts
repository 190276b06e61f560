/**
 * The first layer on the request body: counts what arrives, holds the ceiling, and turns every runtime's way
 * of saying "the client went away" into one fault.
 *
 * `LimitedBytesTransformStream` of @std/streams was measured for this: 0.65 to 0.7 microseconds a chunk against
 * 0.40 to 0.50 for this source and its stream together (64 KiB chunks, Deno and Bun), it throws a RangeError that would
 * have to be caught and translated again, and it neither counts for the live figures nor names a cut upload.
 * @module
 */

import { RunError } from "../errors.ts";
import type { ByteSource, IntakeFigures } from "./byte_source.ts";

/**
 * The body as a source. Takes the body's reader at once, reads nothing before it is read.
 * Adds to `figures.wireBytes` as chunks arrive; chunks pass uncopied, empty ones are dropped.
 * Throws `body_too_large` as soon as more than `maxBodyBytes` have arrived (the chunk that crosses the line is
 * not passed on), `upload_cut` when the body's reader rejects, and a RunError of the reader unchanged.
 * The body is cancelled at most once, and not at all after it has ended or failed by itself.
 */
export function meteredSource(
  body: ReadableStream<Uint8Array>,
  maxBodyBytes: number,
  figures: IntakeFigures,
): ByteSource {
  const reader = body.getReader();
  let received = 0;
  // Plain callbacks: an async function costs 0.1 microseconds a chunk more
  const accept = (result: Awaited<ReturnType<typeof reader.read>>) => {
    if (result.done) return null;
    const size = result.value.byteLength;
    received += size;
    figures.wireBytes += size;
    if (received > maxBodyBytes) throw tooLarge(maxBodyBytes, received);
    return size > 0 ? result.value : read();
  };
  const refuse = (cause: unknown) => {
    throw sourceFault(cause, received);
  };
  const read = (): Promise<Uint8Array | null> => reader.read().then(accept, refuse);
  return {
    read,
    async cancel(reason) {
      // A body that is over takes no cancel, and one that fails while it is given up has nobody left to tell
      await reader.cancel(reason).catch(() => {});
    },
  };
}

function tooLarge(limitBytes: number, receivedBytes: number): RunError {
  return new RunError(
    "body_too_large",
    `Body is larger than the limit of ${limitBytes} bytes: ${receivedBytes} bytes had arrived when reading stopped, send less at a time or raise the limit`,
    { limitBytes, receivedBytes },
  );
}

function sourceFault(cause: unknown, receivedBytes: number): RunError {
  if (cause instanceof RunError) return cause;
  return new RunError(
    "upload_cut",
    `Upload was cut after ${receivedBytes} bytes: the connection closed before the body ended, send the whole body again`,
    { receivedBytes },
    { cause },
  );
}
