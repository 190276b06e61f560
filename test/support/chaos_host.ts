/**
 * A host of the chaos test that lookups ask and rows are sent to: it fails, stalls, breaks off and recovers, by what it is
 * asked for alone.
 * @module
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { encodeText } from "../../src/batch/text.ts";
import type { HttpAnswer, HttpDoor } from "../../src/lookup/http_door.ts";

/** A number that depends on `text` alone (FNV-1a, Fowler, Noll and Vo). */
function fateOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  }
  return hash >>> 7;
}

/** `/kind/key/place/value`, the last missing where rows are sent to. */
function partsOf(path: string) {
  const [, kind = "", key = "", place = "", value = ""] = path.split("/");
  return { kind, key, place, value: decodeURIComponent(value) };
}

/** What a request comes to when all that fails has recovered. */
function finalAnswer(path: string): { status: number; text: string } {
  const { kind, value } = partsOf(path);
  const unlucky = fateOf(path) % 3 === 0;
  if (kind === "refuse" || (kind === "down" && unlucky)) return { status: 503, text: "" };
  if (kind === "lost" && unlucky) return { status: 404, text: "" };
  return { status: 200, text: kind === "sink" ? "" : JSON.stringify(value) };
}

/** Rows that were sent, by path and then by the key of their request. */
export class Receipts {
  readonly #bodies = new Map<string, Map<string, string>>();

  /** Keeps `body`; a request that comes twice must be the same. */
  keep(path: string, key: string, body: string): void {
    const bodies = this.#bodies.get(path) ?? new Map<string, string>();
    this.#bodies.set(path, bodies);
    assert.equal(bodies.get(key) ?? body, body, "a request that is sent again is the same");
    bodies.set(key, body);
  }

  /** All rows that came to `path`, those of a request that came twice once. */
  rowsOf(path: string): string {
    return [...this.#bodies.get(path)?.values() ?? []].join("");
  }

  clear(): void {
    this.#bodies.clear();
  }
}

/** A door to a host that always recovers at once, for runs that others are compared with. */
export class CalmDoor implements HttpDoor {
  readonly receipts = new Receipts();
  #sent = 0;

  refusal(): null {
    return null;
  }

  ask(
    { url, body }: { readonly url: string; readonly body?: Uint8Array | undefined },
  ): Promise<HttpAnswer> {
    const path = new URL(url).pathname;
    const { status, text } = finalAnswer(path);
    if (body !== undefined && status === 200) {
      this.receipts.keep(path, String(++this.#sent), new TextDecoder().decode(body));
    }
    return Promise.resolve({ status, body: encodeText(text) });
  }
}

/** Requests that a place of the kind `outage` fails before it recovers. */
const OUTAGE_REQUESTS = 5;

/** The host itself. */
export class ChaosHost {
  readonly receipts = new Receipts();
  readonly #tries = new Map<string, number>();
  readonly #open = new Set<ServerResponse>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** What was wrong with a request; the next look at the host tells. */
  fault: unknown = null;

  private constructor() {
    this.#server = createServer((incoming, outgoing) => {
      this.#open.add(outgoing);
      outgoing.once("close", () => this.#open.delete(outgoing));
      this.#take(incoming, outgoing).catch((fault: unknown) => {
        if (fault instanceof assert.AssertionError) this.fault = fault;
        outgoing.destroy();
      });
    });
  }

  static async start(): Promise<ChaosHost> {
    const host = new ChaosHost();
    host.#server.timeout = 1000;
    host.#server.on("connection", (socket: Socket) => {
      host.#sockets.add(socket);
      socket.once("close", () => host.#sockets.delete(socket));
    });
    host.#server.listen(0, "127.0.0.1");
    await once(host.#server, "listening");
    return host;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Requests that somebody still waits for. */
  get underWay(): number {
    return this.#open.size;
  }

  /** Forgets what it was asked, and closes connections on which nothing is under way. */
  clear(): void {
    this.receipts.clear();
    this.#tries.clear();
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #try(name: string): number {
    const tries = (this.#tries.get(name) ?? 0) + 1;
    this.#tries.set(name, tries);
    return tries;
  }

  async #take(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const path = incoming.url ?? "/";
    const { kind, key, place } = partsOf(path);
    if (kind === "sink") {
      return this.#takeRows(incoming, outgoing, path, Buffer.concat(chunks).toString());
    }
    const fate = fateOf(path);
    if (kind === "outage" && this.#try(`${key}/${place}`) <= OUTAGE_REQUESTS) {
      return fail(outgoing, 2);
    }
    if (kind === "flaky" && this.#try(path) <= fate % 4) return fail(outgoing, fate >> 3);
    // Nobody is answered here; who asked has to give up.
    if (kind === "stall" && fate % 20 === 0 && this.#try(path) === 1) return;
    if (kind === "slow") await until(fate % 8, outgoing);
    answer(outgoing, finalAnswer(path));
  }

  /** Refuses rows, or keeps them without saying so, when they come first. */
  #takeRows(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    path: string,
    body: string,
  ): void {
    const key = String(incoming.headers["idempotency-key"]);
    const fate = this.#try(key) === 1 ? fateOf(key) % 6 : 5;
    if (fate !== 0) this.receipts.keep(path, key, body);
    if (fate < 4) return fail(outgoing, fate);
    answer(outgoing, finalAnswer(path));
  }
}

function answer(outgoing: ServerResponse, { status, text }: { status: number; text: string }) {
  outgoing.writeHead(status, { "content-length": Buffer.byteLength(text) }).end(text);
}

/** 503, 429, a connection that breaks, an answer that does. */
function fail(outgoing: ServerResponse, fate: number): void {
  if (fate % 4 === 0) return answer(outgoing, { status: 503, text: "" });
  if (fate % 4 === 1) return answer(outgoing, { status: 429, text: "" });
  const socket: Socket | null = outgoing.socket;
  if (fate % 4 === 2) return void socket?.resetAndDestroy();
  outgoing.writeHead(200, { "content-length": 100 });
  outgoing.write("half", () => socket?.destroy());
}

function until(milliseconds: number, outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    outgoing.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
