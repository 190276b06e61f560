/**
 * The upload half of the transport: one `node:http` message becomes one WHATWG `Request`.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";

/** One request as the handler sees it, and the two strings by which the transport still holds it. */
export interface Arrival {
  /** The request. Its body streams; its signal aborts when the client goes away, never otherwise. */
  readonly request: Request;
  /** The connection is gone: signal aborts, body reader rejects. Does nothing after `over`. */
  lose(): void;
  /** The response has ended: a body reader still at it rejects, the signal stays as it is. */
  over(reason: Error): void;
  /** True once the handler cancelled the body. */
  refused(): boolean;
}

/** What body reader, response `cancel` and `request.signal` get when the client is gone. */
export function connectionLost(): DOMException {
  return new DOMException("The connection closed before the exchange was complete", "AbortError");
}

/**
 * Wraps an incoming message. The body is pull-driven with no queue of its own: one `pull` takes one
 * chunk as it came from the socket (a `Uint8Array`, not copied), and between pulls the message is
 * paused. `onFirstPull` runs before the first chunk is asked for.
 *
 * @throws {TypeError} if method, target or host cannot make a `Request`: the client's fault.
 */
export function arrive(incoming: IncomingMessage, onFirstPull: () => void): Arrival {
  const gone = new AbortController();
  const upload = new Upload(incoming, onFirstPull);
  const method = incoming.method ?? "GET";
  const bodyless = method === "GET" || method === "HEAD";
  const init: RequestInit & { duplex: "half" } = {
    method,
    headers: headersOf(incoming),
    signal: gone.signal,
    duplex: "half",
    ...(bodyless ? {} : { body: upload.stream }),
  };
  const request = new Request(urlOf(incoming), init);
  let settled = false;
  const lose = () => {
    if (settled) return;
    settled = true;
    const reason = connectionLost();
    gone.abort(reason);
    upload.fail(reason);
  };
  const over = (reason: Error) => {
    settled = true;
    upload.fail(reason);
  };
  // Raised when an upload is cut, in either framing, so that a cut never looks like an end.
  incoming.on("error", lose);
  return { request, lose, over, refused: () => upload.cancelled };
}

class Upload {
  cancelled = false;
  readonly stream: ReadableStream<Uint8Array>;
  readonly #incoming: IncomingMessage;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #onFirstPull: (() => void) | undefined;

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
    // Events, not read(): read() without a size concatenates what is buffered, which is a copy of every byte.
    this.#incoming.on("data", (chunk: Uint8Array) => {
      this.#incoming.pause();
      this.#controller?.enqueue(chunk);
    });
    this.#incoming.once("end", () => this.#detach()?.close());
  }

  #pull(): void {
    this.#onFirstPull?.();
    this.#onFirstPull = undefined;
    this.#incoming.resume();
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

function headersOf(incoming: IncomingMessage): Headers {
  const headers = new Headers();
  const raw = incoming.rawHeaders;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    headers.append(raw[i] as string, raw[i + 1] as string);
  }
  return headers;
}

function urlOf(incoming: IncomingMessage): string {
  const target = incoming.url ?? "/";
  if (!target.startsWith("/")) return new URL(target).href;
  const { localAddress = "localhost", localPort = 80 } = incoming.socket;
  const host = localAddress.includes(":") ? `[${localAddress}]` : localAddress;
  // HTTP/1.0 has no Host: the address the client reached is then the truest name.
  return new URL(`http://${incoming.headers.host ?? `${host}:${localPort}`}${target}`).href;
}
