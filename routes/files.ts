/**
 * The folder FILES: the one place where `into` reaches the disk.
 * @module
 */
import { constants, fsyncSync, unlinkSync } from "node:fs";
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  stat,
  unlink,
} from "node:fs/promises";
import {
  type DraftFile,
  type DraftState,
  type Files,
  type FileStart,
  nameFault,
  NO_FILES,
} from "../src/sinks/files.ts";
import { openDatabase } from "./sqlite.ts";

/** Drafts begin with a dot, as no name does that `into` takes. */
const DRAFT = /^\.sluice-[0-9a-f-]{36}\.part$/;
const COPY_BYTES = 256 * 1024;
const MOST_FIRST_LINE = 64 * 1024;

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
      await sweep(folder, draftTtlMs);
      return openDraft(folder, path, state, inTurn);
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

function codeOf(fault: unknown): unknown {
  return fault instanceof Error && "code" in fault ? fault.code : undefined;
}

async function startOf(handle: FileHandle, bytes: number): Promise<FileStart> {
  const start = new Uint8Array(Math.min(bytes, MOST_FIRST_LINE));
  const { bytesRead } = await handle.read(start, 0, start.length, 0);
  const [firstLine = ""] = new TextDecoder().decode(start.subarray(0, bytesRead)).split("\n");
  return { bytes, firstLine };
}

/** Removes drafts that were left behind longer ago than `ttlMs`. */
async function sweep(folder: string, ttlMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!DRAFT.test(name)) continue;
    const path = `${folder}/${name}`;
    const found = await stat(path).catch(() => null);
    if (found !== null && found.mtimeMs + ttlMs < Date.now()) await unlink(path).catch(() => {});
  }
}

type InTurn = (path: string, work: () => Promise<void>) => Promise<void>;

async function openDraft(
  folder: string,
  path: string,
  state: DraftState | null,
  inTurn: InTurn,
): Promise<DraftFile | null> {
  const id = state?.id ?? `.sluice-${crypto.randomUUID()}.part`;
  if (!DRAFT.test(id)) throw new Error(`Expected the name of a draft, found ${JSON.stringify(id)}`);
  const draft = `${folder}/${id}`;
  const { O_RDWR, O_NOFOLLOW, O_CREAT, O_EXCL } = constants;
  const flags = O_RDWR | O_NOFOLLOW | (state === null ? O_CREAT | O_EXCL : 0);
  const handle = await open(draft, flags, 0o640).catch((fault) => {
    if (state !== null && codeOf(fault) === "ENOENT") return null;
    throw fault;
  });
  if (handle === null) return null;
  await handle.truncate(state?.bytes ?? 0);
  return new Draft(id, draft, path, handle, state?.bytes ?? 0, inTurn);
}

class Draft implements DraftFile {
  #closed = false;
  #gone = false;

  constructor(
    readonly id: string,
    readonly draft: string,
    readonly path: string,
    readonly handle: FileHandle,
    public bytes: number,
    readonly inTurn: InTurn,
  ) {}

  async write(bytes: Uint8Array): Promise<void> {
    this.bytes += await writeAt(this.handle, bytes, this.bytes);
  }

  async replace(): Promise<void> {
    await this.handle.sync();
    await rename(this.draft, this.path);
    this.#gone = true;
    await syncFolder(this.path);
  }

  append(skip: (there: FileStart | null) => number): Promise<void> {
    return this.inTurn(this.path, async () => {
      const { O_RDWR, O_NOFOLLOW, O_CREAT } = constants;
      const target = await open(this.path, O_RDWR | O_NOFOLLOW | O_CREAT, 0o640);
      try {
        const { size } = await target.stat();
        const skipped = skip(size === 0 ? null : await startOf(target, size));
        await this.#copyTo(target, skipped, size);
      } finally {
        await target.close();
      }
      this.#remove();
    });
  }

  async #copyTo(target: FileHandle, skipped: number, size: number): Promise<void> {
    try {
      await copy(this.handle, skipped, this.bytes, target, size);
      await target.sync();
    } catch (fault) {
      await target.truncate(size);
      throw fault;
    }
  }

  flush(): void {
    fsyncSync(this.handle.fd);
  }

  close(keep: boolean): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!keep) this.#remove();
    void this.handle.close().catch(() => {});
  }

  #remove(): void {
    if (this.#gone) return;
    this.#gone = true;
    try {
      unlinkSync(this.draft);
    } catch (fault) {
      if (codeOf(fault) !== "ENOENT") throw fault;
    }
  }
}

async function writeAt(handle: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
  return bytes.length;
}

async function copy(from: FileHandle, start: number, end: number, to: FileHandle, size: number) {
  const piece = new Uint8Array(COPY_BYTES);
  let at = start;
  while (at < end) {
    const { bytesRead } = await from.read(piece, 0, Math.min(piece.length, end - at), at);
    if (bytesRead === 0) throw new Error("The draft is shorter than what was written to it");
    await writeAt(to, piece.subarray(0, bytesRead), size + at - start);
    at += bytesRead;
  }
}

/** Makes the new name last. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path.slice(0, path.lastIndexOf("/")), constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
