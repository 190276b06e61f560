/**
 * `tee`: several pipelines over the same rows.
 * @module
 */
import { argument } from "../src/language/arguments.ts";
import { printField } from "../src/language/print.ts";
import { Branches, markBranch } from "../src/pipeline/branches.ts";
import { Concatenation, GatheredBranches } from "../src/pipeline/gathered_branches.ts";
import { Join } from "../src/pipeline/join.ts";
import { addedFields } from "../src/schema.ts";
import { defineStage, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

const shape = {
  mode: argument.choice(["merge", "concat", "join"], {
    description: "How the branches' rows come together; `merge` unless said otherwise",
  }).optional(),
  by: argument.fields({ description: "The keys of a `join`", keyword: "by" }).optional(),
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
    "what they want, the upload stops. Holds what the stages of its branches hold.\n\n" +
    "`concat` gives all rows of the first branch, then all of the second, and so on; it holds the rows of all but the " +
    "first. `join by KEYS` answers at the end with a row for each key: the keys, then the fields of each branch, null " +
    "where a branch has no such key. Keys come in the order of the first branch, then those that only later ones " +
    "have. Where a branch has several rows of a key, each combines with each. A field that an earlier branch has too " +
    "gets the number of its branch: `count_2`. It holds all rows of its branches, up to the run's budget.",
  arguments: z.object(shape),
  examples: [
    {
      title: "Two answers from one upload",
      pipeline: "json | tee (sort -bytes | head 1) (where status >= 500 | select path)",
      input: '{"path":"/a","status":200,"bytes":10}\n{"path":"/b","status":500,"bytes":5}\n',
      output: '{"path":"/b","$branch":2}\n{"path":"/a","status":200,"bytes":10,"$branch":1}',
    },
    {
      title: "Requests and errors of each path, side by side",
      pipeline:
        "json | tee join by path (stats count by path) (where status >= 500 | stats count by path)",
      input: '{"path":"/a","status":200}\n{"path":"/b","status":500}\n{"path":"/b","status":200}\n',
      output: '{"path":"/a","count":1,"count_2":null}\n{"path":"/b","count":2,"count_2":1}',
    },
    {
      title: "One answer behind the other",
      pipeline: "json | tee concat (where n > 1) (stats sum(n) as n)",
      input: '{"n":1}\n{"n":2}\n{"n":3}\n',
      output: '{"n":2,"$branch":1}\n{"n":3,"$branch":1}\n{"n":6,"$branch":2}',
    },
    {
      title: "A join needs keys",
      pipeline: "json | tee join (head 1) (tail 1)",
      input: "",
      error: "A `join` needs its keys at line 1, column 8\n" +
        "  json | tee join (head 1) (tail 1)\n" +
        "         ^^^\n" +
        "Write `tee join by KEY (...) (...)`",
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
  stateless: ({ mode }) => mode === undefined || mode === "merge",
  schema({ branches, mode, by }, input, check) {
    if ((mode === "join") !== (by !== undefined)) {
      check.issue({
        message: by === undefined ? "A `join` needs its keys" : "Keys are for a `join`",
        at: { start: 0, end: 0 },
        hint: "Write `tee join by KEY (...) (...)`",
      });
    }
    const extra = branches[MOST_BRANCHES]?.stages[0];
    if (extra !== undefined) {
      check.issue({
        message: `Too many branches: ${branches.length}`,
        at: extra.at,
        hint: `A \`tee\` has at most ${MOST_BRANCHES}`,
      });
    }
    const outputs = branches.map((branch) => check.nested(branch, input));
    if (mode === "join") return { fields: new Map(), open: true };
    return addedFields(outputs, [["$branch", "number"]]);
  },
  create({ branches, mode, by }, context) {
    const { budget } = context;
    const all = branches.map((branch, index) => context.nested(branch, String(index + 1)));
    if (mode === "concat") {
      return new GatheredBranches(all, new Concatenation(all.length, budget));
    }
    if (mode !== "join") return new Branches(all, { mark: markBranch });
    const keys = by!.map((field) => ({ name: printField(field), path: field.path }));
    return new GatheredBranches(all, new Join(all.length, keys, budget));
  },
});

export default tee;
