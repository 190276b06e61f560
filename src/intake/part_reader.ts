/**
 * A multipart/form-data body (RFC 7578, RFC 2046 5.1) read part by part in constant memory.
 *
 * @remix-run/multipart-parser was to do this, but it keeps each part's chunks in an array until the part is over
 * (`MultipartPart.content`), so an upload would be held in memory whole, without backpressure.
 * @module
 */

import { RunError } from "../errors.ts";
import { type ByteSource, join } from "./byte_source.ts";
import { DelimiterSearch } from "./delimiter_search.ts";

/** Most bytes of one part's header block; browsers and curl send 100 to 300. */
const MAX_HEADER_BYTES = 16 * 1024;

/** Most bytes before the first and behind the last delimiter, which mail programs once filled with advice. */
const MAX_SURROUND_BYTES = 64 * 1024;

const HYPHEN = 0x2d;

/** A broken multipart body, as the run's fault. */
export function brokenMultipart(message: string, details: Record<string, unknown> = {}): RunError {
  return new RunError("bad_encoding", `Broken multipart body: ${message}`, details);
}

/**
 * Reads parts in order: {@link nextPart}, then {@link content} until null, then the next. Content passes uncopied and
 * at once, except for at most 75 bytes at a chunk's end that may begin a delimiter. Memory: the chunk in hand.
 * Throws `bad_encoding` for broken framing and for a body that ends before its closing delimiter,
 * and the source's faults as they are.
 */
export class PartReader {
  #source: ByteSource;
  #search: DelimiterSearch;
  #delimiterBytes: number;
  // As if a line had just ended, so that the first delimiter is found like all others
  #unread: Uint8Array = new Uint8Array([0x0d, 0x0a]);
  #started = false;

  constructor(source: ByteSource, boundary: string) {
    this.#source = source;
    const delimiter = new TextEncoder().encode(`\r\n--${boundary}`);
    this.#search = new DelimiterSearch(delimiter);
    this.#delimiterBytes = delimiter.byteLength;
  }

  /** The next part's headers by lower-case name, or null when the body has ended as it should. Its content starts after. */
  async nextPart(): Promise<Map<string, string> | null> {
    if (!this.#started) await this.#skipPreamble();
    await this.#atLeast(2);
    if (this.#unread[0] === HYPHEN && this.#unread[1] === HYPHEN) {
      await this.#skipEpilogue();
      return null;
    }
    return this.#headers();
  }

  /** The next bytes of the part's content, or null at its end. */
  async content(): Promise<Uint8Array | null> {
    for (;;) {
      const { at, whole } = this.#search.find(this.#unread);
      if (at > 0) {
        const bytes = this.#unread.subarray(0, at);
        this.#unread = this.#unread.subarray(at);
        return bytes;
      }
      if (whole) {
        this.#unread = this.#unread.subarray(this.#delimiterBytes);
        return null;
      }
      await this.#more();
    }
  }

  async #skipPreamble(): Promise<void> {
    this.#started = true;
    let skipped = 0;
    for (let bytes = await this.content(); bytes !== null; bytes = await this.content()) {
      skipped += bytes.byteLength;
      if (skipped > MAX_SURROUND_BYTES) {
        throw brokenMultipart(
          `no delimiter in its first ${MAX_SURROUND_BYTES} bytes, the boundary in Content-Type must be the one in the body`,
        );
      }
    }
  }

  /** To the source's end, because only there an upload is known to be whole. */
  async #skipEpilogue(): Promise<void> {
    let skipped = 0;
    for (
      let bytes: Uint8Array | null = this.#unread;
      bytes !== null;
      bytes = await this.#source.read()
    ) {
      skipped += bytes.byteLength;
      if (skipped > MAX_SURROUND_BYTES) {
        throw brokenMultipart(
          `more than ${MAX_SURROUND_BYTES} bytes follow its closing delimiter, nothing may`,
        );
      }
    }
  }

  async #headers(): Promise<Map<string, string>> {
    // RFC 2046 allows blanks between the boundary and the line's end
    let start = 0;
    while (this.#unread[start] === 0x20 || this.#unread[start] === 0x09) {
      await this.#atLeast(++start + 2);
      if (start > MAX_HEADER_BYTES) throw brokenMultipart("its delimiter line does not end");
    }
    if (this.#unread[start] !== 0x0d || this.#unread[start + 1] !== 0x0a) {
      const found = JSON.stringify(text(this.#unread.subarray(start, start + 2)));
      throw brokenMultipart(`found ${found} after a boundary where a line must end`);
    }
    // From the delimiter's own line end, so that a part without headers needs no case of its own
    let end = endOfHeaders(this.#unread, start);
    while (end < 0) {
      if (this.#unread.byteLength > MAX_HEADER_BYTES) {
        throw brokenMultipart(`a part's headers are longer than ${MAX_HEADER_BYTES} bytes`);
      }
      await this.#more();
      end = endOfHeaders(this.#unread, start);
    }
    const lines = text(this.#unread.subarray(start, end)).split("\r\n");
    this.#unread = this.#unread.subarray(end + 4);
    return new Map(lines.filter((line) => line !== "").map(parseHeader));
  }

  async #atLeast(bytes: number): Promise<void> {
    while (this.#unread.byteLength < bytes) await this.#more();
  }

  async #more(): Promise<void> {
    const chunk = await this.#source.read();
    if (chunk === null) {
      throw brokenMultipart("it ends before its closing delimiter, send the whole body again");
    }
    this.#unread = join(this.#unread, chunk);
  }
}

/** Where CR LF CR LF starts, at or after `start`, or -1. */
function endOfHeaders(bytes: Uint8Array, start: number): number {
  for (let at = bytes.indexOf(0x0d, start); at >= 0; at = bytes.indexOf(0x0d, at + 1)) {
    if (bytes[at + 1] === 0x0a && bytes[at + 2] === 0x0d && bytes[at + 3] === 0x0a) return at;
  }
  return -1;
}

function parseHeader(line: string): [string, string] {
  const colon = line.indexOf(":");
  if (colon < 1) {
    throw brokenMultipart(
      `a part's header is ${JSON.stringify(line.slice(0, 80))}, it needs a name and a colon`,
    );
  }
  return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
