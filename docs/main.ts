/**
 * `docs`: writes the generated parts of the documentation from the definitions; `docs --check` fails when one is stale.
 * @module
 */
import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { usage } from "../src/language/usage.ts";
import { describeSettings } from "../src/settings.ts";
import type { AnyStage } from "../src/stage.ts";
import { RUN_PARAMETERS } from "../routes/parameters.ts";
import { loadPipelines } from "../routes/named_pipelines.ts";
import { VOCABULARY } from "../stages/mod.ts";

/** A part of a file between `<!-- generated: NAME -->` and `<!-- end -->`. */
interface Part {
  readonly file: string;
  readonly name: string;
  readonly text: string;
}

const pipelines = await loadPipelines("", VOCABULARY);
const stages = [...VOCABULARY.stages.values()];

const PARTS: readonly Part[] = [
  {
    file: "README.md",
    name: "stages",
    text: table(["stage", "does"], stages.map((stage) => [code(usage(stage)), stage.summary])),
  },
  {
    file: "README.md",
    name: "parameters",
    text: table(
      ["parameter", "does"],
      Object.entries(RUN_PARAMETERS.shape).map((
        [name, schema],
      ) => [code(name), schema.description ?? ""]),
    ),
  },
  {
    file: "README.md",
    name: "settings",
    text: table(
      ["variable", "default", "meaning"],
      describeSettings().map((
        { name, standard, description },
      ) => [code(name), standard && code(standard), description]),
    ),
  },
  {
    file: "README.md",
    name: "pipelines",
    text: table(
      ["pipeline", "answers"],
      [...pipelines.values()].map(({ name, summary }) => [code(name), summary]),
    ),
  },
  { file: "docs/LANGUAGE.md", name: "stages", text: stages.map(stageText).join("\n\n") },
  { file: "docs/LANGUAGE.md", name: "aggregates", text: aggregateTable() },
  { file: "docs/LANGUAGE.md", name: "functions", text: functionTable() },
];

function aggregateTable(): string {
  return table(
    ["aggregate", "gives"],
    VOCABULARY.aggregateNames.map((name) => {
      const { signature, summary } = VOCABULARY.aggregate(name)!;
      return [code(signature), summary];
    }),
  );
}

function functionTable(): string {
  return table(
    ["function", "gives", "example"],
    [...VOCABULARY.functions.values()].map(({ signature, summary, example }) => [
      code(signature),
      summary,
      `${code(example[0])} is ${code(example[1])}`,
    ]),
  );
}

function stageText(stage: AnyStage): string {
  const examples = stage.examples.map(({ title, pipeline, input, output, error }) =>
    [
      `${title}: ${code(pipeline)}`,
      fenced(input.trimEnd()),
      output === undefined ? "fails with" : "gives",
      fenced((output ?? error ?? "").trimEnd()),
    ].join("\n\n")
  );
  return [`### ${stage.name}`, fenced(usage(stage)), stage.description.trim(), ...examples].join(
    "\n\n",
  );
}

function fenced(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}

function code(text: string): string {
  return text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function replaced(source: string, { file, name, text }: Part): string {
  const start = `<!-- generated: ${name} -->`;
  const from = source.indexOf(start);
  const to = source.indexOf("<!-- end -->", from);
  if (from < 0 || to < 0) throw new Error(`${file} has no part ${start} ... <!-- end -->`);
  return `${source.slice(0, from + start.length)}\n\n${text}\n\n${source.slice(to)}`;
}

const check = process.argv.includes("--check");
let stale = 0;
for (const file of new Set(PARTS.map((part) => part.file))) {
  const path = new URL(`../${file}`, import.meta.url);
  const before = await readFile(path, "utf8");
  const after = PARTS.filter((part) => part.file === file).reduce(replaced, before);
  if (after === before) continue;
  stale++;
  if (check) console.error(`${file} is stale: run \`deno task docs\` (or \`bun run docs\`)`);
  else await writeFile(path, after);
}
process.exitCode = check && stale > 0 ? 1 : 0;
