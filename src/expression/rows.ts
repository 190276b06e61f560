/**
 * Lists of rows: what selections are made of.
 * @module
 */
import { type Batch, MAX_BATCH_ROWS } from "../batch/batch.ts";
import { shortUint32s } from "../batch/short_arrays.ts";

let everyRow = Uint32Array.from({ length: MAX_BATCH_ROWS }, (_, row) => row);
/** The part of it that was given last: batches of one upload, and uploads of one client, tend to be of one length. */
let given = everyRow;

/** The physical rows of a batch that count, ascending. Not to be written to: it may be shared. */
export function selectedRows(batch: Batch): Uint32Array {
  if (batch.selection !== null) return batch.selection;
  if (batch.rows > everyRow.length) {
    everyRow = Uint32Array.from({ length: batch.rows }, (_, row) => row);
  }
  if (given.length !== batch.rows) given = everyRow.subarray(0, batch.rows);
  return given;
}

/** So few are copied one by one, which costs less than a view of them. */
const FEW_ROWS = 32;

let room = new Uint32Array(MAX_BATCH_ROWS);

/** Room for a list of as many as `count` rows, to be filled at once and given to {@link listed}: it is everybody's. */
export function rowRoom(count: number): Uint32Array {
  if (room.length < count) room = new Uint32Array(count);
  return room;
}

/** The list of the first `count` rows of the room: memory for what was kept, not for all that could have been. */
export function listed(count: number): Uint32Array {
  const list = shortUint32s(count);
  if (count > FEW_ROWS) list.set(room.subarray(0, count));
  else for (let index = 0; index < count; index++) list[index] = room[index]!;
  return list;
}

/** The rows of `rows` that are not in `taken`; both ascending, `taken` a part of `rows`. */
export function without(rows: Uint32Array, taken: Uint32Array): Uint32Array {
  const left = new Uint32Array(rows.length - taken.length);
  let next = 0;
  let count = 0;
  for (const row of rows) {
    if (row === taken[next]) next++;
    else left[count++] = row;
  }
  return left;
}

/** Two ascending lists with no row in common as one. */
export function merged(first: Uint32Array, second: Uint32Array): Uint32Array {
  if (first.length === 0) return second;
  if (second.length === 0) return first;
  const all = new Uint32Array(first.length + second.length);
  let left = 0;
  let right = 0;
  for (let at = 0; at < all.length; at++) {
    const takeFirst = right >= second.length ||
      (left < first.length && first[left]! < second[right]!);
    all[at] = takeFirst ? first[left++]! : second[right++]!;
  }
  return all;
}
