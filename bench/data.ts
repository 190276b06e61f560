/**
 * Input for benchmarks: generated once, kept in bench/data, the same bytes every time.
 * @module
 */
import { mkdir, open, stat } from "node:fs/promises";
import { accessLogLines } from "./access_log.ts";

const DIRECTORY = new URL("data/", import.meta.url).pathname;
/** So many different lines, about 20 MB, are repeated until the file is large enough. */
const DISTINCT_LINES = 110_000;

/** The path of an access log of at least `megabytes` MB, made if it is not there yet. */
export async function accessLogFile(megabytes: number): Promise<string> {
  const path = `${DIRECTORY}access-${megabytes}.log`;
  const wanted = megabytes * 1e6;
  const present = await stat(path).catch(() => null);
  if (present !== null && present.size >= wanted) return path;
  await mkdir(DIRECTORY, { recursive: true });
  const piece = new TextEncoder().encode([...accessLogLines(DISTINCT_LINES)].join("\n") + "\n");
  const file = await open(path, "w");
  for (let written = 0; written < wanted; written += piece.byteLength) await file.write(piece);
  await file.close();
  return path;
}
