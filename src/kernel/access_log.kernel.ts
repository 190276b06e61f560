/**
 * The scan of access log lines in AssemblyScript: `scanAccessLog` of `src/batch/access_scan.ts`, 64 bytes at a time. It must
 * find what that one finds in any bytes; the words are explained there. `deno task kernels` compiles it.
 *
 * Line feeds are listed for a window of the input, so that where a line ends is known before it is looked at. A line of the
 * usual form is read without a loop and with one branch; any other by `access_line.kernel.ts`.
 * @module
 */

import { scanLine } from "./access_line.kernel";
import {
  BACKSLASH,
  CARRIAGE_RETURN,
  DASH,
  FAULT_ROOM,
  FAULTS,
  FEEDS,
  INPUT,
  LINE_FEED,
  QUOTE,
  SPACE,
  STATE,
  TAPE,
  WINDOW_BYTES,
  ZERO,
} from "./access_layout.kernel";

export { columns } from "./access_columns.kernel";
export {
  COLUMNS,
  FAULTS,
  INPUT,
  INPUT_BYTES,
  MOST_FIELDS,
  STATE,
  TAPE,
} from "./access_layout.kernel";

/** The bytes ` - - [`, as of a client that told neither identity nor user, and what a word is masked with to compare. */
const UNKNOWN_USER: u64 = 0x5b20_2d20_2d20;
const SIX_BYTES: u64 = 0xffff_ffff_ffff;
/** Two slashes where `[17/May/2015:10:05:03 +0000]` has them. */
const SLASHES: u64 = 0x2f00_0000_2f00_0000;
const SLASH_BYTES: u64 = 0xff00_0000_ff00_0000;
/** The bytes `] "`. */
const CLOSED: u32 = 0x22_205d;
const THREE_BYTES: u32 = 0xff_ffff;
/** From the bracket behind ` - - ` to that behind the time. */
const BRACKET_SPAN: usize = 27;
/** The bytes `" 000 ` as of a status of three digits, and those of them that are no digit. */
const STATUS_BYTES: u64 = 0x2030_3030_2022;
const DIGIT_SIXES: u64 = 0x0006_0606_0000;
const DIGIT_TENS: u64 = 0xfff0_f0f0_ffff;
/** The bytes ` "`. */
const REFERER: u16 = 0x2220;

/**
 * Goes on from `STATE` through the first `length` bytes of the input until they end, there are `most` rows or no room
 * for a fault. Offsets on the tape and of faults count from `base` bytes before the input.
 */
export function scan(length: i32, base: i32, most: i32, referer: bool): void {
  const end = INPUT + length;
  const shift = base - <i32> INPUT;
  let at = INPUT + load<i32>(STATE);
  let window = at;
  let rows = load<i32>(STATE, 4);
  let lines = load<i32>(STATE, 8);
  let empty = load<i32>(STATE, 12);
  let faults = 0;
  let next = FEEDS;
  let listed = FEEDS;
  while (at < end && rows < most && faults < FAULT_ROOM) {
    while (next == listed && window < end) {
      next = FEEDS;
      listed = listFeeds(window, end);
      window += WINDOW_BYTES;
    }
    let newline = end;
    if (next != listed) {
      newline = load<u32>(next);
      next += 4;
    }
    const returned = newline > at && load<u8>(newline - 1) == CARRIAGE_RETURN;
    const lineEnd = newline - <usize> returned;
    if (lineEnd == at) empty++;
    else {
      const row = TAPE + (rows << 5);
      if (Usual.line(at, lineEnd, row, shift, referer)) rows++;
      else {
        const fault = scanLine(at, lineEnd, row, shift, referer);
        if (fault == 0) rows++;
        else writeFault(faults++, fault, row, lines, <i32> at + shift, <i32> lineEnd + shift);
      }
    }
    lines++;
    at = newline + 1;
  }
  store<i32>(STATE, <i32> (min(at, end) - INPUT));
  store<i32>(STATE, rows, 4);
  store<i32>(STATE, lines, 8);
  store<i32>(STATE, empty, 12);
  store<i32>(STATE, faults, 16);
}

function writeFault(index: i32, code: i32, row: usize, line: i32, start: i32, end: i32): void {
  const fault = FAULTS + 20 * index;
  store<i32>(fault, code);
  store<i32>(fault, load<i32>(row), 4);
  store<i32>(fault, line, 8);
  store<i32>(fault, start, 12);
  store<i32>(fault, end, 16);
}

/** Lists the line feeds of the window at `from` that are before `end`; gives where the list ends. */
function listFeeds(from: usize, end: usize): usize {
  const last = min(from + WINDOW_BYTES, end);
  let list = FEEDS;
  let at = from;
  for (; at + 64 <= last; at += 64) {
    const found = Usual.feeds(at);
    // One is written whether it is there or not, as lines of less than 64 bytes are rare.
    store<u32>(list, <u32> at + <u32> ctz(found));
    list += <usize> (found != 0) << 2;
    const more = found & found - 1;
    if (more != 0) list = listMore(list, at, more);
  }
  const left = last - at;
  return left == 0 ? list : listMore(list, at, Usual.feeds(at) & ((<u64> 1 << left) - 1));
}

function listMore(from: usize, at: usize, feeds: u64): usize {
  let list = from;
  for (let found = feeds; found != 0; found &= found - 1) {
    store<u32>(list, <u32> at + <u32> ctz(found));
    list += 4;
  }
  return list;
}

/** What is done with every line, compiled into the loop. */
class Usual {
  /** The line feeds of the 64 bytes at `at`. */
  @inline
  static feeds(at: usize): u64 {
    const wanted = i8x16.splat(LINE_FEED);
    return Usual.marks(
      i8x16.eq(v128.load(at), wanted),
      i8x16.eq(v128.load(at, 16), wanted),
      i8x16.eq(v128.load(at, 32), wanted),
      i8x16.eq(v128.load(at, 48), wanted),
    );
  }

  /** Of 64 bytes of which each is 0 or 255, a bit each. */
  @inline
  static marks(first: v128, second: v128, third: v128, fourth: v128): u64 {
    const low = <u64> i8x16.bitmask(first) | <u64> i8x16.bitmask(second) << 16;
    const high = <u64> i8x16.bitmask(third) | <u64> i8x16.bitmask(fourth) << 16;
    return low | high << 32;
  }

  /**
   * Scans a line onto the tape whose address has up to 15 bytes, which tells neither identity nor user, whose request has up to 63
   * bytes without a quote or backslash, and that is a row; false for any other. Each place found is behind the one before, so
   * that whether they are in the line is asked of the last alone. What is behind the line decides nothing but that.
   */
  @inline
  static line(start: usize, end: usize, row: usize, shift: i32, referer: bool): bool {
    const spaces = i8x16.bitmask(i8x16.eq(v128.load(start), i8x16.splat(SPACE)));
    const ipEnd = start + <usize> ctz(spaces);
    const open = ipEnd + 5;
    const timeEnd = open + BRACKET_SPAN;
    const client = (load<u64>(ipEnd) & SIX_BYTES) ^ UNKNOWN_USER;
    const time = (load<u64>(open) & SLASH_BYTES) ^ SLASHES |
      <u64> ((load<u32>(timeEnd) & THREE_BYTES) ^ CLOSED);
    const request = timeEnd + 3;
    const quote = i8x16.splat(QUOTE);
    const backslash = i8x16.splat(BACKSLASH);
    const first = v128.load(request);
    const second = v128.load(request, 16);
    const third = v128.load(request, 32);
    const fourth = v128.load(request, 48);
    const marks = Usual.marks(
      v128.or(i8x16.eq(first, quote), i8x16.eq(first, backslash)),
      v128.or(i8x16.eq(second, quote), i8x16.eq(second, backslash)),
      v128.or(i8x16.eq(third, quote), i8x16.eq(third, backslash)),
      v128.or(i8x16.eq(fourth, quote), i8x16.eq(fourth, backslash)),
    );
    const requestEnd = request + <usize> ctz(marks);
    const digits = load<u64>(requestEnd) & SIX_BYTES ^ STATUS_BYTES;
    const status = (digits | digits + DIGIT_SIXES) & DIGIT_TENS;
    const size = requestEnd + 6;
    const others = i8x16.bitmask(
      i8x16.gt_u(i8x16.sub(v128.load(size), i8x16.splat(ZERO)), i8x16.splat(9)),
    );
    const dash = <usize> (load<u8>(size) == DASH);
    const sizeEnd = size + <usize> ctz(others) + dash;
    if ((client | time | status) != 0 || ipEnd == start || sizeEnd == size) return false;
    if (spaces == 0 || others == 0) return false;
    const ended = referer
      ? sizeEnd + 1 < end && load<u16>(sizeEnd) == REFERER
      : sizeEnd == end || sizeEnd < end && load<u8>(sizeEnd) == SPACE;
    if (!ended) return false;
    Usual.store(row, <i32> start + shift, <i32> ipEnd + shift);
    Usual.store(row + 8, <i32> ipEnd + 2 + shift, <i32> ipEnd + 4 + shift);
    Usual.store(row + 16, <i32> timeEnd + shift, <i32> requestEnd + shift);
    Usual.store(row + 24, <i32> sizeEnd + shift, <i32> end + shift);
    return true;
  }

  /** Two offsets as one. */
  @inline
  static store(at: usize, first: i32, second: i32): void {
    store<u64>(at, <u64> <u32> first | <u64> <u32> second << 32);
  }
}
