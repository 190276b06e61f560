/**
 * The bytes that JSON is made of.
 * @module
 */

export const TAB: u8 = 0x09;
export const LINE_FEED: u8 = 0x0a;
export const CARRIAGE_RETURN: u8 = 0x0d;
export const SPACE: u8 = 0x20;
export const QUOTE: u8 = 0x22;
export const PLUS: u8 = 0x2b;
export const COMMA: u8 = 0x2c;
export const MINUS: u8 = 0x2d;
export const POINT: u8 = 0x2e;
export const SLASH: u8 = 0x2f;
export const ZERO: u8 = 0x30;
export const COLON: u8 = 0x3a;
export const OPEN_ARRAY: u8 = 0x5b;
export const BACKSLASH: u8 = 0x5c;
export const LETTER_A: u8 = 0x61;
export const LETTER_B: u8 = 0x62;
export const LETTER_E: u8 = 0x65;
export const LETTER_F: u8 = 0x66;
export const LETTER_N: u8 = 0x6e;
export const LETTER_R: u8 = 0x72;
export const LETTER_T: u8 = 0x74;
export const LETTER_U: u8 = 0x75;
export const OPEN_OBJECT: u8 = 0x7b;
/** Makes a small letter of a capital one. */
export const SMALL: u8 = 0x20;
/** `true`, `null` and the last four letters of `false`. */
export const TRUE: u32 = 0x6575_7274;
export const NULL: u32 = 0x6c6c_756e;
export const FALSE: u32 = 0x6573_6c61;
