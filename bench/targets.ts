/**
 * What the project set out to reach, and where each figure stands in the results.
 * @module
 */
import type { Results } from "./results.ts";

/** A goal for each runtime. */
export interface Target {
  readonly what: string;
  readonly against: string;
  /** `times` the rival's speed, at least; or milliseconds, at most. */
  readonly unit: "times" | "ms";
  readonly goal: { readonly deno: number; readonly bun: number };
  /** The measured figure; null when it was not measured. */
  measured(results: Results): number | null;
}

function ratio(work: string, rival: string): Target["measured"] {
  return ({ works }) =>
    works.find(({ id }) => id === work)?.rivals.find(({ name }) => name === rival)?.ratio ?? null;
}

function times(
  what: string,
  against: string,
  goal: readonly [deno: number, bun: number],
  measured: Target["measured"],
): Target {
  return { what, against, unit: "times", goal: { deno: goal[0], bun: goal[1] }, measured };
}

function atMost(what: string, goal: number, measured: Target["measured"]): Target {
  return { what, against: "", unit: "ms", goal: { deno: goal, bun: goal }, measured };
}

const ACCESS = "access-log query";

/** The goals, in the order of the table. */
export const TARGETS: readonly Target[] = [
  times(ACCESS, "mawk", [2.5, 3.5], ratio("access", "mawk")),
  times(ACCESS, "DuckDB, CSV reader", [0.8, 1.1], ratio("access", "DuckDB, CSV reader")),
  times(ACCESS, "raw drain", [0.45, 0.4], ratio("access", "raw drain")),
  times(
    ACCESS,
    "TextLineStream and objects",
    [8, 8],
    ratio("access", "TextLineStream and objects"),
  ),
  times("NDJSON", "DuckDB, NDJSON reader", [0.7, 0.7], ratio("ndjson", "DuckDB, NDJSON reader")),
  times("NDJSON", "jq", [15, 15], ratio("ndjson", "jq")),
  times("1BRC, rows a second", "raw drain", [0.35, 0.35], ratio("1brc", "raw drain")),
  times("gzip upload", "gzip -dc, mawk", [1, 1], ratio("gzip", "gzip -dc | mawk")),
  atMost("first row, idle", 20, ({ latency }) => latency?.idle.open.median ?? null),
  atMost(
    "small upload beside two large ones, first row",
    100,
    ({ latency }) => latency?.busy.small.median ?? null,
  ),
  times(
    "10 KB uploads a second",
    "Hono drain handler",
    [0.4, 0.4],
    ({ small }) => small?.ratio ?? null,
  ),
];

/** Whether a figure is as good as its goal. */
export function isReached({ unit }: Target, figure: number, goal: number): boolean {
  return unit === "times" ? figure >= goal : figure <= goal;
}
