/**
 * Small uploads a second over connections that stay open, beside a Hono handler that drains and answers a constant, on the same
 * runtime's own server; and what of their cost is HTTP.
 * @module
 */
import { readFile } from "node:fs/promises";
import process from "node:process";
import { readRows } from "./answers.ts";
import { accessLog } from "./data.ts";
import { post } from "./keep_alive_client.ts";
import { median, type ServerProcess, startServer } from "./processes.ts";

const QUERY = "combined | where status >= 500 | stats count as errors by path";
const BYTES = 10_000;
const CONNECTIONS = 32;

/** What is measured: ours first, the goal's rival next, then what stands between the two. */
const CONTENDERS = [
  {
    name: "sluice",
    module: "../routes/main.ts",
    path: `/v1/run?q=${encodeURIComponent(QUERY)}`,
  },
  { name: "Hono drain", module: "hono_server.ts", path: "/" },
  { name: "node:http drain", module: "http_server.ts", path: "/" },
  { name: "our transport, no run", module: "transport_server.ts", path: "/" },
] as const;

/** What one server did. */
export interface SmallServer {
  readonly name: string;
  readonly perSecond: number;
  /** Its processor time for each upload, all threads. */
  readonly microseconds: number;
}

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
  /** Ours and Hono's again, and what is between them; missing in results of before it was measured. */
  readonly servers?: readonly SmallServer[];
}

interface Measured {
  readonly perSecond: number[];
  readonly microseconds: number[];
}

/** `rounds` stretches of `seconds` each, one server after the other, after one that is not counted. */
export async function smallUploads(rounds: number, seconds: number): Promise<SmallUploads> {
  const body = await smallLog();
  const servers = await Promise.all(
    CONTENDERS.map(({ module, name }) =>
      startServer(module, name === "sluice" ? { SHUTDOWN_GRACE: "0s" } : {})
    ),
  );
  const figures = CONTENDERS.map((): Measured => ({ perSecond: [], microseconds: [] }));
  const cores: number[] = [];
  try {
    for (let round = 0; round <= rounds; round++) {
      const before = process.cpuUsage();
      const started = performance.now();
      for (const [index, server] of servers.entries()) {
        const { perSecond, microseconds } = await stretch(index, server, body, seconds);
        if (round === 0) continue;
        figures[index]!.perSecond.push(perSecond);
        figures[index]!.microseconds.push(microseconds);
      }
      const { user, system } = process.cpuUsage(before);
      if (round > 0) cores.push((user + system) / 1000 / (performance.now() - started));
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
  return { bytes: body.byteLength, connections: CONNECTIONS, ...summary(figures, cores) };
}

async function stretch(
  index: number,
  server: ServerProcess,
  body: Uint8Array,
  seconds: number,
): Promise<{ perSecond: number; microseconds: number }> {
  const { name, path } = CONTENDERS[index]!;
  const before = server.processorSeconds();
  const { answer, answers, perSecond } = await post(
    `${server.url}${path}`,
    body,
    CONNECTIONS,
    seconds,
  );
  const right = index === 0 ? readRows(answer).length > 0 : answer === "drained\n";
  if (!right) throw new Error(`${name} answered ${answer}`);
  return { perSecond, microseconds: (server.processorSeconds() - before) * 1e6 / answers };
}

function summary(figures: readonly Measured[], cores: readonly number[]) {
  const [ours, hono] = figures.map(({ perSecond }) => perSecond) as [number[], number[]];
  return {
    perSecond: median(ours),
    honoPerSecond: median(hono),
    ratio: median(ours.map((speed, round) => speed / hono[round]!)),
    clientCores: Math.max(...cores),
    servers: figures.map(({ perSecond, microseconds }, index) => ({
      name: CONTENDERS[index]!.name,
      perSecond: median(perSecond),
      microseconds: median(microseconds),
    })),
  };
}

/** The first whole lines of an access log, about 10 KB. */
export async function smallLog(): Promise<Uint8Array> {
  const bytes = await readFile((await accessLog({ megabytes: 1 })).path);
  return new Uint8Array(bytes.subarray(0, bytes.lastIndexOf(10, BYTES) + 1));
}
