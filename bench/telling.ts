/**
 * Results as text for the terminal, as soon as each is there.
 * @module
 */
import type { Concurrency } from "./concurrency_bench.ts";
import type { FirstRows, Waits } from "./latency_bench.ts";
import type { PeakMemory } from "./memory_bench.ts";
import type { Profile } from "./profile.ts";
import type { SmallUploads } from "./small_bench.ts";
import type { WorkResult } from "./throughput_bench.ts";

const NAME_WIDTH = 30;

function line(name: string, megabytesPerSecond: number, more: string): void {
  const speed = megabytesPerSecond.toFixed(0).padStart(6);
  console.log(`  ${name.padEnd(NAME_WIDTH)} ${speed} MB/s   ${more}`);
}

/** Where the time of a run went, in one line. */
export function profileText({ durationMs, stages, restMs, bottleneck }: Profile): string {
  const busy = stages.map(({ stage, busyMs }) => `${stage} ${busyMs.toFixed(0)}`).join(", ");
  return `${durationMs.toFixed(0)} ms: ${busy} busy; outside of stages ${restMs.toFixed(0)}; ` +
    `most waited for ${bottleneck ?? "nothing"}`;
}

/** A work with its rivals and its profile. */
export function tellWork(result: WorkResult): void {
  const { id, title, pipeline, megabytes, megabytesPerSecond, linesPerSecond, rounds } = result;
  console.log(`\n${title} [${id}], ${megabytes.toFixed(0)} MB, median of ${rounds}\n  ${pipeline}`);
  line("sluice", megabytesPerSecond, `${(linesPerSecond / 1e6).toFixed(2)} million lines/s`);
  for (const { name, megabytesPerSecond: speed, ratio, compared } of result.rivals) {
    const checked = compared.length === 0 ? "" : `   equal: ${compared.join(", ")}`;
    line(name, speed, `sluice is ${ratio.toFixed(2).padStart(6)} x${checked}`);
  }
  for (const reason of result.absent) console.log(`  absent: ${reason}`);
  console.log(`  ${profileText(result.profile)}`);
  for (const { stage, busyMs, starvedMs, blockedMs } of result.profile.stages) {
    const times = [busyMs, starvedMs, blockedMs].map((ms) => ms.toFixed(0).padStart(6));
    console.log(
      `    ${stage.padEnd(NAME_WIDTH - 2)} busy ${times[0]}  starved ${times[1]}  blocked ${
        times[2]
      } ms`,
    );
  }
}

/** Small uploads a second. */
export function tellSmall(result: SmallUploads): void {
  const { bytes, connections, perSecond, honoPerSecond, ratio, clientCores, servers = [] } = result;
  console.log(
    `\nUploads of ${bytes} bytes on ${connections} open connections\n  sluice ${
      perSecond.toFixed(0)
    }/s, Hono drain ${honoPerSecond.toFixed(0)}/s: sluice is ${
      ratio.toFixed(2)
    } x   (client: at most ${clientCores.toFixed(2)} cores)`,
  );
  for (const { name, perSecond, microseconds } of servers) {
    console.log(
      `  ${name.padEnd(NAME_WIDTH)} ${perSecond.toFixed(0).padStart(7)}/s, ${
        microseconds.toFixed(0).padStart(4)
      } µs of processor time each`,
    );
  }
}

/** First rows, idle and busy. */
export function tellFirstRows({ rounds, heavyMegabytes, idle, busy }: FirstRows): void {
  const waits = ({ median, worst }: Waits) =>
    `median ${median.toFixed(1)} ms, worst ${worst.toFixed(1)} ms`;
  console.log(`\nFirst row after the first byte, ${rounds} times`);
  for (
    const [when, moment] of [["idle", idle], [`beside two of ${heavyMegabytes} MB`, busy]] as const
  ) {
    console.log(`  ${when}, upload open: ${waits(moment.open)}`);
    console.log(`  ${when}, upload of 10 KB, aggregated: ${waits(moment.small)}`);
  }
}

/** Uploads at the same time. */
export function tellConcurrency(result: Concurrency): void {
  console.log(
    `\n${result.uploads} x ${result.megabytes.toFixed(0)} MB at once: all right, slowest ${
      result.slowestToMedian.toFixed(2)
    } x the median, peak ${result.peakMegabytes.toFixed(0)} MB (drain ${
      result.drainPeakMegabytes.toFixed(0)
    } MB)`,
  );
  line("sluice, together", result.megabytesPerSecond, "");
  line(
    "raw drain, together",
    result.drainMegabytesPerSecond,
    `sluice is ${result.ratio.toFixed(2).padStart(6)} x`,
  );
}

/** Peak memory by load. */
export function tellMemory(memory: PeakMemory): void {
  console.log("\nPeak memory of the server");
  for (const [load, megabytes] of Object.entries(memory)) {
    console.log(`  ${load.padEnd(34)} ${megabytes.toFixed(0).padStart(6)} MB`);
  }
}
