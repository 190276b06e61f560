/**
 * The scan of lines of JSON in AssemblyScript: `jsonScan` of `src/batch/json_scan.ts`, sixteen bytes of a string at a
 * time. It must find what that one finds in any bytes; the words are explained there. `deno task kernels` compiles it.
 *
 * A line feed stands behind the input. It belongs into no value, no string and no white space, so that everything stops
 * there and nothing has to compare with the end; up to 63 bytes behind it may be read and decide nothing.
 * @module
 */
import { INPUT } from "./json_memory.kernel";
import { CARRIAGE_RETURN, LINE_FEED } from "./json_bytes.kernel";
import { beginTape } from "./json_tape.kernel";
import {
  allGoOn,
  AT,
  EMPTY,
  END,
  FIRST,
  goesOn,
  isSplit,
  join,
  LANE_BYTES,
  LEFT,
  LINES,
  MOST,
  ROW,
  split,
} from "./json_lanes.kernel";
import { knownLine, knownLines } from "./json_known.kernel";
import { scanLine } from "./json_line.kernel";
import { learn, pausedLines, shapeHeld } from "./json_shapes.kernel";

export {
  ENDS,
  INPUT,
  INPUT_BYTES,
  KEPT,
  KINDS,
  NUMBERS,
  POWERS,
  STARTS,
  STATE,
  SUMMARIES,
  TREE,
  TREE_BYTES,
} from "./json_memory.kernel";
export { prepare } from "./json_shapes.kernel";
export { keep } from "./json_kept.kernel";

/**
 * Goes on from `STATE` through the input until the offset `to`, the tape's `most` rows of `fields` are full or a line is
 * left. Offsets on the tape are those in the input.
 */
export function scan(to: i32, fields: i32, most: i32): void {
  beginTape(fields, most);
  store<i32>(FIRST, 0, LEFT);
  if (!isSplit()) split(to, most);
  while (true) {
    while (pausedLines() == 0 && allGoOn()) {
      let lane = FIRST;
      for (let odd = knownLines(); odd != 0; odd >>= 1) {
        if (odd & 1) readLines(lane, 1);
        lane += LANE_BYTES;
      }
    }
    const paused = pausedLines();
    if (goesOn(FIRST)) readLines(FIRST, paused > 0 ? paused : most);
    if (load<i32>(FIRST, LEFT) != 0) break;
    if (goesOn(FIRST)) continue;
    if (isSplit()) join(fields, to, most);
    else if (load<i32>(FIRST, AT) >= to || load<i32>(FIRST, ROW) >= most) break;
    if (!isSplit()) split(to, most);
  }
  store<i32>(FIRST, min(load<i32>(FIRST, AT), to), AT);
}

/** Reads up to so many lines of a lane, one after the other. */
function readLines(lane: usize, count: i32): void {
  const end = INPUT + <usize> load<i32>(lane, END);
  const most = load<i32>(lane, MOST);
  let at = INPUT + <usize> load<i32>(lane, AT);
  let row = load<i32>(lane, ROW);
  let lines = load<i32>(lane, LINES);
  for (; count > 0 && at < end && row < most; count--) {
    let newline: usize = pausedLines() > 0 ? 0 : knownLine(at, row);
    if (newline == 0) {
      newline = scanLine(at, row);
      if (newline != 0) learn(at);
    } else shapeHeld();
    if (newline != 0) {
      row++;
      at = newline + 1;
    } else {
      const returned = load<u8>(at) == CARRIAGE_RETURN;
      if (load<u8>(at + <usize> returned) != LINE_FEED) {
        store<i32>(lane, 1, LEFT);
        break;
      }
      store<i32>(lane, load<i32>(lane, EMPTY) + 1, EMPTY);
      at += 1 + <usize> returned;
    }
    lines++;
  }
  store<i32>(lane, <i32> (at - INPUT), AT);
  store<i32>(lane, row, ROW);
  store<i32>(lane, lines, LINES);
}
