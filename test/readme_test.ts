/**
 * The README's commands, run as they stand there, and what they print compared with what it says.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { withServer } from "./support/server.ts";

const root = new URL("..", import.meta.url).pathname;
const readme = readFileSync(`${root}README.md`, "utf8");
/** A block to run, and the block of its output behind it. */
const BLOCK = /```sh run\n([\s\S]*?)```\n+```(?:json|text)\n([\s\S]*?)```/g;

/** Snapshots before the last depend on time: only the final set is compared, whatever its number. */
function comparable(output: string): string {
  return output.split("\n")
    .filter((line) => !line.includes('"$snapshot"') || line.includes('"$final"'))
    .join("\n")
    .replace(/"\$snapshot":\d+/g, '"$snapshot":1')
    .trim();
}

async function shell(script: string): Promise<string> {
  const child = spawn("bash", ["-ec", script], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk) => output += chunk);
  const [code] = await once(child, "close");
  assert.equal(code, 0, script);
  return output;
}

describe("the README", () => {
  const blocks = [...readme.matchAll(BLOCK)];

  it("has commands to run, each with its output", () => {
    assert.ok(blocks.length >= 5);
    assert.equal(blocks.length, readme.match(/```sh run\n/g)?.length);
  });

  for (const [, script, expected] of blocks) {
    it(script!.split("\n")[0]!, async () => {
      await withServer({}, async (server) => {
        const output = await shell(
          script!.replaceAll("localhost:8080", server.url.replace("http://", "")),
        );
        assert.equal(comparable(output), comparable(expected!));
      });
    });
  }
});
