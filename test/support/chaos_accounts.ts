/**
 * Whether a run's report adds up: no row is lost between stages and none counted twice.
 * @module
 */
import type { RunReport, StageReport } from "../../src/pipeline/report.ts";

/** Words that give as many rows as come in, but for those that they say to have dropped, left out or rejected. */
const PASSING: ReadonlySet<string> = new Set([
  "let",
  "select",
  "drop",
  "sort",
  "running",
  "buffer",
  "throttle",
  "lookup",
  "cache",
  "brittle",
  "shaky",
  "throws",
  "stall",
  "lag",
]);
/** Words that give no more rows than come in, at most what their names say. */
const FEWER: ReadonlySet<string> = new Set([...PASSING, "where", "head", "tail", "top", "into"]);
/** Words that want no more rows once they have enough: what is under way to them then is of no interest. */
const EARLY = /(?:^|\W)head\b/;

const wordOf = ({ stage }: StageReport) => stage.slice(stage.lastIndexOf(".") + 1);
const factOf = ({ facts }: StageReport, name: string) => Number(facts[name] ?? 0);

/** What does not add up, a line each; a run that failed may have rows under way. */
export function faultsOf(report: RunReport): readonly string[] {
  const whole = report.state === "complete" && !EARLY.test(report.pipeline);
  const faults: string[] = [];
  const expect = (left: number, right: number, what: string) => {
    if (whole ? left !== right : left < right) faults.push(`${what}: ${left} and ${right}`);
  };
  const outer = report.stages.filter(({ stage }) => !stage.includes("."));
  const [format] = outer;
  expect(report.lines, format!.rowsOut + format!.rejects, "lines, rows and rejects");
  expect(report.rejects, sumOf(report.stages, ({ rejects }) => rejects), "rejects of all stages");
  outer.slice(1).forEach((stage, index) => {
    const above = outer[index]!;
    expect(above.rowsOut, stage.rowsIn, `rows from ${above.stage} to ${stage.stage}`);
  });
  const last = outer.at(-1)!;
  expect(last.rowsOut, report.rows, `rows from ${last.stage} to the result`);
  for (const stage of report.stages) {
    faults.push(...stageFaults(stage, whole), ...tallyFaults(stage, report.pipeline, whole));
  }
  return [...faults, ...branchFaults(report.stages, whole)];
}

function sumOf(stages: readonly StageReport[], read: (stage: StageReport) => number): number {
  return stages.reduce((sum, stage) => sum + read(stage), 0);
}

function stageFaults(stage: StageReport, whole: boolean): readonly string[] {
  const faults: string[] = [];
  const word = wordOf(stage);
  const { rowsIn, rowsOut, rejects } = stage;
  const gone = rejects + factOf(stage, "dropped") + factOf(stage, "skipped");
  if (PASSING.has(word) && (whole ? rowsIn !== rowsOut + gone : rowsIn < rowsOut)) {
    faults.push(`rows of ${stage.stage}: ${rowsIn} in, ${rowsOut} out, ${gone} said to be gone`);
  }
  if (FEWER.has(word) && rowsOut > Math.max(rowsIn, word === "into" ? 1 : 0)) {
    faults.push(`${stage.stage} gave ${rowsOut} rows of ${rowsIn}`);
  }
  return faults;
}

/** What stages say of their rows is said of each once. */
function tallyFaults(stage: StageReport, pipeline: string, whole: boolean): readonly string[] {
  if (!whole) return [];
  const { rowsIn, facts } = stage;
  const tallies: Record<string, readonly string[]> = {
    lookup: ["hits", "misses", "joined"],
    cache: ["hits", "misses", "joined"],
    into: ["written", "failed"],
    shaky: ["seen"],
  };
  const names = tallies[wordOf(stage)] ?? [];
  if (!names.some((name) => name in facts)) return [];
  const told = names.reduce((sum, name) => sum + factOf(stage, name), 0);
  // Where rows come together that have not the same fields, some have nothing to be asked for.
  const all = !/\b(?:tee|route|dead_letter|lookup|cache|late=emit)\b.*\blookup http/.test(pipeline);
  return (all ? told === rowsIn : told <= rowsIn)
    ? []
    : [`${stage.stage} tells of ${told} rows of ${rowsIn} by ${names}`];
}

/** What is right of the stages nested in one, given the first and last stage of each branch. */
type Sharing = (
  stage: StageReport,
  branches: readonly { readonly first: StageReport; readonly last: StageReport }[],
  before: readonly StageReport[],
) => boolean;

const SHARINGS: Readonly<Record<string, Sharing>> = {
  tee: ({ rowsIn }, branches) => branches.every(({ first }) => first.rowsIn === rowsIn),
  route: (stage, branches) =>
    branches.reduce((sum, { first }) => sum + first.rowsIn, factOf(stage, "unmatched")) ===
      stage.rowsIn,
  parallel: oneWay,
  partition: oneWay,
  timeout: oneWay,
  dead_letter: ({ stage, rowsIn, rowsOut }, [branch], before) => {
    const prefix = stage.slice(0, stage.lastIndexOf(".") + 1);
    const above = before.filter((other) => other.stage.startsWith(prefix));
    const taken = above.findLastIndex((other) =>
      other.stage.startsWith(prefix) && wordOf(other) === "dead_letter" &&
      !other.stage.slice(prefix.length).includes(".")
    );
    const rejects = sumOf(above.slice(taken + 1), (other) => other.rejects);
    const inside = above.slice(0, taken + 1).some(({ stage }) => stage.includes("dead_letter."));
    return rowsOut === rowsIn + branch!.last.rowsOut &&
      (inside || branch!.first.rowsIn === rejects);
  },
};

function oneWay({ rowsIn, rowsOut }: StageReport, [branch]: Parameters<Sharing>[1]): boolean {
  if (branch === undefined) return true;
  return branch.first.rowsIn === rowsIn && branch.last.rowsOut === rowsOut;
}

/** Each branch of a `tee` has all rows, cases of a `route` have each once or never, lanes together each once. */
function branchFaults(stages: readonly StageReport[], whole: boolean): readonly string[] {
  if (!whole) return [];
  return stages.flatMap((stage, at) => {
    const right = SHARINGS[wordOf(stage)];
    if (right === undefined) return [];
    const prefix = `${stage.stage}.`;
    const below = stages.slice(at + 1);
    const end = below.findIndex((other) => !other.stage.startsWith(prefix));
    const branches = new Map<string, { first: StageReport; last: StageReport }>();
    for (const other of end < 0 ? below : below.slice(0, end)) {
      const [name = "", ...inner] = other.stage.slice(prefix.length).split(".");
      if (inner.length !== 1) continue;
      branches.set(name, { first: branches.get(name)?.first ?? other, last: other });
    }
    const list = [...branches.values()];
    if (right(stage, list, stages.slice(0, at))) return [];
    const counts = list.map(({ first, last }) => `${first.rowsIn} to ${last.rowsOut}`);
    return [
      `${stage.stage} had ${stage.rowsIn} rows and gave ${stage.rowsOut}, in it: ${
        counts.join(", ")
      }`,
    ];
  });
}
