/**
 * What stages know of HTTP: a door to the hosts that the server's owner has listed, and what can go wrong behind it.
 * @module
 */

/** One request. What bounds it is the asker's: nothing is asked again here. */
export interface HttpRequest {
  readonly method: "GET" | "POST";
  /** Absolute; sent as it is, without being made canonical. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** The longest answer, in bytes. */
  readonly maxBytes: number;
}

/** What a host answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** The way out. Redirects are followed (GET alone, 3 at most), each checked like the first address. */
export interface HttpDoor {
  /** Why the host of `url` may not be asked, with what would allow it; null when it is on the list. Asks nobody. */
  refusal(url: string): string | null;
  /** Sends a request. Rejects with an {@link HttpFailure}, or with the signal's reason as soon as it aborts. */
  ask(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
}

/** What went wrong: `connection` may go right next time, the others will not. */
export type HttpFailureKind = "connection" | "refused" | "redirects" | "too_large";

/** A request without an answer. */
export class HttpFailure extends Error {
  override readonly name = "HttpFailure";
  constructor(readonly kind: HttpFailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The door of whoever has listed no host. */
export const CLOSED_DOOR: HttpDoor = {
  refusal: (url) => notListed(URL.canParse(url) ? new URL(url).host : url),
  ask: ({ url }) => Promise.reject(new HttpFailure("refused", notListed(url))),
};

/** What is told of a host that is not on the list. */
export function notListed(host: string): string {
  return `Host \`${host}\` is not among those that may be asked: set LOOKUP_HOSTS=${host}`;
}
