/**
 * White space and strings of JSON, sixteen bytes at a time.
 * @module
 */
import {
  BACKSLASH,
  CARRIAGE_RETURN,
  LETTER_A,
  LETTER_B,
  LETTER_F,
  LETTER_N,
  LETTER_R,
  LETTER_T,
  LETTER_U,
  QUOTE,
  SLASH,
  SMALL,
  SPACE,
  TAB,
} from "./json_bytes.kernel";
import { BACKSLASHES, SPACES, TWOS } from "./json_memory.kernel";
import { isDigit } from "./json_number.kernel";

/** Whether the last string read has escapes. */
export let escaped: bool = false;

/** What is used for every value, compiled into its callers: a function of its own, called, is a third slower in V8. */
export class Text {
  /** Behind the white space at `at`; a line feed is none here, since it ends the line. */
  @inline
  static space(at: usize): usize {
    return load<u8>(at) > SPACE ? at : spaceEnd(at);
  }

  /** Behind the string at `at`, of which it tells whether it has escapes; UTF-8 or not. 0 when it is none. */
  @inline
  static stringEnd(at: usize): usize {
    const backslash = i8x16.splat(BACKSLASH);
    const two = i8x16.splat(2);
    const most = i8x16.splat(SPACE);
    escaped = false;
    at++;
    while (true) {
      const bytes = v128.load(at);
      // With that bit turned, a quote is 0x20, a control character still below it and everything else above.
      const ends = i8x16.le_u(v128.xor(bytes, two), most);
      const found = i8x16.bitmask(v128.or(ends, i8x16.eq(bytes, backslash)));
      if (found == 0) at += 16;
      else {
        at += ctz(found);
        const byte = load<u8>(at);
        if (byte == QUOTE) return at + 1;
        if (byte != BACKSLASH) return 0;
        escaped = true;
        at = escapeEnd(at + 1);
        if (at == 0) return 0;
      }
    }
  }

  /**
   * The quote that ends the string of which `at` is the first byte behind its own; 0 where something else than bytes that
   * stand for themselves comes before it. Most strings end in 32 bytes, so that there is no branch to be mispredicted.
   */
  @inline
  static plainEnd(at: usize): usize {
    const backslashes = v128.load(BACKSLASHES);
    const twos = v128.load(TWOS);
    const spaces = v128.load(SPACES);
    while (true) {
      const bytes = v128.load(at);
      const more = v128.load(at, 16);
      // With that bit turned, a quote is a space, a control character still below it and everything else above.
      const ends = i8x16.le_u(v128.xor(bytes, twos), spaces);
      const moreEnds = i8x16.le_u(v128.xor(more, twos), spaces);
      const found = i8x16.bitmask(v128.or(ends, i8x16.eq(bytes, backslashes))) |
        i8x16.bitmask(v128.or(moreEnds, i8x16.eq(more, backslashes))) << 16;
      if (found != 0) {
        at += <usize> ctz(found);
        return load<u8>(at) == QUOTE ? at : 0;
      }
      at += 32;
    }
  }

  /** Whether these bytes, a few more at the most, are ASCII. */
  @inline
  static isAscii(start: usize, end: usize): bool {
    while (i8x16.bitmask(v128.load(start)) == 0) {
      start += 16;
      if (start >= end) return true;
    }
    return false;
  }
}

/** As `Text.stringEnd`. */
export function stringEnd(at: usize): usize {
  return Text.stringEnd(at);
}

function spaceEnd(at: usize): usize {
  while (isSpace(load<u8>(at))) at++;
  return at;
}

function isSpace(byte: u8): bool {
  return byte == SPACE || byte == TAB || byte == CARRIAGE_RETURN;
}

/** Behind the escape whose letter is at `at`; 0 when there is none. */
function escapeEnd(at: usize): usize {
  switch (load<u8>(at)) {
    case QUOTE:
    case SLASH:
    case BACKSLASH:
    case LETTER_B:
    case LETTER_F:
    case LETTER_N:
    case LETTER_R:
    case LETTER_T:
      return at + 1;
    case LETTER_U: {
      for (let digit: usize = 1; digit <= 4; digit++) {
        const byte = load<u8>(at + digit);
        if (!isDigit(byte) && <u32> (byte | SMALL) - LETTER_A > 5) return 0;
      }
      return at + 5;
    }
    default:
      return 0;
  }
}

/** Whether these bytes are UTF-8. */
export function isUtf8(start: usize, end: usize): bool {
  let at = start;
  let high: i32 = 0;
  for (; at < end; at += 16) {
    high = i8x16.bitmask(v128.load(at));
    if (high != 0) break;
  }
  if (at >= end || at + <usize> ctz(high) >= end) return true;
  while (at < end) {
    const lead = load<u8>(at++);
    if (lead < 0x80) continue;
    if (lead < 0xc2 || lead > 0xf4) return false;
    const more: usize = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (at + more > end) return false;
    const second = load<u8>(at);
    const least: u8 = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const most: u8 = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (second < least || second > most) return false;
    for (let index: usize = 1; index < more; index++) {
      if ((load<u8>(at + index) & 0xc0) != 0x80) return false;
    }
    at += more;
  }
  return true;
}
