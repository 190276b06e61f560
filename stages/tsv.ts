/**
 * `tsv`: tab-separated values.
 * @module
 */
import { MAX_COLUMNS } from "../src/batch/csv_header.ts";
import { recordFormat } from "../src/batch/records.ts";
import { COLUMN_OPTIONS, namedColumns, textSchema } from "../src/language/column_names.ts";
import { defineStage, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

/** Tabs, and no byte that quotes. */
const TABS = { separator: 9, quote: -1 };

/** The stage `tsv`. Fields are views of the upload's bytes; a column is made when a later stage asks for it. */
const tsv: StageDefinition<typeof COLUMN_OPTIONS> = defineStage({
  name: "tsv",
  kind: "format",
  summary: "Reads tab-separated values",
  description:
    `As IANA registered them (text/tab-separated-values): one record a line, fields between tabs, nothing quotes and
nothing escapes, so a double quote is text. Values in quotes are \`csv separator="\\t"\`. Names, empty fields (null), line ends
and records of another width are as in \`csv\`; at most ${MAX_COLUMNS} columns. Memory: at most one unfinished line.`,
  arguments: z.object(COLUMN_OPTIONS),
  examples: [
    {
      title: "The first line names the columns",
      pipeline: "tsv",
      input: 'city\tnote\nAkutan\tsays "hi"\nAdak\t\n',
      output: '{"city":"Akutan","note":"says \\"hi\\""}\n{"city":"Adak","note":null}',
    },
    {
      title: "No header",
      pipeline: "tsv header=no | stats count by c2",
      input: "1\tAK\n2\tAL\n3\tAK\n",
      output: '{"c2":"AK","count":2}\n{"c2":"AL","count":1}',
    },
    {
      title: "A line of another width is a reject",
      pipeline: "tsv columns=(id)",
      input: "1\t2\n",
      error: "None of the 1 lines could become a row; line 1: Expected 1 field, found 2",
    },
    {
      title: "Two columns of one name",
      pipeline: "tsv columns=(id, id)",
      input: "",
      error: "Two columns named `id` at line 1, column 18\n" +
        "  tsv columns=(id, id)\n" +
        "                   ^^\n" +
        "Give one of them another name",
    },
  ],
  schema: ({ columns }, _input, check) => textSchema(columns, check),
  memory: (_, limits) => limits.maxLineBytes,
  create: ({ columns, header }, context) =>
    recordFormat({ dialect: TABS, ...namedColumns(columns, header) }, context),
});

export default tsv;
