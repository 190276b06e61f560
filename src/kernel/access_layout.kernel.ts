/**
 * Where the kernel of access logs keeps what, and the words that its parts share. Input is followed by room that may be read,
 * columns by room that may be written.
 * @module
 */

/** How many rows the tape has room for. */
export const TAPE_ROWS: i32 = 16_384;
/** How many faults fit; with more of them, the scan returns early and is called again. */
export const FAULT_ROOM: i32 = 1024;
/** How many bytes of input fit. */
export const INPUT_BYTES: i32 = 256 * 1024;
/** How many columns there can be of each row. */
export const MOST_FIELDS: i32 = 13;
/** Line feeds are listed for so much of the input at a time. */
export const WINDOW_BYTES: usize = 4096;
/** So many bytes past the end of the input may be read. */
const SLACK_BYTES: usize = 256;

/** Five numbers that outlast a call: offset reached, rows, lines, empty ones; then the faults of the last call. */
export const STATE: usize = 64;
/** The line feeds of one window. */
export const FEEDS: usize = 1024;
/** Eight offsets a row. */
export const TAPE: usize = FEEDS + 4 * (WINDOW_BYTES + 64);
/** Five numbers a fault: code, place, number of the line, its start, its end. */
export const FAULTS: usize = TAPE + 32 * TAPE_ROWS;
/** The bytes to scan. */
export const INPUT: usize = FAULTS + 20 * FAULT_ROOM;
/** Eight bytes a row for each wanted field, then the bytes of texts, of which a request may be there twice. */
export const COLUMNS: usize = INPUT + INPUT_BYTES + SLACK_BYTES;

/** Offsets in a row of the tape, in bytes, as in `src/batch/access_scan.ts`: behind the address. */
export const IP_END: usize = 4;
/** Behind the identity. */
export const IDENT_END: usize = 8;
/** Behind the user. */
export const USER_END: usize = 12;
/** Behind the time. */
export const TIME_END: usize = 16;
/** Behind the request. */
export const REQUEST_END: usize = 20;
/** Behind the size. */
export const BYTES_END: usize = 24;
/** Behind the line. */
export const LINE_END: usize = 28;

/** The line feed. */
export const LINE_FEED: u8 = 10;
/** The carriage return. */
export const CARRIAGE_RETURN: u8 = 13;
/** The byte ` `. */
export const SPACE: u8 = 32;
/** The byte `"`. */
export const QUOTE: u8 = 34;
/** The byte `-`. */
export const DASH: u8 = 45;
/** The byte `/`. */
export const SLASH: u8 = 47;
/** The byte `0`. */
export const ZERO: u8 = 48;
/** The byte `[`. */
export const OPEN: u8 = 91;
/** The backslash. */
export const BACKSLASH: u8 = 92;
/** The byte `]`. */
export const CLOSE: u8 = 93;
