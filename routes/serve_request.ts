/**
 * The upload half of the transport: one `node:http` message becomes one WHATWG `Request`.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";
import { giveAway } from "../src/batch/chunk_memory.ts";
import { arrivedRequest, normalised } from "./serve_arrived.ts";
import { lasting, READ_BYTES, readLarge } from "./serve_reading.ts";

/** A body of at most so many bytes is given whole when it comes with its head. */
const WHOLE_BYTES = 64 * 1024;

/** So many bytes of one upload at most are handed on in a turn of the event loop; then others have theirs. */
const TURN_BYTES = 64 * 1024;

/** What body reader, response `cancel` and `request.signal` get when the client is gone. */
export function connectionLost(): DOMException {
  return new DOMException("The connection closed before the exchange was complete", "AbortError");
}

/**
 * One request on its way to the handler, and the strings by which the transport still holds it. A body that is streamed
 * is pull-driven with no queue of its own: one `pull` takes what came from the socket (a `Uint8Array`, copied only where it
 * came as several chunks), and between pulls the message is paused. `onFirstPull` runs before the first chunk is asked for.
 * After {@link TURN_BYTES} the next chunk is asked for in the next turn of the event loop: an upload that comes as fast as it
 * is worked on would otherwise go on for dozens of chunks before a new connection, or its request, is so much as looked at.
 */
export class Arrival {
  readonly #incoming: IncomingMessage;
  readonly #onFirstPull: () => void;
  #upload: Upload | undefined;
  #gone: AbortController | undefined;
  #settled = false;
  /** Why nothing more comes of it, once that is so. */
  #reason: Error | undefined;
  #cut: Error | undefined;

  constructor(incoming: IncomingMessage, onFirstPull: () => void) {
    this.#incoming = incoming;
    this.#onFirstPull = onFirstPull;
    // Raised when an upload is cut, in either framing, so that a cut never looks like an end.
    incoming.on("error", () => this.lose());
  }

  /** Whether the body is small enough, and told in advance, so that all of it may have come with the head. */
  get mayBeWhole(): boolean {
    const { headers } = this.#incoming;
    const length = Number(headers["content-length"]);
    return length > 0 && length <= WHOLE_BYTES && headers.expect === undefined;
  }

  /**
   * The request. Its body streams, or is known to `wholeBody`; its signal aborts when the client goes away, never
   * otherwise.
   *
   * @throws {TypeError} if target or host cannot make a `Request`: the client's fault.
   */
  request(): Request {
    const incoming = this.#incoming;
    const { method = "GET" } = incoming;
    const bodyless = method === "GET" || method === "HEAD";
    return arrivedRequest({
      method,
      url: urlOf(incoming),
      rawHeaders: incoming.rawHeaders,
      whole: bodyless ? null : this.#whole(),
      stream: () => bodyless ? null : this.#open(),
      signal: () => this.#signal(),
    });
  }

  /** The connection is gone: signal aborts, body reader rejects. Does nothing after `over`. */
  lose(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#reason = connectionLost();
    this.#gone?.abort(this.#reason);
    this.#upload?.fail(this.#reason);
  }

  /** The client sends no more of its upload, and may still read: the body reader rejects, nothing else happens. */
  cut(): void {
    this.#cut ??= connectionLost();
    this.#upload?.fail(this.#cut);
  }

  /** The response has ended: a body reader still at it rejects, the signal stays as it is. */
  over(): void {
    this.#settled = true;
    this.#upload?.fail(new Error("The response is over: the rest of the upload is not read"));
  }

  /** True once the client is gone, or has left its upload. */
  get lost(): boolean {
    return (this.#reason ?? this.#cut) !== undefined;
  }

  /** True once the handler cancelled the body. */
  get refused(): boolean {
    return this.#upload?.cancelled ?? false;
  }

  /** Takes the body when all of it has arrived and it is small. */
  #whole(): Uint8Array | null {
    const { complete, readableLength } = this.#incoming;
    if (!complete || readableLength === 0 || readableLength > WHOLE_BYTES) return null;
    return plain(this.#incoming.read() as Uint8Array);
  }

  #open(): ReadableStream<Uint8Array> {
    const upload = this.#upload = new Upload(this.#incoming, this.#onFirstPull);
    const reason = this.#reason ?? this.#cut;
    if (reason !== undefined) upload.fail(reason);
    return upload.stream;
  }

  #signal(): AbortSignal {
    this.#gone = new AbortController();
    if (this.#reason !== undefined) this.#gone.abort(this.#reason);
    return this.#gone.signal;
  }
}

class Upload {
  cancelled = false;
  readonly stream: ReadableStream<Uint8Array>;
  readonly #incoming: IncomingMessage;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #onFirstPull: (() => void) | undefined;
  #turnBytes = 0;

  constructor(incoming: IncomingMessage, onFirstPull: () => void) {
    this.#incoming = incoming;
    this.#onFirstPull = onFirstPull;
    this.stream = new ReadableStream<Uint8Array>({
      start: (controller) => this.#start(controller),
      pull: () => this.#pull(),
      cancel: () => this.#cancel(),
    }, { highWaterMark: 0 });
  }

  fail(reason: Error): void {
    const controller = this.#detach();
    controller?.error(reason);
  }

  #start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#incoming.pause();
    readLarge(this.#incoming.socket);
    // Whatever is read comes by this event, and what nobody waits for is not read.
    this.#incoming.on("data", (chunk: Uint8Array) => {
      this.#incoming.pause();
      const bytes = plain(lasting(chunk));
      giveAway(bytes);
      this.#turnBytes += bytes.length;
      this.#controller?.enqueue(bytes);
    });
    this.#incoming.once("end", () => this.#detach()?.close());
  }

  #pull(): void {
    this.#onFirstPull?.();
    this.#onFirstPull = undefined;
    if (this.#turnBytes < TURN_BYTES) return this.#ask();
    this.#turnBytes = 0;
    setImmediate(() => {
      if (this.#controller !== undefined) this.#ask();
    });
  }

  #ask(): void {
    const { readableLength } = this.#incoming;
    // What waits comes at once, several small chunks as one; to resume costs a tick for each, and copies none.
    if (readableLength > 0 && readableLength <= READ_BYTES) this.#incoming.read();
    else this.#incoming.resume();
  }

  #cancel(): void {
    this.cancelled = true;
    this.#detach();
    this.#incoming.pause();
  }

  #detach(): ReadableStreamDefaultController<Uint8Array> | undefined {
    const controller = this.#controller;
    this.#controller = undefined;
    return controller;
  }
}

/** The same bytes without Buffer's own methods: its `subarray` and `slice` are slower, and mean something else. */
function plain(chunk: Uint8Array): Uint8Array {
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function urlOf(incoming: IncomingMessage): string {
  const target = incoming.url ?? "/";
  if (!target.startsWith("/")) return normalised(target);
  return normalised(`http://${incoming.headers.host ?? reached(incoming)}${target}`);
}

/** HTTP/1.0 has no Host: the address the client reached is then the truest name. */
function reached(incoming: IncomingMessage): string {
  const { localAddress = "localhost", localPort = 80 } = incoming.socket;
  return `${localAddress.includes(":") ? `[${localAddress}]` : localAddress}:${localPort}`;
}
