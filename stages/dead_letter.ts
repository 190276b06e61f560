/**
 * `dead_letter`: a branch for rejects.
 * @module
 */
import { argument } from "../src/language/arguments.ts";
import { DeadLetter } from "../src/pipeline/dead_letter.ts";
import { REJECT_SCHEMA } from "../src/reject.ts";
import type { FieldType } from "../src/schema.ts";
import { defineStage, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

const shape = {
  branch: argument.pipeline({ description: "What is to be done with the rejects" }),
};

/** The stage `dead_letter`. Good rows are passed on as they are; rejects wait for it in a queue of about a thousand. */
const deadLetter: StageDefinition<typeof shape> = defineStage({
  name: "dead_letter",
  kind: "ordered",
  previews: "never",
  rows: "passed",
  takesRejects: true,
  summary: "Sends the rejects of the stages above it through a pipeline of their own",
  description:
    "Rows pass unchanged. Lines and rows that stages above it reject, in this pipeline and in those nested in it, go " +
    "into its own pipeline as rows with the fields `line`, `offset` (both null for a row), `stage`, `class`, `reason` " +
    "and `text`; what that gives comes out with `$dead_letter`, true, as its last field. They come as soon as they " +
    "arise, so between rows their order varies. A reject goes to the next `dead_letter` below it alone. It is counted as " +
    "ever, by the report and by `max_rejects`, but `on_reject=emit` does not show it again. When about a thousand " +
    "wait, the stages above wait too.",
  arguments: z.object(shape),
  examples: [
    {
      title: "Bad lines beside good rows",
      pipeline: "json | dead_letter (select line, class, text) | drop n",
      input: '{"n":1,"a":"x"}\nno json\n',
      output: '{"line":2,"class":"syntax","text":"no json","$dead_letter":true}\n{"a":"x"}',
    },
    {
      title: "Why lines were rejected, and how often",
      pipeline: "json | dead_letter (stats count by class, reason) | where `$dead_letter` == true",
      input: '{"n":1}\n[1]\n{"n":2}\n[2]\n',
      output:
        '{"class":"syntax","reason":"Expected a JSON object, found an array","count":2,"$dead_letter":true}',
    },
    {
      title: "Its pipeline is checked on the fields of rejects",
      pipeline: "json | dead_letter (where status >= 500)",
      input: "",
      error: "Unknown field `status` at line 1, column 27\n" +
        "  json | dead_letter (where status >= 500)\n" +
        "                            ^^^^^^\n" +
        "The fields are line, offset, stage, class, reason, text",
    },
  ],
  schema({ branch }, input, check) {
    const letters = check.nested(branch, REJECT_SCHEMA);
    const fields = new Map<string, FieldType>(input.fields);
    for (const [name, type] of letters.fields) {
      fields.set(name, (fields.get(name) ?? type) === type ? type : "any");
    }
    fields.delete("$dead_letter");
    return { fields: fields.set("$dead_letter", "boolean"), open: input.open || letters.open };
  },
  create({ branch }, context) {
    return new DeadLetter(
      context.rejectsAbove(),
      context.nested(branch, "1", { rows: REJECT_SCHEMA }),
    );
  },
});

export default deadLetter;
