/**
 * docs/PATTERNS.md: its blocks run as they stand there, and what they print compared with what it says.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { blocksOf, root, runTypeScript } from "./support/documents.ts";

const file = new URL("docs/PATTERNS.md", root);

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
  });
});
