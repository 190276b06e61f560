/**
 * A request as the transport hands it to the app: a WHATWG `Request` that is only made when somebody wants more of it than
 * its method, address, headers and a body that came whole. A real one costs 10 to 20 microseconds, more than all of
 * `node:http` around it.
 * @module
 */
import { LRUCache } from "lru-cache";
import { delegate } from "./serve_delegate.ts";

/** What a request is made of. */
export interface ArrivedParts {
  readonly method: string;
  /** Absolute and normalised. */
  readonly url: string;
  /** Names and values in turn, as they were sent. */
  readonly rawHeaders: readonly string[];
  /** The body, when all of it is here. Null when there is none, or when it is to be streamed. */
  readonly whole: Uint8Array | null;
  /** Opens the body to be streamed; null when there is none. Called once at the most. */
  stream(): ReadableStream<Uint8Array> | null;
  /** Aborted when the client goes away. Asked for once at the most. */
  signal(): AbortSignal;
}

/** The bytes of a request's body when all of them are in this process already, else null; reading them takes nothing. */
export function wholeBody(request: Request): Uint8Array | null {
  return request instanceof ArrivedRequest ? request.whole : null;
}

/** `parts` as a Request. Throws nothing: what cannot be one must be refused before. */
export function arrivedRequest(parts: ArrivedParts): Request {
  // Its prototype chain and the delegates below make it one, which the type checker cannot see.
  return new ArrivedRequest(parts) as unknown as Request;
}

class ArrivedRequest {
  readonly whole: Uint8Array | null;
  readonly method: string;
  readonly url: string;
  readonly headers: ArrivedHeaders;
  readonly #parts: ArrivedParts;
  #real: Request | undefined;

  constructor(parts: ArrivedParts) {
    this.whole = parts.whole;
    this.method = parts.method;
    this.url = parts.url;
    this.headers = new ArrivedHeaders(parts.rawHeaders);
    this.#parts = parts;
  }

  get real(): Request {
    return this.#real ??= this.#make();
  }

  #make(): Request {
    const { method, url, whole, headers } = this;
    const body = (whole as BodyInit | null) ?? this.#parts.stream();
    const init: RequestInit & { duplex: "half" } = {
      method,
      headers: headers.real,
      signal: this.#parts.signal(),
      duplex: "half",
      ...(body === null ? {} : { body }),
    };
    return new Request(url, init);
  }
}

/** Few headers, looked up few times: a walk over them is cheaper than a real `Headers`, which is made for all else. */
class ArrivedHeaders {
  readonly #raw: readonly string[];
  #real: Headers | undefined;

  constructor(raw: readonly string[]) {
    this.#raw = raw;
  }

  /** As `Headers.get`: all values of that name, joined. */
  get(name: string): string | null {
    if (this.#real !== undefined) return this.#real.get(name);
    const wanted = name.toLowerCase();
    let found: string | null = null;
    for (let at = 0; at + 1 < this.#raw.length; at += 2) {
      const header = this.#raw[at]!;
      if (header.length !== wanted.length || header.toLowerCase() !== wanted) continue;
      const value = this.#raw[at + 1]!;
      found = found === null ? value : `${found}, ${value}`;
    }
    return found;
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  get real(): Headers {
    return this.#real ??= this.#make();
  }

  #make(): Headers {
    const headers = new Headers();
    for (let at = 0; at + 1 < this.#raw.length; at += 2) {
      headers.append(this.#raw[at]!, this.#raw[at + 1]!);
    }
    return headers;
  }
}

delegate(ArrivedRequest, Request.prototype, ["method", "url", "headers"]);
delegate(ArrivedHeaders, Headers.prototype);

/** Addresses are often the same ones again, and to normalise one costs 3 microseconds. */
const addresses = new LRUCache<string, string>({
  max: 256,
  maxSize: 256 * 1024,
  sizeCalculation: (address) => address.length,
});

/** The address as `URL` writes it. Throws TypeError when it is none. */
export function normalised(address: string): string {
  const known = addresses.get(address);
  if (known !== undefined) return known;
  const { href } = new URL(address);
  addresses.set(address, href);
  return href;
}
