/**
 * Works on access logs in the combined format.
 * @module
 */
import { accessLog } from "./data.ts";
import { DRAIN, quantileSql } from "./common_rivals.ts";
import { compressed } from "./input_file.ts";
import type { Rival, Work } from "./works.ts";

const ERRORS = "combined | where status >= 500 | stats count as errors by path";
const ERRORS_ANSWER = { key: "path", values: { errors: 0 } };

/** mawk splits at spaces, and cuts the query off the paths of the lines that are left. */
function mawkProgram(condition: string, name = "errors"): string {
  return `mawk '${condition} { sub(/\\?.*/, "", $7); n[$7]++ } ` +
    `END { for (k in n) printf "{\\"path\\":\\"%s\\",\\"${name}\\":%d}\\n", k, n[k] }'`;
}

const SPLIT_COLUMNS = ["ip", "ident", "login", "stamp", "zone", "request", "status", "bytes"];
/** The log as a table of space-separated values with quotes: right for this log, as no field holds an escaped quote. */
const CSV_READER = `read_csv($file, delim = ' ', quote = '"', escape = '"', header = false, ` +
  `nullstr = '-', columns = {${
    SPLIT_COLUMNS.map((name) =>
      `'${name}': '${name === "status" || name === "bytes" ? "BIGINT" : "VARCHAR"}'`
    ).join(", ")
  }, 'referer': 'VARCHAR', 'agent': 'VARCHAR'})`;
const CSV_PATH = "split_part(split_part(request, ' ', 2), '?', 1)";
const LINE_READER =
  `read_csv($file, delim = E'\\x01', quote = '', escape = '', header = false, columns = {'line': 'VARCHAR'})`;
const LINE_PATTERN = String
  .raw`^(\S+) (\S+) (\S+) \[([^\]]+)\] "(\S+) ([^ ?"]+)\S* ([^ "]+)" (\d{3}) (\d+|-) "([^"]*)" "([^"]*)"`;
const LINE_FIELDS =
  "ip, ident, login, stamp, method, path, protocol, status, bytes, referer, agent";

const ERRORS_BY_MAWK: Rival = {
  name: "mawk",
  does: "on the file, 1 thread: split at spaces, filter, count by path without its query",
  programs: ["mawk"],
  command: `${mawkProgram("$9 >= 500")} "$1"`,
};

const ERRORS_RIVALS: readonly Rival[] = [
  DRAIN,
  ERRORS_BY_MAWK,
  {
    name: "DuckDB, CSV reader",
    does: "on the file, 2 threads: the log as space-separated values, filter, count by path",
    sql: `SELECT ${CSV_PATH} AS path, count(*) AS errors FROM ${CSV_READER} ` +
      "WHERE status >= 500 GROUP BY 1",
  },
  {
    name: "DuckDB, regular expression",
    does: "on the file, 2 threads: all eleven fields of each line by one pattern, filter, count",
    sql:
      `SELECT f.path AS path, count(*) AS errors FROM (SELECT regexp_extract(line, '${LINE_PATTERN}', [${
        LINE_FIELDS.split(", ").map((name) => `'${name}'`).join(", ")
      }]) AS f FROM ${LINE_READER}) WHERE TRY_CAST(f.status AS INT) >= 500 GROUP BY 1`,
  },
  {
    name: "TextLineStream and objects",
    does: "over HTTP on the same runtime: TextDecoderStream, TextLineStream, an object a line, Map",
    route: "/lines",
  },
  {
    name: "Miller",
    does: "on the file, a twentieth of it: split at spaces, filter, count by path",
    programs: ["mlr"],
    share: 0.05,
    command: `mlr --inidx --ifs ' ' --ojsonl filter '$9 >= 500' then put -q ` +
      `'@n[sub($7, "[?].*", "")] += 1; end { emit @n, "path" }' then rename n,errors "$1"`,
  },
  {
    name: "GoAccess",
    does: "on the file, a two-hundredth of it: its whole report as JSON, which is far more",
    programs: ["goaccess"],
    share: 0.005,
    without: "all",
    command:
      `goaccess "$1" --no-global-config --log-format=COMBINED --no-progress -o json 2>&1 | tail -c 1`,
  },
];

const TIME = "strptime(substr(stamp, 2), '%d/%b/%Y:%H:%M:%S')";

function errorsOn(coding: "gz" | "zst", name: string, command: string, program: string): Work {
  return {
    id: name,
    title: `access log, ${name}: errors by path`,
    pipeline: ERRORS,
    input: async (size) => compressed(await accessLog(size), coding),
    answer: ERRORS_ANSWER,
    rivals: [{
      name: `${command} | mawk`,
      does: "on the file, 2 processes: decompresses into the program of the first work",
      programs: [program, "mawk"],
      command: `${command} "$1" | ${mawkProgram("$9 >= 500")}`,
    }],
  };
}

/** The works on access logs. */
export const ACCESS_WORKS: readonly Work[] = [
  {
    id: "access",
    title: "access log: errors by path",
    pipeline: ERRORS,
    input: accessLog,
    answer: ERRORS_ANSWER,
    rivals: ERRORS_RIVALS,
  },
  {
    id: "minutes",
    title: "access log: p50, p99 of bytes and hosts by minute",
    pipeline: "combined | stats count, p50(bytes) as p50, p99(bytes) as p99, " +
      "distinct(ip) as hosts by bin(time, 1m) as minute",
    input: accessLog,
    answer: { key: "minute", values: { count: 0, p50: 0.0101, p99: 0.0101, hosts: 0 } },
    rivals: [DRAIN, {
      name: "DuckDB, CSV reader",
      does: "on the file, 2 threads: the same with exact quantiles (ours within 1 %), times parsed",
      sql: `SELECT strftime(date_trunc('minute', ${TIME}), '%Y-%m-%dT%H:%M:%S.000Z') AS minute, ` +
        `count(*) AS count, ${quantileSql("bytes", 0.5)} AS p50, ${
          quantileSql("bytes", 0.99)
        } AS p99, ` +
        `count(DISTINCT ip) AS hosts FROM ${CSV_READER} GROUP BY date_trunc('minute', ${TIME})`,
    }],
  },
  {
    id: "pattern",
    title: "access log: where with a regular expression",
    pipeline: "combined | where path =~ '^/(api|blog)/[a-z]+' | stats count by path",
    input: accessLog,
    answer: { key: "path", values: { count: 0 } },
    rivals: [DRAIN, {
      name: "mawk",
      does: "on the file, 1 thread: the same pattern on the same field, count by path",
      programs: ["mawk"],
      command: `${mawkProgram("$7 ~ /^\\/(api|blog)\\/[a-z]+/", "count")} "$1"`,
    }, {
      name: "DuckDB, CSV reader",
      does: "on the file, 2 threads: the same pattern on the same field, count by path",
      sql: `SELECT ${CSV_PATH} AS path, count(*) AS count FROM ${CSV_READER} ` +
        `WHERE regexp_matches(${CSV_PATH}, '^/(api|blog)/[a-z]+') GROUP BY 1`,
    }],
  },
  errorsOn("gz", "gzip", "gzip -dc", "gzip"),
  errorsOn("zst", "zstd", "zstd -dc", "zstd"),
];
