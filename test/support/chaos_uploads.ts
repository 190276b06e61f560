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
    word: "lines",
    rows: { numbers: [], texts: ["line"], time: null, ordered: true },
    input: (random, count) =>
      samples(random, count).map(({ user, ms }) => `${user} ${ms % 10}\n`).join(""),
  },
];
