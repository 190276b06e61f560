/**
 * The folder FILES: the one place where `into` reaches the disk.
 * @module
 */
import { lstat, mkdir, readdir, realpath, stat, unlink } from "node:fs/promises";
import { type Files, nameFault, NO_FILES } from "../src/sinks/files.ts";
import { undoAppends } from "./append.ts";
import { codeOf, DRAFT, openDraft } from "./drafts.ts";
import { openDatabase } from "./sqlite.ts";

/** What the folder is to be. */
export interface FilesOptions {
  /** Empty for none. */
  readonly directory: string;
  readonly maxBytes: number;
  /** Milliseconds after which drafts that nobody goes on with are removed. */
  readonly draftTtlMs: number;
}

/**
 * The files below a folder, which is made. A name leads nowhere else: its folders are made one by one, none may be a link
 * that leaves, and a link is never written through. Drafts lie beside their file, and those that were left are removed when
 * a file of the same folder is written. Throws nothing; faults come with each call.
 */
export function openFiles({ directory, maxBytes, draftTtlMs }: FilesOptions): Files {
  if (directory === "") return NO_FILES;
  /** Drafts that somebody writes to. */
  const held = new Set<string>();
  /** One at a time adds to a file. */
  const adding = new Map<string, Promise<void>>();
  const inTurn = (path: string, work: () => Promise<void>): Promise<void> => {
    const turn = (adding.get(path) ?? Promise.resolve()).then(work);
    const over = turn.catch(() => {}).then(() => {
      if (adding.get(path) === over) adding.delete(path);
    });
    adding.set(path, over);
    return turn;
  };
  return {
    durable: false,
    maxBytes,
    refusal: null,
    async draft(name, state) {
      const { folder, path } = await place(directory, name, "file");
      await inTurn(folder, () => undoAppends(folder, (path) => adding.has(path)));
      await sweep(folder, draftTtlMs, held);
      return openDraft(folder, path, state, { held, inTurn });
    },
    async database(name) {
      const { path } = await place(directory, name, "database");
      return openDatabase(path, maxBytes);
    },
  };
}

/** Where `name` is, its folders made. Throws Error when it leads elsewhere or is no plain file. */
async function place(directory: string, name: string, kind: "file" | "database") {
  const fault = nameFault(name, kind);
  if (fault !== null) throw new Error(fault);
  await mkdir(directory, { recursive: true });
  const root = await realpath(directory);
  const segments = name.split("/");
  const last = segments.pop()!;
  let folder = root;
  for (const segment of segments) {
    const below = `${folder}/${segment}`;
    await mkdir(below).catch((fault) => {
      if (codeOf(fault) !== "EEXIST") throw fault;
    });
    folder = await realpath(below);
    if (folder !== root && !folder.startsWith(`${root}/`)) throw leaves(name);
  }
  const path = `${folder}/${last}`;
  const found = await lstat(path).catch(() => null);
  if (found?.isSymbolicLink()) throw leaves(name);
  if (found !== null && !found.isFile()) throw new Error(`"${name}" is there and is no file`);
  return { folder, path };
}

function leaves(name: string): Error {
  return new Error(`"${name}" leads through a link, which is not followed out of the folder`);
}

/** Removes drafts that were left behind longer ago than `ttlMs`. */
async function sweep(folder: string, ttlMs: number, held: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = `${folder}/${name}`;
    if (!DRAFT.test(name) || held.has(path)) continue;
    const found = await stat(path).catch(() => null);
    if (found !== null && found.mtimeMs + ttlMs < Date.now()) await unlink(path).catch(() => {});
  }
}
