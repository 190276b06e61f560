/**
 * Lanes: where the scan is in each quarter of the input, or in all of it. Where a value ends must be known before the next
 * is looked for; of four lines at a time the processor finds four ends while it would wait for one.
 *
 * Each lane has a quarter of the tape, too. When the first is at its end, the rows of the others are put behind its own,
 * one lane after the other, so that all is as if it had been read in one: lines that only the caller can read come first,
 * and what does not fit on the tape is not read.
 * @module
 */
import { INPUT, STATE } from "./json_memory.kernel";
import { LINE_FEED } from "./json_bytes.kernel";
import { moveRows } from "./json_kept.kernel";

/** The offset in the input of the line that is next. */
export const AT: usize = 0;
/** The row that is next. */
export const ROW: usize = 4;
/** How many lines are read. */
export const LINES: usize = 8;
/** How many of these were empty. */
export const EMPTY: usize = 12;
/** Whether the line that is next is left to the caller. */
export const LEFT: usize = 16;
/** Where the lane's part of the input ends. */
export const END: usize = 20;
/** Behind its part of the tape. */
export const MOST: usize = 24;
/** The first row of its part; of the first lane, where the lane that is next to be joined is, or 0. */
export const BASE: usize = 28;
/** What is known of a lane takes so many bytes. */
export const LANE_BYTES: usize = 32;
/** The first lane, which is the only one of a short input. */
export const FIRST: usize = STATE;
/** The second. */
export const SECOND: usize = FIRST + LANE_BYTES;
/** The third. */
export const THIRD: usize = SECOND + LANE_BYTES;
/** The last. */
export const FOURTH: usize = THIRD + LANE_BYTES;
const LANES: i32 = 4;

/** Fewer bytes a lane are not worth it. */
const LEAST: i32 = 1024;
/** So many blocks after one that has more rows than there is room for in lanes are read in one. */
const CROWDED_BLOCKS: i32 = 64;

let crowded: i32 = 0;

/** Divides what is left of the input up to `to`, and of the tape up to the row `most`, among all lanes if it is enough. */
export function split(to: i32, most: i32): void {
  const at = load<i32>(FIRST, AT);
  const row = load<i32>(FIRST, ROW);
  const share = (to - at) / LANES;
  const room = (most - row) / LANES;
  goAlone(to, most);
  if (share < LEAST || room < 1) return;
  if (crowded > 0) {
    crowded--;
    return;
  }
  let lane = FIRST;
  for (let number = 1; number < LANES; number++) {
    const start = behindLine(max(load<i32>(lane, AT), at + number * share));
    // Lines are longer than lanes.
    if (start >= to) return goAlone(to, most);
    store<i32>(lane, start, END);
    store<i32>(lane, row + number * room, MOST);
    lane += LANE_BYTES;
    store<i32>(lane, start, AT);
    store<i32>(lane, row + number * room, ROW);
    store<i32>(lane, 0, LINES);
    store<i32>(lane, 0, EMPTY);
    store<i32>(lane, 0, LEFT);
    store<i32>(lane, row + number * room, BASE);
  }
  store<i32>(lane, to, END);
  store<i32>(lane, most, MOST);
  store<usize>(FIRST, SECOND, BASE);
}

/** The first lane has all that is left to itself. */
function goAlone(to: i32, most: i32): void {
  store<i32>(FIRST, to, END);
  store<i32>(FIRST, most, MOST);
  store<usize>(FIRST, 0, BASE);
}

/** Behind the line feed at or after an offset; there is one behind the input. */
function behindLine(at: i32): i32 {
  let place = INPUT + <usize> at;
  while (true) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(place), i8x16.splat(LINE_FEED)));
    if (found != 0) return <i32> (place - INPUT) + ctz(found) + 1;
    place += 16;
  }
}

/** Whether no lane is joined yet, and all can go on. */
export function allGoOn(): bool {
  return load<usize>(FIRST, BASE) == SECOND && goesOn(FIRST) && goesOn(SECOND) && goesOn(THIRD) &&
    goesOn(FOURTH);
}

/** Whether there is a line that the lane can read, and room for a row. */
export function goesOn(lane: usize): bool {
  return load<i32>(lane, AT) < load<i32>(lane, END) &&
    load<i32>(lane, ROW) < load<i32>(lane, MOST) && load<i32>(lane, LEFT) == 0;
}

/** Whether there are lanes that are not joined. */
export function isSplit(): bool {
  return load<usize>(FIRST, BASE) != 0;
}

/**
 * To be called when the first lane does not go on: puts the rows of the next behind its own, and goes on where that
 * stopped. If it is its part of the tape that has ended, forgets what the others have read.
 */
export function join(fields: i32, to: i32, most: i32): void {
  if (load<i32>(FIRST, AT) < load<i32>(FIRST, END)) {
    crowded = CROWDED_BLOCKS;
    return goAlone(to, most);
  }
  const lane = load<usize>(FIRST, BASE);
  const base = load<i32>(lane, BASE);
  const row = load<i32>(FIRST, ROW);
  const count = load<i32>(lane, ROW) - base;
  moveRows(fields, base, row, count);
  store<i32>(FIRST, load<i32>(lane, AT), AT);
  store<i32>(FIRST, row + count, ROW);
  store<i32>(FIRST, load<i32>(FIRST, LINES) + load<i32>(lane, LINES), LINES);
  store<i32>(FIRST, load<i32>(FIRST, EMPTY) + load<i32>(lane, EMPTY), EMPTY);
  store<i32>(FIRST, load<i32>(lane, END), END);
  store<i32>(FIRST, load<i32>(lane, MOST), MOST);
  store<usize>(FIRST, lane == FOURTH ? 0 : lane + LANE_BYTES, BASE);
}

/** The lane has read a line that is a row, and `at` is behind it. */
export function advance(lane: usize, at: usize): void {
  store<usize>(lane, at - INPUT, AT);
  store<i32>(lane, load<i32>(lane, ROW) + 1, ROW);
  store<i32>(lane, load<i32>(lane, LINES) + 1, LINES);
}
