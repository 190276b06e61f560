/**
 * A line of JSON of any kind.
 * @module
 */
import { OTHER, STACK, STACK_END } from "./json_memory.kernel";
import { COMMA, LINE_FEED, OPEN_OBJECT, QUOTE, SMALL } from "./json_bytes.kernel";
import { escaped, Text } from "./json_text.kernel";
import {
  beginRow,
  endRow,
  fieldOf,
  forgetBelow,
  note,
  write,
  writeString,
} from "./json_tape.kernel";
import { Scalar } from "./json_scalar.kernel";
import { beginLine, member, push, wanted } from "./json_nodes.kernel";

/** Writes `row` from the line at `start`. Gives where the line ends; 0, with the row unspecified, when it is left. */
export function scanLine(start: usize, row: i32): usize {
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
    const field = fieldOf(target);
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
      const end = first == QUOTE
        ? Text.stringEnd(at)
        : field < 0
        ? Scalar.past(at)
        : Scalar.end(at, field, row);
      if (end == 0) return 0;
      if (first == QUOTE && field >= 0) writeString(field, row, at + 1, end - 1, escaped);
      note(field);
      at = end;
    }
    at = Text.space(at);
    // Here brackets may close.
    while (load<u8>(at) == bracket + 2) {
      at++;
      depth -= 16;
      const whole = fieldOf(node);
      if (whole >= 0) {
        write(whole, row, OTHER, load<usize>(depth, 4), at);
        note(whole);
      }
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
