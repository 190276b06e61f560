/**
 * Many uploads at once: is each right, is none starved, how much memory.
 * @module
 */
import { accessLogFile } from "./data.ts";
import { median, startServer, timed } from "./processes.ts";

const QUERY = "combined | stats count by status";

/** What many uploads at once gave. */
export interface Concurrency {
  readonly uploads: number;
  readonly correct: number;
  readonly medianSeconds: number;
  readonly slowestSeconds: number;
  readonly peakMegabytes: number;
}

/** `uploads` uploads of `megabytes` MB each at the same time. */
export async function concurrency(uploads: number, megabytes: number): Promise<Concurrency> {
  const file = await accessLogFile(megabytes);
  const server = await startServer("../routes/main.ts", { MAX_RUNS: String(uploads) });
  const url = `${server.url}/v1/run?q=${encodeURIComponent(QUERY)}`;
  const once = () => timed("curl", ["-sSN", "--fail", "-T", file, url]);
  const expected = (await once()).output;
  const results = await Promise.all(Array.from({ length: uploads }, once));
  const seconds = results.map((result) => result.seconds);
  const peakMegabytes = server.peakMegabytes();
  await server.stop();
  return {
    uploads,
    correct: results.filter((result) => result.output === expected).length,
    medianSeconds: median(seconds),
    slowestSeconds: Math.max(...seconds),
    peakMegabytes,
  };
}
