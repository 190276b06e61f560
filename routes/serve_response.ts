/**
 * The download half of the transport: one WHATWG `Response` goes out over one `node:http` response,
 * live, while the upload of the same request may still be coming in.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import process from "node:process";
import { wholeAnswer } from "./serve_answered.ts";
import { connectionLost } from "./serve_request.ts";

/** Milliseconds for which an upload is still read after the response, so that this arrives. */
export const lingerMs = 2000;

/** A body that tells at most so many bytes is sent in one go. */
const SHORT_BYTES = 64 * 1024;

/** Bytes of such an upload that are read and thrown away, at most. */
export const lingerMaxBytes = 64 * 1024 * 1024;

/**
 * Sends `response`; resolves when all of it was written or the client is gone.
 *
 * The head leaves with the first chunk, or after this turn of the event loop when there is none yet.
 * A body is pulled only while the socket takes bytes. A body that errors is cut: what was pulled
 * before is delivered, the terminating chunk is not sent (to HTTP/1.0 without a length: a reset, which
 * may cost the last bytes). A client that goes away cancels the body. Never rejects for what body or
 * client do: the producer of a body knows its own error.
 *
 * @throws {RangeError|TypeError} if the status or a header cannot be sent.
 */
export async function send(
  response: Response,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const whole = wholeAnswer(response);
  if (whole !== null && incoming.complete && incoming.method !== "HEAD") {
    await endOfTurn();
    if (outgoing.destroyed) return;
    outgoing.writeHead(whole.status, whole.rawHeaders as string[]);
    return void outgoing.end(whole.bytes);
  }
  // A short upload that nobody reads is counted as complete only after this turn of the event loop.
  if (!incoming.complete) await nextTurn();
  const framing = frame(response, incoming);
  if (outgoing.destroyed) {
    await response.body?.cancel(connectionLost()).catch(() => {});
    return;
  }
  if (framing === "length" && isShort(response)) return sendShort(response, incoming, outgoing);
  writeHead(response, framing, incoming, outgoing);
  try {
    if (response.body && !await pump(response.body, framing, outgoing)) return;
  } catch {
    // Without length or chunks the end of the connection is the end of the body: only a reset can say "cut".
    if (framing === "close") outgoing.socket?.resetAndDestroy();
    else endEarly(incoming, outgoing, "");
    return;
  }
  if (incoming.complete) outgoing.end();
  else endEarly(incoming, outgoing, framing === "chunked" ? "0\r\n\r\n" : "");
}

/** So many requests at most share a turn: the first of them waits for the runs of all others. */
const TURN_REQUESTS = 16;

let turn: Promise<void> | undefined;
let waiting = 0;
let end: Promise<void> | undefined;

/**
 * Resolves when what has arrived at the sockets by now was handed on: for {@link TURN_REQUESTS} that wait for it at once,
 * then for the next.
 */
export function nextTurn(): Promise<void> {
  if (turn === undefined || waiting === TURN_REQUESTS) {
    waiting = 0;
    turn = new Promise((resolve) => setImmediate(resolve));
    void turn.then(() => turn = undefined);
  }
  waiting++;
  return turn;
}

/**
 * Resolves when all that could be answered in this turn has its answer. To answer several first and then send them keeps
 * the processor's caches with one kind of work at a time, and finds the client awake from the second one on.
 */
function endOfTurn(): Promise<void> {
  return end ??= new Promise((resolve) =>
    process.nextTick(() => {
      end = undefined;
      resolve();
    })
  );
}

function isShort(response: Response): boolean {
  const length = response.headers.get("content-length");
  return length !== null && Number(length) <= SHORT_BYTES;
}

/** Sends a body that tells a short length with its head, in one go: it is taken for made already. */
async function sendShort(
  response: Response,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const body = await response.arrayBuffer().catch(() => null);
  if (outgoing.destroyed) return;
  writeHead(response, "length", incoming, outgoing);
  if (body === null) return endEarly(incoming, outgoing, "");
  if (incoming.complete) return void outgoing.end(new Uint8Array(body));
  outgoing.write(new Uint8Array(body));
  endEarly(incoming, outgoing, "");
}

/** How the client learns where the body ends. */
type Framing = "none" | "length" | "chunked" | "close";

function frame(response: Response, incoming: IncomingMessage): Framing {
  if (incoming.method === "HEAD" || response.status === 204 || response.status === 304) {
    return "none";
  }
  if (response.headers.has("content-length") || response.body === null) return "length";
  return incoming.httpVersionMinor === 0 ? "close" : "chunked";
}

function writeHead(
  response: Response,
  framing: Framing,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  const headers: string[] = [];
  response.headers.forEach((value, name) => {
    if (!ownHeaders.has(name)) headers.push(name, value);
  });
  if (framing === "length" && !response.headers.has("content-length")) {
    headers.push("content-length", "0");
  }
  if (framing === "chunked") headers.push("transfer-encoding", "chunked");
  // The upload may never be read to its end, and then this connection cannot carry another request. Told so now, a
  // client like curl stops sending once it has the whole response, instead of failing on the closed socket.
  if (!incoming.complete || framing === "close") headers.push("connection", "close");
  outgoing.writeHead(response.status, response.statusText || undefined, headers);
}

const ownHeaders = new Set(["connection", "keep-alive", "transfer-encoding"]);

/** True when the whole body is on its way, false when the client went away; throws what the body throws. */
async function pump(
  body: ReadableStream<Uint8Array>,
  framing: Framing,
  outgoing: ServerResponse,
): Promise<boolean> {
  if (framing === "none") {
    await body.cancel();
    return true;
  }
  const reader = body.getReader();
  const cancel = () => void reader.cancel(connectionLost()).catch(() => {});
  outgoing.once("close", cancel);
  const flush = setImmediate(() => outgoing.flushHeaders());
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (outgoing.destroyed) return false;
      if (done) return true;
      if (!outgoing.write(value)) await drained(outgoing);
    }
  } finally {
    clearImmediate(flush);
    outgoing.off("close", cancel);
  }
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      outgoing.off("drain", go).off("close", go);
      resolve();
    };
    outgoing.once("drain", go).once("close", go);
  });
}

/**
 * Ends the connection under an upload that is not read to its end. To close it at once would make the
 * kernel answer the next upload bytes with a reset, which may destroy the response on its way. So, as
 * nginx does: send the rest, half-close, and read on within bounds until the client closes too.
 */
function endEarly(incoming: IncomingMessage, outgoing: ServerResponse, last: string): void {
  outgoing.flushHeaders();
  const socket = outgoing.socket;
  if (!socket || socket.destroyed) return void outgoing.destroy();
  socket.end(last);
  if (incoming.readableEnded) return socket.destroySoon();
  let left = lingerMaxBytes;
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once("close", () => clearTimeout(timer));
  incoming.once("end", () => socket.destroySoon());
  incoming.removeAllListeners("data").on("data", (chunk: Uint8Array) => {
    left -= chunk.byteLength;
    if (left < 0) socket.destroy();
  }).resume();
}
