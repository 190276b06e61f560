/**
 * Baselines behind HTTP: `/drain` reads the body and does nothing, on the runtime's own server; `/lines` is the pipeline
 * that one would write with TextLineStream and an object per line.
 * @module
 */
import { TextLineStream } from "@std/streams";

interface Runtimes {
  readonly Deno?: {
    serve(
      options: { port: number; hostname: string; onListen(address: { port: number }): void },
      handler: (request: Request) => Promise<Response>,
    ): void;
  };
  readonly Bun?: {
    serve(options: {
      port: number;
      hostname: string;
      idleTimeout: number;
      maxRequestBodySize: number;
      fetch: (request: Request) => Promise<Response>;
    }): { port: number };
  };
}

const COMBINED =
  /^(\S+) (\S+) (\S+) \[([^\]]+)\] "(\S+) (\S+) (\S+)" (\d{3}) (\d+|-) "([^"]*)" "([^"]*)"/;

async function handler(request: Request): Promise<Response> {
  const body = request.body!;
  return new URL(request.url).pathname === "/lines" ? await lines(body) : await drain(body);
}

async function drain(body: ReadableStream<Uint8Array>): Promise<Response> {
  let bytes = 0;
  for await (const chunk of body) bytes += chunk.byteLength;
  return Response.json({ bytes });
}

async function lines(body: ReadableStream<Uint8Array>): Promise<Response> {
  const counts = new Map<string, number>();
  const rows = (body as ReadableStream<Uint8Array<ArrayBuffer>>)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream())
    .pipeThrough(
      new TransformStream<string, { path: string; status: number }>({
        transform(line, controller) {
          const match = COMBINED.exec(line);
          if (match === null) return;
          controller.enqueue({ path: match[6]!.split("?")[0]!, status: Number(match[8]) });
        },
      }),
    );
  for await (const { path, status } of rows) {
    if (status >= 500) counts.set(path, (counts.get(path) ?? 0) + 1);
  }
  return Response.json(Object.fromEntries(counts));
}

const { Deno: deno, Bun: bun } = globalThis as Runtimes;
const place = { port: 0, hostname: "127.0.0.1" };
const tell = (port: number) => console.log(`http://127.0.0.1:${port}`);
if (bun !== undefined) {
  tell(bun.serve({ ...place, idleTimeout: 0, maxRequestBodySize: Infinity, fetch: handler }).port);
} else deno!.serve({ ...place, onListen: ({ port }) => tell(port) }, handler);
