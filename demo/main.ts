/**
 * `demo`: a server on a free port, a sample log uploaded to it in pieces, and what it answers while that goes on.
 * @module
 */
import { TextLineStream } from "@std/streams";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { Readable } from "node:stream";
import { environment, exit, print } from "../routes/serve.ts";
import { startSluice } from "../routes/server.ts";
import { readSettings } from "../src/settings.ts";
import type { RunReport } from "../src/pipeline/report.ts";
import { VOCABULARY } from "../stages/mod.ts";

const PIPELINE =
  "combined | where status >= 500 | stats count as errors, values(status) as statuses by path" +
  " | sort -errors, path | head 5";
const PIECES = 12;
const PAUSE_MS = 100;

/** One line of the `events` envelope, as far as the demo shows it. */
interface EventLine {
  readonly row?: unknown;
  readonly snapshot?: { readonly number: number; readonly rows: readonly unknown[] };
  readonly notice?: unknown;
  readonly error?: unknown;
  readonly end?: RunReport;
}

async function main(): Promise<void> {
  const log = await readFile(new URL("access.log", import.meta.url));
  const sluice = await startSluice(
    { ...readSettings({}), PORT: 0 },
    VOCABULARY,
    environment(),
    say,
  );
  say(`Server:   ${sluice.url}`);
  say(`Pipeline: ${PIPELINE}`);
  say(
    `Upload:   demo/access.log, ${log.byteLength} bytes in ${PIECES} pieces, ${PAUSE_MS} ms apart\n`,
  );
  let report: RunReport | undefined;
  for await (const line of upload(sluice.url, log)) {
    const event = JSON.parse(line) as EventLine;
    report = event.end ?? report;
    show(event);
  }
  if (report === undefined) throw new Error("The answer was cut: it has no end line");
  say(
    `\n${report.lines} lines, ${report.rows} rows, ${report.durationMs} ms; waited most for: ${report.bottleneck}`,
  );
  say(table(report));
  await sluice.stop();
}

/** Sends the log as one chunked upload, pausing between pieces, and gives the answer's lines as they come. */
async function* upload(url: string, log: Uint8Array): AsyncGenerator<string> {
  const target = new URL("/v1/run", url);
  target.search = new URLSearchParams({ q: PIPELINE, every: "300ms", envelope: "events" })
    .toString();
  const outgoing = request(target, { method: "PUT" });
  const answer = new Promise<Readable>((resolve, reject) => {
    outgoing.once("response", resolve);
    outgoing.once("error", reject);
  });
  const sent = send(outgoing, log);
  const body = Readable.toWeb(await answer) as unknown as ReadableStream<Uint8Array<ArrayBuffer>>;
  yield* body.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  await sent;
}

async function send(outgoing: ReturnType<typeof request>, log: Uint8Array): Promise<void> {
  outgoing.flushHeaders();
  const size = Math.ceil(log.byteLength / PIECES);
  for (let at = 0; at < log.byteLength; at += size) {
    outgoing.write(log.subarray(at, at + size));
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  outgoing.end();
}

function show(event: EventLine): void {
  if (event.snapshot) {
    say(
      `while uploading, snapshot ${event.snapshot.number}: ${
        JSON.stringify(event.snapshot.rows[0] ?? null)
      }, ...`,
    );
  }
  if (event.row) say(JSON.stringify(event.row));
  if (event.notice) say(`notice: ${JSON.stringify(event.notice)}`);
  if (event.error) say(`error: ${JSON.stringify(event.error)}`);
}

function table(report: RunReport): string {
  const rows = report.stages.map((stage) => [
    stage.stage,
    ...[
      stage.rowsIn,
      stage.rowsOut,
      stage.bytesIn,
      stage.busyMs,
      stage.starvedMs,
      stage.blockedMs,
      stage.queueHighWater,
    ]
      .map((figure) => figure.toFixed(0)),
  ]);
  const head = [
    "stage",
    "rows in",
    "rows out",
    "bytes in",
    "busy ms",
    "starved ms",
    "blocked ms",
    "queue max",
  ];
  return [head, ...rows].map((cells) =>
    cells.map((cell, at) => at === 0 ? cell.padEnd(12) : cell.padStart(11)).join("")
  )
    .join("\n");
}

/** Lines are written in order; the last write is awaited before the process ends. */
let written: Promise<void> = Promise.resolve();
function say(line: string): void {
  written = print(`${line}\n`);
}

await main();
await written;
exit(0);
