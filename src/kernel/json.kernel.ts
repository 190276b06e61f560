/**
 * The scan of lines of JSON in AssemblyScript: `jsonScan` of `src/batch/json_scan.ts`, sixteen bytes of a string at a
 * time. It must find what that one finds in any bytes; the words are explained there. `deno task kernels` compiles it.
 *
 * A line feed stands behind the input. It belongs into no value, no string and no white space, so that everything stops
 * there and nothing has to compare with the end; up to 63 bytes behind it may be read and decide nothing.
 * @module
 */
import {
  ENDS,
  INPUT,
  INPUT_BYTES,
  KEPT,
  KINDS,
  NUMBERS,
  OTHER,
  POWERS,
  STACK,
  STACK_END,
  STARTS,
  STATE,
  SUMMARIES,
  TREE,
  TREE_BYTES,
} from "./json_memory.kernel";
import { CARRIAGE_RETURN, COMMA, LINE_FEED, OPEN_OBJECT, QUOTE, SMALL } from "./json_bytes.kernel";
import { escaped, stringEnd, Text } from "./json_text.kernel";
import {
  beginRow,
  beginTape,
  endRow,
  forgetBelow,
  keep,
  write,
  writeString,
} from "./json_tape.kernel";
import { Scalar } from "./json_scalar.kernel";
import { beginLine, member, push, wanted } from "./json_nodes.kernel";
import { knownLine, missedLine, prepare } from "./json_shapes.kernel";

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
export { keep } from "./json_tape.kernel";

/**
 * Goes on from `STATE` through the input until the offset `to`, the tape's `most` rows of `fields` are full or a line is
 * left. Offsets on the tape are those in the input.
 */
export function scan(to: i32, fields: i32, most: i32): void {
  const end = INPUT + to;
  let at = INPUT + load<i32>(STATE);
  let rows = load<i32>(STATE, 4);
  let lines = load<i32>(STATE, 8);
  let empty = load<i32>(STATE, 12);
  beginTape(fields, most, lines == 0);
  let left = false;
  while (at < end && rows < most) {
    let newline = knownLine(at, rows);
    if (newline == 0) {
      newline = scanLine(at, rows);
      if (newline != 0) missedLine(at);
    }
    if (newline != 0) {
      rows++;
      at = newline + 1;
    } else {
      const returned = load<u8>(at) == CARRIAGE_RETURN;
      left = load<u8>(at + <usize> returned) != LINE_FEED;
      if (left) break;
      empty++;
      at += 1 + <usize> returned;
    }
    lines++;
  }
  store<i32>(STATE, <i32> (min(at, end) - INPUT));
  store<i32>(STATE, rows, 4);
  store<i32>(STATE, lines, 8);
  store<i32>(STATE, empty, 12);
  store<i32>(STATE, left, 16);
}

/** Writes `row` from the line at `start`. Gives where the line ends; 0, with the row unspecified, when it is left. */
function scanLine(start: usize, row: i32): usize {
  let at = Text.space(start);
  let bracket = load<u8>(at);
  if (bracket != OPEN_OBJECT) return 0;
  let depth = STACK;
  let node: usize = 0;
  beginRow();
  beginLine();
  while (true) {
    // Here a value begins.
    const first = load<u8>(at);
    const target = wanted;
    if (target != 0) forgetBelow(target);
    if ((first | SMALL) == OPEN_OBJECT) {
      if (depth == STACK_END) return 0;
      push(depth, target, at, first);
      depth += 16;
      node = target;
      bracket = first;
      at = Text.space(at + 1);
      if (load<u8>(at) != first + 2) {
        at = member(at, depth, node, bracket);
        if (at == 0) return 0;
        continue;
      }
    } else {
      const end = first == QUOTE ? Text.stringEnd(at) : Scalar.end(at, target, row);
      if (end == 0) return 0;
      if (first == QUOTE && target != 0) writeString(target, row, at + 1, end - 1, escaped);
      at = end;
    }
    at = Text.space(at);
    // Here brackets may close.
    while (load<u8>(at) == bracket + 2) {
      at++;
      depth -= 16;
      if (node != 0) write(node, row, OTHER, load<usize>(depth, 4), at);
      at = Text.space(at);
      if (depth == STACK) {
        if (load<u8>(at) != LINE_FEED) return 0;
        endRow(row);
        return at;
      }
      node = load<usize>(depth - 16);
      bracket = load<u8>(depth - 16, 12);
    }
    if (load<u8>(at) != COMMA) return 0;
    at = member(Text.space(at + 1), depth, node, bracket);
    if (at == 0) return 0;
  }
}
