/**
 * `bench`: every figure that the project claims, as ratios measured in this run; prints tables and writes JSON.
 * With `--quick` smaller files and fewer rounds.
 * @module
 */
import { mkdir, writeFile } from "node:fs/promises";
import process from "node:process";
import { concurrency } from "./concurrency_bench.ts";
import { firstRowLatency } from "./latency_bench.ts";
import { peakMemory } from "./memory_bench.ts";
import { RUNTIME } from "./processes.ts";
import { throughput } from "./throughput_bench.ts";

const quick = process.argv.includes("--quick");
const size = quick
  ? { megabytes: 100, rounds: 3, large: 300, latencies: 10 }
  : { megabytes: 500, rounds: 5, large: 2000, latencies: 30 };

console.log(`${RUNTIME}, ${quick ? "quick" : "full"}\n`);

const works = await throughput(size.megabytes, size.rounds);
console.log(`Throughput over HTTP, ${size.megabytes} MB, median of ${size.rounds}`);
for (const { work, contenders } of works) {
  console.log(`\n${work}`);
  const own = contenders[0]!.megabytesPerSecond;
  for (const { name, megabytesPerSecond } of contenders) {
    const speed = megabytesPerSecond.toFixed(0).padStart(6);
    const ratio = (own / megabytesPerSecond).toFixed(2).padStart(7);
    console.log(`  ${name.padEnd(26)} ${speed} MB/s   sluice is ${ratio} x`);
  }
}

const latency = await firstRowLatency(size.latencies);
console.log(
  `\nFirst row after the first byte: median ${latency.median.toFixed(1)} ms, worst ${
    latency.worst.toFixed(1)
  } ms`,
);

const many = await concurrency(64, 10);
console.log(
  `\n${many.uploads} uploads of 10 MB at once: ${many.correct} right, slowest ${
    (many.slowestSeconds / many.medianSeconds).toFixed(2)
  } x the median, peak ${many.peakMegabytes.toFixed(0)} MB`,
);

const memory = await peakMemory(100, size.large);
console.log("\nPeak memory of the server");
for (const [load, megabytes] of Object.entries(memory)) {
  console.log(`  ${load.padEnd(34)} ${megabytes.toFixed(0).padStart(6)} MB`);
}

const directory = new URL("results/", import.meta.url);
await mkdir(directory, { recursive: true });
const file = new URL(`${RUNTIME}.json`, directory);
await writeFile(
  file,
  JSON.stringify({ runtime: RUNTIME, quick, works, latency, many, memory }, null, 2) + "\n",
);
console.log(`\nWritten to bench/results/${RUNTIME}.json`);
