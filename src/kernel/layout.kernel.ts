/**
 * The memory that the kernels of columns share, so that nothing is copied from one to the next: what the scan of separated
 * values has found lies where keys and numbers are read, and these where they are added up. The compiler puts constants in
 * front, from 1024 on; input lies last, as up to 127 bytes behind it may be read.
 * @module
 */

/** How many cells of a column fit. */
export const MOST_CELLS: i32 = 16_384;
/** How many bytes of input fit. */
export const INPUT_BYTES: i32 = 256 * 1024;
/** How many numbers the tape of a scan has room for. */
export const TAPE_NUMBERS: i32 = 131_072;
/** How many faults of a scan fit; with more of them, it returns early and is called again. */
export const FAULT_ROOM: i32 = 1024;
/** How many fields of a record can be wanted. */
export const MOST_WANTED: i32 = 1024;
/** How many groups can be added up at once. */
export const MOST_GROUPS: i32 = 4096;
/** How many keys of groups fit, a power of two. */
export const KEY_SLOTS: usize = 8192;
/** What a key takes: a line of the processor's cache. */
export const SLOT_BYTES: usize = 64;
/** A scan lists a window of the input; lists are written sixteen numbers at once, needed or not. */
export const WINDOW_BYTES: usize = 4096;
const LIST_NUMBERS: usize = WINDOW_BYTES + 80;

/** Five numbers that outlast a call of the scan: offset reached, rows, records, line feeds; then the faults of the last call. */
export const STATE: usize = 2048;
/** 32 bytes of ones and 32 of zeros, to cut keys off with. */
export const ONES: usize = 2112;
/** The places of the wanted fields, ascending, and -1 behind them. */
export const WANTED: usize = 2304;
/** For each wanted field a byte, 1 when it holds doubled quotes. */
export const DOUBLED: usize = 6464;
/** Five numbers a fault: the fields found, or -1 and the place of what is wrong; line, start, start of the next record. */
export const FAULTS: usize = 7552;
/** For each wanted field its starts, then its ends, with room for so many rows as the call says. */
export const TAPE: usize = FAULTS + 20 * FAULT_ROOM;
/** The offsets of the marks of one window, and before them that of the byte before it. */
export const MARKS: usize = TAPE + 4 * TAPE_NUMBERS + 64;
/** Which of the marks are line feeds: where the entry behind each is in MARKS. */
export const FEEDS: usize = MARKS + 4 * LIST_NUMBERS;
/** The starts of cells that no scan has left on the tape, below 0 for none. */
export const STARTS: usize = FEEDS + 4 * LIST_NUMBERS;
/** Where those cells end. */
export const ENDS: usize = STARTS + 4 * MOST_CELLS;
/** The groups of cells. */
export const GROUPS: usize = ENDS + 4 * MOST_CELLS;
/** The numbers of cells. */
export const VALUES: usize = GROUPS + 4 * MOST_CELLS;
/** The cells whose numbers were not read. */
export const LEFT: usize = VALUES + 8 * MOST_CELLS;
/** Of each group, how many numbers were added. */
export const COUNTS: usize = LEFT + 4 * MOST_CELLS;
/** Of each group, four numbers: the least, the greatest with its sign turned, the sum, and what rounding took from it. */
export const STATES: usize = COUNTS + 4 * MOST_GROUPS + 63 & ~63;
/** The keys of groups that are known. */
export const TABLE: usize = STATES + 32 * MOST_GROUPS;
/** The bytes that starts and ends are of. */
export const INPUT: usize = TABLE + SLOT_BYTES * KEY_SLOTS;
