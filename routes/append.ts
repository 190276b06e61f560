/**
 * Adding a draft to the end of a file so that it is there once, wherever the process ends meanwhile.
 * @module
 */
import { constants } from "node:fs";
import { type FileHandle, open, readdir, readFile, rm, stat, unlink } from "node:fs/promises";

const COPY_BYTES = 256 * 1024;
/** Stands beside the draft of the same id while it is added. */
const NOTE = /^(\.sluice-[0-9a-f-]{36}\.part)\.add$/;

/** What is added to what. */
export interface Append {
  /** The draft's name, in the folder of the file. */
  readonly id: string;
  /** The file, which is made when it is not there. */
  readonly path: string;
  /** The draft, of which the bytes `[from, to)` are added. */
  readonly handle: FileHandle;
  readonly from: number;
  readonly to: number;
}

/** What the file was before: its name, and its length, null where there was none. */
interface Note {
  readonly name: string;
  readonly bytes: number | null;
}

/**
 * Adds a draft to a file, and tells of each step when it is done, for tests. First a note of the file's length is on the disk,
 * then the bytes, then the draft is gone, which is what makes it so; the note goes last. A note whose draft is there is an
 * addition that was broken off: {@link undoAppends} takes it back. On a fault the file is as it was.
 */
export async function* appending({ id, path, handle, from, to }: Append): AsyncGenerator<string> {
  const [folder, name] = split(path);
  const bytes = (await stat(path).catch(() => null))?.size ?? null;
  const note = `${folder}/${id}.add`;
  await write(note, new TextEncoder().encode(JSON.stringify({ name, bytes })));
  await syncFolder(path);
  yield "noted";
  try {
    const { O_RDWR, O_NOFOLLOW, O_CREAT } = constants;
    const target = await open(path, O_RDWR | O_NOFOLLOW | O_CREAT, 0o640);
    try {
      const piece = new Uint8Array(COPY_BYTES);
      for (let at = from; at < to;) {
        const { bytesRead } = await handle.read(piece, 0, Math.min(piece.length, to - at), at);
        if (bytesRead === 0) throw new Error("The draft is shorter than what was written to it");
        await writeAt(target, piece.subarray(0, bytesRead), (bytes ?? 0) + at - from);
        at += bytesRead;
        yield "copied";
      }
      await target.sync();
    } finally {
      await target.close();
    }
    yield "on the disk";
    await rm(`${folder}/${id}`, { force: true });
    await syncFolder(path);
  } catch (fault) {
    await takeBack(path, bytes);
    await unlink(note);
    throw fault;
  }
  yield "done";
  await unlink(note);
  yield "tidy";
}

/**
 * Takes back what a process that has ended was adding to files of `folder` and had not done: they are as they were before, and
 * its drafts may be added again. `busy` says which files this process is adding to.
 */
export async function undoAppends(folder: string, busy: (path: string) => boolean): Promise<void> {
  const names = await readdir(folder);
  for (const file of names) {
    const id = NOTE.exec(file)?.[1];
    if (id === undefined) continue;
    const note = noteOf(await readFile(`${folder}/${file}`, "utf8").catch(() => ""));
    // A note that is not whole is of an addition that had not begun.
    if (note !== null) {
      const path = `${folder}/${note.name}`;
      if (busy(path)) continue;
      if (names.includes(id)) await takeBack(path, note.bytes);
    }
    await unlink(`${folder}/${file}`);
  }
}

function noteOf(text: string): Note | null {
  try {
    const note: unknown = JSON.parse(text);
    if (typeof note !== "object" || note === null || !("name" in note) || !("bytes" in note)) {
      return null;
    }
    const { name, bytes } = note;
    const sound = typeof name === "string" && !name.includes("/") && !name.startsWith(".") &&
      (bytes === null || typeof bytes === "number");
    return sound ? { name, bytes } : null;
  } catch {
    return null;
  }
}

async function takeBack(path: string, bytes: number | null): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found === null) return;
  if (bytes === null) return await unlink(path);
  if (found.size <= bytes) return;
  const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    await file.truncate(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  const { O_WRONLY, O_NOFOLLOW, O_CREAT, O_TRUNC } = constants;
  const file = await open(path, O_WRONLY | O_NOFOLLOW | O_CREAT | O_TRUNC, 0o640);
  try {
    await writeAt(file, bytes, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Folder and name. */
function split(path: string): readonly [string, string] {
  const at = path.lastIndexOf("/");
  return [path.slice(0, at), path.slice(at + 1)];
}

/** Writes all of `bytes` at `position`; gives how many. */
export async function writeAt(
  handle: FileHandle,
  bytes: Uint8Array,
  position: number,
): Promise<number> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
  return bytes.length;
}

/** Makes the new name last. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path.slice(0, path.lastIndexOf("/")), constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
