/**
 * HTTP throughput of each work on a large upload, beside its baselines in the same run.
 * @module
 */
import { stat } from "node:fs/promises";
import { median, type ServerProcess, startServer, timed } from "./processes.ts";
import { rivalsOf, type Work, WORKS } from "./works.ts";

/** One contender of a work: seconds of each round, and the median's MB (10^6 bytes of the uploaded file) a second. */
export interface Throughput {
  readonly name: string;
  readonly megabytesPerSecond: number;
  readonly seconds: readonly number[];
}

/** A work and its contenders, ours first. */
export interface WorkResult {
  readonly work: string;
  readonly pipeline: string;
  readonly contenders: readonly Throughput[];
}

interface Contender {
  readonly name: string;
  readonly megabytes: number;
  run(): Promise<{ seconds: number; output: string }>;
}

const SLUICE = "sluice";
const DRAIN = "raw drain";

/** Runs every contender of every work `rounds` times, in turn, after one round that is not counted. */
export async function throughput(megabytes: number, rounds: number): Promise<WorkResult[]> {
  const sluice = await startServer("../routes/main.ts");
  const baseline = await startServer("baseline_server.ts");
  const results: WorkResult[] = [];
  for (const work of WORKS) {
    const contenders = await contendersOf(work, megabytes, sluice, baseline);
    results.push({
      work: work.name,
      pipeline: work.pipeline,
      contenders: await race(contenders, rounds, work.compare),
    });
  }
  await Promise.all([sluice.stop(), baseline.stop()]);
  return results;
}

async function contendersOf(
  work: Work,
  megabytes: number,
  sluice: ServerProcess,
  baseline: ServerProcess,
): Promise<Contender[]> {
  const file = await work.file(megabytes);
  const whole = (await stat(file)).size / 1e6;
  const upload = (name: string, url: string): Contender => ({
    name,
    megabytes: whole,
    run: () => timed("curl", ["-sSN", "--fail", "-T", file, url]),
  });
  const contenders = [
    upload(SLUICE, `${sluice.url}/v1/run?q=${encodeURIComponent(work.pipeline)}`),
    upload(DRAIN, `${baseline.url}/drain`),
  ];
  if (work.lines) contenders.push(upload("TextLineStream + objects", `${baseline.url}/lines`));
  for (const { name, command, share = 1 } of rivalsOf(work)) {
    const own = share === 1 ? file : await work.file(Math.ceil(megabytes * share));
    contenders.push({
      name,
      megabytes: (await stat(own)).size / 1e6,
      run: () => timed("sh", ["-c", command, "sh", own]),
    });
  }
  return contenders;
}

async function race(
  contenders: readonly Contender[],
  rounds: number,
  compare: Work["compare"],
): Promise<Throughput[]> {
  const seconds = new Map<Contender, number[]>(contenders.map((contender) => [contender, []]));
  const answers = new Map<Contender, string>();
  for (let round = 0; round <= rounds; round++) {
    for (const contender of contenders) {
      const result = await contender.run();
      answers.set(contender, result.output);
      if (round > 0) seconds.get(contender)!.push(result.seconds);
    }
  }
  if (compare !== undefined) compareAnswers(answers, compare);
  return contenders.map((contender) => ({
    name: contender.name,
    seconds: seconds.get(contender)!,
    megabytesPerSecond: contender.megabytes / median(seconds.get(contender)!),
  }));
}

/** Who is fast must also be right: all that worked on the same bytes count the same. */
function compareAnswers(
  answers: ReadonlyMap<Contender, string>,
  fields: NonNullable<Work["compare"]>,
): void {
  const [ours] = answers.keys();
  const counts = new Map<string, string>();
  for (const [{ name, megabytes }, output] of answers) {
    if (name === DRAIN || megabytes !== ours!.megabytes) continue;
    counts.set(name, JSON.stringify([...pairs(output, fields)].sort()));
  }
  if (new Set(counts.values()).size === 1) return;
  const told = [...counts].map(([name, text]) => `${name}: ${text.slice(0, 2000)}`);
  throw new Error(`The answers differ:\n${told.join("\n")}`);
}

/** Keys and values from NDJSON rows, from one JSON object, or from lines of two words. */
function* pairs(
  output: string,
  { key, value }: NonNullable<Work["compare"]>,
): Generator<[string, number]> {
  for (const line of output.trim().split("\n")) {
    if (!line.startsWith("{")) yield [line.split(" ")[0]!, Number(line.split(" ")[1])];
    else {
      const row = JSON.parse(line) as Record<string, unknown>;
      if ("$notice" in row) continue;
      if (key in row) yield [String(row[key]), Number(row[value])];
      else {yield* Object.entries(row).map((
          [name, count],
        ): [string, number] => [name, Number(count)]
        );}
    }
  }
}
