/**
 * A client that may behave badly: holds its upload, resets, half-closes, reads slowly or not to the end.
 * @module
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** How a client leaves in the middle of its upload. */
export type Leaving = "close" | "reset" | "half-close";

/** What a client does. */
export interface Conduct {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly pieces: readonly Uint8Array[];
  /** Before that piece the client waits for `until`, then leaves or goes on. */
  readonly stop?: {
    readonly before: number;
    readonly until: () => Promise<unknown>;
    readonly leave: Leaving | null;
  };
  /** Tells the length and sends all at once. */
  readonly whole?: boolean;
  /** Takes so many bytes of the answer, then closes. */
  readonly readAtMost?: number;
  /** Takes a piece of the answer only every other turn. */
  readonly slow?: boolean;
}

/** What came back. */
export interface Exchange {
  /** 0 when no head came. */
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  /** The body did not end as it should. */
  readonly cut: boolean;
}

/** Sends a request as `conduct` says and takes what comes back. Never rejects for a connection that breaks. */
export async function exchange(url: string, conduct: Conduct): Promise<Exchange> {
  const { hostname, port, pathname, search, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const received: Uint8Array[] = [];
  let size = 0;
  const over = new Promise<void>((resolve) => {
    socket.on("error", () => resolve());
    socket.on("close", () => resolve());
    socket.on("end", () => resolve());
  });
  socket.on("data", (bytes: Uint8Array) => {
    received.push(bytes.slice());
    size += bytes.length;
    if (size >= (conduct.readAtMost ?? Infinity)) socket.destroy();
    else if (conduct.slow) pauseForATurn(socket);
  });
  const body = Buffer.concat(conduct.whole ? conduct.pieces : []);
  const framing: Record<string, string> = conduct.whole
    ? { "content-length": String(body.length) }
    : { "transfer-encoding": "chunked" };
  const fields = { host, connection: "close", ...framing, ...conduct.headers };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = `${conduct.method ?? "POST"} ${pathname}${search} HTTP/1.1\r\n${lines}\r\n`;
  await write(socket, over, Buffer.concat([Buffer.from(head), body]));
  if (!conduct.whole) await sendBody(socket, over, conduct);
  await over;
  socket.destroy();
  if (!socket.closed) await Promise.race([once(socket, "close"), new Promise(setImmediate)]);
  return parse(Buffer.concat(received));
}

function pauseForATurn(socket: Socket): void {
  socket.pause();
  setImmediate(() => setImmediate(() => socket.resume()));
}

async function write(
  socket: Socket,
  over: Promise<void>,
  data: string | Uint8Array,
): Promise<void> {
  if (socket.destroyed || socket.writableEnded) return;
  if (socket.write(data)) return;
  const drained = Promise.withResolvers<void>();
  socket.once("drain", drained.resolve);
  await Promise.race([drained.promise, over]);
  socket.off("drain", drained.resolve);
}

async function sendBody(socket: Socket, over: Promise<void>, conduct: Conduct): Promise<void> {
  for (const [index, piece] of conduct.pieces.entries()) {
    if (index === conduct.stop?.before) {
      await conduct.stop.until();
      const { leave } = conduct.stop;
      if (leave === "close") socket.destroy();
      if (leave === "reset") socket.resetAndDestroy();
      if (leave === "half-close") socket.end();
      if (leave !== null) return;
    }
    if (piece.length === 0) continue;
    const frame = Buffer.concat([
      Buffer.from(`${piece.length.toString(16)}\r\n`),
      piece,
      Buffer.from("\r\n"),
    ]);
    await write(socket, over, frame);
  }
  await write(socket, over, "0\r\n\r\n");
}

function parse(bytes: Buffer): Exchange {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return { status: 0, headers: new Map(), text: "", cut: true };
  const [first, ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const headers = new Map(lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  const status = Number(first!.split(" ")[1]);
  const rest = bytes.subarray(end + 4);
  const body = headers.get("transfer-encoding") === "chunked"
    ? dechunk(rest)
    : { bytes: rest, cut: rest.length < Number(headers.get("content-length") ?? 0) };
  return { status, headers, text: body.bytes.toString(), cut: body.cut };
}

function dechunk(bytes: Buffer): { bytes: Buffer; cut: boolean } {
  const parts: Uint8Array[] = [];
  for (let at = 0;;) {
    const end = bytes.indexOf("\r\n", at);
    if (end < 0) return { bytes: Buffer.concat(parts), cut: true };
    const size = parseInt(bytes.subarray(at, end).toString("latin1"), 16);
    if (size === 0) return { bytes: Buffer.concat(parts), cut: false };
    parts.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}
