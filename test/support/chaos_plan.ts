/**
 * Random pipelines that mean something, with uploads for them: every field that a stage names is there, and a stage whose
 * answer depends on the order of rows stands only where that order does not depend on how the upload was cut.
 * @module
 */
import { VOCABULARY } from "../../stages/mod.ts";
import {
  type Grow,
  type Growable,
  type Grown,
  type Growth,
  type Place,
  type PlannedSink,
  type Random,
  withTexts,
} from "./chaos_grown.ts";
import { flowStages } from "./chaos_flow.ts";
import { brittle, lookupHttp, REACHING, sunk } from "./chaos_reach.ts";
import {
  anywhere,
  by,
  condition,
  deep,
  inOrder,
  let_,
  numbered,
  running,
  select,
  stats,
  timed,
  where,
} from "./chaos_rows.ts";
import { FORMATS, type Rows } from "./chaos_uploads.ts";
import { between, pickOne } from "./random.ts";

/** A pipeline and an upload for it. */
export interface ChaosPlan {
  /** With its words of trouble. */
  readonly text: string;
  readonly input: string;
  /** Else the order of the result depends on how the upload was cut. */
  readonly ordered: boolean;
  readonly sinks: readonly PlannedSink[];
  /** Rows may be dropped as time would have it. */
  readonly lossy: boolean;
  /** A table comes with the upload. */
  readonly form: boolean;
}

const MOST_STAGES = 4;

/** Grows a pipeline; words of trouble are asked of `growth` behind each stage. */
export function growPlan(random: Random, growth: Growth): ChaosPlan {
  const format = pickOne(random, FORMATS);
  const input = format.input(random, between(random, 20, 1200));
  const policies = growth.without.risks ? ["skip"] : ["skip", "skip", "emit", "fail"];
  const word = random() < 0.2
    ? `${format.word} on_error=${pickOne(random, policies)}`
    : format.word;
  const place = { depth: 2, mendable: true, once: true, lanes: false };
  const { text, rows } = growStages(random, format.rows, place, growth, [word]);
  const { sinks, lossy, form } = growth;
  return { text, input, ordered: rows.ordered, sinks, lossy, form };
}

function growStages(
  random: Random,
  start: Rows,
  place: Place,
  growth: Growth,
  before: readonly string[] = [],
  words?: readonly Growable[],
): Grown {
  const stages = [...before];
  let rows = start;
  let { mendable } = place;
  const add = () => {
    const word = growth.trouble({ ...place, mendable });
    if (word !== null) stages.push(word);
  };
  if (before.length > 0) add();
  for (let left = between(random, 1, MOST_STAGES); left > 0; left--) {
    const fitting = (words ?? STAGES).filter(({ fits }) => fits(rows, place, growth));
    const grown = pickOne(random, fitting).grow(random, rows, { ...place, mendable }, growth);
    stages.push(grown.text);
    rows = grown.rows;
    // What outer stages give at the end goes through pushes of the outer stages below.
    if (grown.late && before.length === 0) mendable = false;
    add();
  }
  if (place.once && random() < 0.25) {
    const last = sunk(random, rows, growth);
    return { ...last, text: [...stages, last.text].join(" | ") };
  }
  return { text: stages.join(" | "), rows };
}

function nested(random: Random, rows: Rows, place: Place, growth: Growth): Grown {
  return growStages(random, rows, { ...place, depth: place.depth - 1 }, growth);
}

const windowed =
  (word: (random: Random, rows: Rows) => string): Grow => (random, rows, place, growth) => {
    const inside = { ...place, mendable: false, once: false };
    const inner = nested(random, rows, inside, growth);
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
(random, rows, place, growth) => {
  const branches = Array.from(
    { length: between(random, 2, 3) },
    () => nested(random, rows, place, growth),
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
(random, rows, _place, growth) => {
  const alone = { depth: 0, mendable: false, once: false, lanes: true };
  const inner = growStages(random, rows, alone, growth, [], IN_LANES);
  return {
    text: `${open(random, rows)} (${inner.text})${close(random)}`,
    rows: { ...inner.rows, time: null, ordered: false },
    late: true,
  };
};

const lanes = (random: Random) => between(random, 1, 4);

const IN_LANES: readonly Growable[] = [
  { fits: anywhere, grow: where },
  { fits: numbered, grow: let_ },
  { fits: anywhere, grow: select },
  { fits: withTexts, grow: lookupHttp },
  { fits: numbered, grow: brittle },
];

/** The stages that plans are grown of. */
const ALL_STAGES: readonly Growable[] = [
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
  {
    word: "parallel",
    fits: deep,
    grow: inLanes(
      (random) => `parallel auto${random() < 0.5 ? "" : " unordered"}`,
      (random) => ` min=${lanes(random)} max=6 balance=weighted`,
    ),
  },
  ...REACHING,
  ...flowStages(nested),
];

/** Those whose words there are. */
const STAGES: readonly Growable[] = ALL_STAGES.filter(({ word }) =>
  word === undefined || VOCABULARY.stages.has(word)
);
