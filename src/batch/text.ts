/**
 * Bytes to text and back, the few ways that the engine needs.
 * @module
 */

const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
const encoder = new TextEncoder();
const SHORT = 24;

/**
 * The UTF-8 text of `bytes[start, end)`. Never throws: each broken sequence reads as U+FFFD, as WHATWG Encoding says.
 * Short ASCII runs, most of what logs hold, skip the decoder's call overhead.
 */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= SHORT) {
    let text = "";
    let at = start;
    for (; at < end; at++) {
      const byte = bytes[at]!;
      if (byte >= 0x80) break;
      text += String.fromCharCode(byte);
    }
    if (at === end) return text;
  }
  return decoder.decode(bytes.subarray(start, end));
}

/** The UTF-8 bytes of `text`, newly allocated. */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}
