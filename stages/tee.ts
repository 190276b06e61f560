/**
 * `tee`: several pipelines over the same rows.
 * @module
 */
import { argument } from "../src/language/arguments.ts";
import { Branches } from "../src/pipeline/branches.ts";
import type { FieldType, Schema } from "../src/schema.ts";
import { defineStage, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

const shape = {
  branches: argument.pipelines({ description: "1 to 16 pipelines, each in parentheses" }),
};

const MOST_BRANCHES = 16;

/** The stage `tee`. Batches are shared by the branches, not copied; each branch adds what its own stages hold. */
const tee: StageDefinition<typeof shape> = defineStage({
  name: "tee",
  kind: "ordered",
  rows: "made",
  summary: "Runs several pipelines over the same rows, in one pass",
  description:
    "Every row goes to each branch, up to 16. What comes out carries a field `$branch`, 1 for the first, as its last " +
    "field, in place of one that is there already. Rows of one branch stay in its order; between branches they come " +
    "as they arise, what comes at the end branch by branch. The slowest branch sets the pace. When all branches have " +
    "what they want, the upload stops. Holds what the stages of its branches hold.",
  arguments: z.object(shape),
  examples: [
    {
      title: "Two answers from one upload",
      pipeline: "json | tee (sort -bytes | head 1) (where status >= 500 | select path)",
      input: '{"path":"/a","status":200,"bytes":10}\n{"path":"/b","status":500,"bytes":5}\n',
      output: '{"path":"/b","$branch":2}\n{"path":"/a","status":200,"bytes":10,"$branch":1}',
    },
    {
      title: "Each branch is checked",
      pipeline: "combined | tee (head 1) (where stauts >= 500)",
      input: "",
      error: "Unknown field `stauts` at line 1, column 32\n" +
        "  combined | tee (head 1) (where stauts >= 500)\n" +
        "                                 ^^^^^^\n" +
        "Did you mean `status`?",
    },
  ],
  schema({ branches }, input, check) {
    const extra = branches[MOST_BRANCHES]?.stages[0];
    if (extra !== undefined) {
      check.issue({
        message: `Too many branches: ${branches.length}`,
        at: extra.at,
        hint: `A \`tee\` has at most ${MOST_BRANCHES}`,
      });
    }
    const fields = new Map<string, FieldType>();
    let open = false;
    for (const branch of branches) {
      const output: Schema = check.nested(branch, input);
      for (const [name, type] of output.fields) {
        fields.set(name, (fields.get(name) ?? type) === type ? type : "any");
      }
      open ||= output.open;
    }
    fields.delete("$branch");
    return { fields: fields.set("$branch", "number"), open };
  },
  create({ branches }, context) {
    return new Branches(branches.map((branch, index) => context.nested(branch, String(index + 1))));
  },
});

export default tee;
