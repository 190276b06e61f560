/**
 * `csv`: comma-separated values.
 * @module
 */
import { MAX_COLUMNS } from "../src/batch/csv_header.ts";
import { recordFormat } from "../src/batch/records.ts";
import { argument } from "../src/language/arguments.ts";
import { COLUMN_OPTIONS, namedColumns, textSchema } from "../src/language/column_names.ts";
import { defineStage, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

const QUOTE = 34;

const shape = {
  ...COLUMN_OPTIONS,
  separator: argument.text({
    description: "What stands between fields: one ASCII character; default `,`",
    option: true,
  }).regex(/^[\t\x20\x21\x23-\x7e]$/, {
    error: "A separator is one ASCII character that is no quote and no line feed",
  }).optional(),
};

/** The stage `csv`. Fields are views of the upload's bytes; a column is made when a later stage asks for it. */
const csv: StageDefinition<typeof shape> = defineStage({
  name: "csv",
  kind: "format",
  summary: "Reads comma-separated values with quotes (RFC 4180)",
  description:
    `The first record names the columns, unless \`columns\` does; with \`header=no\` and no names they are \`c1\`, \`c2\`,
and so on, as many as the first record has. With \`columns\` and \`header=yes\` the first record is passed over. In a header
an empty name becomes \`c\` and its place, and a name that is there already gets a number: \`id\`, \`id_2\`.

A field in double quotes may hold separators, line feeds and doubled quotes, which read as one. A quote inside a field
that does not begin with one is text. All fields are text (which compares with numbers as a number); an empty field is
null, an empty one in quotes is empty text. Spaces are kept, empty lines skipped, a byte order mark is passed over, and
\`\\r\\n\` ends a record as \`\\n\` does.

A record is a reject when it has too few or too many fields, when anything but a separator follows a closing quote (the
record then ends with that line), when the upload ends inside quotes, or when it is longer than the line limit (1 MiB). A
header like that, or one of more than ${MAX_COLUMNS} fields, ends the run. Memory: at most one unfinished record.`,
  arguments: z.object(shape),
  examples: [
    {
      title: "Quoted fields hold separators, quotes and line feeds",
      pipeline: "csv",
      input: 'name,note\r\n"Smith, J.","said ""no""\nand left"\r\nDoe,\r\nRoe,""\r\n',
      output: [
        '{"name":"Smith, J.","note":"said \\"no\\"\\nand left"}',
        '{"name":"Doe","note":null}',
        '{"name":"Roe","note":""}',
      ].join("\n"),
    },
    {
      title: "Names for an upload without a header, and another separator",
      pipeline: 'csv columns=(city, state) separator=";" | stats count by state',
      input: "Holtsville;NY\nAdjuntas;PR\nAlbany;NY\n",
      output: '{"state":"NY","count":2}\n{"state":"PR","count":1}',
    },
    {
      title: "Columns by number, compared as numbers",
      pipeline: "csv header=no | where c2 > 9",
      input: "a,10\nb,9\n",
      output: '{"c1":"a","c2":"10"}',
    },
    {
      title: "A record of another width is a reject",
      pipeline: "csv",
      input: "a,b,c\n1,2\n",
      error: "None of the 1 lines could become a row; line 2: Expected 3 fields, found 2",
    },
    {
      title: "A quote that nothing closes",
      pipeline: "csv columns=(a, b)",
      input: '1,"two\nthree\n',
      error: "None of the 1 lines could become a row; " +
        "line 1: Expected a closing quote, found the end of the upload",
    },
  ],
  schema: ({ columns }, _input, check) => textSchema(columns, check),
  memory: (_, limits) => limits.maxLineBytes,
  create({ columns, header, separator = "," }, context) {
    const dialect = { separator: separator.charCodeAt(0), quote: QUOTE };
    return recordFormat({ dialect, ...namedColumns(columns, header) }, context);
  },
});

export default csv;
