/**
 * Results of both runtimes as Markdown tables, side by side.
 * @module
 */
import type { Results } from "./results.ts";
import { isReached, type Target, TARGETS } from "./targets.ts";
import type { WorkResult } from "./throughput_bench.ts";
import { WORKS } from "./works.ts";

/** The results of both; null where a runtime was not measured. */
export interface Both {
  readonly deno: Results | null;
  readonly bun: Results | null;
}

const NONE = "-";

/** The tables by the name of the part that they stand in. */
export function tablesOf(both: Both): Readonly<Record<string, string>> {
  return {
    conditions: conditions(both),
    targets: targets(both),
    works: works(both),
    profile: profile(both),
    small: small(both),
    many: many(both),
    memory: memory(both),
    rivals: rivals(),
  };
}

/** `text` with what stands between the markers of `name` replaced. Throws when they are not there. */
export function replacePart(text: string, name: string, part: string): string {
  const start = `<!-- bench: ${name} -->`;
  const end = "<!-- end -->";
  const from = text.indexOf(start);
  const to = text.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`Expected ${start} and then ${end}, found neither`);
  return `${text.slice(0, from)}${start}\n\n${part}\n\n${text.slice(to)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function code(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}

/** A figure of each runtime, in two cells. */
function pair(both: Both, figure: (results: Results) => string | null | undefined): string[] {
  return [both.deno, both.bun].map((results) => results === null ? NONE : figure(results) ?? NONE);
}

/** The ratio in as many digits as it has meaning. */
function times(ratio: number): string {
  return `${ratio.toFixed(ratio < 10 ? 2 : 0)} x`;
}

function conditions(both: Both): string {
  return [both.deno, both.bun].flatMap((results) => {
    if (results === null) return [];
    const { runtime, version, cores, measuredAt, quick } = results;
    const name = runtime === "deno" ? "Deno" : "Bun";
    return [
      `${name} ${version}, ${cores} cores, ${measuredAt.slice(0, 10)}${quick ? ", quick" : ""}`,
    ];
  }).join("; ") + ".";
}

function targets(both: Both): string {
  return table(
    ["what", "against", "goal Deno", "Deno", "goal Bun", "Bun"],
    TARGETS.map((target) => [
      target.what,
      target.against === "" ? NONE : target.against,
      ...targetCells(target, "deno", both.deno),
      ...targetCells(target, "bun", both.bun),
    ]),
  );
}

function targetCells(
  target: Target,
  runtime: "deno" | "bun",
  results: Results | null,
): string[] {
  const goal = target.goal[runtime];
  const figure = results === null ? null : target.measured(results);
  const told = (value: number) => target.unit === "times" ? times(value) : `${value.toFixed(1)} ms`;
  const bound = target.unit === "times" ? `${goal} x` : `${goal} ms`;
  if (figure === null) return [bound, NONE];
  return [bound, isReached(target, figure, goal) ? `**${told(figure)}**` : told(figure)];
}

function workOf(results: Results, id: string): WorkResult | undefined {
  return results.works.find((work) => work.id === id);
}

function works(both: Both): string {
  const rows = WORKS.flatMap(({ id, title, pipeline, rivals: all }) => [
    [
      `${title}: ${code(pipeline)}`,
      "",
      ...pair(both, (results) => {
        const work = workOf(results, id);
        return work &&
          `${work.megabytesPerSecond.toFixed(0)} MB/s, ${
            (work.linesPerSecond / 1e6).toFixed(2)
          } M lines/s`;
      }),
    ],
    ...all.map(({ name }) => [
      "",
      name.replaceAll("|", "\\|"),
      ...pair(both, (results) => {
        const rival = workOf(results, id)?.rivals.find((one) => one.name === name);
        return rival && times(rival.ratio);
      }),
    ]),
  ]);
  return table(["work, over HTTP", "Sluice is so many times as fast as", "Deno", "Bun"], rows);
}

function profile(both: Both): string {
  const rows = WORKS.map(({ id, title }) => [
    title,
    ...pair(both, (results) => {
      const found = workOf(results, id)?.profile;
      if (found === undefined) return null;
      const stages = found.stages.map(({ stage, busyMs }) => `${code(stage)} ${busyMs.toFixed(0)}`);
      return `${found.durationMs.toFixed(0)} ms: ${stages.join(", ")}, rest ${
        found.restMs.toFixed(0)
      }`;
    }),
  ]);
  return table(["work", "Deno: run, busy by stage", "Bun"], rows);
}

function small(both: Both): string {
  const waits = (median: number, worst: number) =>
    `${median.toFixed(1)} ms, ${worst.toFixed(1)} ms`;
  const first = (when: "idle" | "busy", kind: "open" | "small") =>
    pair(
      both,
      ({ latency }) => latency && waits(latency[when][kind].median, latency[when][kind].worst),
    );
  return table(["first row after the first byte: median, worst", "Deno", "Bun"], [
    ["idle server, upload still open", ...first("idle", "open")],
    ["idle server, 10 KB aggregated", ...first("idle", "small")],
    ["beside two large uploads, upload still open", ...first("busy", "open")],
    ["beside two large uploads, 10 KB aggregated", ...first("busy", "small")],
    [
      "10 KB uploads a second, and a Hono handler that drains them",
      ...pair(
        both,
        ({ small: found }) =>
          found && `${found.perSecond.toFixed(0)}, ${found.honoPerSecond.toFixed(0)}`,
      ),
    ],
    ...smallServers(both),
  ]);
}

/** What each server on the way from HTTP alone to ours takes for a small upload. */
function smallServers(both: Both): string[][] {
  const serversOf = (results: Results | null) => results?.small?.servers ?? [];
  const names = [...serversOf(both.deno), ...serversOf(both.bun)].map(({ name }) => name);
  return [...new Set(names)].map((name) => [
    `10 KB uploads a second, and µs of processor time each: ${name}`,
    ...pair(both, (results) => {
      const found = serversOf(results).find((server) => server.name === name);
      return found && `${found.perSecond.toFixed(0)}, ${found.microseconds.toFixed(0)}`;
    }),
  ]);
}

function many(both: Both): string {
  const counts = [
    ...new Set(
      [both.deno, both.bun].flatMap((results) =>
        (results?.concurrency ?? []).map(({ uploads }) => uploads)
      ),
    ),
  ];
  const rows = counts.map((count) => [
    String(count),
    ...pair(both, ({ concurrency }) => {
      const found = concurrency?.find(({ uploads }) => uploads === count);
      return found &&
        `${found.megabytesPerSecond.toFixed(0)} MB/s, ${times(found.ratio)}; ${
          found.slowestToMedian.toFixed(2)
        } x; ${found.peakMegabytes.toFixed(0)} MB`;
    }),
  ]);
  return table([
    "uploads at once: together, against the raw drain; slowest to median; peak memory",
    "Deno",
    "Bun",
  ], rows);
}

function memory(both: Both): string {
  const loads = [
    ...new Set([both.deno, both.bun].flatMap((results) => Object.keys(results?.memory ?? {}))),
  ];
  const rows = loads.map((load) => [
    load,
    ...pair(both, (results) => {
      const megabytes = results.memory?.[load];
      return megabytes === undefined ? null : `${megabytes.toFixed(0)} MB`;
    }),
  ]);
  return table(["peak memory of the server", "Deno", "Bun"], rows);
}

/** What each rival does, said once where several works have the same. */
function rivals(): string {
  const told = new Map<string, { name: string; does: string; ids: string[] }>();
  for (const { id, rivals: all } of WORKS) {
    for (const { name, does } of all) {
      const known = told.get(`${name}\n${does}`);
      if (known === undefined) told.set(`${name}\n${does}`, { name, does, ids: [id] });
      else known.ids.push(id);
    }
  }
  return table(
    ["rival", "of", "does"],
    [...told.values()].map(({ name, does, ids }) => [
      name.replaceAll("|", "\\|"),
      ids.join(", "),
      does,
    ]),
  );
}
