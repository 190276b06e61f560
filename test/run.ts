/**
 * `test`: every test file under Deno and under Bun, one after the other, and what came of both in one last line.
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import process from "node:process";

interface Outcome {
  readonly passed: number;
  readonly failed: number;
}

const root = new URL("..", import.meta.url).pathname;
const only = process.argv.slice(2);
const files = (await readdir(new URL(".", import.meta.url)))
  .filter((file) => file.endsWith("_test.ts"))
  .filter((file) => only.length === 0 || only.some((part) => file.includes(part)))
  .sort()
  .map((file) => `./test/${file}`);

const deno = await run(
  "Deno",
  process.execPath,
  ["test", "-A", "--no-check", "--quiet", ...files],
  (text) => ({
    passed: last(text, /(\d+) passed/g),
    failed: last(text, /(\d+) failed/g),
  }),
);
const bun = await run(
  "Bun",
  "node_modules/.bin/bun",
  ["test", "--timeout", "120000", ...files],
  (text) => ({
    passed: last(text, /^\s*(\d+) pass$/gm),
    failed: last(text, /^\s*(\d+) fail$/gm),
  }),
);

console.log(
  `\nDeno: ${deno.passed} passed, ${deno.failed} failed\nBun: ${bun.passed} passed, ${bun.failed} failed`,
);
console.log(`${deno.passed + bun.passed} passed, ${deno.failed + bun.failed} failed`);
process.exitCode = deno.failed + bun.failed > 0 ? 1 : 0;

/** Runs one runtime's tests, showing what it prints. An exit code that the counts do not explain is one failure more. */
async function run(
  name: string,
  command: string,
  parameters: readonly string[],
  read: (text: string) => Outcome,
): Promise<Outcome> {
  console.log(`\n# ${name}: ${files.length} files\n`);
  const child = spawn(command, parameters, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (
    const [from, to] of [[child.stdout, process.stdout], [child.stderr, process.stderr]] as const
  ) {
    from.on("data", (chunk: Uint8Array) => {
      text += chunk;
      to.write(chunk);
    });
  }
  const [code] = await once(child, "close");
  // deno-lint-ignore no-control-regex -- colours are taken out before the figures are read
  const outcome = read(text.replace(/\x1b\[[0-9;]*m/g, ""));
  const unexplained = (code !== 0 && outcome.failed === 0) || outcome.passed === 0;
  return unexplained ? { ...outcome, failed: outcome.failed + 1 } : outcome;
}

function last(text: string, pattern: RegExp): number {
  return Number([...text.matchAll(pattern)].at(-1)?.[1] ?? 0);
}
