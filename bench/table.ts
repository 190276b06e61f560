/**
 * `table`: puts the results of both runtimes into docs/PERFORMANCE.md, between its markers. `--quick` takes those of quick runs;
 * `--print` shows the tables and writes nothing.
 * @module
 */
import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { readResults } from "./results.ts";
import { replacePart, tablesOf } from "./tables.ts";

const quick = process.argv.includes("--quick");
const deno = await readResults("deno", quick);
const bun = await readResults("bun", quick);
if (deno === null && bun === null) {
  const flag = quick ? " --quick" : "";
  throw new Error(
    `No results in bench/results: run \`deno task bench${flag}\` and \`bun run bench${flag}\``,
  );
}
const tables = Object.entries(tablesOf({ deno, bun }));
if (process.argv.includes("--print")) {
  for (const [name, table] of tables) console.log(`${name}\n\n${table}\n`);
} else {
  const file = new URL("../docs/PERFORMANCE.md", import.meta.url);
  const text = await readFile(file, "utf8");
  const written = tables.reduce((all, [name, table]) => replacePart(all, name, table), text);
  await writeFile(file, written);
}
