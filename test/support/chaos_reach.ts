/**
 * Stages of chaos plans that ask, keep, reject and write: lookups, caches, dead letters, sinks, buffers that drop.
 * @module
 */
import {
  type Grow,
  type Growable,
  type Grown,
  type Growth,
  type Place,
  type Random,
  textField,
  withTexts,
} from "./chaos_grown.ts";
import type { Rows } from "./chaos_uploads.ts";
import { between, pickOne } from "./random.ts";

const withField = (rows: Rows, name: string): Rows => ({ ...rows, texts: [...rows.texts, name] });

/** What a row without an answer may come to; that of `echo` is what would have been answered. */
type Failing = readonly string[];

const LOOKUPS: readonly {
  readonly kind: string;
  readonly options: (random: Random, field: string) => string;
  readonly failing?: Failing;
}[] = [
  { kind: "echo", options: () => "" },
  { kind: "slow", options: () => "timeout=5s" },
  { kind: "flaky", options: () => "retries=4 timeout=5s" },
  { kind: "stall", options: (_, field) => `retries=3 timeout=40ms fallback=${field}` },
  { kind: "outage", options: (_, field) => `retries=1 breaker=3/20ms fallback=${field}` },
  { kind: "lost", options: () => "retries=0" },
  { kind: "echo", options: () => "rate=3000/s burst=5" },
  {
    kind: "down",
    options: (random) => `retries=${between(random, 0, 1)} timeout=5s`,
    failing: [' fallback="none"', " on_error=skip", " on_error=emit", " on_error=fail"],
  },
];

/** A question to the host, which fails, stalls and recovers as its kind says. */
const httpLookup = (random: Random, rows: Rows, growth: Growth, name: string): string => {
  const field = textField(random, rows);
  const { kind, options, failing = [""] } = pickOne(random, LOOKUPS);
  const allowed = failing.filter((policy) => !growth.without.risks || !policy.endsWith("fail"));
  const path = `${kind}/${growth.key}/${growth.name("q")}/{${field}}`;
  const kept = pickOne(random, ["", " cache=5/10m", " cache=100/1ms", " concurrency=2"]);
  return `lookup http "http://${growth.host}/${path}" as ${name} backoff=1ms ${
    options(random, field)
  }${kept}${pickOne(random, allowed)}`;
};

/** Asks the host. */
export const lookupHttp: Grow = (random, rows, _place, growth) => {
  const name = growth.name("h");
  const text = httpLookup(random, rows, growth, name);
  return { text, rows: withField(rows, name), late: true };
};

const lookupCsv: Grow = (random, rows, _place, growth) => {
  const field = textField(random, rows);
  if (random() < 0.5) {
    const texts = [...new Set([...rows.texts, "name", "team"])];
    return { text: `lookup csv users on ${field} key=user`, rows: { ...rows, texts } };
  }
  const text = `lookup csv users on ${field} key=user as ${growth.name("t")}`;
  return { text, rows };
};

const lookupTable: Grow = (random, rows, _place, growth) => {
  growth.form = true;
  return { text: `lookup table on ${textField(random, rows)} as ${growth.name("t")}`, rows };
};

const cache: Grow = (random, rows, _place, growth) => {
  if (rows.texts.includes("user") && random() < 0.3) {
    const text = "cache (let shared = upper(user)) by user name=upper_user size=20";
    return { text, rows: withField(rows, "shared") };
  }
  const name = growth.name("c");
  const size = pickOne(random, ["", " size=3", " ttl=1ms"]);
  if (random() < 0.5) {
    const field = textField(random, rows);
    const text = `cache (let ${name} = upper(${field})) by ${field}${size}`;
    return { text, rows: withField(rows, name) };
  }
  const field = textField(random, rows);
  const only: Rows = { ...rows, texts: [field] };
  let inner = httpLookup(random, only, growth, name);
  // A cache takes what gives one row for one.
  inner = inner.replace(" on_error=skip", "");
  return { text: `cache (${inner}) by ${field}${size}`, rows: withField(rows, name), late: true };
};

/** Fails on some rows, whichever way the upload is cut. */
export const brittle: Grow = (random, rows, _place, { without }) => {
  const policies = ["skip", "skip", "emit", "fail"].filter((name) =>
    !without.risks || name !== "fail"
  );
  const field = pickOne(random, rows.numbers);
  return { text: `brittle "${field}" on_error=${pickOne(random, policies)}`, rows };
};

const deadLetter: Grow = (random, rows, _place, growth) => {
  const branches = [
    "select line, stage, class, reason, text",
    "stats count by class",
    "where line > 200",
  ];
  const inner = random() < 0.3
    ? into(random, { numbers: [], texts: [], time: null, ordered: false }, growth)
    : pickOne(random, branches);
  return {
    text: `dead_letter (${inner})`,
    rows: { ...rows, time: null, ordered: false },
    late: true,
  };
};

const lossyBuffer: Grow = (random, rows, _place, growth) => {
  growth.lossy = true;
  const bound = pickOne(random, ["5", "100", "2KiB"]);
  const overflow = pickOne(random, ["drop_newest", "drop_oldest", "fail"]);
  return { text: `buffer ${bound} overflow=${overflow}`, rows };
};

/** Writes rows somewhere. */
export function into(random: Random, rows: Rows, growth: Growth): string {
  const name = growth.name("w");
  const { key, host, sinks, without } = growth;
  const { ordered } = rows;
  const kind = pickOne(random, ["file", "sqlite", "http"] as const);
  const keys = rows.numbers.includes("id") && ordered;
  if (kind === "sqlite" && (keys || !without.risks)) {
    const keyed = keys && (without.risks || random() < 0.5);
    sinks.push({ kind, name: `${key}-${name}.db`, ordered, keyed });
    return `into sqlite "${key}-${name}.db" table=t${keyed ? " key=id" : ""}`;
  }
  if (kind === "http") {
    const batch = pickOne(random, ["", " batch=10", " batch=100"]);
    const policy = without.risks ? " on_error=skip" : pickOne(random, ["", " on_error=skip"]);
    if (random() < 0.2) {
      return `into http "http://${host}/refuse/${key}/${name}" retries=1 backoff=1ms${batch}${policy}`;
    }
    const path = `/sink/${key}/${name}`;
    sinks.push({ kind, name: path, ordered, keyed: false });
    const rate = pickOne(random, ["", " rate=2000/s timeout=5s"]);
    return `into http "http://${host}${path}" retries=5 backoff=1ms${batch}${rate}`;
  }
  const fields = [...new Set([...rows.numbers, ...rows.texts])];
  const csv = fields.length > 0 && random() < 0.4;
  const file = `${key}-${name}.${csv ? "csv" : "ndjson"}`;
  const append = pickOne(random, ["", " append=yes"]);
  sinks.push({ kind: "file", name: file, ordered, keyed: false });
  return `${csv ? `select ${fields.join(", ")} | ` : ""}into file "${file}"${append}`;
}

/** What comes out of a sink. */
export function sunk(random: Random, rows: Rows, growth: Growth): Grown {
  return {
    text: into(random, rows, growth),
    rows: { numbers: [], texts: ["into"], time: null, ordered: true },
    late: true,
  };
}

const risky = (growth: Growth) => !growth.without.risks;
const asked = (rows: Rows) => withTexts(rows);

/** Those that plans are grown of. */
export const REACHING: readonly Growable[] = [
  { fits: asked, grow: lookupHttp },
  { fits: asked, grow: lookupHttp },
  { fits: asked, grow: lookupCsv },
  { fits: (rows, _place, growth) => asked(rows) && risky(growth), grow: lookupTable },
  { fits: asked, grow: cache },
  { fits: (rows) => rows.numbers.length > 0, grow: brittle },
  { fits: (_rows, { once }: Place) => once, grow: deadLetter },
  {
    fits: (_rows, { once, depth }, growth) => once && depth > 0 && risky(growth),
    grow: lossyBuffer,
  },
];
