/**
 * How soon the first result row is there after the first byte was sent: on an idle server, and beside two large uploads.
 * @module
 */
import { request } from "node:http";
import { accessLog } from "./data.ts";
import { median, type ServerProcess, startServer, timed } from "./processes.ts";
import { smallLog } from "./small_bench.ts";

const LINE = '127.0.0.1 - - [01/Oct/2026:08:00:00 +0000] "GET /late HTTP/1.1" 500 12 "-" "curl"\n';
const ROWS = "combined | where status >= 500 | select path";
const COUNTS = "combined | where status >= 500 | stats count as errors by path";
const HEAVY_UPLOADS = 2;

/** Milliseconds from writing the first byte to the first row. */
export interface Waits {
  readonly median: number;
  readonly worst: number;
}

/** Of a row pipeline whose upload stays open, and of an upload of 10 KB that is aggregated. */
export interface Moment {
  readonly open: Waits;
  readonly small: Waits;
}

/** First rows on an idle server, and beside two uploads of `heavyMegabytes` that are sent again and again. */
export interface FirstRows {
  readonly rounds: number;
  readonly heavyMegabytes: number;
  readonly idle: Moment;
  readonly busy: Moment;
}

/** Each `rounds` times, after one that is not counted. */
export async function firstRows(rounds: number, heavyMegabytes: number): Promise<FirstRows> {
  const heavy = (await accessLog({ megabytes: heavyMegabytes })).path;
  const server = await startServer("../routes/main.ts");
  try {
    const idle = await moment(server, rounds);
    const busy = await beside(server, heavy, () => moment(server, rounds));
    return { rounds, heavyMegabytes, idle, busy };
  } finally {
    await server.stop();
  }
}

function runUrl(server: ServerProcess, query: string): string {
  return `${server.url}/v1/run?q=${encodeURIComponent(query)}`;
}

async function moment(server: ServerProcess, rounds: number): Promise<Moment> {
  const small = await smallLog();
  const open: number[] = [];
  const whole: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const first = await firstRow(runUrl(server, ROWS), new TextEncoder().encode(LINE), false);
    const second = await firstRow(runUrl(server, COUNTS), small, true);
    if (round === 0) continue;
    open.push(first);
    whole.push(second);
  }
  return { open: waitsOf(open), small: waitsOf(whole) };
}

/** Does `work` while the large uploads run; each begins anew when it has ended, and must succeed. */
async function beside<T>(
  server: ServerProcess,
  path: string,
  work: () => Promise<T>,
): Promise<T> {
  let over = false;
  const repeat = async (): Promise<void> => {
    while (!over) await timed("curl", ["-sSN", "--fail", "-T", path, runUrl(server, COUNTS)]);
  };
  const heavy = Array.from({ length: HEAVY_UPLOADS }, repeat);
  try {
    return await work();
  } finally {
    over = true;
    await Promise.all(heavy);
  }
}

function waitsOf(milliseconds: readonly number[]): Waits {
  return { median: median(milliseconds), worst: Math.max(...milliseconds) };
}

/** On a new connection. Where the upload is not ended at once, the row must not wait for its end. */
function firstRow(url: string, body: Uint8Array, ended: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const outgoing = request(url, { method: "PUT", agent: false }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`The answer was ${answer.statusCode}`));
      let milliseconds: number | null = null;
      answer.on("data", (chunk) => {
        if (milliseconds !== null) return;
        milliseconds = performance.now() - started;
        if (!String(chunk).startsWith('{"path":')) reject(new Error(`No row came, but ${chunk}`));
        if (!ended) outgoing.end();
      });
      // The next one begins when this one has ended, so that it is alone.
      answer.once("end", () => resolve(milliseconds!));
      answer.once("error", reject);
    });
    outgoing.once("error", reject);
    if (ended) outgoing.end(body);
    else outgoing.write(body);
  });
}
