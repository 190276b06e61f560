/**
 * The default vocabulary: the explicit list of the words that ship with the server.
 * @module
 */
import { AGGREGATE_NAMES, findAggregate } from "../src/aggregate/mod.ts";
import { FUNCTIONS } from "../src/expression/functions/mod.ts";
import type { AnyStage } from "../src/stage.ts";
import type { Vocabulary } from "../src/vocabulary.ts";
import buffer from "./buffer.ts";
import cache from "./cache.ts";
import combined from "./combined.ts";
import common from "./common.ts";
import csv from "./csv.ts";
import deadLetter from "./dead_letter.ts";
import drop from "./drop.ts";
import head from "./head.ts";
import into from "./into.ts";
import json from "./json.ts";
import let_ from "./let.ts";
import lines from "./lines.ts";
import logfmt from "./logfmt.ts";
import lookup from "./lookup.ts";
import ltsv from "./ltsv.ts";
import route from "./route.ts";
import parallel from "./parallel.ts";
import partition from "./partition.ts";
import running from "./running.ts";
import session from "./session.ts";
import select from "./select.ts";
import simple from "./simple.ts";
import sort from "./sort.ts";
import stats from "./stats.ts";
import tail from "./tail.ts";
import tee from "./tee.ts";
import throttle from "./throttle.ts";
import timeout from "./timeout.ts";
import top from "./top.ts";
import tsv from "./tsv.ts";
import where from "./where.ts";
import window from "./window.ts";

/** Every stage that ships, formats first. */
export const DEFAULT_STAGES: readonly AnyStage[] = [
  combined,
  common,
  simple,
  json,
  csv,
  tsv,
  logfmt,
  ltsv,
  lines,
  where,
  let_,
  select,
  drop,
  head,
  tail,
  sort,
  top,
  stats,
  buffer,
  throttle,
  parallel,
  partition,
  deadLetter,
  timeout,
  tee,
  route,
  window,
  session,
  running,
  lookup,
  cache,
  into,
];

/** A vocabulary of the given stages with all aggregates and functions of the engine. */
export function vocabularyOf(stages: readonly AnyStage[]): Vocabulary {
  return {
    stages: new Map(stages.map((stage) => [stage.name, stage])),
    functions: FUNCTIONS,
    aggregate: findAggregate,
    aggregateNames: AGGREGATE_NAMES,
  };
}

/** The default stages, with all aggregates and functions. */
export const VOCABULARY: Vocabulary = vocabularyOf(DEFAULT_STAGES);
