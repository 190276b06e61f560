/**
 * The bytes that JSON is made of.
 * @module
 */

/** A tab, which is white space. */
export const TAB: u8 = 0x09;
/** A line feed, which ends a line. */
export const LINE_FEED: u8 = 0x0a;
/** A carriage return, which is white space. */
export const CARRIAGE_RETURN: u8 = 0x0d;
/** A space; below it are the control characters. */
export const SPACE: u8 = 0x20;
/** `"`. */
export const QUOTE: u8 = 0x22;
/** `+`. */
export const PLUS: u8 = 0x2b;
/** `,`. */
export const COMMA: u8 = 0x2c;
/** `-`. */
export const MINUS: u8 = 0x2d;
/** `.`. */
export const POINT: u8 = 0x2e;
/** `/`. */
export const SLASH: u8 = 0x2f;
/** `0`. */
export const ZERO: u8 = 0x30;
/** `:`. */
export const COLON: u8 = 0x3a;
/** `[`; two more closes it. */
export const OPEN_ARRAY: u8 = 0x5b;
/** `\`. */
export const BACKSLASH: u8 = 0x5c;
/** `a`. */
export const LETTER_A: u8 = 0x61;
/** `b`. */
export const LETTER_B: u8 = 0x62;
/** `e`. */
export const LETTER_E: u8 = 0x65;
/** `f`. */
export const LETTER_F: u8 = 0x66;
/** `n`. */
export const LETTER_N: u8 = 0x6e;
/** `r`. */
export const LETTER_R: u8 = 0x72;
/** `t`. */
export const LETTER_T: u8 = 0x74;
/** `u`. */
export const LETTER_U: u8 = 0x75;
/** `{`; two more closes it. */
export const OPEN_OBJECT: u8 = 0x7b;
/** Makes a small letter of a capital one. */
export const SMALL: u8 = 0x20;
/** `true`. */
export const TRUE: u32 = 0x6575_7274;
/** `null`. */
export const NULL: u32 = 0x6c6c_756e;
/** The last four letters of `false`. */
export const FALSE: u32 = 0x6573_6c61;
