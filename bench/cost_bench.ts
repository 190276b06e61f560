/**
 * What flow words, and stages of the library, cost where they have nothing to do: each beside the same without it, in this
 * process, in turn, and that beside itself, which shows the noise. Prints the ratio of the throughputs by CPU time, so that other
 * work on the machine counts little: the median of the rounds' ratios, and the ratio of the quickest rounds; the first round is
 * left out. A run should take 100 ms or more. `cost_bench.ts [MEGABYTES [ROUNDS [PART_OF_A_NAME]]]`.
 * @module
 */
import { readFile } from "node:fs/promises";
import process from "node:process";
import {
  buffer,
  filter,
  flatMap,
  map,
  observe,
  parallel,
  partition,
  pipeline,
  type Stage,
  tap,
  throttle,
} from "../src/flow/mod.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { Run } from "../src/pipeline/run.ts";
import { DEFAULT_RUN_OPTIONS } from "../src/pipeline/run_input.ts";
import { parsePipeline } from "../src/plan.ts";
import { DEFAULT_RESOURCES } from "../src/resources.ts";
import { VOCABULARY } from "../stages/mod.ts";
import { accessLog } from "./data.ts";
import { median, RUNTIME } from "./processes.ts";

const PLAIN = "combined | where status >= 300 | stats count, sum(bytes) as bytes by path";
const ONLY = process.argv[4] ?? "";
const WORDS: readonly string[] = [
  PLAIN,
  "combined | parallel 1 (where status >= 300) | stats count, sum(bytes) as bytes by path",
  "combined | partition by path into 1 (where status >= 300 | stats count, sum(bytes) as bytes by path)",
  "combined | throttle 1000000000/s | where status >= 300 | stats count, sum(bytes) as bytes by path",
  "combined | buffer 100000 | where status >= 300 | stats count, sum(bytes) as bytes by path",
  "combined | buffer auto | where status >= 300 | stats count, sum(bytes) as bytes by path",
  "combined | parallel 8 (where status >= 300) | stats count, sum(bytes) as bytes by path",
  "combined | where status >= 300 | partition by path into 8 (stats count, sum(bytes) as bytes by path)",
  "combined | where status >= 300 | throttle 1000000000/s by path burst=1000000000 | stats count, sum(bytes) as bytes by path",
];
const CHUNK = 64 * 1024;

/** Stages of the library around or among others: items of 64 KiB, and items of a line. */
const LIBRARY: readonly [name: string, plain: () => Tallying, other: () => Tallying][] = [
  ["library, chunks, observe", () => chunks(), () => observe(chunks())],
  ["library, chunks, observe within", () => chunks(), () => chunks(observe(map(same)))],
  ["library, chunks, tap", () => chunks(), () => chunks(tap(() => {}))],
  ["library, chunks, parallel", () => chunks(), () => chunks(parallel(same, { workers: 1 }))],
  ["library, chunks, partition", () => chunks(), () => parted(chunks)],
  ["library, chunks, throttle", () => chunks(), () => chunks(throttle({ rate: 1e9, burst: 1e9 }))],
  ["library, chunks, buffer", () => chunks(), () => chunks(buffer({ items: 10 }))],
  ["library, lines, observe", () => lines(), () => observe(lines())],
  ["library, lines, partition", () => lines(), () => parted(lines)],
];

const megabytes = Number(process.argv[2] ?? 100);
const rounds = Number(process.argv[3] ?? 11);
const body = await readFile((await accessLog({ megabytes })).path);
console.log(`${RUNTIME}, ${megabytes} MB, ${rounds} rounds; plain: ${PLAIN}`);
for (const pipeline of WORDS.filter((word) => word.includes(ONLY))) {
  await compare(pipeline, () => answerOf(PLAIN), () => answerOf(pipeline));
}
for (const [name, plain, other] of LIBRARY.filter(([name]) => name.includes(ONLY))) {
  await compare(name, () => tallyOf(plain()), () => tallyOf(other()));
}

async function compare(
  name: string,
  plain: () => Promise<string>,
  other: () => Promise<string>,
): Promise<void> {
  const times: Record<"plain" | "other", number[]> = { plain: [], other: [] };
  for (let round = -1; round < rounds; round++) {
    // In turn the one first and the other, since what runs second finds a warmer process.
    const first = await timed(round % 2 === 0 ? plain : other);
    const second = await timed(round % 2 === 0 ? other : plain);
    if (first.text !== second.text) throw new Error(`${name} answers otherwise than the plain one`);
    if (round < 0) continue;
    times.plain.push((round % 2 === 0 ? first : second).ms);
    times.other.push((round % 2 === 0 ? second : first).ms);
  }
  const ratio = median(times.plain.map((ms, round) => ms / times.other[round]!));
  const best = Math.min(...times.plain) / Math.min(...times.other);
  console.log(`${ratio.toFixed(3)} ${best.toFixed(3)}  ${name}`);
}

async function timed(work: () => Promise<string>): Promise<{ ms: number; text: string }> {
  const before = process.cpuUsage();
  const text = await work();
  const { user, system } = process.cpuUsage(before);
  return { ms: (user + system) / 1000, text };
}

async function answerOf(pipeline: string): Promise<string> {
  const run = new Run({
    id: "bench",
    plan: parsePipeline(pipeline, VOCABULARY).plan,
    pipeline,
    name: null,
    vocabulary: VOCABULARY,
    limits: DEFAULT_LIMITS,
    options: DEFAULT_RUN_OPTIONS,
    body: upload(),
    figures: { wireBytes: 0, bytes: 0 },
    resources: DEFAULT_RESOURCES,
  });
  const text = await new Response(run.results).text();
  await run.ended;
  return sorted(text);
}

/** Counts the lines of each item that hold a 404, as one number or another. */
type Tallying = Stage<Uint8Array, number>;

function chunks(within: Stage<string, string> | null = null): Tallying {
  const decoder = new TextDecoder();
  const text = map((chunk: Uint8Array) => decoder.decode(chunk));
  const count = map((chunk: string) => chunk.split(" 404 ").length - 1);
  return within === null ? pipeline(text, count) : pipeline(text, within, count);
}

function lines(): Tallying {
  const decoder = new TextDecoder();
  return pipeline(
    flatMap((chunk: Uint8Array) => decoder.decode(chunk).split("\n")),
    map((line: string) => line.split(" ")),
    filter((fields) => fields[8] === "404"),
    map(() => 1),
  );
}

function parted(lane: () => Tallying): Tallying {
  return partition({ key: () => 0, lanes: 1, lane: () => lane() });
}

function same(text: string): string {
  return text;
}

async function tallyOf(stage: Tallying): Promise<string> {
  let sum = 0;
  for await (const count of upload().pipeThrough(stage)) sum += count;
  return `${sum}`;
}

function upload(): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= body.length) return controller.close();
      controller.enqueue(new Uint8Array(body.subarray(at, at + CHUNK)));
      at += CHUNK;
    },
  }, { highWaterMark: 0 });
}

function sorted(text: string): string {
  return text.split("\n").toSorted().join("\n");
}
