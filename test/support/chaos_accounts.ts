/**
 * Whether a run's report adds up: no row is lost between stages and none counted twice.
 * @module
 */
import type { RunReport, StageReport } from "../../src/pipeline/report.ts";

/** Words that pass every row on. */
const PASSING: ReadonlySet<string> = new Set([
  "let",
  "select",
  "drop",
  "sort",
  "running",
  "buffer",
  "shaky",
  "stall",
  "lag",
]);
/** Words that give no more rows than come in, at most what their names say. */
const FEWER: ReadonlySet<string> = new Set([...PASSING, "where", "head", "tail", "top"]);
/** Words that want no more rows once they have enough: what is under way to them then is of no interest. */
const EARLY = /(?:^|\W)head\b/;

const wordOf = ({ stage }: StageReport) => stage.slice(stage.lastIndexOf(".") + 1);

/** What does not add up, a line each; a run that failed may have rows under way. */
export function faultsOf(report: RunReport): readonly string[] {
  const whole = report.state === "complete" && !EARLY.test(report.pipeline);
  const faults: string[] = [];
  const expect = (left: number, right: number, what: string) => {
    if (whole ? left !== right : left < right) faults.push(`${what}: ${left} and ${right}`);
  };
  const outer = report.stages.filter(({ stage }) => !stage.includes("."));
  const [format] = outer;
  expect(report.lines, format!.rowsOut + report.rejects, "lines, rows and rejects");
  outer.slice(1).forEach((stage, index) => {
    const above = outer[index]!;
    expect(above.rowsOut, stage.rowsIn, `rows from ${above.stage} to ${stage.stage}`);
  });
  const last = outer.at(-1)!;
  expect(last.rowsOut, report.rows, `rows from ${last.stage} to the result`);
  for (const stage of report.stages) {
    if (PASSING.has(wordOf(stage))) expect(stage.rowsIn, stage.rowsOut, `rows of ${stage.stage}`);
    if (FEWER.has(wordOf(stage)) && stage.rowsOut > stage.rowsIn) {
      faults.push(`${stage.stage} gave ${stage.rowsOut} rows of ${stage.rowsIn}`);
    }
    const seen = stage.facts["seen"];
    if (whole && seen !== undefined && seen !== stage.rowsIn) {
      faults.push(`${stage.stage} has seen ${seen} rows of ${stage.rowsIn}`);
    }
  }
  return [...faults, ...branchFaults(report.stages, whole)];
}

/** Each branch of a `tee` has all rows, cases of a `route` have each once or never. */
function branchFaults(stages: readonly StageReport[], whole: boolean): readonly string[] {
  if (!whole) return [];
  return stages.flatMap((stage, at) => {
    const word = wordOf(stage);
    if (word !== "tee" && word !== "route") return [];
    const prefix = `${stage.stage}.`;
    const below = stages.slice(at + 1);
    const end = below.findIndex((other) => !other.stage.startsWith(prefix));
    const firsts = new Map<string, number>();
    for (const other of end < 0 ? below : below.slice(0, end)) {
      const branch = other.stage.slice(prefix.length).split(".")[0]!;
      if (!firsts.has(branch)) firsts.set(branch, other.rowsIn);
    }
    const counts = [...firsts.values()];
    const unmatched = Number(stage.facts["unmatched"] ?? 0);
    const sum = counts.reduce((total, count) => total + count, unmatched);
    const right = word === "tee"
      ? counts.every((count) => count === stage.rowsIn)
      : sum === stage.rowsIn;
    return right ? [] : [`${stage.stage} had ${stage.rowsIn} rows, its branches ${counts}`];
  });
}
