/**
 * Input for benchmarks: generated once, kept in bench/data, the same bytes every time.
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdir, open, stat } from "node:fs/promises";
import { accessLogLines } from "./access_log.ts";

const DIRECTORY = new URL("data/", import.meta.url).pathname;
/** So many different lines, about 20 MB, are repeated until the file is large enough. */
const DISTINCT_LINES = 110_000;
const COMBINED = /^(\S+) .*\[([^\]]+)\] "(\S+) (\S+) [^"]*" (\d+) (\S+) "[^"]*" "([^"]*)"/;

/** The path of an access log of at least `megabytes` MB, made if it is not there yet. */
export function accessLogFile(megabytes: number): Promise<string> {
  return repeated(`access-${megabytes}.log`, megabytes, () => accessLogLines(DISTINCT_LINES));
}

/** The path of NDJSON of at least `megabytes` MB: the requests of the access log as events of nine members. */
export function eventsFile(megabytes: number): Promise<string> {
  return repeated(`events-${megabytes}.ndjson`, megabytes, eventLines);
}

/** The path of the file compressed by gzip. */
export async function gzipped(path: string): Promise<string> {
  const target = `${path}.gz`;
  if (await exists(target)) return target;
  spawnSync("sh", ["-c", 'gzip -c "$1" > "$2"', "sh", path, target]);
  return target;
}

function* eventLines(): Generator<string> {
  let number = 0;
  for (const line of accessLogLines(DISTINCT_LINES)) {
    const [, host, time, method, target, status, bytes, agent] = COMBINED.exec(line)!;
    const path = target!.split("?")[0];
    const latency = (number * 7919 % 100_000) / 100;
    yield JSON.stringify({
      id: number++,
      time,
      host,
      request: { method, target },
      path,
      status: Number(status),
      bytes: Number(bytes) || 0,
      latency,
      agent,
    });
  }
}

async function repeated(
  name: string,
  megabytes: number,
  lines: () => Iterable<string>,
): Promise<string> {
  const path = `${DIRECTORY}${name}`;
  if (await exists(path)) return path;
  await mkdir(DIRECTORY, { recursive: true });
  const piece = new TextEncoder().encode([...lines()].join("\n") + "\n");
  // Cut to whole lines near the size, so that small files are small.
  const wanted = megabytes * 1e6;
  const part = piece.subarray(0, piece.lastIndexOf(10, Math.min(piece.length, wanted)) + 1);
  const file = await open(path, "w");
  for (let written = 0; written < wanted - 1e4; written += part.byteLength) await file.write(part);
  await file.close();
  return path;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false);
}
