/**
 * docs/PATTERNS.md: its blocks run as they stand there, and what they print compared with what it says.
 */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import process from "node:process";
import { describe, it } from "node:test";
import { runtime } from "../routes/serve.ts";
import { blocksOf, comparable, root, runShell, runTypeScript } from "./support/documents.ts";
import { brittleStage } from "./support/faulty_words.ts";
import { withServer } from "./support/server.ts";

const file = new URL("docs/PATTERNS.md", root);

/** Another server, on the runtime of the test. */
const SERVER = [
  process.execPath,
  ...(runtime.name === "deno" ? ["run", "-A", "--no-check"] : []),
  "routes/main.ts",
].join(" ");

/** What `script` prints against a server that has all that the document speaks of. */
async function printedBy(script: string): Promise<string> {
  const folder = await mkdtemp(`${tmpdir()}/sluice-patterns-`);
  mkdirSync(`${folder}/tables`);
  writeFileSync(`${folder}/tables/users.csv`, "user,plan\nada,pro\nbob,free\n");
  const settings = {
    FILES: `${folder}/files`,
    TABLES: `${folder}/tables`,
    CHECKPOINT_DIR: `${folder}/checkpoints`,
    // Nobody listens there: the service that is down.
    LOOKUP_HOSTS: "127.0.0.1:9=private",
  };
  let printed = "";
  try {
    await withServer(settings, async ({ url }) => {
      const here = script.replaceAll("localhost:8080", url.replace("http://", ""));
      printed = await runShell(here.replaceAll("deno run -A routes/main.ts", SERVER));
    }, [brittleStage()]);
  } finally {
    await rm(folder, { recursive: true });
  }
  return printed;
}

/** One section for each pattern. */
const PATTERNS = [
  "Buffered",
  "Fan-out and fan-in",
  "Parallel, ordered or not",
  "Partition by key",
  "Load balancing",
  "Lookup, enrich",
  "Errors",
  "Timeouts",
  "Rate limiting",
  "Metrics",
  "Backpressure",
  "Circuit breaker",
  "Caching",
  "Map-reduce",
  "Filter-transform",
  "Producer-consumer",
  "Windows",
  "Supervision",
  "Checkpoint and resume",
  "Shutdown",
];

describe("docs/PATTERNS.md", () => {
  const [, ...sections] = readFileSync(file, "utf8").split(/^## /m);
  const titles = sections.map((section) => section.split("\n")[0]!);

  it("has a section for each pattern", () => {
    assert.deepEqual(PATTERNS.filter((pattern) => !titles.includes(pattern)), []);
  });

  sections.forEach((section, index) => {
    const isPattern = PATTERNS.includes(titles[index]!);
    it(`${titles[index]}: library code`, async () => {
      const blocks = blocksOf(section, "ts");
      if (isPattern) {
        assert.ok(blocks.length > 0, "has no block to run");
        assert.match(section, /^Memory: /m);
      }
      for (const { code, output } of blocks) {
        assert.equal((await runTypeScript(code, file)).trim(), output.trim());
      }
    });

    it(`${titles[index]}: pipelines`, async () => {
      const blocks = blocksOf(section, "sh");
      assert.ok(blocks.length > 0);
      for (const { code, output } of blocks) {
        assert.equal(comparable(await printedBy(code)), comparable(output));
      }
    });
  });
});
