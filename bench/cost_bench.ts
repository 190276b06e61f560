/**
 * What flow words cost where they have nothing to do: each beside the plain pipeline, in this process, in turn. Prints the
 * ratio of the throughputs by CPU time, so that other work on the machine counts little: the median over the rounds, the first one
 * left out. `cost_bench.ts [MEGABYTES [ROUNDS [PART_OF_A_PIPELINE]]]`.
 * @module
 */
import { readFile } from "node:fs/promises";
import process from "node:process";
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

const megabytes = Number(process.argv[2] ?? 20);
const rounds = Number(process.argv[3] ?? 9);
const body = await readFile((await accessLog({ megabytes })).path);
const expected = await timed(PLAIN);
console.log(`${RUNTIME}, ${megabytes} MB, ${rounds} rounds; plain: ${PLAIN}`);
for (const pipeline of WORDS.filter((word) => word.includes(ONLY))) await compare(pipeline);

async function compare(pipeline: string): Promise<void> {
  const ratios: number[] = [];
  for (let round = -1; round < rounds; round++) {
    // In turn the one first and the other, since what runs second finds a warmer process.
    const first = await timed(round % 2 === 0 ? PLAIN : pipeline);
    const second = await timed(round % 2 === 0 ? pipeline : PLAIN);
    const [plain, other] = round % 2 === 0 ? [first, second] : [second, first];
    if (sorted(other.text) !== sorted(expected.text)) {
      throw new Error(`${pipeline} answers otherwise than the plain pipeline`);
    }
    if (round >= 0) ratios.push(plain.ms / other.ms);
  }
  console.log(`${median(ratios).toFixed(3)}  ${pipeline}`);
}

async function timed(pipeline: string): Promise<{ ms: number; text: string }> {
  const before = process.cpuUsage();
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
  const { user, system } = process.cpuUsage(before);
  return { ms: (user + system) / 1000, text };
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
