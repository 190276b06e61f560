/**
 * Words that fail on worker threads, and pools of threads that know them.
 * @module
 */
import { closeSync, openSync } from "node:fs";
import { z } from "zod";
import { RunError } from "../../src/errors.ts";
import { argument } from "../../src/language/arguments.ts";
import { type AnyStage, defineStage } from "../../src/stage.ts";
import { Batch } from "../../src/batch/batch.ts";
import { NumberColumn } from "../../src/batch/column.ts";
import type { Vocabulary } from "../../src/vocabulary.ts";
import { WorkerPool, type WorkerPoolOptions } from "../../src/workers/pool.ts";
import { DEFAULT_STAGES, vocabularyOf } from "../../stages/mod.ts";

const place = globalThis as { onWorkerThread?: boolean };

/** Called by the worker's module: from now on the words below fail. */
export function onWorkerThread(): void {
  place.onWorkerThread = true;
}

type Push = (batch: Batch) => readonly Batch[] | Promise<readonly Batch[]>;

/** A row-local word that passes rows on, but on a worker thread does what `fail` does. */
function failing(name: string, fail: () => Push): AnyStage {
  return defineStage({
    name,
    kind: "row-local",
    summary: "Fails",
    description: "For tests.",
    arguments: z.object({}),
    examples: [],
    create: () => ({ push: place.onWorkerThread ? fail() : (batch: Batch) => [batch] }),
  });
}

/** The thread ends, and nothing is answered. */
function die(): Promise<never> {
  setTimeout(() => {
    throw new Error("The thread dies for a test");
  });
  return new Promise(() => {});
}

/** Whether this call made the file: true for one of all threads, however they race. */
function isFirst(marker: string): boolean {
  try {
    closeSync(openSync(marker, "wx"));
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === "EEXIST") return false;
    throw error;
  }
}

/** Ends the thread unless the file that it names is there; makes it first. */
const dieOnce = defineStage({
  name: "dieonce",
  kind: "row-local",
  summary: "Ends one thread",
  description: "For tests.",
  arguments: z.object({ marker: argument.text({ description: "A file" }) }),
  examples: [],
  create: ({ marker }) => ({
    push(batch: Batch) {
      return place.onWorkerThread && isFirst(marker) ? die() : [batch];
    },
  }),
});

/** Counts rows, and takes its time to merge: more than a slice takes to be read. */
const dearTally = defineStage({
  name: "deartally",
  kind: "aggregate",
  summary: "Counts",
  description: "For tests.",
  arguments: z.object({}),
  examples: [],
  create() {
    let rows = 0;
    return {
      push(batch: Batch) {
        rows += batch.length;
        return [];
      },
      save: () => rows,
      merge(state: unknown) {
        const until = performance.now() + 50;
        while (performance.now() < until);
        rows += state as number;
      },
      *finish() {
        yield Batch.of(1, new Map([["rows", new NumberColumn(Float64Array.of(rows))]]), 64);
      },
    };
  },
});

/** Row-local; throws on batches with a row whose path ends in 7. */
const picky = defineStage({
  name: "picky",
  kind: "row-local",
  summary: "Fails",
  description: "For tests.",
  arguments: z.object({}),
  examples: [],
  create: () => ({
    push(batch: Batch) {
      for (const { path } of batch.toRows()) {
        if (typeof path === "string" && path.endsWith("7")) throw new Error(`No ${path}`);
      }
      return [batch];
    },
  }),
});

/** Row-local; takes three milliseconds for a batch, wherever it runs. */
const slow = defineStage({
  name: "slow",
  kind: "row-local",
  summary: "Takes its time",
  description: "For tests.",
  arguments: z.object({}),
  examples: [],
  create: () => ({
    push(batch: Batch) {
      for (const until = performance.now() + 3; performance.now() < until;);
      return [batch];
    },
  }),
});

/** The default words, and those that fail. */
export const WORKER_WORDS: Vocabulary = vocabularyOf([
  ...DEFAULT_STAGES,
  dieOnce,
  dearTally,
  picky,
  slow,
  failing("die", () => die),
  failing("hang", () => () => new Promise(() => {})),
  failing("throw", () => () => {
    throw new TypeError("x is not a function");
  }),
  failing("refuse", () => () => {
    throw new RunError("budget_exceeded", "Too much", { limitBytes: 7 });
  }),
]);

/** A pool of `size` threads, none of them started, with further options, and what it logs. */
export function newPool(
  size: number,
  options: Partial<WorkerPoolOptions> = {},
): { pool: WorkerPool; log: string[] } {
  const log: string[] = [];
  const standard: WorkerPoolOptions = {
    size,
    eager: true,
    module: new URL("worker.ts", import.meta.url),
    vocabulary: WORKER_WORDS,
    sliceDeadlineMs: 20_000,
    log: (line) => log.push(line),
  };
  // Getters stay getters.
  const all = Object.defineProperties(standard, Object.getOwnPropertyDescriptors(options));
  return { pool: new WorkerPool(all), log };
}

/** As {@link newPool}, with threads that are ready. */
export async function readyPool(
  size: number,
  options: Partial<WorkerPoolOptions> = {},
): Promise<{ pool: WorkerPool; log: string[] }> {
  const { pool, log } = newPool(size, options);
  if (!await pool.started()) throw new Error(`No worker thread could be started: ${log}`);
  return { pool, log };
}
