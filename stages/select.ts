/**
 * `select`: the fields to keep.
 * @module
 */
import type { Batch } from "../src/batch/batch.ts";
import { compile } from "../src/expression/compile.ts";
import { argument } from "../src/language/arguments.ts";
import type { FieldType } from "../src/schema.ts";
import { defineStage, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

const shape = {
  columns: argument.columns({
    description: "Fields or expressions, each with `as name` if need be",
  }),
};

/** The stage `select`. Fields that stay are shared, not copied; expressions make a column for the batch in hand. */
const select: StageDefinition<typeof shape> = defineStage({
  name: "select",
  kind: "row-local",
  rows: "made",
  rowForRow: true,
  summary: "Keeps these fields and expressions, in this order",
  description:
    "Without `as`, a column is named by its own text: `select req.host` gives a field `req.host`. A field that a row " +
    "does not have is null in it. Two columns of one name are refused. Holds no state.",
  arguments: z.object(shape),
  examples: [
    {
      title: "Pick, rename and compute",
      pipeline: "json | select path, status as code, upper(method) as verb",
      input: '{"method":"get","path":"/a","status":200,"bytes":12}\n',
      output: '{"path":"/a","code":200,"verb":"GET"}',
    },
    {
      title: "Nested fields and fields that are missing",
      pipeline: "json | select req.host, status",
      input: '{"req":{"host":"a.example"},"status":200}\n{"status":404}\n',
      output: '{"req.host":"a.example","status":200}\n{"req.host":null,"status":404}',
    },
    {
      title: "One name for two columns",
      pipeline: "json | select path, url as path",
      input: "",
      error: "Two columns named `path` at line 1, column 21\n" +
        "  json | select path, url as path\n" +
        "                      ^^^^^^^^^^^\n" +
        "Give one of them another name with `as`",
    },
  ],
  schema(args, input, check) {
    const fields = new Map<string, FieldType>();
    for (const { name, expression } of args.columns) {
      fields.set(name, check.expression(expression, input));
    }
    return { fields, open: false };
  },
  create(args, context) {
    const columns = args.columns.map(({ name, expression }) => ({
      name,
      make: compile(expression, context.schema, context.vocabulary.functions),
    }));
    return {
      push(batch: Batch) {
        return [batch.withOnly(new Map(columns.map(({ name, make }) => [name, make(batch)])))];
      },
    };
  },
});

export default select;
