/**
 * Walks the frames of a zstd body (RFC 8878) without decoding them, because neither runtime's decoder does:
 * observed on Deno 2.9.6 and Bun 1.4.5, a truncated zstd body ends cleanly on both, and Deno silently drops whatever follows
 * a frame's end within one write (a second frame, or everything behind a skippable frame).
 * @module
 */

import { RunError } from "../errors.ts";
import { hex } from "./byte_source.ts";

/**
 * Largest window a frame may ask for, the bound RFC 9659 sets for zstd over HTTP: a decoder then holds 8 MiB, not
 * the 2 GiB that `zstd --long=31` asks for. Levels up to 19 stay within it.
 */
const MAX_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024;

type Phase = "magic" | "descriptor" | "header" | "block" | "content" | "checksum" | "size" | "skip";

/** The phases that gather a small field; the others run over `#left` bytes. */
const FIELD_BYTES: Partial<Record<Phase, number>> = { magic: 4, descriptor: 1, block: 3, size: 4 };

/** Cuts a zstd body where its frames end. Holds at most 14 bytes between chunks. */
export class ZstdFrames {
  #phase: Phase = "magic";
  #field = new Uint8Array(16);
  #have = 0;
  #need = 4;
  #left = 0;
  #descriptor = 0;
  #lastBlock = false;
  #at = 0;

  /** Whether the body may end here: between frames, after at least one. */
  get complete(): boolean {
    return this.#phase === "magic" && this.#have === 0 && this.#at > 0;
  }

  /**
   * The parts of the chunk to decode, in order, none of them crossing the end of a frame; skippable frames are left out.
   * Throws `bad_encoding` for bytes that begin no frame, for a reserved block, and for a window over the limit.
   */
  *pieces(chunk: Uint8Array): Generator<Uint8Array> {
    let from = 0;
    let at = 0;
    while (at < chunk.byteLength) {
      const before = this.#phase;
      at += this.#consume(chunk, at);
      if (this.#phase === before) continue;
      if (before === "magic") {
        // Held back until it was clear that it is no skippable frame's; it may have come in several chunks
        if (this.#phase === "descriptor") yield this.#field.slice(0, 4);
        from = at;
      } else if (this.#phase === "magic") {
        if (before !== "skip" && before !== "size") yield chunk.subarray(from, at);
        from = at;
      }
    }
    if (this.#phase !== "magic" && this.#phase !== "size" && this.#phase !== "skip" && from < at) {
      yield chunk.subarray(from, at);
    }
  }

  /** Takes bytes for the present phase, moves to the next one when it is full, gives the number taken. */
  #consume(chunk: Uint8Array, at: number): number {
    const gathers = this.#need > 0;
    const missing = gathers ? this.#need - this.#have : this.#left;
    const step = Math.min(missing, chunk.byteLength - at);
    if (gathers) {
      this.#field.set(chunk.subarray(at, at + step), this.#have);
      this.#have += step;
    } else {
      this.#left -= step;
    }
    this.#at += step;
    if (step === missing) this.#next();
    return step;
  }

  #enter(phase: Phase, bytes = 0): void {
    this.#phase = phase;
    this.#have = 0;
    this.#need = phase === "header" ? bytes : FIELD_BYTES[phase] ?? 0;
    this.#left = bytes;
    // An empty block or skippable frame has no byte that could move the walk on
    if (this.#need === 0 && bytes === 0) this.#next();
  }

  #next(): void {
    switch (this.#phase) {
      case "magic":
        return this.#enter(this.#frameKind());
      case "descriptor":
        return this.#enter("header", this.#headerBytes());
      case "header":
        this.#checkWindow();
        return this.#enter("block");
      case "block":
        return this.#enter("content", this.#blockBytes());
      case "content":
        if (!this.#lastBlock) return this.#enter("block");
        return (this.#descriptor & 4) !== 0 ? this.#enter("checksum", 4) : this.#enter("magic");
      case "size":
        return this.#enter("skip", this.#number(0, 4));
      case "checksum":
      case "skip":
        return this.#enter("magic");
    }
  }

  #frameKind(): Phase {
    const magic = this.#number(0, 4);
    if (magic === 0xfd2fb528) return "descriptor";
    if (magic >>> 4 === 0x184d2a5) return "size";
    const found = hex(this.#field.subarray(0, 4));
    throw new RunError(
      "bad_encoding",
      `Corrupt zstd body: no frame begins at byte ${
        this.#at - 4
      }, found ${found}, a frame begins with 28 b5 2f fd`,
      { coding: "zstd", found },
    );
  }

  #headerBytes(): number {
    this.#descriptor = this.#field[0] ?? 0;
    const single = (this.#descriptor & 0x20) !== 0;
    return (single ? 0 : 1) + this.#dictionaryBytes() + this.#contentSizeBytes();
  }

  #dictionaryBytes(): number {
    return [0, 1, 2, 4][this.#descriptor & 3] ?? 0;
  }

  #contentSizeBytes(): number {
    return [(this.#descriptor & 0x20) !== 0 ? 1 : 0, 2, 4, 8][this.#descriptor >> 6] ?? 0;
  }

  #checkWindow(): void {
    const windowBytes = (this.#descriptor & 0x20) !== 0 ? this.#contentSize() : this.#windowSize();
    if (windowBytes <= MAX_ZSTD_WINDOW_BYTES) return;
    throw new RunError(
      "bad_encoding",
      `Zstd frame asks for a window of ${windowBytes} bytes where at most ${MAX_ZSTD_WINDOW_BYTES} are given, compress with level 19 or lower and without --long`,
      { coding: "zstd", windowBytes, limitBytes: MAX_ZSTD_WINDOW_BYTES },
    );
  }

  #windowSize(): number {
    const byte = this.#field[0] ?? 0;
    const base = 2 ** (10 + (byte >> 3));
    return base + (base / 8) * (byte & 7);
  }

  #contentSize(): number {
    const bytes = this.#contentSizeBytes();
    const size = this.#number(this.#dictionaryBytes(), bytes);
    return bytes === 2 ? size + 256 : size;
  }

  #blockBytes(): number {
    const header = this.#number(0, 3);
    this.#lastBlock = (header & 1) !== 0;
    const type = (header >> 1) & 3;
    if (type === 3) {
      throw new RunError(
        "bad_encoding",
        `Corrupt zstd body: block of the reserved type 3 at byte ${
          this.#at - 3
        }, test the file with zstd -t`,
        { coding: "zstd" },
      );
    }
    return type === 1 ? 1 : header >> 3;
  }

  /** Little-endian; a plain number is exact up to 2^53, and a size beyond that is over every limit anyway. */
  #number(offset: number, bytes: number): number {
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = value * 256 + (this.#field[offset + i] ?? 0);
    return value;
  }
}
