/**
 * `route`: each row to one of several pipelines.
 * @module
 */
import type { Batch } from "../src/batch/batch.ts";
import { compileCondition } from "../src/expression/compile.ts";
import { argument } from "../src/language/arguments.ts";
import type { Case, Expression } from "../src/language/syntax.ts";
import { Branches, type Fan } from "../src/pipeline/branches.ts";
import type { FieldType } from "../src/schema.ts";
import { defineStage, type StageContext, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

const shape = {
  by: argument.expression({
    description: "What decides; without it the cases are conditions",
    keyword: "by",
  }).optional(),
  cases: argument.cases({
    description: "`case` with values or conditions, then a pipeline; `else` for what is left",
  }),
};

const MOST_CASES = 64;

/** The stage `route`. Batches are shared by the branches: each gets its own selection of their rows, none is copied. */
const route: StageDefinition<typeof shape> = defineStage({
  name: "route",
  kind: "ordered",
  rows: "made",
  summary: "Sends each row to one of several pipelines",
  description:
    "A row goes to the first case that it fits: with `by`, where the expression equals (`==`) one of the values; " +
    "without, where one of the conditions is true. What fits none goes to `else`; without an `else` it is dropped, and " +
    "the notice says how many. Rows of one case stay in order; between cases they come as they arise, what comes at " +
    "the end case by case. The slowest sets the pace. Holds what the stages of its pipelines hold. Up to 64 cases.",
  arguments: z.object(shape),
  examples: [
    {
      title: "Clicks are counted, errors are shown, the rest is gone",
      pipeline:
        'json | route by kind { case "click", "tap" (stats count as clicks) case "error" (select text) }',
      input: '{"kind":"click"}\n{"kind":"error","text":"no"}\n{"kind":"tap"}\n{"kind":"view"}\n',
      output: '{"text":"no"}\n{"clicks":2}',
    },
    {
      title: "Conditions, and a case for what is left",
      pipeline: "json | route { case ms > 100 (let slow = true) else (let slow = false) }",
      input: '{"ms":5}\n{"ms":500}\n',
      output: '{"ms":500,"slow":true}\n{"ms":5,"slow":false}',
    },
    {
      title: "Only the last case may be `else`",
      pipeline: "json | route by kind { else (head 1) case 1 (tail 1) }",
      input: "",
      error: "`else` is not the last case at line 1, column 24\n" +
        "  json | route by kind { else (head 1) case 1 (tail 1) }\n" +
        "                         ^^^^^^^^^^^^^\n" +
        "Put it behind all others, once",
    },
  ],
  stateless: () => true,
  schema({ by, cases }, input, check) {
    if (by !== undefined) check.expression(by, input);
    const fields = new Map<string, FieldType>();
    let open = false;
    cases.forEach(({ values, plan, at }, index) => {
      if (values.length === 0 && index < cases.length - 1) {
        const hint = "Put it behind all others, once";
        check.issue({ message: "`else` is not the last case", at, hint });
      }
      if (index === MOST_CASES) check.issue({ message: `More than ${MOST_CASES} cases`, at });
      for (const value of values) check.expression(value, input);
      const output = check.nested(plan, input);
      for (const [name, type] of output.fields) {
        fields.set(name, (fields.get(name) ?? type) === type ? type : "any");
      }
      open ||= output.open;
    });
    return { fields, open };
  },
  create({ by, cases }, context) {
    const branches = cases.map(({ plan, values }, index) =>
      context.nested(plan, values.length === 0 ? "else" : String(index + 1))
    );
    return new Branches(branches, splitter(by, cases, context));
  },
});

export default route;

function splitter(
  by: Expression | undefined,
  cases: readonly Case[],
  context: StageContext,
): Fan {
  const { schema, vocabulary } = context;
  const selectors = cases.map(({ values, at }) =>
    values.length === 0
      ? null
      : compileCondition(conditionOf(by, values, at), schema, vocabulary.functions)
  );
  let unmatched = 0;
  const split = (batch: Batch): readonly (Batch | null)[] => {
    let left: Batch | null = batch;
    const shares = selectors.map((select) => {
      if (left === null || select === null) return left;
      const rows = select(left);
      const share = rows.length === 0 ? null : left.select(rows);
      left = without(left, rows);
      return share;
    });
    if (left !== null && selectors.at(-1) !== null) {
      unmatched += left.length;
      context.fact("unmatched", unmatched);
      context.notice("route", { unmatched });
    }
    return shares;
  };
  return {
    split,
    save: () => unmatched,
    restore(state) {
      unmatched = state as number;
      if (unmatched > 0) context.fact("unmatched", unmatched);
    },
  };
}

/** True where a row belongs to the case. */
function conditionOf(
  by: Expression | undefined,
  values: readonly Expression[],
  at: Case["at"],
): Expression {
  if (by !== undefined) return { kind: "in", operand: by, options: values, negated: false, at };
  return values.reduce((left, right) => ({ kind: "binary", operator: "or", left, right, at }));
}

/** The rows of `batch` that are not among `rows`; null when none are. Both ascend. */
function without(batch: Batch, rows: Uint32Array): Batch | null {
  if (rows.length === 0) return batch;
  if (rows.length === batch.length) return null;
  const rest = new Uint32Array(batch.length - rows.length);
  let count = 0;
  let taken = 0;
  for (let index = 0; index < batch.length; index++) {
    const row = batch.rowAt(index);
    if (rows[taken] === row) taken++;
    else rest[count++] = row;
  }
  return batch.select(rest);
}
