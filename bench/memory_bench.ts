/**
 * Peak memory of a server of its own under each kind of load that could swell it.
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { accessLogFile } from "./data.ts";
import { startServer, timed } from "./processes.ts";

const QUERY = "combined | where status >= 500 | stats count by path";
/** How long the clients that must be held back push. */
const PUSH_SECONDS = 10;

/** Peak resident memory in MB by kind of load. */
export type PeakMemory = Record<string, number>;

/** One server for each load, so that one's peak does not hide another's. */
export async function peakMemory(
  smallMegabytes: number,
  largeMegabytes: number,
): Promise<PeakMemory> {
  return {
    idle: await peak("../routes/main.ts", (url) => fetch(`${url}/healthz`)),
    [`upload of ${smallMegabytes} MB`]: await peak(
      "../routes/main.ts",
      (url) => upload(url, QUERY, smallMegabytes),
    ),
    [`upload of ${largeMegabytes} MB`]: await peak(
      "../routes/main.ts",
      (url) => upload(url, QUERY, largeMegabytes),
    ),
    "stage that waits 50 ms a batch": await peak(
      "slow_server.ts",
      (url) => push(url, `combined | slow | stats count`, largeMegabytes),
    ),
    "client that never reads": await peak(
      "../routes/main.ts",
      async (url) => neverRead(url, "combined", await accessLogFile(largeMegabytes)),
    ),
  };
}

async function peak(module: string, load: (url: string) => Promise<unknown>): Promise<number> {
  const server = await startServer(module, { SHUTDOWN_GRACE: "0s" });
  await load(server.url);
  const megabytes = server.peakMegabytes();
  await server.stop();
  return megabytes;
}

function runUrl(url: string, query: string): string {
  return `${url}/v1/run?q=${encodeURIComponent(query)}`;
}

async function upload(url: string, query: string, megabytes: number): Promise<void> {
  await timed("curl", ["-sSN", "--fail", "-T", await accessLogFile(megabytes), runUrl(url, query)]);
}

/** A client that pushes as fast as it may, cut off after a while. */
async function push(url: string, query: string, megabytes: number): Promise<void> {
  const file = await accessLogFile(megabytes);
  const child = spawn("curl", ["-sN", "-m", String(PUSH_SECONDS), "-T", file, runUrl(url, query)], {
    stdio: "ignore",
  });
  await once(child, "close");
}

/** Sends a request whose answer is as large as its body, and never reads a byte of it. */
async function neverRead(url: string, query: string, file: string): Promise<void> {
  const target = new URL(runUrl(url, query));
  const socket = connect(Number(target.port), target.hostname);
  socket.pause();
  socket.write(
    `PUT ${target.pathname}${target.search} HTTP/1.1\r\nHost: ${target.host}\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  const source = spawn("sh", ["-c", 'timeout "$1" cat "$2"', "sh", String(PUSH_SECONDS), file], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const deadline = setTimeout(() => {
    source.kill();
    socket.destroy();
  }, PUSH_SECONDS * 1000);
  socket.on("error", () => source.kill());
  source.stdout.on("data", (chunk: Uint8Array) => {
    socket.write(`${chunk.byteLength.toString(16)}\r\n`);
    socket.write(chunk);
    if (socket.write("\r\n")) return;
    source.stdout.pause();
    socket.once("drain", () => source.stdout.resume());
  });
  await once(socket, "close");
  clearTimeout(deadline);
  source.kill();
}
