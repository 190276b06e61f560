/**
 * What is measured: each work is a pipeline on a file, with the commands that people would use in its place.
 * @module
 */
import { accessLogFile, eventsFile, gzipped } from "./data.ts";
import { present } from "./processes.ts";

/** A command that does a work on the file itself, without HTTP. */
export interface Rival {
  readonly name: string;
  /** The program that must be there. */
  readonly program: string;
  /** A shell command on `$1`, the file. */
  readonly command: string;
  /** For slow ones: measured on the file of this share of the size; its MB/s are compared. */
  readonly share?: number;
}

/** One work. */
export interface Work {
  readonly name: string;
  readonly pipeline: string;
  /** The path of the upload of so many MB (decoded). */
  file(megabytes: number): Promise<string>;
  readonly rivals: readonly Rival[];
  /** Whether the TextLineStream pipeline of the baseline server does the same. */
  readonly lines?: true;
  /** What an answer must have in common with every rival's: key and value of each line, from NDJSON or words. */
  readonly compare?: { readonly key: string; readonly value: string };
}

const ERRORS_BY_PATH =
  '$9 >= 500 { sub(/\\?.*/, "", $7); n[$7]++ } END { for (k in n) print k, n[k] }';

/** Every work, the access-log query first. */
export const WORKS: readonly Work[] = [
  {
    name: "access log: errors by path",
    pipeline: "combined | where status >= 500 | stats count by path",
    file: accessLogFile,
    lines: true,
    compare: { key: "path", value: "count" },
    rivals: [{
      name: "mawk on the file",
      program: "mawk",
      command: `mawk '${ERRORS_BY_PATH}' "$1"`,
    }],
  },
  {
    name: "access log: p50, p99 and hosts by minute",
    pipeline:
      "combined | stats p50(bytes), p99(bytes), distinct(ip) as hosts by bin(time, 1m) as minute",
    file: accessLogFile,
    rivals: [],
  },
  {
    name: "access log: where with a pattern",
    pipeline: "combined | where path =~ '^/(api|blog)/[a-z]+' | stats count by path",
    file: accessLogFile,
    compare: { key: "path", value: "count" },
    rivals: [{
      name: "mawk on the file",
      program: "mawk",
      command:
        `mawk '{ sub(/\\?.*/, "", $7) } $7 ~ /^\\/(api|blog)\\/[a-z]+/ { n[$7]++ } END { for (k in n) print k, n[k] }' "$1"`,
    }],
  },
  {
    name: "access log, gzip",
    pipeline: "combined | where status >= 500 | stats count by path",
    file: async (megabytes) => gzipped(await accessLogFile(megabytes)),
    compare: { key: "path", value: "count" },
    rivals: [{
      name: "gzip -dc | mawk",
      program: "mawk",
      command: `gzip -dc "$1" | mawk '${ERRORS_BY_PATH}'`,
    }],
  },
  {
    name: "NDJSON: filter, group by path, p99",
    pipeline: "json | where status >= 500 | stats count, p99(latency) as p99 by path",
    file: eventsFile,
    compare: { key: "path", value: "count" },
    rivals: [{
      name: "jq on the file",
      program: "jq",
      share: 0.1,
      command:
        `jq -rn 'reduce (inputs | select(.status >= 500)) as $e ({}; .[$e.path] += 1) | to_entries[] | "\\(.key) \\(.value)"' "$1"`,
    }],
  },
];

/** The rivals of a work that are on this machine; names those that are not. */
export function rivalsOf(work: Work): readonly Rival[] {
  return work.rivals.filter((rival) => {
    const there = present(rival.program);
    if (!there) console.log(`${rival.name}: absent`);
    return there;
  });
}
