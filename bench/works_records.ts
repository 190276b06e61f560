/**
 * Works on NDJSON, CSV and the rows of the One Billion Row Challenge.
 * @module
 */
import { events, quotedCsv, stationRows } from "./data.ts";
import { DRAIN, quantileSql } from "./common_rivals.ts";
import { CHALLENGE, plainAnswer } from "./one_billion_rows.ts";
import type { Rival, Work } from "./works.ts";

const EVENT_RIVALS: readonly Rival[] = [
  DRAIN,
  {
    name: "DuckDB, NDJSON reader",
    does: "on the file, 2 threads: reads three columns, filter, count and exact p99 by path",
    sql: `SELECT path, count(*) AS count, ${quantileSql("latency", 0.99)} AS p99 FROM ` +
      "read_ndjson($file, columns = {'path': 'VARCHAR', 'status': 'BIGINT', 'latency': 'DOUBLE'}) " +
      "WHERE status >= 500 GROUP BY path",
  },
  {
    name: "jq",
    does: "on the file, a twentieth of it: filter, group_by path, count and exact p99 by sorting",
    programs: ["jq"],
    share: 0.05,
    command: `jq -cn '[inputs | select(.status >= 500)] | group_by(.path)[] | ` +
      `{path: .[0].path, count: length, p99: (map(.latency) | sort | .[length * 0.99 | floor])}' "$1"`,
  },
  {
    name: "Miller",
    does: "on the file, a twentieth of it: filter, count and exact p99 by path",
    programs: ["mlr"],
    share: 0.05,
    command:
      `mlr --ijsonl --ojsonl filter '$status >= 500' then stats1 -a count,p99 -f latency -g path ` +
      `then rename latency_count,count,latency_p99,p99 "$1"`,
  },
];

const CSV_RIVALS: readonly Rival[] = [
  DRAIN,
  {
    name: "DuckDB, CSV reader",
    does: "on the file, 2 threads: filter, count and sum of bytes by path",
    sql:
      "SELECT path, count(*) AS count, sum(bytes) AS bytes FROM read_csv($file, header = true, " +
      `delim = ',', quote = '"', escape = '"', columns = {'id': 'BIGINT', 'time': 'VARCHAR', ` +
      "'host': 'VARCHAR', 'method': 'VARCHAR', 'path': 'VARCHAR', 'status': 'BIGINT', " +
      "'bytes': 'BIGINT', 'agent': 'VARCHAR', 'note': 'VARCHAR'}) WHERE status >= 500 GROUP BY path",
  },
  {
    name: "Miller",
    does: "on the file, a twentieth of it: filter, count and sum of bytes by path",
    programs: ["mlr"],
    share: 0.05,
    command:
      `mlr --icsv --ojsonl filter '$status >= 500' then stats1 -a count,sum -f bytes -g path ` +
      `then rename bytes_count,count,bytes_sum,bytes "$1"`,
  },
];

const MEAN = "floor(round(sum(temperature) * 10) / count(*) + 0.5) / 10";

const CHALLENGE_RIVALS: readonly Rival[] = [
  DRAIN,
  {
    name: "mawk",
    does: "on the file, 1 thread: min, rounded mean and max by station",
    programs: ["mawk"],
    command: `mawk -F ';' '{ t = $2 + 0; if (!($1 in n)) { lo[$1] = t; hi[$1] = t } ` +
      `else if (t < lo[$1]) lo[$1] = t; else if (t > hi[$1]) hi[$1] = t; s[$1] += t; n[$1]++ } ` +
      `function floor(x, i) { i = int(x); return i > x ? i - 1 : i } ` +
      `END { for (k in n) printf "{\\"station\\":\\"%s\\",\\"min\\":%.1f,\\"mean\\":%.1f,\\"max\\":%.1f}\\n", ` +
      `k, lo[k], floor(floor(s[k] * 10 + 0.5) / n[k] + 0.5) / 10, hi[k] }' "$1"`,
  },
  {
    name: "DuckDB, CSV reader",
    does: "on the file, 2 threads: min, rounded mean and max by station",
    sql: `SELECT station, min(temperature) AS min, ${MEAN} AS mean, max(temperature) AS max FROM ` +
      `read_csv($file, delim = ';', quote = '', escape = '', header = false, ` +
      "columns = {'station': 'VARCHAR', 'temperature': 'DOUBLE'}) GROUP BY station ORDER BY station",
  },
  {
    name: "Miller",
    does: "on the file, a fiftieth of it: min, rounded mean and max by station",
    programs: ["mlr"],
    share: 0.02,
    command:
      `mlr --icsv --ifs ';' --implicit-csv-header --ojsonl stats1 -a min,sum,count,max -f 2 -g 1 ` +
      `then put '$mean = floor(roundm($2_sum * 10, 1) / $2_count + 0.5) / 10' ` +
      `then rename 1,station,2_min,min,2_max,max "$1"`,
  },
];

/** The works on records. */
export const RECORD_WORKS: readonly Work[] = [
  {
    id: "ndjson",
    title: "NDJSON: filter, count and p99 by path",
    pipeline: "json | where status >= 500 | stats count, p99(latency) as p99 by path",
    input: events,
    answer: { key: "path", values: { count: 0, p99: 0.0101 } },
    rivals: EVENT_RIVALS,
  },
  {
    id: "csv",
    title: "CSV with quotes: filter, count and sum by path",
    pipeline: "csv | where status >= 500 | stats count, sum(bytes) as bytes by path",
    input: quotedCsv,
    answer: { key: "path", values: { count: 0, bytes: 0 } },
    rivals: CSV_RIVALS,
  },
  {
    id: "1brc",
    title: "One Billion Row Challenge: min, mean, max by station",
    pipeline: CHALLENGE,
    method: "POST",
    input: stationRows,
    answer: { key: "station", values: { min: 0, mean: 0, max: 0 } },
    expected: async ({ path }) => (await plainAnswer(path)).map((row) => ({ ...row })),
    rivals: CHALLENGE_RIVALS,
  },
];
