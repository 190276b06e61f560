/**
 * A response whose body is here as a whole: a WHATWG `Response` that is only made when somebody wants more of it than its
 * status, headers and body. A real one, its headers and the reading of its body cost more than to send it.
 * @module
 */
import { delegate } from "./serve_delegate.ts";

/** What the transport sends of a whole response, without asking for a real one. */
export interface WholeAnswer {
  readonly status: number;
  /** Names in lower case and values in turn, the body's length among them. */
  readonly rawHeaders: readonly string[];
  readonly bytes: Uint8Array;
}

/**
 * A response of status 200 with these `headers` (names in lower case) and its `content-length`. Whoever changes its
 * `headers` changes what is sent; `bytes` must not change.
 */
export function wholeResponse(
  bytes: Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
): Response {
  // Its prototype chain and the delegates below make it one, which the type checker cannot see.
  return new AnsweredResponse(bytes, headers) as unknown as Response;
}

/** What there is to send of a response that `wholeResponse` made and nobody looked into; null of any other. */
export function wholeAnswer(response: Response): WholeAnswer | null {
  return response instanceof AnsweredResponse && response.untouched ? response : null;
}

class AnsweredResponse implements WholeAnswer {
  readonly status = 200;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #headers: Readonly<Record<string, string>>;
  #real: Response | undefined;

  constructor(bytes: Uint8Array<ArrayBuffer>, headers: Readonly<Record<string, string>>) {
    this.bytes = bytes;
    this.#headers = headers;
  }

  get untouched(): boolean {
    return this.#real === undefined;
  }

  get rawHeaders(): readonly string[] {
    const raw: string[] = [];
    for (const name in this.#headers) raw.push(name, this.#headers[name]!);
    raw.push("content-length", String(this.bytes.byteLength));
    return raw;
  }

  get real(): Response {
    const length = { "content-length": String(this.bytes.byteLength) };
    return this.#real ??= new Response(this.bytes, { headers: { ...this.#headers, ...length } });
  }
}

delegate(AnsweredResponse, Response.prototype, ["status"]);
