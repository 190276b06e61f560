/**
 * The One Billion Row Challenge over HTTP: its own samples (CONFORMANCE_DIR), and made-up rows against a plain loop. The query
 * and the loop are those of the bench.
 */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  CHALLENGE,
  measurements,
  plainAnswer,
  type StationAnswer,
} from "../bench/one_billion_rows.ts";
import { folder, skip, tally } from "./support/conformance.ts";
import { runUrl, withServer } from "./support/server.ts";

async function ask(url: string, body: string | Uint8Array<ArrayBuffer>): Promise<StationAnswer[]> {
  const answer = await fetch(url, { method: "POST", body });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return text.trimEnd().split("\n").map((line) => JSON.parse(line) as StationAnswer);
}

/** As the challenge prints it. */
function printed(stations: readonly StationAnswer[]): string {
  const texts = stations.map(({ station, min, mean, max }) =>
    // A mean that was rounded up to zero has no sign.
    `${station}=${[min, mean + 0, max].map((value) => value.toFixed(1)).join("/")}`
  );
  return `{${texts.join(", ")}}\n`;
}

test("the challenge's samples", { skip }, () =>
  withServer({}, async (server) => {
    const directory = new URL("1brc/", folder!);
    const names = (await readdir(directory)).filter((name) => name.endsWith(".txt")).sort();
    assert.ok(names.length > 0, "no samples");
    await tally("1brc", names, (name) => name, async (name) => {
      const expected = await readFile(new URL(name.replace(/txt$/, "out"), directory), "utf8");
      const sample = new URL(name, directory);
      const rows = new Uint8Array(await readFile(sample));
      assert.equal(printed(await ask(runUrl(server, CHALLENGE), rows)), expected);
      assert.equal(printed(await plainAnswer(fileURLToPath(sample))), expected);
      return null;
    });
  }));

test("means are rounded half up, below zero too", () =>
  withServer({}, async (server) => {
    const rows = "b;-1.2\nb;-1.3\na;0.1\na;0.2\nc;-0.1\nc;0.0\nd;0.1\nd;0.2\nd;0.3\n";
    assert.deepEqual(await ask(runUrl(server, CHALLENGE), rows), [
      { station: "a", min: 0.1, mean: 0.2, max: 0.2 },
      { station: "b", min: -1.3, mean: -1.2, max: -1.2 },
      { station: "c", min: -0.1, mean: 0, max: 0 },
      { station: "d", min: 0.1, mean: 0.2, max: 0.3 },
    ]);
  }));

test("50,000 rows of 413 stations are what a plain loop makes of them", async () => {
  const directory = await mkdtemp(join(tmpdir(), "sluice-"));
  try {
    const path = join(directory, "measurements.txt");
    const rows = [...measurements(50_000, 7)].join("");
    await writeFile(path, rows);
    const expected = await plainAnswer(path);
    assert.equal(expected.length, 413);
    await withServer({}, async (server) => {
      const told = printed(await ask(runUrl(server, CHALLENGE), rows));
      assert.equal(told, printed(expected), "seed 7");
    });
  } finally {
    await rm(directory, { recursive: true });
  }
});
