/**
 * The runtime: the only door to it, and the only file that knows which one it is.
 *
 * HTTP is spoken by one small adapter over `node:http`, the same on both runtimes. Measured on
 * Deno 2.9.6 and Bun 1.4.5 with 2 cores; uploads of 500 MB by curl, drained: MB/s and CPU ms/GB.
 *
 * | | native API | this adapter | @hono/node-server 2.1.8 |
 * | --- | --- | --- | --- |
 * | Deno | 1850, 490 | 1730, 520 | 1210, 920 |
 * | Bun | 1860, 270 | 1870, 320 | 1830, 410 |
 *
 * Why not the others, each seen with a body that fails while the upload goes on, or that waits:
 * - `Deno.serve` reads the whole upload ahead once a live response was returned (1 GiB pushed by a
 *   client that is held back; 4 MiB here), and after a failed body leaves curl waiting.
 * - `Bun.serve` resets the connection when a body fails, even after the upload has ended, and what
 *   was pulled before is lost: the client never sees the error line. It has no half-close.
 * - @hono/node-server destroys the connection, so curl fails on sending (55, 56), and on Deno the
 *   error line is lost too.
 *
 * What cannot be seen from here: a client that leaves while its upload is held back, its bytes still
 * unread in the kernel, is noticed by the next read or write on that connection, not before. On Bun
 * a connection on which nothing was ever asked is unknown, and `close` leaves it open.
 *
 * @module
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import process from "node:process";
import { Connections, watchUpload } from "./serve_connections.ts";
import { Arrival } from "./serve_request.ts";
import { nextTurn, send } from "./serve_response.ts";

/** Where to listen. */
export interface ServeOptions {
  /** Address or name, IPv6 without brackets. */
  readonly host: string;
  /** TCP port; 0 takes a free one. */
  readonly port: number;
}

/** A server that is listening. */
export interface Served {
  /** Base address without a trailing slash, IPv6 in brackets. */
  readonly url: string;
  /** The port it really listens on. */
  readonly port: number;
  /** Stops accepting, closes idle connections, resolves when the open requests have ended. */
  close(): Promise<void>;
  /** Cuts every connection now: bodies reject, signals abort, responses are cancelled. */
  abort(): void;
}

/** Answers one request. What it throws is printed to standard error and becomes an empty 500. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** What runs this process. */
export const runtime: { readonly name: "deno" | "bun"; readonly version: string } = which();

/**
 * Starts an HTTP/1.1 server and resolves when it listens.
 *
 * What it promises to the handler, on both runtimes:
 * - `request.body` streams with backpressure, before and after the response began. About one chunk of
 *   256 KiB waits in this process, the rest in the kernel. Chunks on Bun may be larger.
 * - A response body is pulled only while the client takes bytes, and goes out while the upload still
 *   comes in. The head goes out at once, together with the first chunk if that is ready.
 * - A small upload that came with its head is known to `wholeBody`; nothing is waited for.
 * - A response that tells a length of at most 64 KiB is taken whole before it is sent.
 * - A chunk handed over must not be changed afterwards: it is sent, not copied.
 * - A response body that errors is cut: what was pulled before arrives, the proper end does not.
 * - A response that ends before the upload closes the connection; the rest of the upload is thrown
 *   away within `lingerMs` and `lingerMaxBytes`.
 * - A client that half-closes in the middle of its upload gets what of its answer comes in 50 ms: on Deno. On Bun its connection is
 *   closed without, as that of any client that goes away.
 * - A client that goes away aborts `request.signal`, rejects the body reader and cancels the response
 *   body, each with an `AbortError`. An upload cut short never looks like its end.
 * - No limit of time or size on a request; 60 s for its head; 65 s for an idle connection.
 *
 * @throws {Error} "Cannot listen on HOST port PORT: ..." when the address cannot be taken.
 */
export function serve(handler: Handler, options: ServeOptions): Promise<Served> {
  const connections = new Connections();
  const server = createServer({
    keepAliveTimeout: 65_000,
    headersTimeout: 60_000,
    requestTimeout: 0,
  });
  server.timeout = 0;
  // Bun can do this too, but then says nothing of a client that leaves while it waits for its answer.
  if (runtime.name === "deno") Object.assign(server, { httpAllowHalfOpen: true });
  server.on("connection", (socket: Socket) => connections.add(socket));
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { socket } = incoming;
    connections.enter(socket, incoming);
    outgoing.once("close", () => connections.leave(socket));
    exchange(handler, incoming, outgoing).catch((error) => {
      printUnhandled(error);
      socket.destroy();
    });
  };
  server.on("request", listener);
  server.on("checkContinue", listener);
  return new Promise((resolve, reject) => {
    server.on("error", (cause: Error) => reject(cannotListen(options, cause)));
    server.listen(options.port, options.host, () => resolve(served(server, connections, options)));
  });
}

async function exchange(
  handler: Handler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  let waiting = incoming.headers.expect !== undefined;
  const sayContinue = () => {
    if (waiting && !outgoing.headersSent) outgoing.writeContinue();
    waiting = false;
  };
  const arrival = new Arrival(incoming, sayContinue);
  watchUpload(incoming, outgoing, () => arrival.cut());
  outgoing.once("close", () => outgoing.writableFinished || arrival.lose());
  if (!outgoing.socket) await turn(outgoing);
  // A small upload often comes with its head but is here only after this turn of the event loop.
  if (arrival.mayBeWhole && !incoming.complete) await nextTurn();
  const response = await answer(handler, arrival);
  // A client that waits for its 100 would hold back the upload of a live response.
  if (waiting && response.status < 300 && response.body && !arrival.refused) sayContinue();
  await send(response, incoming, outgoing);
  arrival.over();
}

/** Pipelined requests are answered one after the other: only the first of them has the socket. */
function turn(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => outgoing.once("socket", () => resolve()));
}

async function answer(handler: Handler, arrival: Arrival): Promise<Response> {
  let request: Request;
  try {
    request = arrival.request();
  } catch (error) {
    return new Response(`${error}\n`, { status: 400 });
  }
  try {
    return await handler(request);
  } catch (error) {
    // A handler that fails because its client left has told nobody anything new.
    if (!arrival.lost) printUnhandled(error);
    return new Response(null, { status: 500 });
  }
}

function served(server: Server, connections: Connections, options: ServeOptions): Served {
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        connections.dismiss();
      }),
    abort() {
      server.close();
      connections.destroy();
      server.closeAllConnections();
    },
  };
}

function cannotListen(options: ServeOptions, cause: Error): Error {
  const code = (cause as { code?: string }).code;
  const why = code === "EADDRINUSE" ? "the port is in use" : cause.message;
  return new Error(`Cannot listen on ${options.host} port ${options.port}: ${why}`, { cause });
}

/** A copy of the process's environment. */
export function environment(): Record<string, string> {
  return { ...process.env } as Record<string, string>;
}

/** The signals that ask a server to stop. */
export type StopSignal = "SIGINT" | "SIGTERM" | "SIGQUIT";

/** Calls `handler` on each of `signals` instead of ending the process; returns what undoes it. */
export function onSignal(
  signals: readonly StopSignal[],
  handler: (signal: StopSignal) => void,
): () => void {
  for (const signal of signals) process.on(signal, handler);
  return () => {
    for (const signal of signals) process.off(signal, handler);
  };
}

/** Ends the process at once. Await `print` first: on Bun a pipe may not have everything yet. */
export function exit(code: number): never {
  process.exit(code);
}

/** Writes to standard output, as it is, without a newline; resolves when it was taken. */
export function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}

/** Writes to standard error, as it is, without a newline; resolves when it was taken. */
export function printError(text: string): Promise<void> {
  return new Promise((resolve) => process.stderr.write(text, () => resolve()));
}

function printUnhandled(error: unknown): void {
  printError(`Unhandled: ${(error as Error | undefined)?.stack ?? error}\n`);
}

function which(): { name: "deno" | "bun"; version: string } {
  const { deno, bun } = process.versions as Record<string, string | undefined>;
  if (deno) return { name: "deno", version: deno };
  if (bun) return { name: "bun", version: bun };
  throw new Error(`Cannot run here: needs Deno or Bun, found Node ${process.versions.node}`);
}
