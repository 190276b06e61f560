/**
 * `sort`: rows in order.
 * @module
 */
import type { Batch } from "../src/batch/batch.ts";
import { allRows, gather } from "../src/batch/gather.ts";
import { KeptRows } from "../src/batch/kept_rows.ts";
import { restoreBatches, type SavedBatch } from "../src/batch/saved_batch.ts";
import { compileOrder, KeyList, type RowOrder } from "../src/expression/order.ts";
import { argument } from "../src/language/arguments.ts";
import {
  type Budget,
  defineStage,
  NOTHING,
  type Operator,
  type Outputs,
  type StageDefinition,
} from "../src/stage.ts";
import { z } from "zod";

/** Where a row is, before and after sorting, and its place in the order: five 32-bit numbers. */
const PLACE_BYTES = 20;

const shape = {
  keys: argument.sortKeys({
    description: "Expressions, the most important first; `-x` or `x desc` for the largest first",
  }),
};

/** The stage `sort`. Sorts places, not rows: O(n log n) comparisons of the keys alone. */
const sort: StageDefinition<typeof shape> = defineStage({
  name: "sort",
  kind: "ordered",
  previews: "kept",
  rows: "passed",
  summary: "Puts all rows in order",
  description:
    "Answers when the upload has ended. Ascending unless a key says otherwise; rows that tie in all keys stay in " +
    "arrival order; null and missing values come last in both directions. Holds all rows that reach it, up to the " +
    "run's budget: for the first few of many rows, `top` needs memory for those alone.",
  arguments: z.object(shape),
  examples: [
    {
      title: "Most errors first, then by path",
      pipeline: "json | sort -errors, path",
      input: '{"path":"/b","errors":1}\n{"path":"/c","errors":7}\n{"path":"/a","errors":1}\n',
      output: '{"path":"/c","errors":7}\n{"path":"/a","errors":1}\n{"path":"/b","errors":1}',
    },
    {
      title: "Rows without the key come last, whichever the direction",
      pipeline: "json | sort n desc",
      input: '{"id":"a"}\n{"id":"b","n":1}\n{"id":"c","n":2}\n',
      output: '{"id":"c","n":2}\n{"id":"b","n":1}\n{"id":"a"}',
    },
  ],
  schema(args, input, check) {
    for (const key of args.keys) check.expression(key.expression, input);
    return input;
  },
  memory: () => Infinity,
  create(args, context) {
    const { functions } = context.vocabulary;
    return new Sort(compileOrder(args.keys, context.schema, functions, "asc"), context.budget);
  },
});

export default sort;

class Sort implements Operator<Batch, Batch> {
  readonly #rows: KeptRows;
  readonly #keys: KeyList;
  #keyBytes = 0;

  constructor(readonly order: RowOrder, readonly budget: Budget) {
    this.#rows = new KeptRows(budget);
    this.#keys = new KeyList(order.signs);
  }

  push(batch: Batch): Outputs<Batch> {
    const bytes = this.#keys.add(batch, this.order.columns(batch)) + PLACE_BYTES * batch.length;
    this.#keyBytes += bytes;
    this.budget.take(bytes);
    this.#rows.add(batch);
    return NOTHING;
  }

  *finish(): Generator<Batch> {
    const { batches, from, rows } = allRows(this.#rows.batches);
    const places = Uint32Array.from(rows, (_row, index) => index);
    places.sort((left, right) => this.#keys.compare(left, right));
    const sorted = {
      batches,
      from: places.map((place) => from[place]!),
      rows: places.map((place) => rows[place]!),
    };
    yield* gather(sorted, false);
  }

  snapshot(): Iterable<Batch> {
    return this.finish();
  }

  save(): readonly SavedBatch[] {
    return this.#rows.save();
  }

  restore(state: unknown): void {
    for (const batch of restoreBatches(state as readonly SavedBatch[])) this.push(batch);
  }

  dispose(): void {
    this.#rows.clear();
    this.budget.take(-this.#keyBytes);
  }
}
