/**
 * Stages of chaos plans whose work time decides about, and whose results it must not: windows that show themselves early
 * or take late rows, limits of time, rates by key, lanes that come and go; besides, rows that go by value and come
 * together by key.
 * @module
 */
import type { Grow, Growable, Grown, Growth, Place, Random } from "./chaos_grown.ts";
import {
  anywhere,
  by,
  condition,
  deep,
  let_,
  numbered,
  select,
  stats,
  timed,
  where,
} from "./chaos_rows.ts";
import type { Rows } from "./chaos_uploads.ts";
import { between, pickOne } from "./random.ts";

/** Grows what stands in the parentheses of a stage, a level deeper. */
type Nest = (random: Random, rows: Rows, place: Place, growth: Growth) => Grown;

/** A limit of time that a run may exceed, as it stands in plans; the run that others are compared with has {@link AMPLE}. */
export const STRICT = "timeout 4ms (";
/** A limit of time that no run exceeds. */
export const AMPLE = "timeout 60s (";

const union = (left: readonly string[], right: readonly string[]) => [
  ...new Set([...left, ...right]),
];

/** Windows or sessions that do more with late rows than drop them; early panes are left out again, or of no interest. */
const windowed = (nest: Nest): Grow => (random, rows, place, growth) => {
  const inside = { ...place, mendable: false, once: false };
  const late = pickOne(random, ["drop", "update", "emit"]);
  const early = random() < 0.5;
  // A pane that is shown before the window is done with cannot wait behind an aggregate.
  const inner = early || late === "update"
    ? summed(random, rows, inside, growth)
    : nest(random, rows, inside, growth);
  const word = early || random() < 0.5
    ? pickOne(random, ["window 10s", "window 4s every 2s", "window 1m"])
    : `session 2s${by(random, rows)}`;
  const options = `on ${rows.time} lateness=${pickOne(random, ["1s", "5s"])} late=${late}`;
  const shown = early && (growth.without.risks || random() < 0.6);
  if (early && !shown) growth.lossy = true;
  const passed = late === "emit" ? rows : { numbers: [], texts: [] };
  return {
    text: `${word} ${options}${early ? " early=10ms" : ""} (${inner.text})${
      shown ? ' | where pane != "early"' : ""
    }`,
    rows: {
      numbers: union(inner.rows.numbers, passed.numbers),
      texts: union(inner.rows.texts, passed.texts),
      time: null,
      ordered: inner.rows.ordered,
    },
    late: true,
  };
};

const summed: Grow = (random, rows, place, growth) => {
  const first = pickOne(random, [where, let_, select])(random, rows, place, growth);
  const last = stats(random, first.rows, place, growth);
  return { ...last, text: `${first.text} | ${last.text}` };
};

const limited = (nest: Nest): Grow => (random, rows, place, growth) => {
  const inner = nest(random, rows, place, growth);
  const strict = !growth.without.risks && random() < 0.3;
  return { ...inner, text: `${strict ? STRICT : AMPLE}${inner.text})`, late: true };
};

const throttled: Grow = (random, rows) => {
  if (rows.texts.length > 0 && random() < 0.6) {
    const rate = pickOne(random, ["5000/s", "20000/s", "50000/s adaptive min=5000/s"]);
    const key = pickOne(random, rows.texts);
    const text = `throttle ${rate} by ${key} burst=${pickOne(random, [1, 20])}`;
    return { text, rows: { ...rows, time: null, ordered: false }, late: true };
  }
  const text = pickOne(random, [
    "throttle 50MiB/s burst=1MiB",
    "throttle 20000/s burst=50",
    "throttle 100000/s adaptive min=50000/s max=1000000/s",
  ]);
  return { text, rows, late: true };
};

const dropped: Grow = (random, rows) => {
  const name = pickOne(random, rows.numbers);
  return {
    text: `drop ${name}`,
    rows: { ...rows, numbers: rows.numbers.filter((other) => other !== name) },
  };
};

/** A few rows of each key a branch, so that they combine to a few. */
const joinedByKey: Grow = (random, rows, _place, growth) => {
  const key = pickOne(random, rows.texts);
  const names: string[] = [];
  const named = () => {
    names.push(growth.name("j"));
    return names.at(-1)!;
  };
  const branches = [
    () => `stats count as ${named()} by ${key}`,
    () => `where ${condition(random, rows)} | stats count as ${named()} by ${key}`,
    () => `where ${condition(random, rows)} | stats distinct(${key}) as ${named()} by ${key}`,
    () => `tail 3 | select ${key}, 1 + 1 as ${named()}`,
  ];
  const open = rows.ordered ? branches : branches.slice(0, 3);
  const texts = Array.from(
    { length: between(random, 2, 3) },
    () => `(${pickOne(random, open)()})`,
  );
  return {
    text: `tee join by ${key} ${texts.join(" ")}`,
    rows: { numbers: names, texts: [key], time: null, ordered: rows.ordered },
    late: true,
  };
};

/** Cases by what a field holds; the values that rows have, and some that none has. */
const routedByValue = (nest: Nest): Grow => (random, rows, place, growth) => {
  const branches = Array.from({ length: 3 }, () => nest(random, rows, place, growth));
  const field = pickOne(random, rows.texts);
  const values = Array.from({ length: 6 }, () => {
    const n = between(random, 0, 12);
    return pickOne(random, [`"u${n}"`, `"/p${n}"`, '"GET"', `"10.0.0.${n}"`]);
  });
  const [one, two, rest] = branches.map(({ text }) => text);
  const last = random() < 0.7 ? ` else (${rest})` : "";
  const all = last === "" ? branches.slice(0, 2) : branches;
  return {
    text: `route by ${field} { case ${values.slice(0, 3).join(", ")} (${one}) case ${
      values.slice(3).join(", ")
    } (${two})${last} }`,
    rows: {
      numbers: all.map((branch) => branch.rows.numbers).reduce(union),
      texts: all.map((branch) => branch.rows.texts).reduce(union),
      time: null,
      ordered: false,
    },
    late: true,
  };
};

/** Stages with a state, in lanes by the key that they keep it by. */
const keyed: Grow = (random, rows, _place, growth) => {
  const key = pickOne(random, rows.texts);
  const name = growth.name("k");
  const counted = { numbers: [name], texts: [key], time: null, ordered: false };
  const options: [string, Rows][] = [[`stats count as ${name} by ${key}`, counted]];
  if (rows.ordered) {
    const running = { ...rows, numbers: [...rows.numbers, name], time: null, ordered: false };
    options.push([`running count as ${name} by ${key}`, running]);
  }
  if (rows.ordered && rows.time !== null) {
    const session = `session 2s by ${key} on ${rows.time} (stats count as ${name})`;
    options.push([session, counted]);
  }
  const [inner, given] = pickOne(random, options);
  return {
    text: `partition by ${key} into ${between(random, 1, 4)} (${inner})`,
    rows: given,
    late: true,
  };
};

const warmed: Grow = (_random, rows) => ({
  text: "cache (lookup csv users on user key=user) by user name=warm_users warm=users size=50",
  rows: { ...rows, texts: union(rows.texts, ["name", "team"]) },
});

const keyedRows = ({ texts }: Rows) => texts.length > 0;

/** Those that plans are grown of; `nest` grows what is nested in them. */
export function flowStages(nest: Nest): readonly Growable[] {
  return [
    { fits: timed, grow: windowed(nest) },
    { fits: timed, grow: windowed(nest) },
    { fits: timed, grow: windowed(nest) },
    { fits: deep, grow: limited(nest) },
    { fits: anywhere, grow: throttled },
    { fits: numbered, grow: dropped },
    { fits: keyedRows, grow: joinedByKey },
    { fits: (rows, place) => keyedRows(rows) && deep(rows, place), grow: routedByValue(nest) },
    { fits: keyedRows, grow: keyed },
    { fits: ({ texts }) => texts.includes("user"), grow: warmed },
  ];
}
