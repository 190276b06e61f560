/**
 * Where one record of separated values ends that comes in pieces.
 * @module
 */
import type { Dialect } from "./csv_scan.ts";
import { NEWLINE } from "./line_format.ts";

type EdgePlace = "start" | "plain" | "quoted" | "closed" | "broken";

/** What a {@link RecordEdge} knows of the record in hand. */
export interface EdgeState {
  readonly feeds: number;
  readonly place: string;
}

/** Finds where one record ends that comes in pieces, each byte looked at once. */
export class RecordEdge {
  /** Line feeds in quotes of the record in hand. */
  feeds = 0;
  #state: EdgePlace = "start";

  constructor(readonly dialect: Dialect) {}

  /** Forgets the record in hand. */
  reset(): void {
    this.feeds = 0;
    this.#state = "start";
  }

  /** What it knows, for {@link RecordEdge.restore}. */
  save(): EdgeState {
    return { feeds: this.feeds, place: this.#state };
  }

  /** Goes on where another one was saved. */
  restore({ feeds, place }: EdgeState): void {
    this.feeds = feeds;
    this.#state = place as EdgePlace;
  }

  /** The offset behind the line feed that ends the record, or -1 when `bytes[start, ...)` does not have it. */
  find(bytes: Uint8Array, start: number): number {
    let at = start;
    while (at < bytes.length) {
      const byte = bytes[at++]!;
      if (this.#state === "quoted") this.#inQuotes(byte);
      else if (byte === NEWLINE) {
        this.#state = "start";
        return at;
      } else this.#outside(byte);
    }
    return -1;
  }

  #inQuotes(byte: number): void {
    if (byte === this.dialect.quote) this.#state = "closed";
    else if (byte === NEWLINE) this.feeds++;
  }

  #outside(byte: number): void {
    const { separator, quote } = this.dialect;
    if (this.#state === "start") {
      if (byte !== separator) this.#state = byte === quote ? "quoted" : "plain";
    } else if (this.#state === "plain") {
      if (byte === separator) this.#state = "start";
    } else if (this.#state === "closed") {
      this.#state = byte === quote ? "quoted" : byte === separator ? "start" : "broken";
    }
  }
}
