/**
 * The way out: HTTP requests of stages, to listed hosts alone. A host's address is resolved here, checked, and then
 * dialled as it was checked, so that no second answer of a name server can lead elsewhere.
 *
 * `fetch` cannot be told which address to dial, on neither runtime; `node:http` can, on both, and checks certificates
 * against the name all the same (`test/outbound_test.ts`).
 * @module
 */
import { lookup } from "node:dns/promises";
import http from "node:http";
import https from "node:https";
import { joined } from "../src/batch/bytes.ts";
import { isAddress, isPublicAddress } from "../src/lookup/address.ts";
import type { HostList } from "../src/lookup/host_list.ts";
import {
  type HttpAnswer,
  type HttpDoor,
  HttpFailure,
  type HttpRequest,
} from "../src/lookup/http_door.ts";

const MOST_REDIRECTS = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Sockets that are kept for the next request to the same address. */
const IDLE_SOCKETS = 64;

/** What a test may put in place of the machine's own. */
export interface OutboundOptions {
  readonly hosts: HostList;
  /** The addresses of a name. */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
  /** Certificates to trust in place of the machine's. */
  readonly certificates?: string;
}

/** A door with sockets of its own. */
export interface Outbound extends HttpDoor {
  /** Closes what is open. */
  close(): void;
}

/** Opens the door to the listed hosts. Holds idle sockets, at most 64 a scheme. */
export function openOutbound(options: OutboundOptions): Outbound {
  const settings = { keepAlive: true, maxFreeSockets: IDLE_SOCKETS };
  const agents = { http: new http.Agent(settings), https: new https.Agent(settings) };
  const dial: Dial = (url, address, request, signal) =>
    send(url, request, signal, {
      host: address,
      ...url.protocol === "https:"
        ? { agent: agents.https, servername: nameOf(url), ca: options.certificates }
        : { agent: agents.http },
    });
  return {
    refusal: (url) => options.hosts.refusal(url),
    ask: (request, signal) => follow(request, signal, options, dial),
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

type Dial = (
  url: URL,
  address: string,
  request: HttpRequest,
  signal: AbortSignal,
) => Promise<HttpAnswer & { readonly location: string | undefined }>;

async function follow(
  request: HttpRequest,
  signal: AbortSignal,
  options: OutboundOptions,
  dial: Dial,
): Promise<HttpAnswer> {
  let target = request.url;
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    const refusal = options.hosts.refusal(target);
    if (refusal !== null) throw new HttpFailure("refused", refusal);
    const url = new URL(target);
    const address = await addressOf(url, options);
    signal.throwIfAborted();
    const { status, body, location } = await dial(
      url,
      address,
      { ...request, url: target },
      signal,
    );
    if (!REDIRECTS.has(status) || location === undefined || request.method !== "GET") {
      return { status, body };
    }
    if (!URL.canParse(location, target)) {
      throw new HttpFailure("redirects", `${url.host} redirects to no address`);
    }
    target = new URL(location, target).href;
  }
  throw new HttpFailure("redirects", `More than ${MOST_REDIRECTS} redirects from ${request.url}`);
}

/** The address to dial, checked. */
async function addressOf(
  url: URL,
  { hosts, resolve = resolved }: OutboundOptions,
): Promise<string> {
  const name = nameOf(url);
  const addresses = isAddress(name) ? [name] : await resolve(name).catch((cause) => {
    throw new HttpFailure("connection", `Cannot resolve ${name}`, { cause });
  });
  const [first] = addresses;
  if (first === undefined) throw new HttpFailure("connection", `Cannot resolve ${name}`);
  const forbidden = addresses.find((address) => !isPublicAddress(address));
  if (forbidden !== undefined && hosts.find(url)?.private !== true) {
    throw new HttpFailure(
      "refused",
      `${name} leads to the private address ${forbidden}; list it as ${url.host}=private to allow that`,
    );
  }
  return first;
}

async function resolved(name: string): Promise<readonly string[]> {
  const found = await lookup(name, { all: true });
  return found.map(({ address }) => address);
}

/** The host without port and brackets. */
function nameOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}

/** What of the address goes into the request line, as it was written. */
function pathOf(url: string): string {
  const rest = url.replace(/^[a-z]+:\/\/[^/?#]*/i, "").replace(/#.*$/s, "");
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function send(
  url: URL,
  request: HttpRequest,
  signal: AbortSignal,
  connection: https.RequestOptions,
): Promise<HttpAnswer & { location: string | undefined }> {
  const { promise, resolve, reject } = Promise.withResolvers<
    HttpAnswer & { location: string | undefined }
  >();
  const library = url.protocol === "https:" ? https : http;
  const outgoing = library.request({
    ...connection,
    port: url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port),
    method: request.method,
    path: pathOf(request.url),
    headers: {
      host: url.host,
      accept: "application/json",
      "accept-encoding": "identity",
      ...request.headers,
      ...request.body === undefined ? {} : { "content-length": request.body.byteLength },
    },
  });
  let failed = false;
  const fail = (fault: unknown) => {
    failed = true;
    reject(fault);
    outgoing.destroy();
  };
  // Deno gives a request that was given up a connection all the same, and would send it and wait for its answer.
  outgoing.on("socket", (socket) => failed && socket.destroy());
  const abort = () => fail(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  outgoing.on(
    "error",
    (cause: Error) =>
      fail(new HttpFailure("connection", `${url.host}: ${cause.message}`, { cause })),
  );
  outgoing.on("response", (incoming) => gather(incoming, request.maxBytes).then(resolve, fail));
  outgoing.end(request.body);
  return promise.finally(() => signal.removeEventListener("abort", abort));
}

async function gather(
  incoming: http.IncomingMessage,
  maxBytes: number,
): Promise<HttpAnswer & { location: string | undefined }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of incoming) {
      const bytes: Uint8Array = chunk;
      length += bytes.byteLength;
      if (length > maxBytes) {
        throw new HttpFailure("too_large", `The answer is longer than ${maxBytes} bytes`);
      }
      chunks.push(bytes);
    }
  } catch (cause) {
    if (cause instanceof HttpFailure) throw cause;
    throw new HttpFailure("connection", "The answer was cut", { cause });
  }
  return {
    status: incoming.statusCode ?? 0,
    body: joined(chunks, length),
    location: incoming.headers.location,
  };
}
