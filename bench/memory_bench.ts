/**
 * Peak memory of a server of its own under each kind of load that could swell it.
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { accessLog } from "./data.ts";
import { startServer, timed } from "./processes.ts";

const QUERY = "combined | where status >= 500 | stats count by path";
/** Peak resident memory in MB by kind of load. */
export type PeakMemory = Record<string, number>;

/** One server for each load, so that one's peak does not hide another's; clients that must be held back push for `seconds`. */
export async function peakMemory(
  smallMegabytes: number,
  largeMegabytes: number,
  seconds: number,
): Promise<PeakMemory> {
  const large = (await accessLog({ megabytes: largeMegabytes })).path;
  const small = (await accessLog({ megabytes: smallMegabytes })).path;
  const ours = (load: (url: string) => Promise<unknown>) => peak("../routes/main.ts", load);
  return {
    idle: await ours((url) => fetch(`${url}/healthz`)),
    [`upload of ${smallMegabytes} MB`]: await ours((url) => upload(runUrl(url, QUERY), small)),
    [`upload of ${largeMegabytes} MB`]: await ours((url) => upload(runUrl(url, QUERY), large)),
    [`the raw drain, upload of ${largeMegabytes} MB`]: await peak(
      "baseline_server.ts",
      (url) => upload(`${url}/drain`, large),
    ),
    "stage that waits 50 ms a batch": await peak(
      "slow_server.ts",
      (url) => push(runUrl(url, "combined | slow | stats count"), large, seconds),
    ),
    "client that never reads": await ours(
      (url) => neverRead(runUrl(url, "combined"), large, seconds),
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

async function upload(url: string, path: string): Promise<void> {
  await timed("curl", ["-sSN", "--fail", "-T", path, url]);
}

/** A client that pushes as fast as it may, cut off after a while. */
async function push(url: string, path: string, seconds: number): Promise<void> {
  const child = spawn("curl", ["-sN", "-m", String(seconds), "-T", path, url], {
    stdio: "ignore",
  });
  await once(child, "close");
}

/** Sends a request whose answer is as large as its body, and never reads a byte of it. */
async function neverRead(url: string, path: string, seconds: number): Promise<void> {
  const target = new URL(url);
  const socket = connect(Number(target.port), target.hostname);
  socket.pause();
  socket.write(
    `PUT ${target.pathname}${target.search} HTTP/1.1\r\nHost: ${target.host}\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  const source = spawn("timeout", [String(seconds), "cat", path], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const deadline = setTimeout(() => {
    source.kill();
    socket.destroy();
  }, seconds * 1000);
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
