/**
 * The inputs by kind.
 * @module
 */
import { accessLogLines } from "./access_log.ts";
import { type Input, inputFile, type InputSize, repeated } from "./input_file.ts";
import { measurements } from "./one_billion_rows.ts";

/** So many different records, about 20 MB of access log, are repeated until the file is large enough. */
const DISTINCT = 110_000;
const COMBINED = /^(\S+) .*\[([^\]]+)\] "(\S+) (\S+) [^"]*" (\d+) (\S+) "([^"]*)" "([^"]*)"/;

/** An access log in the combined format, about 180 bytes a line. */
export function accessLog({ megabytes }: Pick<InputSize, "megabytes">): Promise<Input> {
  return inputFile(`access-${megabytes}.log`, () => repeated(megabytes, accessLogLines(DISTINCT)));
}

/** NDJSON: the requests of the access log as events of nine members, one of them nested, about 290 bytes each. */
export function events({ megabytes }: InputSize): Promise<Input> {
  return inputFile(`events-${megabytes}.ndjson`, () => repeated(megabytes, eventLines()));
}

/**
 * CSV of nine columns and a header: two are quoted in every record and most often hold commas; one note in twenty holds
 * doubled quotes, one in a hundred a line feed.
 */
export function quotedCsv({ megabytes }: InputSize): Promise<Input> {
  const head = "id,time,host,method,path,status,bytes,agent,note";
  return inputFile(`quoted-${megabytes}.csv`, () => repeated(megabytes, csvRecords(), head));
}

/** Rows of the One Billion Row Challenge, every one made anew, about 14 bytes each. */
export function stationRows({ rows }: InputSize): Promise<Input> {
  return inputFile(`measurements-${rows}.txt`, () => measurements(rows));
}

interface Request {
  readonly number: number;
  readonly host: string;
  readonly time: string;
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly status: number;
  readonly bytes: number;
  readonly agent: string;
}

function* requests(): Generator<Request> {
  let number = 0;
  for (const line of accessLogLines(DISTINCT)) {
    const [, host, time, method, target, status, bytes, , agent] = COMBINED.exec(line)!;
    yield {
      number: number++,
      host: host!,
      time: time!,
      method: method!,
      target: target!,
      path: target!.split("?")[0]!,
      status: Number(status),
      bytes: Number(bytes) || 0,
      agent: agent!,
    };
  }
}

function* eventLines(): Generator<string> {
  for (const { number, time, host, method, target, path, status, bytes, agent } of requests()) {
    const latency = (number * 7919 % 100_000) / 100;
    const request = { method, target };
    yield JSON.stringify({ id: number, time, host, request, path, status, bytes, latency, agent });
  }
}

function* csvRecords(): Generator<string> {
  for (const { number, time, host, method, path, status, bytes, agent } of requests()) {
    const note = number % 100 === 7
      ? "first line\nsecond line"
      : number % 20 === 3
      ? 'the client said ""no""'
      : "nothing, really";
    yield `${number},${time},${host},${method},${path},${status},${bytes},"${agent}","${note}"`;
  }
}
