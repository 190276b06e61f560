/**
 * `drop`: the fields to leave out.
 * @module
 */
import type { Batch } from "../src/batch/batch.ts";
import { argument } from "../src/language/arguments.ts";
import { defineStage, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

const shape = {
  fields: argument.fields({ description: "The fields to leave out" }),
};

/** The stage `drop`. The columns that stay are shared, not copied. */
const drop: StageDefinition<typeof shape> = defineStage({
  name: "drop",
  kind: "row-local",
  rows: "passed",
  rowForRow: true,
  summary: "Leaves fields out",
  description:
    "Takes fields of the row itself, not fields inside objects. A field that a row does not have is no fault where " +
    "only the data tells which fields there are, as after `json`. Holds no state.",
  arguments: z.object(shape),
  examples: [
    {
      title: "Leave out what must not be passed on",
      pipeline: "json | drop user, token",
      input: '{"path":"/a","user":"ann","token":"t1"}\n{"path":"/b"}\n',
      output: '{"path":"/a"}\n{"path":"/b"}',
    },
    {
      title: "Fields inside objects stay",
      pipeline: "json | drop req.host",
      input: "",
      error: "Cannot drop nested field `req.host` at line 1, column 13\n" +
        "  json | drop req.host\n" +
        "              ^^^^^^^^\n" +
        "Drop the whole of `req`, or name the fields to keep with `select`",
    },
  ],
  schema(args, input, check) {
    const fields = new Map(input.fields);
    for (const field of args.fields) {
      const name = field.path.join(".");
      if (field.path.length > 1 && !input.fields.has(name)) {
        check.issue({
          message: `Cannot drop nested field \`${name}\``,
          at: field.at,
          hint: `Drop the whole of \`${
            field.path[0]
          }\`, or name the fields to keep with \`select\``,
        });
      } else check.expression(field, input);
      fields.delete(name);
    }
    return { fields, open: input.open };
  },
  create(args) {
    const names = new Set(args.fields.map((field) => field.path.join(".")));
    return { push: (batch: Batch) => [batch.without(names)] };
  },
});

export default drop;
