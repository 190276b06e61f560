/**
 * Random pipelines that mean something, with uploads for them: every field that a stage names is there, and a stage whose
 * answer depends on the order of rows stands only where that order does not depend on how the upload was cut.
 * @module
 */
import { VOCABULARY } from "../../stages/mod.ts";
import { FORMATS, type Rows } from "./chaos_uploads.ts";
import { between, pickOne } from "./random.ts";

type Random = () => number;

/** Where a stage stands. */
interface Place {
  readonly depth: number;
  /** A throw here is one that a restart can mend: it happens while an outer stage is pushed. */
  readonly mendable: boolean;
}

interface Grown {
  readonly text: string;
  readonly rows: Rows;
  /** Rows may come out at the end only, where nothing is supervised. */
  readonly late?: boolean;
}

type Grow = (random: Random, rows: Rows, place: Place, trouble: TroubleMaker) => Grown;

/** Gives a word of trouble, or null for none here. */
export type TroubleMaker = (mendable: boolean) => string | null;

/** A pipeline and an upload for it. */
export interface ChaosPlan {
  /** With its words of trouble. */
  readonly text: string;
  readonly input: string;
  /** Else the order of the result depends on how the upload was cut. */
  readonly ordered: boolean;
}

const MOST_STAGES = 4;

/** Grows a pipeline. `trouble` is asked behind each stage. */
export function growPlan(random: Random, trouble: TroubleMaker): ChaosPlan {
  names = 0;
  const format = pickOne(random, FORMATS);
  const input = format.input(random, between(random, 20, 1200));
  const { text, rows } = growStages(random, format.rows, { depth: 2, mendable: true }, trouble, [
    format.word,
  ]);
  return { text, input, ordered: rows.ordered };
}

function growStages(
  random: Random,
  start: Rows,
  place: Place,
  trouble: TroubleMaker,
  before: readonly string[] = [],
  words?: readonly Grow[],
): Grown {
  const stages = [...before];
  let rows = start;
  let { mendable } = place;
  const add = () => {
    const word = trouble(mendable);
    if (word !== null) stages.push(word);
  };
  if (before.length > 0) add();
  for (let left = between(random, 1, MOST_STAGES); left > 0; left--) {
    const fitting = STAGES.filter(({ fits }) => fits(rows, place));
    const grow = words === undefined ? pickOne(random, fitting).grow : pickOne(random, words);
    const grown = grow(random, rows, { ...place, mendable }, trouble);
    stages.push(grown.text);
    rows = grown.rows;
    // What outer stages give at the end goes through pushes of the outer stages below.
    if (grown.late && before.length === 0) mendable = false;
    add();
  }
  return { text: stages.join(" | "), rows };
}

function nested(random: Random, rows: Rows, place: Place, trouble: TroubleMaker): Grown {
  return growStages(random, rows, { ...place, depth: place.depth - 1 }, trouble);
}

const anywhere = () => true;
const inOrder = (rows: Rows) => rows.ordered && rows.numbers.length > 0;
const timed = (rows: Rows, { depth }: Place) => rows.ordered && rows.time !== null && depth > 0;
const deep = (_: Rows, { depth }: Place) => depth > 0;
const numbered = (rows: Rows) => rows.numbers.length > 0;

let names = 0;
const newName = (letter: string) => `${letter}${names++ % 1000}`;

const condition = (random: Random, rows: Rows): string => {
  const options: string[] = [];
  for (const name of rows.numbers) options.push(`${name} > ${between(random, 0, 600)}`);
  for (const name of rows.texts) options.push(`${name} contains "${between(random, 0, 9)}"`);
  if (options.length === 0) return "1 == 1";
  const one = pickOne(random, options);
  return random() < 0.3 ? `${one} or ${pickOne(random, options)}` : one;
};

const by = (random: Random, rows: Rows) =>
  rows.texts.length > 0 && random() < 0.8 ? ` by ${pickOne(random, rows.texts)}` : "";

const plain = (text: string, rows: Rows): Grown => ({ text, rows });

const where: Grow = (random, rows) => plain(`where ${condition(random, rows)}`, rows);

const let_: Grow = (random, rows) => {
  if (rows.numbers.length === 0) return plain(`where ${condition(random, rows)}`, rows);
  const name = newName("l");
  const text = `let ${name} = ${pickOne(random, rows.numbers)} * 2 + ${between(random, 0, 9)}`;
  return plain(text, { ...rows, numbers: [...rows.numbers, name] });
};

const select: Grow = (random, rows) => {
  const keep = (list: readonly string[]) => list.filter(() => random() < 0.7);
  const numbers = keep(rows.numbers);
  const texts = keep(rows.texts);
  const all = [...new Set([...numbers, ...texts, ...(rows.time === null ? [] : [rows.time])])];
  if (all.length === 0) return where(random, rows, { depth: 0, mendable: false }, () => null);
  return plain(`select ${all.join(", ")}`, { ...rows, numbers, texts });
};

const stats: Grow = (random, rows) => {
  const made: [string, string][] = [["n", "count"]];
  for (const name of rows.numbers.slice(0, 3)) {
    const functions = ["sum", "min", "max", "distinct"];
    if (rows.ordered) functions.push("first", "last", "p50");
    made.push([newName("s"), `${pickOne(random, functions)}(${name})`]);
  }
  const key = by(random, rows);
  const calls = made.map(([name, call]) => `${call} as ${name}`).join(", ");
  return {
    text: `stats ${calls}${key}`,
    rows: {
      numbers: made.map(([name]) => name),
      texts: key === "" ? [] : [key.slice(4)],
      time: null,
      ordered: rows.ordered,
    },
    late: true,
  };
};

const running: Grow = (random, rows) => {
  const name = newName("r");
  const call = pickOne(random, ["count", `sum(${pickOne(random, rows.numbers)})`]);
  const numbers = [...rows.numbers, name];
  return plain(`running ${call} as ${name}${by(random, rows)}`, { ...rows, numbers });
};

const windowed =
  (word: (random: Random, rows: Rows) => string): Grow => (random, rows, place, trouble) => {
    const inner = nested(random, rows, { ...place, mendable: false }, trouble);
    const late = random() < 0.5 ? "" : " lateness=5s";
    const text = `${word(random, rows)} on ${rows.time}${late} (${inner.text})`;
    const { numbers } = inner.rows;
    return {
      text,
      rows: { numbers, texts: inner.rows.texts, time: null, ordered: inner.rows.ordered },
      late: true,
    };
  };

const union = (left: readonly string[], right: readonly string[]) => [
  ...new Set([...left, ...right]),
];

const fanned = (
  text: (random: Random, rows: Rows, branches: readonly string[]) => string,
  ordered: boolean,
): Grow =>
(random, rows, place, trouble) => {
  const branches = Array.from(
    { length: between(random, 2, 3) },
    () => nested(random, rows, place, trouble),
  );
  const joined = branches.map((branch) => branch.rows).reduce((left, right) => ({
    numbers: union(left.numbers, right.numbers),
    texts: union(left.texts, right.texts),
    time: null,
    ordered: ordered && left.ordered && right.ordered,
  }));
  return {
    text: text(random, rows, branches.map((branch) => branch.text)),
    rows: { ...joined, ordered: joined.ordered && ordered },
    late: true,
  };
};

const route = (random: Random, rows: Rows, branches: readonly string[]) => {
  const cases = branches.map((branch, index) =>
    index === branches.length - 1 && random() < 0.7
      ? `else (${branch})`
      : `case ${condition(random, rows)} (${branch})`
  );
  return `route { ${cases.join(" ")} }`;
};

const text =
  (make: (random: Random, rows: Rows) => string, late = false): Grow => (random, rows) => ({
    text: make(random, rows),
    rows,
    late,
  });

/** Lanes hold stages that look at rows one by one, and give rows in an order of their own. */
const inLanes = (
  open: (random: Random, rows: Rows) => string,
  close: (random: Random) => string,
): Grow =>
(random, rows, place) => {
  const alone = { ...place, depth: 0, mendable: false };
  const inner = growStages(random, rows, alone, () => null, [], [where, let_, select]);
  return {
    text: `${open(random, rows)} (${inner.text})${close(random)}`,
    rows: { ...inner.rows, time: null, ordered: false },
    late: true,
  };
};

const lanes = (random: Random) => between(random, 1, 4);

/** The stages that plans are grown of. */
const ALL_STAGES: readonly {
  word?: string;
  fits: (rows: Rows, place: Place) => boolean;
  grow: Grow;
}[] = [
  { fits: anywhere, grow: where },
  { fits: numbered, grow: let_ },
  { fits: anywhere, grow: select },
  { fits: anywhere, grow: stats },
  { fits: inOrder, grow: running },
  { fits: inOrder, grow: text((random) => `head ${between(random, 1, 900)}`) },
  { fits: inOrder, grow: text((random) => `tail ${between(random, 1, 300)}`, true) },
  {
    fits: inOrder,
    grow: text(
      (random, rows) => `top ${between(random, 1, 9)} by ${pickOne(random, rows.numbers)}`,
      true,
    ),
  },
  {
    fits: numbered,
    grow: text(
      (random, rows) => `sort ${pickOne(random, ["", "-"])}${pickOne(random, rows.numbers)}`,
      true,
    ),
  },
  {
    fits: anywhere,
    grow: text((random) => pickOne(random, ["buffer 1", "buffer 100", "buffer 4KiB"])),
  },
  {
    fits: timed,
    grow: windowed((random) => pickOne(random, ["window 10s", "window 4s every 2s"])),
  },
  { fits: timed, grow: windowed((random, rows) => `session 2s${by(random, rows)}`) },
  {
    fits: deep,
    grow: fanned(
      (_random, _rows, branches) => `tee ${branches.map((b) => `(${b})`).join(" ")}`,
      false,
    ),
  },
  {
    fits: deep,
    grow: fanned(
      (_random, _rows, branches) => `tee concat ${branches.map((b) => `(${b})`).join(" ")}`,
      true,
    ),
  },
  { fits: deep, grow: fanned(route, false) },
  {
    word: "throttle",
    fits: anywhere,
    grow: text((random) => `throttle ${pickOne(random, [100_000, 1_000_000])}/s`),
  },
  { word: "throttle", fits: anywhere, grow: text(() => "buffer auto") },
  {
    word: "parallel",
    fits: deep,
    grow: inLanes(
      (random) => `parallel ${lanes(random)}${random() < 0.5 ? "" : " unordered"}`,
      (random) => pickOne(random, ["", " balance=round_robin", " balance=least_busy"]),
    ),
  },
  {
    word: "partition",
    fits: (rows, place) => deep(rows, place) && rows.texts.length > 0,
    grow: inLanes(
      (random, rows) => `partition by ${pickOne(random, rows.texts)} into ${lanes(random)}`,
      () => "",
    ),
  },
];

/** Those whose words there are. */
const STAGES: typeof ALL_STAGES = ALL_STAGES.filter(({ word }) =>
  word === undefined || VOCABULARY.stages.has(word)
);
