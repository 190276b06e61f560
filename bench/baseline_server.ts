/**
 * Baselines behind HTTP: `/drain` reads the body and does nothing, on the runtime's own server; `/lines` is the pipeline
 * that one would write with TextLineStream and an object per line.
 * @module
 */
import { TextLineStream } from "@std/streams";
import { serveNatively } from "./native_server.ts";

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
  const parsed = (body as ReadableStream<Uint8Array<ArrayBuffer>>)
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
  for await (const { path, status } of parsed) {
    if (status >= 500) counts.set(path, (counts.get(path) ?? 0) + 1);
  }
  const rows = [...counts].map(([path, errors]) => `${JSON.stringify({ path, errors })}\n`);
  return new Response(rows.join(""));
}

serveNatively(handler);
