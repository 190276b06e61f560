/**
 * Files that are being written beside their names: seen by nobody before they are whole.
 * @module
 */
import { constants, fsyncSync, unlinkSync } from "node:fs";
import { type FileHandle, open, rename } from "node:fs/promises";
import { appending, syncFolder, writeAt } from "./append.ts";
import type { DraftFile, DraftState, FileStart } from "../src/sinks/files.ts";

/** The names of drafts. They begin with a dot, as no name does that `into` takes. */
export const DRAFT = /^\.sluice-[0-9a-f-]{36}\.part$/;
const MOST_FIRST_LINE = 64 * 1024;

/** What the drafts of a folder share: which are written to, and the turns of those that add to one file. */
export interface SharedByDrafts {
  readonly held: Set<string>;
  inTurn(path: string, work: () => Promise<void>): Promise<void>;
}

/**
 * Makes a draft of the file at `path` in `folder`, or goes on with one; null when that is gone. Throws Error for a state
 * that names no draft, and what the disk says.
 */
export async function openDraft(
  folder: string,
  path: string,
  state: DraftState | null,
  shared: SharedByDrafts,
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
  const made = new Draft(id, draft, path, handle, state?.bytes ?? 0, shared);
  try {
    await handle.truncate(made.bytes);
    return made;
  } catch (fault) {
    made.close(state !== null);
    throw fault;
  }
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
    readonly shared: SharedByDrafts,
  ) {
    shared.held.add(draft);
  }

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
    const { id, path, handle, bytes } = this;
    return this.shared.inTurn(path, async () => {
      const from = skip(await startOf(path));
      for await (const _step of appending({ id, path, handle, from, to: bytes }));
      this.#gone = true;
    });
  }

  flush(): void {
    fsyncSync(this.handle.fd);
  }

  close(keep: boolean): void {
    if (this.#closed) return;
    this.#closed = true;
    this.shared.held.delete(this.draft);
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

/** Null where there is nothing. */
async function startOf(path: string): Promise<FileStart | null> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW;
  const file = await open(path, flags).catch((fault) => {
    if (codeOf(fault) === "ENOENT") return null;
    throw fault;
  });
  if (file === null) return null;
  try {
    const { size: bytes } = await file.stat();
    if (bytes === 0) return null;
    const start = new Uint8Array(Math.min(bytes, MOST_FIRST_LINE));
    const { bytesRead } = await file.read(start, 0, start.length, 0);
    const [firstLine = ""] = new TextDecoder().decode(start.subarray(0, bytesRead)).split("\n");
    return { bytes, firstLine };
  } finally {
    await file.close();
  }
}

/** The code of an error of the disk, such as ENOENT. */
export function codeOf(fault: unknown): unknown {
  return fault instanceof Error && "code" in fault ? fault.code : undefined;
}
