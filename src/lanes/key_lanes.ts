/**
 * Sharing out rows by key.
 * @module
 */
import { halfSipHash } from "../aggregate/hash.ts";
import { KeyEncoder } from "../aggregate/key.ts";
import type { Batch } from "../batch/batch.ts";
import type { Column } from "../batch/column.ts";

/** Any will do, as long as it stays: a restored run must find its keys where they were. */
const SECRET = [0x736c7569, 0x63656b65] as const;

/**
 * Shares the rows of batches out to `lanes` lanes: rows with equal keys always go to the same. Equal are keys that `stats`
 * would put into one group. Copies nothing: each share is a selection of the batch. Costs a hash a row.
 */
export class KeyLanes {
  readonly #encoder = new KeyEncoder(() => {});

  constructor(
    readonly keys: readonly ((batch: Batch) => Column)[],
    readonly lanes: number,
  ) {}

  /** The rows of each lane, in their order; null for none. */
  split(batch: Batch): readonly (Batch | null)[] {
    const { lanes } = this;
    const columns = this.keys.map((evaluate) => evaluate(batch));
    const laneOf = new Uint16Array(batch.length);
    const counts = new Uint32Array(lanes);
    for (let index = 0; index < batch.length; index++) {
      const lane = this.#laneOf(columns, batch.rowAt(index));
      laneOf[index] = lane;
      counts[lane]!++;
    }
    const rows = Array.from(counts, (count) => count === 0 ? null : new Uint32Array(count));
    const filled = new Uint32Array(lanes);
    for (let index = 0; index < batch.length; index++) {
      const lane = laneOf[index]!;
      rows[lane]![filled[lane]!++] = batch.rowAt(index);
    }
    return rows.map((own) =>
      own === null ? null : own.length === batch.length ? batch : batch.select(own)
    );
  }

  #laneOf(columns: readonly Column[], row: number): number {
    let hash: number = SECRET[1];
    for (const column of columns) {
      this.#encoder.start();
      const tag = this.#encoder.cell(column, row);
      const { view, length } = this.#encoder;
      hash = halfSipHash(view, 0, length, SECRET[0] ^ tag, hash);
    }
    return (hash >>> 0) % this.lanes;
  }
}
