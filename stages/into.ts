/**
 * `into`: writes rows somewhere else, and says what it wrote.
 * @module
 */
import { Batch } from "../src/batch/batch.ts";
import { argument } from "../src/language/arguments.ts";
import { schemaOf } from "../src/schema.ts";
import { defineStage, NOTHING, type StageDefinition } from "../src/stage.ts";
import { type AnySink, sinkOptions, SINKS } from "../src/sinks/mod.ts";
import { z } from "zod";

const [first, ...others] = SINKS;
const names: [string, ...string[]] = [first.name, ...others.map(({ name }) => name)];

const own = {
  sink: argument.choice(names, {
    description: SINKS.map(({ name, summary }) => `\`${name}\`: ${summary}`).join(". "),
  }),
  target: argument.text({ description: "Where to: an address, a file, by the kind of place" }),
};
const shape: z.ZodRawShape = { ...own, ...sinkOptions() };

const BYTES_OF_ONE_WRITE = 8 * 1024 * 1024;

/** The stage `into`. What a sink keeps for its next write is its own bound. */
const into: StageDefinition<typeof shape> = defineStage({
  name: "into",
  kind: "ordered",
  reachesOut: true,
  summary: "Writes rows to another place and ends in one row that says what was written",
  description:
    "The rows go no further: what comes out is one row, at the end, with `into` (the kind of place) and what that kind has to " +
    "say: rows written, requests made. Under backpressure: the upload waits while rows are written.\n\n" +
    "`into file` writes NDJSON, or CSV when the name ends in `.csv` or `format=csv` says so, below the folder FILES and nowhere else; " +
    "folders inside it are made. Rows go to a draft beside the file, which takes the file's place (with `append=yes`: goes to its end) when the run is " +
    "through: a run that fails leaves nothing. The columns of CSV are the fields of the first row; a row with another " +
    "field ends the run, so put `select` before it. MAX_FILE bounds the file.\n\n" +
    "`into sqlite` writes to a table of a database (`.db`, `.sqlite`) below FILES. With `key` a row whose key is there is updated, " +
    "so sending the same rows again changes nothing; without, every row is a new one, also one that a stage writes again which `restart=` has made anew. A field that the row does not have is left as it is. " +
    "Missing tables and columns are made (at most 200) unless `create=no`. Columns have no type: whole numbers are stored as INTEGER, others as REAL, " +
    "true and false as 1 and 0, times as ISO 8601 text, lists and objects as JSON text. Each 1000 rows, and each batch, are a transaction: a run " +
    "that fails leaves those before, and with `key` it is enough to send it again. The disk is waited for when the run says what it wrote, and at checkpoints. `inserted` and `updated` tell of rows as they were written: those that a restart from a checkpoint writes again are updated. One " +
    "process writes at a time; the others wait for up to 5 s.\n\n" +
    "`into http` sends `batch` rows " +
    "as NDJSON in one POST, one request after the other, only to a host of LOOKUP_HOSTS. A request that failed is sent again with " +
    "the same `idempotency-key`, so that a receiver which looks at it writes no row twice; without that, rows come at least " +
    "once. When all tries failed the run fails, and with `on_error=skip` the rows are counted as `failed`. Holds the rows of " +
    "one request, at most 4 MiB and one batch.",
  arguments: z.object(shape),
  examples: [
    {
      title: "Rows sent to another service",
      pipeline: 'json | where status >= 500 | into http "https://alerts.example/rows" batch=2',
      input:
        '{"path":"/a","status":500}\n{"path":"/b","status":200}\n{"path":"/c","status":503}\n' +
        '{"path":"/d","status":502}\n',
      output: '{"into":"http","rows":3,"requests":2,"failed":0}',
    },
    {
      title: "Rows written to a file",
      pipeline: 'json | where status >= 500 | into file "daily/errors.csv"',
      input: '{"user":7,"status":500}\n{"user":8,"status":200}\n{"user":7,"status":503}\n',
      output: '{"into":"file","name":"daily/errors.csv","rows":2,"bytes":24}',
    },
    {
      title: "Rows written to a table by key: the last of user 7 updates the first",
      pipeline: 'json | into sqlite "users.db" table=users key=user | select into, table, rows',
      input: '{"user":7,"status":500}\n{"user":8,"status":200}\n{"user":7,"status":503}\n',
      output: '{"into":"sqlite","table":"users","rows":3}',
    },
    {
      title: "A name that leads out of the folder",
      pipeline: 'json | into file "../errors.ndjson"',
      input: "",
      error:
        'Expected the name of a file below the folder FILES, such as "daily/errors.ndjson", found "../errors.ndjson" ' +
        "at line 1, column 8\n" +
        '  json | into file "../errors.ndjson"\n' +
        "         ^^^^",
    },
    {
      title: "What is no address",
      pipeline: 'json | into http "alerts"',
      input: "",
      error: 'Expected an address with http or https, found "alerts" at line 1, column 8\n' +
        '  json | into http "alerts"\n' +
        "         ^^^^\n" +
        'Write it as "https://host/path"',
    },
  ],
  schema(args, _input, check) {
    const { sink, target } = placeOf(args);
    for (const name of Object.keys(args)) {
      if (name in own || name in sink.options || args[name] === undefined) continue;
      const allowed = Object.keys(sink.options).join(", ");
      check.issue({
        message: `\`into ${sink.name}\` has no option \`${name}\``,
        at: NOWHERE,
        hint: `Its options are ${allowed}`,
      });
    }
    const wrong = sink.check?.(target, args) ?? null;
    if (wrong !== null) check.issue({ ...wrong, at: NOWHERE });
    return { ...schemaOf({ into: "text" }), open: true };
  },
  refusal(args, server) {
    const { sink, target } = placeOf(args);
    return sink.refusal(target, server);
  },
  memory: () => BYTES_OF_ONE_WRITE,
  create(args, context) {
    const { sink: definition, target } = placeOf(args);
    const sink = definition.create(target, args, context);
    return {
      async push(batch: Batch) {
        await sink.write(batch);
        return NOTHING;
      },
      async *finish() {
        yield Batch.ofRows([{ into: definition.name, ...await sink.finish() }]);
      },
      save: () => sink.save(),
      restore: (state) => sink.restore(state),
      dispose: () => sink.dispose(),
    };
  },
});

/** Told of the stage as a whole. */
const NOWHERE = { start: 0, end: 0 };

function placeOf(
  { sink: name, target }: Readonly<Record<string, unknown>>,
): { readonly sink: AnySink; readonly target: string } {
  return { sink: SINKS.find((sink) => sink.name === name)!, target: String(target) };
}

export default into;
