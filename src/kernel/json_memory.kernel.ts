/**
 * The memory of the JSON kernel: where everything is, and in what form.
 * @module
 */

/** How many values the tape has room for. */
export const TAPE_PLACES: i32 = 24_576;
/** How many bytes of input fit. */
export const INPUT_BYTES: i32 = 256 * 1024;
/** How many bytes the nodes and names of the wanted paths may take. */
export const TREE_BYTES: i32 = 24_576;

/**
 * Eight numbers a lane, as `json_lanes.kernel.ts` explains them. Those of the first outlast a call and are 0 before a
 * block; the caller knows five: offset reached, rows, lines, empty ones, and 1 when a line is left.
 */
export const STATE: usize = 64;
/** A byte a field: what kinds of values it has. */
export const SUMMARIES: usize = 192;
/** The powers of ten from 0 to 22, which the caller fills in. */
export const POWERS: usize = 256;
/** Sixteen bytes for each open bracket: node, start, item, bracket. */
export const STACK: usize = 1024;
/** Behind the last bracket that may be open. */
export const STACK_END: usize = STACK + 16 * 1000;
/** The shapes of lines, as `json_shapes.kernel.ts` explains them. */
export const SHAPES: usize = STACK_END;
/** Behind the last part. */
export const SHAPES_END: usize = SHAPES + 64 * 256;
/** Where the first part of all is. */
export const SHAPES_ROOT: usize = 560;
/** The root's node, then what it points to; the caller fills it in. */
export const TREE: usize = 33_792;
/** Where values start in the input, or in what is kept; written by `keep`. */
export const STARTS: usize = TREE + TREE_BYTES;
/** And where they end. */
export const ENDS: usize = STARTS + 4 * TAPE_PLACES;
/** The tape: of each value its double, or before `keep` both offsets of its place. */
export const NUMBERS: usize = ENDS + 4 * TAPE_PLACES;
/** And the kind of each, a byte. */
export const KINDS: usize = NUMBERS + 8 * TAPE_PLACES;
/** The bytes to scan. */
export const INPUT: usize = KINDS + TAPE_PLACES;
/** The bytes of the values. */
export const KEPT: usize = INPUT + INPUT_BYTES + 128;

/**
 * A node is 64 bytes: the first eight bytes of its name, what to mask a word with to compare them, the lengths of its
 * children's names as bits (the last for all longer ones), its own name's length and place, the array item that it
 * means, its field, its children (first and end), and the fields below as bits.
 */
export const NODE_MASK: usize = 8;
/** The lengths of its children's names, as bits. */
export const NODE_LENGTHS: usize = 16;
/** Its name's length. */
export const NODE_LENGTH: usize = 24;
/** Its name's place. */
export const NODE_NAME: usize = 28;
/** The array item that it means. */
export const NODE_ITEM: usize = 32;
/** Its field, or -1. */
export const NODE_FIELD: usize = 36;
/** Its first child. */
export const NODE_CHILDREN: usize = 40;
/** Behind its last child. */
export const NODE_CHILDREN_END: usize = 44;
/** The fields below, as bits. */
export const NODE_BELOW: usize = 48;
/** What a node takes. */
export const NODE_BYTES: usize = 64;

/** A value that is absent or null. */
export const NONE: u8 = 0;
/** A number with a double. */
export const NUMBER: u8 = 1;
/** A string without escapes. */
export const TEXT: u8 = 2;
/** A string with escapes. */
export const ESCAPED: u8 = 4;
/** `true` or `false`. */
export const BOOLEAN: u8 = 8;
/** A number without a double. */
export const LONG: u8 = 16;
/** Any other value. */
export const OTHER: u8 = 32;
/** In a line that the caller has parsed. */
export const PARSED: u8 = 64;

/** Sixteen times `\\`. V8 makes a constant anew wherever it is used, but loads these. */
export const BACKSLASHES: usize = 512;
/** Sixteen times a space. */
export const SPACES: usize = 528;
/** Sixteen times 2, the bit in which a space and a quote differ. */
export const TWOS: usize = 544;
/** Sixteen times `0`. */
export const ZEROS: usize = 576;
/** Sixteen times 9. */
export const NINES: usize = 592;
