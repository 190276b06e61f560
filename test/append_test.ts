/**
 * `into file … append=yes` when the process ends in the middle of it: at each step the folder as a crash would leave it is
 * kept, and gone on with.
 */
import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { describe, it } from "node:test";
import { appending } from "../routes/append.ts";
import { openFiles } from "../routes/files.ts";
import { encodeText } from "../src/batch/text.ts";

const OLD = "old\n";
/** Two pieces and a bit. */
const NEW = "a line of thirty-two characters\n".repeat(20_000);
const OTHER = "other\n";

interface Crash {
  readonly step: string;
  readonly folder: string;
  readonly state: { readonly id: string; readonly bytes: number };
}

const filesOf = (directory: string) => openFiles({ directory, maxBytes: 1e9, draftTtlMs: 1e9 });

/** Folders as they are when the process ends before, and after each step of, adding NEW to `before`. */
async function crashes(folder: string, before: string | null): Promise<readonly Crash[]> {
  const home = `${folder}/home`;
  await mkdir(`${home}/day`, { recursive: true });
  if (before !== null) writeFileSync(`${home}/day/a.txt`, before);
  const draft = await filesOf(home).draft("day/a.txt", null);
  await draft!.write(encodeText(NEW));
  const state = { id: draft!.id, bytes: NEW.length };
  draft!.close(true);
  const found: Crash[] = [];
  const crash = (step: string) => {
    const image = `${folder}/${found.length}`;
    cpSync(home, image, { recursive: true });
    found.push({ step, folder: image, state });
    return image;
  };
  crash("before");
  const note = `day/${state.id}.add`;
  writeFileSync(`${crash("half a note")}/${note}`, '{"name":"a.t');
  const path = `${home}/day/a.txt`;
  const handle = await open(`${home}/day/${state.id}`, "r");
  const steps = appending({ id: state.id, path, handle, from: 0, to: NEW.length });
  for await (const step of steps) crash(step);
  await handle.close();
  assert.deepEqual(found.map(({ step }) => step), [
    ...["before", "half a note", "noted", "copied", "copied", "copied", "on the disk", "done"],
    "tidy",
  ]);
  return found;
}

async function withCrashes(before: string | null, work: (crash: Crash) => Promise<void>) {
  const folder = await mkdtemp(`${tmpdir()}/sluice-append-`);
  try {
    for (const crash of await crashes(folder, before)) await work(crash);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function add(directory: string, text: string): Promise<void> {
  const draft = await filesOf(directory).draft("day/a.txt", null);
  await draft!.write(encodeText(text));
  await draft!.append(() => 0);
  draft!.close(false);
}

/** Goes on as the run does that finds its draft, or finds that it was added. */
async function goOn({ folder, state }: Crash): Promise<void> {
  const draft = await filesOf(folder).draft("day/a.txt", state);
  await draft?.append(() => 0);
  draft?.close(false);
}

const contentOf = ({ folder }: Crash) => readFileSync(`${folder}/day/a.txt`, "utf8");

describe("rows added to a file by a process that ends", () => {
  for (const before of [OLD, null]) {
    const name = before === null ? "a new file" : "a file that is there";
    it(`are there once when the run goes on: ${name}`, () =>
      withCrashes(before, async (crash) => {
        await goOn(crash);
        assert.equal(contentOf(crash), (before ?? "") + NEW, crash.step);
        assert.deepEqual(readdirSync(`${crash.folder}/day`), ["a.txt"], crash.step);
      }));

    it(`are there once when another run adds to it first: ${name}`, () =>
      withCrashes(before, async (crash) => {
        const done = ["done", "tidy"].includes(crash.step);
        await add(crash.folder, OTHER);
        await goOn(crash);
        const [first, second] = done ? [NEW, OTHER] : [OTHER, NEW];
        assert.equal(contentOf(crash), (before ?? "") + first + second, crash.step);
      }));

    it(`are gone when the run does not go on, unless all were there: ${name}`, () =>
      withCrashes(before, async (crash) => {
        const done = ["done", "tidy"].includes(crash.step);
        const other = await filesOf(crash.folder).draft("day/b.txt", null);
        other!.close(false);
        const text = readdirSync(`${crash.folder}/day`).includes("a.txt") ? contentOf(crash) : null;
        assert.equal(text, done ? (before ?? "") + NEW : before, crash.step);
      }));
  }
});
