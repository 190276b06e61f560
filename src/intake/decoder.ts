/**
 * Decompression as a source, over node:zlib: the only file that knows it. `DecompressionStream` will not do:
 * Deno's fails on multi-member gzip, has no zstd, and enqueues without regard to backpressure.
 * @module
 */

import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from "node:zlib";
import { RunError } from "../errors.ts";
import { type ByteSource, hex } from "./byte_source.ts";
import type { Coding } from "./codings.ts";
import { Handoff } from "./handoff.ts";
import { ZstdFrames } from "./zstd_frames.ts";

/** What one decoder decodes; `deflate-raw` is the `deflate` coding without its zlib wrapping. */
export type Format = Coding | "deflate-raw";

/**
 * Compressed bytes go to zlib in pieces of this size. Together with the largest honest ratio it bounds what
 * is decoded beyond the inflation limit, and what is lost of a piece in which zlib finds a fault.
 */
const PIECE_BYTES = 16 * 1024;

/** Output buffer of zlib: 64 KiB was 10 to 30 % slower, 256 KiB 5 to 30 % faster for twice the memory. */
const CHUNK_BYTES = 128 * 1024;

/** Below this many decoded bytes no ratio is too high: small files compress as well as they like. */
const FREE_BYTES = 1024 * 1024;

const OPTIONS = { chunkSize: CHUNK_BYTES };
const CREATE = {
  gzip: () => createGunzip(OPTIONS),
  deflate: () => createInflate(OPTIONS),
  "deflate-raw": () => createInflateRaw(OPTIONS),
  br: () => createBrotliDecompress(OPTIONS),
  zstd: () => createZstdDecompress(OPTIONS),
} satisfies Record<Format, () => unknown>;

const TEST_HINT: Record<Format, string> = {
  gzip: ", test the file with gzip -t",
  deflate: "",
  "deflate-raw": "",
  br: ", test the file with brotli -t",
  zstd: ", test the file with zstd -t",
};

/**
 * What the decoders of one body share: the ratio is taken over all layers, or two stacked codings would square the
 * limit. The first decoder made with it is the one that reads the compressed bytes.
 */
export interface Inflation {
  readonly maxRatio: number;
  compressedBytes: number;
  layers: number;
}

/**
 * Decodes one content coding. Memory: about 4 output chunks of 128 KiB, the source's chunk in hand and zlib's window
 * (32 KiB gzip and deflate, up to 16 MiB br, up to 8 MiB zstd). When nobody reads, zlib stops, then the source is not read.
 * Faults, all `bad_encoding` but the last: a truncated body (never a clean end, also not when it is empty), a corrupt one,
 * one that goes on behind its end, `inflation_limit`. What was decoded before a fault is given out first; only
 * the output of the 16 KiB piece in which zlib finds a fault may be missing. After the last gzip member zeros are
 * ignored (tapes pad with them, and so does gzip(1)), anything else is a fault, where gzip(1) warns: there is no way to warn here
 * and it is more likely lost data than garbage. A further gzip member or zstd frame is decoded.
 */
export class Decoder implements ByteSource {
  #source: ByteSource;
  #format: Format;
  #inflation: Inflation;
  #first: boolean;
  #zlib: ReturnType<(typeof CREATE)[Format]>;
  #frames: ZstdFrames | undefined;
  #handoff: Handoff;
  #started = false;
  #ended = false;
  #discarding = false;
  #fed = 0;
  #decoded = 0;
  #head = "";
  #fault: RunError | undefined;

  constructor(source: ByteSource, format: Format, inflation: Inflation) {
    this.#source = source;
    this.#format = format;
    this.#inflation = inflation;
    this.#first = inflation.layers++ === 0;
    this.#frames = format === "zstd" ? new ZstdFrames() : undefined;
    this.#zlib = CREATE[format]();
    this.#handoff = new Handoff(this.#zlib);
    this.#listen();
  }

  read(): Promise<Uint8Array | null> {
    if (!this.#started) {
      this.#started = true;
      this.#decode().then(() => this.#handoff.end(), (fault) => this.#fail(fault));
    }
    return this.#handoff.take();
  }

  cancel(reason: unknown): Promise<void> {
    this.#handoff.close();
    return this.#source.cancel(reason);
  }

  async #fail(fault: unknown): Promise<void> {
    // What zlib still holds came before a fault that is not its own
    if (this.#fault === undefined) await this.#handoff.room();
    this.#handoff.fail(fault);
  }

  #listen(): void {
    this.#zlib.on("data", (chunk: Uint8Array) => {
      if (this.#discarding || this.#fault !== undefined) return;
      this.#decoded += chunk.byteLength;
      this.#fault = this.#inflationFault();
      if (this.#fault !== undefined) return this.#handoff.fail(this.#fault);
      // Without node's Buffer, whose slice() is a view where everybody else's copies
      this.#handoff.put(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    });
    this.#zlib.on("end", () => {
      this.#ended = true;
      this.#handoff.wake();
    });
    this.#zlib.on("error", (cause: Error) => {
      this.#fault ??= this.#zlibFault(cause);
      this.#handoff.wake();
    });
  }

  /** Runs ahead of the readers by what the handoff has room for. Returns at the clean end or when cancelled. */
  async #decode(): Promise<void> {
    for (;;) {
      const chunk = await this.#source.read();
      if (this.#handoff.closed) return;
      if (chunk === null) return this.#finish();
      for (const whole of this.#frames?.pieces(chunk) ?? [chunk]) {
        for (let at = 0; at < whole.byteLength; at += PIECE_BYTES) {
          // Room also means that all earlier output has left zlib, which drops what it holds when it fails
          await this.#handoff.room();
          if (this.#handoff.closed) return;
          if (this.#ended) this.#refuseTrailing(whole.subarray(at));
          else await this.#write(whole.subarray(at, at + PIECE_BYTES));
        }
      }
    }
  }

  async #write(piece: Uint8Array): Promise<void> {
    if (this.#fed === 0) this.#head = hex(piece.subarray(0, 4));
    this.#fed += piece.byteLength;
    if (this.#first) this.#inflation.compressedBytes = this.#fed;
    let written = false;
    this.#zlib.write(piece, () => {
      written = true;
      this.#handoff.wake();
    });
    // zlib that has reached its end with input left ends and does not call back
    await this.#handoff.until(() => written || this.#ended || this.#fault !== undefined);
    if (this.#fault !== undefined) throw this.#fault;
    const taken = this.#zlib.bytesWritten;
    if (this.#ended && taken < this.#fed && !this.#discarding) {
      this.#refuseTrailing(piece.subarray(piece.byteLength - (this.#fed - taken)));
    }
  }

  async #finish(): Promise<void> {
    if (this.#frames !== undefined && !this.#frames.complete) throw this.#truncated();
    await this.#handoff.room();
    if (this.#handoff.closed || this.#ended) return;
    if (this.#format === "br") return this.#finishBrotli();
    this.#zlib.end();
    await this.#handoff.until(() => this.#ended || this.#fault !== undefined);
    if (this.#fault !== undefined) throw this.#fault;
  }

  /**
   * Deno ends a truncated brotli body cleanly. So one byte more is offered: a decoder that has reached its end leaves
   * it (and says so by ending), one that has not takes it for data, and what it makes of it is thrown away.
   */
  async #finishBrotli(): Promise<void> {
    const fed = this.#fed;
    this.#discarding = true;
    await this.#write(new Uint8Array(1)).catch(() => {});
    this.#fed = fed;
    if (!this.#ended || this.#zlib.bytesWritten > fed) throw this.#truncated();
  }

  #refuseTrailing(rest: Uint8Array): void {
    const at = this.#format === "gzip" ? rest.findIndex((byte) => byte !== 0) : 0;
    if (at < 0) return;
    const found = hex(rest.subarray(at, at + 4));
    throw this.#bad(`Corrupt ${this.#name} body: data goes on after its end with ${found}`, {
      found,
    });
  }

  #zlibFault(cause: Error & { code?: string }): RunError {
    if (cause.code === "Z_BUF_ERROR") return this.#truncated();
    const where = `near byte ${this.#fed}: ${cause.message}, the body begins with ${this.#head}`;
    return this.#bad(`Corrupt ${this.#name} body ${where}`, { found: cause.message }, { cause });
  }

  #truncated(): RunError {
    return this.#bad(
      `Truncated ${this.#name} body: ended after ${this.#fed} bytes, before the end of the compressed data`,
      { compressedBytes: this.#fed },
    );
  }

  #bad(message: string, details: Record<string, unknown>, options?: ErrorOptions): RunError {
    const hint = TEST_HINT[this.#format];
    return new RunError(
      "bad_encoding",
      message + hint,
      { coding: this.#name, ...details },
      options,
    );
  }

  get #name(): string {
    return this.#format === "deflate-raw" ? "deflate" : this.#format;
  }

  #inflationFault(): RunError | undefined {
    const { compressedBytes, maxRatio } = this.#inflation;
    if (this.#decoded <= FREE_BYTES || this.#decoded <= compressedBytes * maxRatio) {
      return undefined;
    }
    const ratio = Math.floor(this.#decoded / compressedBytes);
    return new RunError(
      "inflation_limit",
      `Decoding ${this.#name} stopped: ${compressedBytes} bytes gave ${this.#decoded} bytes, over ${ratio} to 1 where the limit is ${maxRatio} to 1, send such data uncompressed or raise the limit`,
      {
        coding: this.#name,
        ratio,
        limitRatio: maxRatio,
        compressedBytes,
        decodedBytes: this.#decoded,
      },
    );
  }
}
