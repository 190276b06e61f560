/**
 * An OTLP receiver to test against: @elastic/mockotlpserver as a library, in this process. Its server takes JSON as it
 * comes, so each request is also decoded by the OTLP protobuf definitions that it ships, and refused when they do not
 * know a field or take a value.
 * @module
 */
import { Buffer } from "node:buffer";
import { createRequire } from "node:module";

/** A span as received, its attributes and enums by name. Times in nanoseconds since 1970, as text. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events?: readonly {
    readonly name: string;
    readonly timeUnixNano: string;
    readonly attributes?: Readonly<Record<string, unknown>>;
  }[];
  readonly status: { readonly code?: string; readonly message?: string };
  /** Of the process that sent it, and of the code that made it. */
  readonly resource: Readonly<Record<string, unknown>>;
  readonly scope: string;
}

interface Request {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Record<string, unknown> };
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string };
      readonly spans: readonly Omit<ReceivedSpan, "resource" | "scope">[];
    }[];
  }[];
}

interface MockServer {
  readonly httpUrl: URL;
  start(): Promise<void>;
  close(): Promise<void>;
}

interface MessageType {
  fromObject(object: unknown): object;
  verify(message: object): string | null;
  toObject(message: object, options: object): unknown;
}

const require = createRequire(import.meta.url);
const { MockOtlpServer, normalizeTrace }: {
  MockOtlpServer: new (options: object) => MockServer;
  normalizeTrace: (trace: unknown) => Request;
} = require("@elastic/mockotlpserver");
const { getProtoRoot }: { getProtoRoot(): { lookupType(name: string): MessageType } } = require(
  "@elastic/mockotlpserver/lib/proto.js",
);
const { diagchGet }: { diagchGet(name: string): unknown } = require(
  "@elastic/mockotlpserver/lib/diagch.js",
);
// Bun forgets a diagnostics channel, subscribers and all, that nobody holds; this makes the library hold its own.
for (const channel of ["otlp.v1.trace", "otlp.v1.request"]) diagchGet(channel);

const requestType = getProtoRoot().lookupType(
  "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest",
);

/** A running receiver; {@link OtlpReceiver.start} makes one. */
export class OtlpReceiver {
  readonly #spans: ReceivedSpan[] = [];
  readonly #headers: Record<string, string | undefined>[] = [];
  readonly #faults: Error[] = [];
  readonly #server: MockServer;
  #open = true;

  private constructor() {
    // The server's channels are global and never unsubscribed: a closed receiver must not listen on.
    this.#server = new MockOtlpServer({
      logLevel: "warn",
      services: ["http"],
      httpHostname: "127.0.0.1",
      httpPort: 0,
      onRequest: (request: { headers: Record<string, string | undefined> }) => {
        if (this.#open) this.#headers.push(request.headers);
      },
      onTrace: (trace: unknown) => {
        if (this.#open) this.#receive(trace);
      },
    });
  }

  /** Starts a receiver on a free port of 127.0.0.1. */
  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    await receiver.#server.start();
    return receiver;
  }

  /** What OTEL_EXPORTER_OTLP_ENDPOINT should be: without a path. */
  get endpoint(): string {
    return this.#server.httpUrl.origin;
  }

  /** The spans received since the last call; throws when a request was no valid OTLP. */
  takeSpans(): ReceivedSpan[] {
    if (this.#faults.length > 0) throw this.#faults[0];
    return this.#spans.splice(0);
  }

  /** The headers of the requests received since the last call. */
  takeHeaders(): Record<string, string | undefined>[] {
    return this.#headers.splice(0);
  }

  /** Stops listening. Does not wait for idle connections: Deno's clients keep theirs. */
  close(): void {
    this.#open = false;
    void this.#server.close();
  }

  #receive(trace: unknown): void {
    try {
      validate(trace);
      for (const { resource, scopeSpans } of normalizeTrace(trace).resourceSpans) {
        for (const { scope, spans } of scopeSpans) {
          this.#spans.push(
            ...spans.map((span) => ({ ...span, resource: resource.attributes, scope: scope.name })),
          );
        }
      }
    } catch (fault) {
      this.#faults.push(fault instanceof Error ? fault : new Error(String(fault)));
    }
  }
}

/** Throws unless `request` is what OTLP in JSON says: the protobuf message, with ids in hex in place of base64. */
function validate(request: unknown): void {
  const binary = mapIds(request, (id, bytes) => {
    if (!new RegExp(`^[0-9a-f]{${bytes * 2}}$`).test(id)) throw new Error(`Bad id "${id}"`);
    return Buffer.from(id, "hex");
  });
  const message = requestType.fromObject(binary);
  const complaint = requestType.verify(message);
  if (complaint !== null) throw new Error(`No valid OTLP request: ${complaint}`);
  const known = requestType.toObject(message, { longs: Number, defaults: true, arrays: true });
  const unknown = unknownKeys(request, known, "");
  if (unknown.length > 0) throw new Error(`OTLP does not know ${unknown.join(", ")}`);
}

/** Fields of OTLP that are newer than the definitions in mockotlpserver 0.10. */
const NEWER_FIELDS = new Set(["entityRefs"]);

const ID_BYTES = new Map([["traceId", 16], ["spanId", 8], ["parentSpanId", 8]]);

function mapIds(value: unknown, toBytes: (id: string, bytes: number) => Buffer): unknown {
  if (Array.isArray(value)) return value.map((item) => mapIds(item, toBytes));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const bytes = ID_BYTES.get(key);
      const isId = bytes !== undefined && typeof item === "string" && item !== "";
      return [key, isId ? toBytes(item, bytes) : mapIds(item, toBytes)];
    }),
  );
}

/** The paths of fields in `sent` that decoding dropped. */
function unknownKeys(sent: unknown, decoded: unknown, path: string): string[] {
  if (typeof sent !== "object" || sent === null) return [];
  if (typeof decoded !== "object" || decoded === null) return [path];
  const fields = new Map<string, unknown>(Object.entries(decoded));
  return Object.entries(sent).flatMap(([key, item]) => {
    if (NEWER_FIELDS.has(key)) return [];
    return fields.has(key)
      ? unknownKeys(item, fields.get(key), `${path}.${key}`)
      : [`${path}.${key}`];
  });
}
