/**
 * What a run of the bench leaves in bench/results: one file for each runtime, quick runs apart. Parts and works that are measured
 * alone replace themselves in it.
 * @module
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import type { Concurrency } from "./concurrency_bench.ts";
import type { FirstRows } from "./latency_bench.ts";
import type { PeakMemory } from "./memory_bench.ts";
import type { SmallUploads } from "./small_bench.ts";
import type { WorkResult } from "./throughput_bench.ts";

/** Goes up whenever the shape changes; a file of another shape counts as not there. */
const SHAPE = 2;

/** Everything that was measured on one runtime. A part is absent until it is measured. */
export interface Results {
  readonly shape: number;
  readonly runtime: "deno" | "bun";
  readonly version: string;
  readonly quick: boolean;
  readonly cores: number;
  /** ISO 8601, of the last run. */
  readonly measuredAt: string;
  readonly works: readonly WorkResult[];
  readonly concurrency?: readonly Concurrency[];
  readonly latency?: FirstRows;
  readonly memory?: PeakMemory;
  readonly small?: SmallUploads;
}

function fileOf(runtime: string, quick: boolean): URL {
  return new URL(`results/${runtime}${quick ? "-quick" : ""}.json`, import.meta.url);
}

/** The results of a runtime; null when there are none of this shape. */
export async function readResults(runtime: string, quick: boolean): Promise<Results | null> {
  const text = await readFile(fileOf(runtime, quick), "utf8").catch(() => null);
  const results = text === null ? null : JSON.parse(text) as Results;
  return results?.shape === SHAPE ? results : null;
}

/** Puts what was measured in the place of what was known, works one by one; returns the path from the project's root. */
export async function writeResults(measured: Omit<Results, "shape">): Promise<string> {
  const { runtime, quick, works } = measured;
  const known = await readResults(runtime, quick);
  const others = (known?.works ?? []).filter(({ id }) => works.every((work) => work.id !== id));
  const file = fileOf(runtime, quick);
  await mkdir(new URL(".", file), { recursive: true });
  const all: Results = { ...known, ...measured, works: [...others, ...works], shape: SHAPE };
  await writeFile(file, JSON.stringify(all, null, 2) + "\n");
  return `bench/results/${runtime}${quick ? "-quick" : ""}.json`;
}
