/**
 * `let`: adds fields.
 * @module
 */
import type { Batch } from "../src/batch/batch.ts";
import { compile } from "../src/expression/compile.ts";
import { argument } from "../src/language/arguments.ts";
import type { Schema } from "../src/schema.ts";
import { defineStage, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

const shape = {
  assignments: argument.assignments({ description: "`name = expression`, several with commas" }),
};

/** The stage `let`. A new column a field, made for the batch in hand; the other columns are shared. */
const let_: StageDefinition<typeof shape> = defineStage({
  name: "let",
  kind: "row-local",
  rows: "passed",
  rowForRow: true,
  summary: "Adds fields, or replaces them, with the values of expressions",
  description:
    "Each assignment sees the row as the ones before it left it. A new field comes last; a field that is there " +
    "already keeps its place. A name is set once in one `let`, and stands for a field of the row itself: no objects are " +
    "made. Holds no state.",
  arguments: z.object(shape),
  examples: [
    {
      title: "A later assignment builds on an earlier one",
      pipeline: "json | let kb = bytes / 1000, large = kb > 1",
      input: '{"path":"/a","bytes":500}\n{"path":"/b","bytes":2500}\n',
      output: '{"path":"/a","bytes":500,"kb":0.5,"large":false}\n' +
        '{"path":"/b","bytes":2500,"kb":2.5,"large":true}',
    },
    {
      title: "A field that is replaced keeps its place",
      pipeline: "json | let path = lower(path)",
      input: '{"path":"/Index.HTML","status":200}\n',
      output: '{"path":"/index.html","status":200}',
    },
  ],
  schema(args, input, check) {
    let schema = input;
    for (const { name, expression } of args.assignments) {
      const type = check.expression(expression, schema);
      schema = { fields: new Map(schema.fields).set(name, type), open: schema.open };
    }
    return schema;
  },
  create(args, context) {
    let schema: Schema = context.schema;
    const columns = args.assignments.map(({ name, expression }) => {
      const make = compile(expression, schema, context.vocabulary.functions);
      // What an assigned field holds is only told by the column itself, which the expressions after it look at.
      schema = { fields: new Map(schema.fields).set(name, "any"), open: schema.open };
      return { name, make };
    });
    return {
      push(batch: Batch) {
        return [columns.reduce((rows, { name, make }) => rows.with(name, make(rows)), batch)];
      },
    };
  },
});

export default let_;
