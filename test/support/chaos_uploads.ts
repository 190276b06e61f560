/**
 * Uploads of the chaos test, in several formats, some of them with lines that are broken.
 * @module
 */
import { between, pickOne } from "./random.ts";

type Random = () => number;

/** What a generated stage may count on. */
export interface Rows {
  readonly numbers: readonly string[];
  readonly texts: readonly string[];
  readonly time: string | null;
  /** In the order of the upload, or another that the input alone decides. */
  readonly ordered: boolean;
}

/** A row of uploads. */
interface Sample {
  readonly id: number;
  readonly user: string;
  readonly path: string;
  readonly status: number;
  readonly ms: number;
  readonly at: number;
}

/** As `combined` and `common` have them. */
const ACCESS: Rows = {
  numbers: ["status", "bytes"],
  texts: ["ip", "method", "path"],
  time: "time",
  ordered: true,
};

/** A line of an access log, with what stands behind the size. */
function accessLine({ user, path, status, ms, at }: Sample, rest: string): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(
    new Date(at).toUTCString(),
  )!;
  const stamp = `${day}/${month}/${year}:${time} +0000`;
  return `10.0.0.${user.slice(1)} - - [${stamp}] "GET ${path} HTTP/1.1" ${status} ${ms}${rest}\n`;
}

const FIELDS: Rows = {
  numbers: ["id", "status", "ms"],
  texts: ["user", "path"],
  time: "at",
  ordered: true,
};

function samples(random: Random, count: number): readonly Sample[] {
  let now = 1_000_000;
  return Array.from({ length: count }, (_, id) => {
    now += between(random, 0, 400);
    const at = now - (random() < 0.05 ? between(random, 0, 12_000) : 0);
    const user = `u${between(random, 0, 30)}`;
    const path = `/p${between(random, 0, 12)}`;
    return {
      id,
      user,
      path,
      status: pickOne(random, [200, 404, 500]),
      ms: between(random, 0, 999),
      at,
    };
  });
}

/** The words of formats, the rows that they give, and uploads of so many lines. */
export const FORMATS: readonly {
  word: string;
  rows: Rows;
  input: (random: Random, count: number) => string;
}[] = [
  {
    word: "json",
    rows: FIELDS,
    input: (random, count) =>
      samples(random, count).map((row) =>
        random() < 0.02 ? "{broken\n" : `${JSON.stringify(row)}\n`
      )
        .join(""),
  },
  {
    word: "csv",
    rows: FIELDS,
    input: (random, count) => {
      const lines = samples(random, count).map((row) => Object.values(row).join());
      const broken = lines.map((line) => random() < 0.02 ? `${line},more` : line);
      return ["id,user,path,status,ms,at", ...broken].join("\r\n");
    },
  },
  {
    word: "logfmt",
    rows: FIELDS,
    input: (random, count) =>
      samples(random, count).map((row) =>
        Object.entries(row).map(([name, value]) => `${name}=${value}`).join(" ") + "\n"
      ).join(""),
  },
  {
    word: "simple",
    rows: { numbers: ["status", "latency"], texts: ["method", "path"], time: null, ordered: true },
    input: (random, count) =>
      samples(random, count).map(({ path, status, ms }) =>
        random() < 0.02 ? "?\n" : `GET ${path} ${status} ${ms}ms\n`
      ).join(""),
  },
  {
    word: "combined",
    rows: ACCESS,
    input: (random, count) =>
      samples(random, count).map((row) => accessLine(row, random() < 0.02 ? "" : ' "-" "curl/8.0"'))
        .join(""),
  },
  {
    word: "common",
    rows: ACCESS,
    input: (random, count) =>
      samples(random, count).map((row) => random() < 0.02 ? "?\n" : accessLine(row, "")).join(""),
  },
  {
    word: "tsv",
    rows: FIELDS,
    input: (random, count) => {
      const lines = samples(random, count).map((row) => Object.values(row).join("\t"));
      const broken = lines.map((line) => random() < 0.02 ? `${line}\tmore` : line);
      return ["id\tuser\tpath\tstatus\tms\tat", ...broken].join("\n") + "\n";
    },
  },
  {
    word: "ltsv",
    rows: FIELDS,
    input: (random, count) =>
      samples(random, count).map((row) =>
        random() < 0.02
          ? "broken\n"
          : Object.entries(row).map(([name, value]) => `${name}:${value}`).join("\t") + "\n"
      ).join(""),
  },
  {
    word: "lines",
    rows: { numbers: [], texts: ["line"], time: null, ordered: true },
    input: (random, count) =>
      samples(random, count).map(({ user, ms }) => `${user} ${ms % 10}\n`).join(""),
  },
];
