/**
 * The parts of request lines: `AccessRequests` of `src/batch/access_request.ts`, which must find the same. Part of
 * `access_log.kernel.ts`.
 * @module
 */

import { Kept } from "./access_kept.kernel";
import { DASH, REQUEST_END, SLASH, SPACE, TAPE, TIME_END, ZERO } from "./access_layout.kernel";

/** A bit each, in the order of their columns. */
const METHOD: i32 = 1;
const PATH: i32 = 2;
const QUERY: i32 = 4;
const PROTOCOL: i32 = 8;

const QUESTION: u8 = 63;
const UNDERSCORE: u8 = 95;
/** The bytes ` HTTP/0.0` less their last, and those of them that are no digit. */
const USUAL_PROTOCOL: u64 = 0x2e30_2f50_5454_4820;
const PROTOCOL_TENS: u64 = 0xfff0_ffff_ffff_ffff;
const PROTOCOL_SIXES: u64 = 0x0006_0000_0000_0000;
const USUAL_PROTOCOL_BYTES: usize = 8;
/** The bytes `GET ` and `POST`. */
const GET: u32 = 0x20544547;
const POST: u32 = 0x54534f50;

/** Writes the wanted parts of the requests of the tape's `rows` rows, the first column to `column`. */
export function requests(rows: i32, shift: i32, wanted: i32, column: usize): void {
  const last = TAPE + (<usize> rows << 5);
  const ends = <usize> rows << 2;
  const size = <usize> rows << 3;
  let methods = column;
  let paths = methods + ((wanted & METHOD) != 0 ? size : 0);
  let queries = paths + ((wanted & PATH) != 0 ? size : 0);
  let protocols = queries + ((wanted & QUERY) != 0 ? size : 0);
  for (let row = TAPE; row < last; row += 32) {
    const start = <usize> (load<i32>(row, TIME_END) + shift + 3);
    const end = <usize> (load<i32>(row, REQUEST_END) + shift);
    const target = Request.targetEnd(start, end);
    const method = target == 0 ? <usize> 0 : Request.methodEnd(start, target);
    const isNull = method == 0;
    if ((wanted & METHOD) != 0) {
      Kept.cell(start, method, isNull, methods, ends);
      methods += 4;
    }
    if ((wanted & (PATH | QUERY)) != 0) {
      const path = isNull ? <usize> 0 : Request.pathEnd(method + 1, target);
      if ((wanted & PATH) != 0) {
        Kept.cell(method + 1, path, isNull, paths, ends);
        paths += 4;
      }
      if ((wanted & QUERY) != 0) {
        Kept.cell(path + 1, target, isNull || path == target, queries, ends);
        queries += 4;
      }
    }
    if ((wanted & PROTOCOL) != 0) {
      Kept.cell(target + 1, end, isNull, protocols, ends);
      protocols += 4;
    }
  }
}

function unusualTargetEnd(start: usize, end: usize): usize {
  if (end == start) return 0;
  let at = end - 1;
  while (at > start && load<u8>(at) != SPACE) at--;
  let slash = at + 1;
  while (slash < end && isLetter(load<u8>(slash))) slash++;
  const named = slash > at + 1 && load<u8>(slash) == SLASH && slash + 1 < end;
  return at > start && named && isDigit(load<u8>(slash, 1)) ? at : 0;
}

function unusualMethodEnd(start: usize, target: usize): usize {
  let at = start;
  while (at < target && isMethodByte(load<u8>(at))) at++;
  return at > start && at + 1 < target && load<u8>(at) == SPACE ? at : 0;
}

function longPathEnd(from: usize, end: usize): usize {
  let at = from;
  while (at < end && load<u8>(at) != QUESTION) at++;
  return at;
}

function isDigit(byte: u8): bool {
  return <u32> byte - ZERO <= 9;
}

function isLetter(byte: u8): bool {
  return <u32> (byte | 32) - 97 <= 25;
}

function isMethodByte(byte: u8): bool {
  return isLetter(byte) || byte == DASH || byte == UNDERSCORE;
}

/** What is done with every request, compiled into the loop. */
class Request {
  /** The space before the protocol; 0 when the request does not end with one. */
  @inline
  static targetEnd(start: usize, end: usize): usize {
    const usual = end - USUAL_PROTOCOL_BYTES - 1;
    const found = load<u64>(usual) ^ USUAL_PROTOCOL;
    const differs = (found | found + PROTOCOL_SIXES) & PROTOCOL_TENS;
    if (usual > start && differs == 0 && isDigit(load<u8>(end - 1))) return usual;
    return unusualTargetEnd(start, end);
  }

  /** The space after the method, when a target stands between it and `target`; else 0. */
  @inline
  static methodEnd(start: usize, target: usize): usize {
    const name = load<u32>(start);
    if (name == GET && target > start + 4) return start + 3;
    if (name == POST && load<u8>(start, 4) == SPACE && target > start + 5) return start + 4;
    return unusualMethodEnd(start, target);
  }

  /** The first `?` at or after `at`, or `end`. */
  @inline
  static pathEnd(at: usize, end: usize): usize {
    const wanted = i8x16.splat(QUESTION);
    const first = i8x16.bitmask(i8x16.eq(v128.load(at), wanted));
    const second = i8x16.bitmask(i8x16.eq(v128.load(at, 16), wanted));
    const found = first | second << 16;
    if (found != 0 || end - at <= 32) return min(at + <usize> ctz(found), end);
    return longPathEnd(at + 32, end);
  }
}
