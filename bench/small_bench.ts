/**
 * Small uploads a second over connections that stay open, beside a Hono handler that drains and answers a constant, on the same
 * runtime's own server.
 * @module
 */
import { readFile } from "node:fs/promises";
import process from "node:process";
import { readRows } from "./answers.ts";
import { accessLog } from "./data.ts";
import { post } from "./keep_alive_client.ts";
import { median, startServer } from "./processes.ts";

const QUERY = "combined | where status >= 500 | stats count as errors by path";
const BYTES = 10_000;
const CONNECTIONS = 32;

/** Uploads a second of ours and of Hono's. */
export interface SmallUploads {
  readonly bytes: number;
  readonly connections: number;
  readonly perSecond: number;
  readonly honoPerSecond: number;
  /** The median over the rounds, each ours and then Hono's. */
  readonly ratio: number;
  /** The most of a core that the client took in any round: near 1 the client is the limit, and the ratio tells less. */
  readonly clientCores: number;
}

/** `rounds` stretches of `seconds` each, ours and Hono's in turn, after one that is not counted. */
export async function smallUploads(rounds: number, seconds: number): Promise<SmallUploads> {
  const body = await smallLog();
  const sluice = await startServer("../routes/main.ts", { SHUTDOWN_GRACE: "0s" });
  const hono = await startServer("hono_server.ts");
  const speeds = { ours: [] as number[], hono: [] as number[] };
  const cores: number[] = [];
  try {
    for (let round = 0; round <= rounds; round++) {
      const before = process.cpuUsage();
      const started = performance.now();
      const url = `${sluice.url}/v1/run?q=${encodeURIComponent(QUERY)}`;
      const ours = await post(url, body, CONNECTIONS, seconds);
      if (readRows(ours.answer).length === 0) throw new Error(`No rows in ${ours.answer}`);
      const theirs = await post(`${hono.url}/`, body, CONNECTIONS, seconds);
      if (theirs.answer !== "drained\n") throw new Error(`Hono answered ${theirs.answer}`);
      if (round === 0) continue;
      const { user, system } = process.cpuUsage(before);
      cores.push((user + system) / 1000 / (performance.now() - started));
      speeds.ours.push(ours.perSecond);
      speeds.hono.push(theirs.perSecond);
    }
  } finally {
    await Promise.all([sluice.stop(), hono.stop()]);
  }
  return {
    bytes: body.byteLength,
    connections: CONNECTIONS,
    perSecond: median(speeds.ours),
    honoPerSecond: median(speeds.hono),
    ratio: median(speeds.ours.map((speed, round) => speed / speeds.hono[round]!)),
    clientCores: Math.max(...cores),
  };
}

/** The first whole lines of an access log, about 10 KB. */
export async function smallLog(): Promise<Uint8Array> {
  const bytes = await readFile((await accessLog({ megabytes: 1 })).path);
  return new Uint8Array(bytes.subarray(0, bytes.lastIndexOf(10, BYTES) + 1));
}
