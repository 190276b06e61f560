/**
 * The README's commands, run as they stand there, and what they print compared with what it says.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { describe, it } from "node:test";
import { blocksOf, comparable, root, runShell } from "./support/documents.ts";
import { withServer } from "./support/server.ts";

describe("the README", () => {
  const blocks = blocksOf(readFileSync(new URL("README.md", root), "utf8"), "sh");

  it("has commands to run, each with its output", () => assert.ok(blocks.length >= 5));

  for (const { code, output } of blocks) {
    it(code.split("\n")[0]!, async () => {
      const folder = await mkdtemp(`${tmpdir()}/sluice-`);
      try {
        await withServer({ CHECKPOINT_DIR: folder }, async (server) => {
          const printed = await runShell(
            code.replaceAll("localhost:8080", server.url.replace("http://", "")),
          );
          assert.equal(comparable(printed), comparable(output));
        });
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});
