/**
 * HTTP throughput of each work on a large upload, beside its rivals in the same run: ours, rival, ours, next rival, and so on, so
 * that noise hits all.
 * @module
 */
import { compareAnswers, readRows } from "./answers.ts";
import { type Contender, Contenders } from "./contenders.ts";
import type { InputSize } from "./input_file.ts";
import { median } from "./processes.ts";
import { type Profile, profileOf } from "./profile.ts";
import type { Work } from "./works.ts";

/** A rival of a work. MB are 10^6 bytes of the decoded input. */
export interface RivalResult {
  readonly name: string;
  readonly does: string;
  /** Our speed by theirs: the median over the rounds of the ratio of two runs, one right after the other. */
  readonly ratio: number;
  readonly megabytesPerSecond: number;
  /** Of the input that it worked on, which is smaller than ours for slow ones. */
  readonly megabytes: number;
  readonly seconds: readonly number[];
  /** The run of ours just before each. */
  readonly ourSeconds: readonly number[];
  /** Columns that were found equal to ours. */
  readonly compared: readonly string[];
}

/** A work, ours and its rivals'. */
export interface WorkResult {
  readonly id: string;
  readonly title: string;
  readonly pipeline: string;
  readonly megabytes: number;
  readonly lines: number;
  readonly megabytesPerSecond: number;
  readonly linesPerSecond: number;
  readonly rounds: number;
  readonly rivals: readonly RivalResult[];
  /** Rivals that are not on this machine, with the reason. */
  readonly absent: readonly string[];
  readonly profile: Profile;
}

/** Runs every work against each of its rivals `rounds` times, after one round that is not counted. Throws on a wrong answer. */
export async function throughput(
  works: readonly Work[],
  size: InputSize,
  rounds: number,
  tell: (result: WorkResult) => void,
): Promise<WorkResult[]> {
  const contenders = await Contenders.start();
  try {
    const results: WorkResult[] = [];
    for (const work of works) {
      const result = await measure(work, size, rounds, contenders);
      tell(result);
      results.push(result);
    }
    return results;
  } finally {
    await contenders.stop();
  }
}

async function measure(
  work: Work,
  size: InputSize,
  rounds: number,
  contenders: Contenders,
): Promise<WorkResult> {
  const ours = await contenders.own(work, size);
  const { rivals, absent } = await contenders.rivalsOf(work, size);
  const rows = readRows((await ours.run()).output);
  if (work.expected !== undefined) {
    const expected = await work.expected(ours.input);
    compareAnswers("the plain computation", rows, expected, work.answer);
  }
  const pairs = rivals.length === 0 ? [null] : rivals;
  const seconds = pairs.map(() => ({ ours: [] as number[], theirs: [] as number[] }));
  for (let round = 0; round <= rounds; round++) {
    for (const [index, rival] of pairs.entries()) {
      const own = await ours.run();
      const other = await rival?.run();
      if (round === 0) {
        if (rival !== null) await compare(rival, work, size, contenders, other!.output);
        continue;
      }
      seconds[index]!.ours.push(own.seconds);
      if (other !== undefined) seconds[index]!.theirs.push(other.seconds);
    }
  }
  const profile = profileOf(await contenders.reports(rounds * pairs.length));
  const second = median(seconds.flatMap(({ ours }) => ours));
  const { id, title, pipeline } = work;
  const { megabytes } = ours.input;
  return {
    id,
    title,
    pipeline,
    megabytes,
    lines: profile.lines,
    megabytesPerSecond: megabytes / second,
    linesPerSecond: profile.lines / second,
    rounds,
    rivals: rivals.map((rival, index) => {
      const { ours, theirs } = seconds[index]!;
      return resultOf(rival, work, megabytes, ours, theirs);
    }),
    absent,
    profile,
  };
}

/** Ours on the very input of the rival, as that may be smaller. */
async function compare(
  contender: Contender,
  work: Work,
  size: InputSize,
  contenders: Contenders,
  output: string,
): Promise<void> {
  const { without = [], share, name } = contender.rival!;
  if (without === "all") return;
  const ours = await contenders.own(work, size, share);
  const rows = readRows((await ours.run()).output);
  compareAnswers(name, rows, readRows(output), work.answer, without);
}

function resultOf(
  { rival, input }: Contender,
  work: Work,
  ourMegabytes: number,
  ours: readonly number[],
  theirs: readonly number[],
): RivalResult {
  const { name, does, without = [] } = rival!;
  const ratios = ours.map((own, round) =>
    (ourMegabytes / own) / (input.megabytes / theirs[round]!)
  );
  const columns = Object.keys(work.answer.values);
  return {
    name,
    does,
    ratio: median(ratios),
    megabytesPerSecond: input.megabytes / median(theirs),
    megabytes: input.megabytes,
    seconds: theirs,
    ourSeconds: ours,
    compared: without === "all" ? [] : columns.filter((column) => !without.includes(column)),
  };
}
