/**
 * Blocks of documentation, run as they stand there: commands by a shell, TypeScript in this process.
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";

/** The folder of the project. */
export const root = new URL("../..", import.meta.url);

/** A block to run, and the block of its output behind it. */
export interface Block {
  readonly code: string;
  readonly output: string;
}

/** The blocks of `markdown` marked with `language` and `run`. Fails where one has no output behind it. */
export function blocksOf(markdown: string, language: "sh" | "ts"): readonly Block[] {
  const pattern = new RegExp(
    `\`\`\`${language} run\\n([\\s\\S]*?)\`\`\`\\n+\`\`\`(?:json|text)\\n([\\s\\S]*?)\`\`\``,
    "g",
  );
  const blocks = [...markdown.matchAll(pattern)].map(([, code, output]) => ({
    code: code!,
    output: output!,
  }));
  assert.equal(blocks.length, markdown.split(`\`\`\`${language} run\n`).length - 1);
  return blocks;
}

/** What `script` prints. Fails when it fails. */
export async function runShell(script: string): Promise<string> {
  const child = spawn("bash", ["-ec", script], {
    cwd: root.pathname,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => output += chunk);
  const [code] = await once(child, "close");
  assert.equal(code, 0, script);
  return output;
}

/** What `code` logs, text only, when it is run as a module of the file `from`. Fails when it fails. */
export async function runTypeScript(code: string, from: URL): Promise<string> {
  const folder = await mkdtemp(`${tmpdir()}/sluice-`);
  const { log } = console;
  const lines: string[] = [];
  try {
    const file = `${folder}/block.ts`;
    const placed = code.replace(
      /from "(\.[^"]*)"/g,
      (_, specifier) => `from "${new URL(specifier, from)}"`,
    );
    await writeFile(file, placed);
    console.log = (...values: readonly unknown[]) => {
      // The runtimes print objects differently.
      for (const value of values) assert.equal(typeof value, "string", "Only text is logged");
      lines.push(values.join(" "));
    };
    await import(pathToFileURL(file).href);
  } finally {
    console.log = log;
    await rm(folder, { recursive: true });
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** Snapshots before the last depend on time: only the final set is compared, whatever its number. */
export function comparable(output: string): string {
  return output.split("\n")
    .filter((line) => !line.includes('"$snapshot"') || line.includes('"$final"'))
    .join("\n")
    .replace(/"\$snapshot":\d+/g, '"$snapshot":1')
    .trim();
}
