/**
 * Which content coding a body has: by its Content-Encoding header, or, without one, by its first bytes.
 * @module
 */

/** The content codings that can be decoded, by their registered names. `deflate` is zlib-wrapped or raw. */
const CODINGS = ["gzip", "deflate", "br", "zstd"] as const;

/** One of {@link CODINGS}. */
export type Coding = (typeof CODINGS)[number];

/** More layers than any honest client applies; each costs a decoder of about a mebibyte. */
const MAX_LAYERS = 4;

/** The body's Content-Encoding cannot be decoded. Thrown before a byte of the body is read; answers 415. */
export class UnsupportedEncoding extends Error {
  override readonly name = "UnsupportedEncoding";
  /** What would be accepted, as for an Accept-Encoding response header. */
  readonly supported: readonly string[] = [...CODINGS, "identity"];
  constructor(
    /** The header or the one coding in it that was refused. */
    readonly encoding: string,
    reason: string,
  ) {
    super(`${reason}, supported are ${[...CODINGS, "identity"].join(", ")}`);
  }
}

/**
 * The codings of a Content-Encoding header in the order in which to decode them, so `gzip, br` gives br first.
 * Empty for `identity`, which is also the way to say: this is my data, do not look for magic bytes.
 * `null` for no header or an empty one. Throws {@link UnsupportedEncoding}.
 */
export function parseContentEncoding(header: string | null): Coding[] | null {
  if (header === null) return null;
  const names = header.split(",").map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  if (names.length === 0) return null;
  const codings = names.filter((name) => name !== "identity").map(toCoding).reverse();
  if (codings.length > MAX_LAYERS) {
    throw new UnsupportedEncoding(
      names.join(", "),
      `Content-Encoding has ${codings.length} codings where at most ${MAX_LAYERS} are decoded`,
    );
  }
  return codings;
}

function toCoding(name: string): Coding {
  // RFC 9110 8.4.1.3: x-gzip is the same coding
  const coding = name === "x-gzip" ? "gzip" : name;
  const known = CODINGS.find((candidate) => candidate === coding);
  if (known === undefined) {
    throw new UnsupportedEncoding(name, `Content-Encoding "${name.slice(0, 64)}" is not supported`);
  }
  return known;
}

/**
 * First bytes that give a coding away, each byte as the range it may lie in. brotli has none.
 * zlib's 78 01, 78 9c and 78 da hold bytes that text does not have there (78 da could begin "x" + U+0680..U+06BF in
 * UTF-8, which no log does). Its fourth form, 78 5e, is the text "x^" and is deliberately not here: only
 * compression levels 2 to 5 write it, and such a body can say `Content-Encoding: deflate`.
 */
const MAGIC: readonly (readonly [Coding, readonly (readonly [number, number])[]])[] = [
  ["gzip", [[0x1f, 0x1f], [0x8b, 0x8b], [0x08, 0x08]]],
  ["zstd", [[0x28, 0x28], [0xb5, 0xb5], [0x2f, 0x2f], [0xfd, 0xfd]]],
  // A skippable frame, which pzstd and the seekable format write first
  ["zstd", [[0x50, 0x5f], [0x2a, 0x2a], [0x4d, 0x4d], [0x18, 0x18]]],
  ["deflate", [[0x78, 0x78], [0x01, 0x01]]],
  ["deflate", [[0x78, 0x78], [0x9c, 0x9c]]],
  ["deflate", [[0x78, 0x78], [0xda, 0xda]]],
];

/**
 * What the first bytes of a body say: its coding, `"plain"` when none can fit any more, or `"unsure"` while
 * the bytes so far begin more than can be told. Never unsure after 4 bytes, and for text only while it starts
 * with one of `(`, `x`, `P` to `_` and has no second byte yet (or goes on like a magic).
 */
export function recognise(head: Uint8Array): Coding | "plain" | "unsure" {
  let verdict: "plain" | "unsure" = "plain";
  for (const [coding, magic] of MAGIC) {
    const fits = magic.every(([low, high], i) => {
      const byte = head[i];
      return byte === undefined || (byte >= low && byte <= high);
    });
    if (!fits) continue;
    if (head.byteLength >= magic.length) return coding;
    verdict = "unsure";
  }
  return verdict;
}

/**
 * Whether a `deflate` body is zlib-wrapped (RFC 1950, what the standard says) or raw (RFC 1951, what some clients send),
 * by the header's method, window and checksum bits; needs 2 bytes. A raw body cannot pass for a wrapped one:
 * it would have to begin with a stored block whose padding bits are not zero.
 */
export function isZlibHeader(head: Uint8Array): boolean {
  const [first = 0, second = 0] = head;
  return (first & 0x0f) === 8 && first >> 4 <= 7 && ((first << 8) | second) % 31 === 0;
}
