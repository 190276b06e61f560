/**
 * `tail`: the last rows.
 * @module
 */
import { type Batch, MAX_BATCH_BYTES } from "../src/batch/batch.ts";
import { KeptRows } from "../src/batch/kept_rows.ts";
import type { SavedBatch } from "../src/batch/saved_batch.ts";
import { argument } from "../src/language/arguments.ts";
import { defineStage, NOTHING, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

const shape = {
  count: argument.count({ description: "How many rows" }).default(10),
};

/** The stage `tail`. */
const tail: StageDefinition<typeof shape> = defineStage({
  name: "tail",
  kind: "ordered",
  previews: "kept",
  rows: "passed",
  summary: "Keeps the last rows",
  description:
    "Answers when the upload has ended, in arrival order. Holds the last rows and nothing of those before them, " +
    "except neighbours out of the same piece of the upload, up to 256 KiB a piece.",
  arguments: z.object(shape),
  examples: [
    {
      title: "The last two rows",
      pipeline: "json | tail 2",
      input: '{"n":1}\n{"n":2}\n{"n":3}\n',
      output: '{"n":2}\n{"n":3}',
    },
    {
      title: "Fewer rows than asked for",
      pipeline: "json | tail",
      input: '{"n":1}\n{"n":2}\n',
      output: '{"n":1}\n{"n":2}',
    },
  ],
  memory: ({ count }, limits) =>
    Math.min(limits.maxStateBytes, count * Math.max(MAX_BATCH_BYTES, limits.maxLineBytes)),
  create({ count }, context) {
    const kept = new KeptRows(context.budget);
    return {
      done: count === 0,
      push(batch: Batch) {
        kept.add(batch, Math.min(count, batch.length));
        kept.keepLast(count);
        return NOTHING;
      },
      finish: () => kept.batches,
      snapshot: () => [...kept.batches],
      save: () => kept.save(),
      restore: (state) => kept.restore(state as readonly SavedBatch[]),
      dispose: () => kept.clear(),
    };
  },
});

export default tail;
