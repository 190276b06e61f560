/**
 * How much of an upload is read from its connection at once.
 *
 * Deno's `node:http` reads 64 KiB at a time. A read answers the client with a window to send into, and on one machine what
 * the client sends into it is then carried over by the very thread that reads: a fifth of the server's processor time on an
 * upload of 500 MB. A quarter of the reads, and of the chunks between stages, take two thirds of that time in all. Bun
 * reads 512 KiB and has no such option.
 * @module
 */
import type { Socket } from "node:net";

/**
 * The most bytes that are read, or joined, at once. More is slower again: they, the chunk made of them and the copy that
 * a kernel scans must fit into the processor's cache.
 */
export const READ_BYTES = 256 * 1024;

/** The C library gives free memory above twice its largest freed piece back to the system. */
const KEPT_BYTES = 2 * 1024 * 1024;

/** What connections have that read into memory of others (option `onread` of `net.connect`), and lend their reads to a parser. */
interface Reading {
  /** Whether the HTTP parser takes what is read, and copies each body out of it, before anything else runs. */
  readonly _consumed?: boolean;
  useUserBuffer?(memory: Uint8Array): void;
}

let memory: Uint8Array | undefined;

/**
 * Lets the connection be read in pieces of {@link READ_BYTES}, where the runtime can; else does nothing. All connections of
 * a thread are read into the same memory, one after the other, so it costs that much once.
 */
export function readLarge(socket: Socket): void {
  const { _handle: handle } = socket as unknown as { readonly _handle?: Reading | null };
  // Read otherwise, what is in the memory would be handed on as it is, and the next read would change it.
  if (handle?._consumed !== true || handle.useUserBuffer === undefined) return;
  memory ??= makeMemory();
  handle.useUserBuffer(memory);
}

/** `chunk`, or its copy should it ever be a part of the memory that the next read fills. */
export function lasting(chunk: Uint8Array): Uint8Array {
  return chunk.buffer === memory?.buffer ? chunk.slice() : chunk;
}

function makeMemory(): Uint8Array {
  // Once a piece of that size was freed, chunks that come and go leave their pages in this process: else each is paged in anew.
  new ArrayBuffer(KEPT_BYTES).transfer(0);
  return new Uint8Array(READ_BYTES);
}
