/**
 * Input for benchmarks: generated once, kept in bench/data, the same bytes every time.
 * @module
 */
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, rename, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip, createZstdCompress } from "node:zlib";

const DIRECTORY = new URL("data/", import.meta.url).pathname;

/** An input on disk. `megabytes` are 10^6 bytes decoded, which is what speeds are told of. */
export interface Input {
  readonly path: string;
  readonly megabytes: number;
}

/** How large an input is wanted: `rows` for the One Billion Row Challenge, `megabytes` for all others. */
export interface InputSize {
  readonly megabytes: number;
  readonly rows: number;
}

/** The input `name`, written piece by piece if it is not there yet. A file is there whole or not at all. */
export async function inputFile(
  name: string,
  pieces: () => Iterable<string | Uint8Array>,
): Promise<Input> {
  const path = await made(name, async (part) => {
    const file = await open(part, "w");
    for (const piece of pieces()) await file.write(bytesOf(piece));
    await file.close();
  });
  return { path, megabytes: (await stat(path)).size / 1e6 };
}

/** Pieces of about `megabytes` MB in all: `head`, then the records over and over, the last one whole. */
export function* repeated(
  megabytes: number,
  records: Iterable<string>,
  head = "",
): Generator<string | Uint8Array> {
  if (head !== "") yield `${head}\n`;
  const all = [...records];
  const piece = bytesOf(`${all.join("\n")}\n`);
  let left = megabytes * 1e6 - head.length;
  for (; left >= piece.byteLength; left -= piece.byteLength) yield piece;
  let end = 0;
  for (let length = 0; end < all.length && length < left; end++) length += all[end]!.length + 1;
  if (end > 0) yield `${all.slice(0, end).join("\n")}\n`;
}

/** The same input compressed, at the level that the command line tools take by default. */
export async function compressed(input: Input, coding: "gz" | "zst"): Promise<Input> {
  const path = await made(`${input.path.slice(DIRECTORY.length)}.${coding}`, async (part) => {
    const encoder = coding === "gz" ? createGzip() : createZstdCompress();
    await pipeline(createReadStream(input.path), encoder, createWriteStream(part));
  });
  return { path, megabytes: input.megabytes };
}

async function made(name: string, make: (part: string) => Promise<void>): Promise<string> {
  const path = `${DIRECTORY}${name}`;
  if (await stat(path).then(() => true, () => false)) return path;
  await mkdir(DIRECTORY, { recursive: true });
  await make(`${path}.part`);
  await rename(`${path}.part`, path);
  return path;
}

function bytesOf(piece: string | Uint8Array): Uint8Array {
  return typeof piece === "string" ? new TextEncoder().encode(piece) : piece;
}
