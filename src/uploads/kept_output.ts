/**
 * Rows of a resumable upload that come before its end: kept, since their reader comes with the last part.
 * @module
 */
import { joined } from "../batch/bytes.ts";
import { RunError } from "../errors.ts";

/** With so many bytes in memory it is time for a checkpoint, which moves them to the store. */
const FULL_BYTES = 1024 * 1024;

/** Encoded rows on their way to the store, bounded over the whole upload by `mostBytes`. */
export class KeptOutput {
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #kept: number;

  /** `kept` bytes are in the store already. */
  constructor(kept: number, readonly mostBytes: number) {
    this.#kept = kept;
  }

  /** Bytes that were ever added. */
  get kept(): number {
    return this.#kept;
  }

  get full(): boolean {
    return this.#bytes >= FULL_BYTES;
  }

  /** Throws RunError `budget_exceeded` past the bound. */
  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    this.#kept += bytes.length;
    if (this.#kept <= this.mostBytes) return;
    throw new RunError(
      "budget_exceeded",
      `The rows before the end of a resumable upload are kept, and these are more than ${this.mostBytes} bytes; ` +
        "aggregate them, use /v1/run, or raise MAX_STATE",
      { limitBytes: this.mostBytes },
    );
  }

  /** What is in memory, which the caller keeps from now on. */
  take(): Uint8Array {
    const whole = joined(this.#pieces, this.#bytes);
    this.#pieces = [];
    this.#bytes = 0;
    return whole;
  }
}
