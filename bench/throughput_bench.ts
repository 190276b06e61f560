/**
 * HTTP throughput of a filter and a group-by on a large upload, beside its baselines in the same run.
 * @module
 */
import { stat } from "node:fs/promises";
import { accessLogFile } from "./data.ts";
import { median, present, type ServerProcess, startServer, timed } from "./processes.ts";

const QUERY = "combined | where status >= 500 | stats count by path";
const MAWK =
  '$9 >= 500 { sub(/\\?.*/, "", $7); count[$7]++ } END { for (path in count) print path, count[path] }';

/** One contender: seconds of each round, median MB/s. */
export interface Throughput {
  readonly name: string;
  readonly megabytesPerSecond: number;
  readonly seconds: readonly number[];
}

/** Runs every contender `rounds` times, in turn, after one round that is not counted. */
export async function throughput(megabytes: number, rounds: number): Promise<Throughput[]> {
  const file = await accessLogFile(megabytes);
  const size = (await stat(file)).size / 1e6;
  const sluice = await startServer("../routes/main.ts");
  const baseline = await startServer("baseline_server.ts");
  const contenders: [string, () => Promise<{ seconds: number; output: string }>][] = [
    ["sluice", () => upload(sluice, `/v1/run?q=${encodeURIComponent(QUERY)}`, file)],
    ["raw drain", () => upload(baseline, "/drain", file)],
    ["TextLineStream + objects", () => upload(baseline, "/lines", file)],
  ];
  if (present("mawk")) contenders.push(["mawk on the file", () => timed("mawk", [MAWK, file])]);
  else console.log("mawk: absent");
  const times = new Map<string, number[]>(contenders.map(([name]) => [name, []]));
  const answers = new Map<string, string>();
  for (let round = 0; round <= rounds; round++) {
    for (const [name, run] of contenders) {
      const { seconds, output } = await run();
      answers.set(name, output);
      if (round > 0) times.get(name)!.push(seconds);
    }
  }
  await Promise.all([sluice.stop(), baseline.stop()]);
  compareAnswers(answers);
  return [...times].map(([name, seconds]) => ({
    name,
    seconds,
    megabytesPerSecond: size / median(seconds),
  }));
}

function upload(server: ServerProcess, path: string, file: string) {
  return timed("curl", ["-sSN", "--fail", "-T", file, server.url + path]);
}

/** Who is fast must also be right: all count the same. */
function compareAnswers(answers: ReadonlyMap<string, string>): void {
  const counts = new Map<string, string>();
  for (const [name, output] of answers) {
    if (name !== "raw drain") counts.set(name, JSON.stringify([...pairs(name, output)].sort()));
  }
  if (new Set(counts.values()).size !== 1) {
    throw new Error(
      `The answers differ:\n${[...counts].map(([name, text]) => `${name}: ${text}`).join("\n")}`,
    );
  }
}

function* pairs(name: string, output: string): Generator<[string, number]> {
  const lines = output.trim().split("\n");
  if (name === "TextLineStream + objects") yield* Object.entries<number>(JSON.parse(output));
  else if (name === "sluice") {
    for (const line of lines) {
      const row = JSON.parse(line);
      yield [row.path, row.count];
    }
  } else {
    for (const line of lines) yield [line.split(" ")[0]!, Number(line.split(" ")[1])];
  }
}
