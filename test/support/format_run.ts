/**
 * Runs a format stage by itself on chunks and tells everything that it answered.
 * @module
 */
import { existsSync } from "node:fs";
import type { Batch } from "../../src/batch/batch.ts";
import { MAX_BATCH_ROWS } from "../../src/batch/batch.ts";
import type { Row } from "../../src/batch/column.ts";
import { DEFAULT_LIMITS } from "../../src/limits.ts";
import type { Demand } from "../../src/language/demand.ts";
import { DEFAULT_RESOURCES } from "../../src/resources.ts";
import { OPEN_SCHEMA } from "../../src/schema.ts";
import type { StageReject } from "../../src/reject.ts";
import type { AnyStage, Operator, StageContext } from "../../src/stage.ts";
import { between } from "./random.ts";

/** What a format made of an upload. `mostHeld` is the most that it declared to its budget at once. */
export interface FormatAnswer {
  readonly rows: Row[];
  readonly rejects: Omit<StageReject, "class">[];
  readonly lines: number;
  readonly batches: number[];
  readonly mostHeld: number;
  readonly heldAfterwards: number;
}

/** Pushes the chunks through a new operator of `stage`, finishes and disposes of it. */
export function runFormat(
  stage: AnyStage,
  chunks: Iterable<Uint8Array>,
  maxLineBytes = DEFAULT_LIMITS.maxLineBytes,
  demand: Demand = "all",
): FormatAnswer {
  const answer = { rows: [] as Row[], rejects: [] as Omit<StageReject, "class">[], lines: 0 };
  const batches: number[] = [];
  let held = 0;
  let mostHeld = 0;
  const context: StageContext = {
    common: null,
    limits: { ...DEFAULT_LIMITS, maxLineBytes },
    budget: {
      take(bytes) {
        held += bytes;
        mostHeld = Math.max(mostHeld, held);
      },
    },
    signal: new AbortController().signal,
    reject: ({ class: _class, ...reject }) => void answer.rejects.push(reject),
    rejectsAbove: () => ({ take: () => [] }),
    lines: (count) => void (answer.lines += count),
    notice: () => {},
    fact: () => {},
    meanwhile: () => {},
    event: () => {},
    wake: () => {},
    resources: DEFAULT_RESOURCES,
    below: () => null,
    nested: () => {
      throw new Error("A format has no nested pipeline");
    },
    nestedFactory: () => {
      throw new Error("A format has no nested pipeline");
    },
    attempts: () => {
      throw new Error("A format has no nested pipeline");
    },
    vocabulary: {
      stages: new Map(),
      functions: new Map(),
      aggregate: () => null,
      aggregateNames: [],
    },
    schema: OPEN_SCHEMA,
    demand,
  };
  const operator = stage.create({}, context) as Operator<Uint8Array, Batch>;
  const take = (outputs: Iterable<Batch>) => {
    for (const batch of outputs) {
      if (batch.rows > MAX_BATCH_ROWS) throw new Error(`Batch of ${batch.rows} rows`);
      batches.push(batch.rows);
      for (const row of batch.toRows()) answer.rows.push(row);
    }
  };
  for (const chunk of chunks) take(operator.push(chunk) as Iterable<Batch>);
  take(operator.finish!() as Iterable<Batch>);
  operator.dispose!();
  return { ...answer, batches, mostHeld, heldAfterwards: held };
}

/** The UTF-8 bytes of `text`. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** `bytes` in copies of at most `size` bytes. */
export function* cutEvery(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

/** `bytes` in copies of random sizes up to `most`, empty ones among them. */
export function* cutRandomly(
  bytes: Uint8Array,
  most: number,
  random: () => number,
): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const size = between(random, 0, most);
    yield bytes.slice(at, at + size);
    at += size;
  }
}

/** The folder that the environment variable `name` or, without it, `fallback` beside the project names; null when absent. */
export function sharedFolder(name: string, fallback: string): URL | null {
  const named = process.env[name];
  const folder = named === undefined
    ? new URL(`../../../${fallback}/`, import.meta.url)
    : new URL(`${named.replace(/\/+$/, "")}/`, "file:///");
  return existsSync(folder) ? folder : null;
}
