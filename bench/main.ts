/**
 * `bench`: every figure that the project claims, as ratios measured in this run; prints them and writes JSON. Named parts and works
 * run alone (`bench throughput ndjson`); with `--quick` inputs are smaller and rounds fewer.
 * @module
 */
import process from "node:process";
import { concurrency } from "./concurrency_bench.ts";
import { firstRows } from "./latency_bench.ts";
import { peakMemory } from "./memory_bench.ts";
import { RUNTIME } from "./processes.ts";
import { type Results, writeResults } from "./results.ts";
import { type Part, readSelection } from "./selection.ts";
import { smallUploads } from "./small_bench.ts";
import { tellConcurrency, tellFirstRows, tellMemory, tellSmall, tellWork } from "./telling.ts";
import { throughput } from "./throughput_bench.ts";
import { WORKS } from "./works.ts";

const FULL = {
  input: { megabytes: 500, rows: 10_000_000 },
  rounds: 5,
  total: 640,
  waits: 30,
  small: 100,
  large: 2000,
  pushSeconds: 10,
  postSeconds: 3,
};
const QUICK: typeof FULL = {
  input: { megabytes: 30, rows: 1_000_000 },
  rounds: 3,
  total: 64,
  waits: 10,
  small: 20,
  large: 200,
  pushSeconds: 2,
  postSeconds: 1,
};
const UPLOADS = [1, 8, 64];

const { quick, parts, works } = readSelection(process.argv.slice(2), WORKS.map(({ id }) => id));
const size = quick ? QUICK : FULL;
const version = process.versions[RUNTIME]!;
const cores = navigator.hardwareConcurrency;
console.log(`${RUNTIME} ${version}, ${cores} cores, ${quick ? "quick" : "full"}`);

type Measured = Pick<Results, "concurrency" | "latency" | "memory" | "small">;

/** Each part but the throughput: measures, prints, and gives what goes into the results. */
const MEASURES: Readonly<Record<Exclude<Part, "throughput">, () => Promise<Measured>>> = {
  small: async () => {
    const small = await smallUploads(size.rounds, size.postSeconds);
    tellSmall(small);
    return { small };
  },
  latency: async () => {
    const latency = await firstRows(size.waits, size.input.megabytes);
    tellFirstRows(latency);
    return { latency };
  },
  concurrency: async () => {
    const all = [];
    for (const uploads of UPLOADS) {
      all.push(await concurrency(uploads, size.total, size.rounds));
      tellConcurrency(all.at(-1)!);
    }
    return { concurrency: all };
  },
  memory: async () => {
    const memory = await peakMemory(size.small, size.large, size.pushSeconds);
    tellMemory(memory);
    return { memory };
  },
};

let measured: Measured = {};
const chosen = WORKS.filter(({ id }) => works.includes(id));
const results = await throughput(chosen, size.input, size.rounds, tellWork);
for (const part of parts) {
  if (part !== "throughput") measured = { ...measured, ...await MEASURES[part]() };
}
const measuredAt = new Date().toISOString();
const about = { runtime: RUNTIME, version, quick, cores, measuredAt };
const path = await writeResults({ ...about, works: results, ...measured });
console.log(`\nWritten to ${path}`);
