/**
 * Many uploads at once: is each right, is none starved, what do they do together, how much memory, beside the raw drain.
 * @module
 */
import { accessLog } from "./data.ts";
import { median, type ServerProcess, startServer, timed } from "./processes.ts";

const QUERY = "combined | where status >= 500 | stats count as errors by path";

/** What many uploads at once gave: medians over the rounds. */
export interface Concurrency {
  readonly uploads: number;
  /** Of each upload. */
  readonly megabytes: number;
  readonly rounds: number;
  /** All uploads' megabytes by the time from the first's start to the last's end. */
  readonly megabytesPerSecond: number;
  readonly drainMegabytesPerSecond: number;
  /** Ours by the drain's, the median over the rounds. */
  readonly ratio: number;
  readonly slowestToMedian: number;
  readonly peakMegabytes: number;
  readonly drainPeakMegabytes: number;
}

interface Round {
  readonly seconds: number;
  readonly slowestToMedian: number;
}

/** `total` MB in `uploads` uploads at the same time, `rounds` times after one that is not counted. Throws on a wrong answer. */
export async function concurrency(
  uploads: number,
  total: number,
  rounds: number,
): Promise<Concurrency> {
  const input = await accessLog({ megabytes: total / uploads });
  const server = await startServer("../routes/main.ts", { MAX_RUNS: String(uploads) });
  const drain = await startServer("baseline_server.ts");
  const url = `${server.url}/v1/run?q=${encodeURIComponent(QUERY)}`;
  const ours: Round[] = [];
  const theirs: Round[] = [];
  try {
    const [right, drained] = [await send(input.path, url), await send(input.path, drainUrl(drain))];
    for (let round = 0; round <= rounds; round++) {
      const own = await together(uploads, input.path, url, right.output);
      const other = await together(uploads, input.path, drainUrl(drain), drained.output);
      if (round === 0) continue;
      ours.push(own);
      theirs.push(other);
    }
    const speed = (taken: readonly Round[]) =>
      uploads * input.megabytes / median(taken.map(({ seconds }) => seconds));
    return {
      uploads,
      megabytes: input.megabytes,
      rounds,
      megabytesPerSecond: speed(ours),
      drainMegabytesPerSecond: speed(theirs),
      ratio: median(ours.map(({ seconds }, round) => theirs[round]!.seconds / seconds)),
      slowestToMedian: median(ours.map((round) => round.slowestToMedian)),
      peakMegabytes: server.peakMegabytes(),
      drainPeakMegabytes: drain.peakMegabytes(),
    };
  } finally {
    await Promise.all([server.stop(), drain.stop()]);
  }
}

function drainUrl(drain: ServerProcess): string {
  return `${drain.url}/drain`;
}

function send(path: string, url: string) {
  return timed("curl", ["-sSN", "--fail", "-T", path, url]);
}

async function together(
  uploads: number,
  path: string,
  url: string,
  expected: string,
): Promise<Round> {
  const started = performance.now();
  const all = await Promise.all(Array.from({ length: uploads }, () => send(path, url)));
  const seconds = (performance.now() - started) / 1000;
  const wrong = all.find(({ output }) => output !== expected);
  if (wrong !== undefined) {
    throw new Error(`One of ${uploads} uploads was answered ${wrong.output}, alone ${expected}`);
  }
  const each = all.map((one) => one.seconds);
  return { seconds, slowestToMedian: Math.max(...each) / median(each) };
}
