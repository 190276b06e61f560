/**
 * Which parts and works a command line asks for.
 * @module
 */

/** The parts of the bench. */
export const PARTS = ["throughput", "small", "latency", "concurrency", "memory"] as const;

/** One of them. */
export type Part = typeof PARTS[number];

/** What is to run. */
export interface Selection {
  readonly quick: boolean;
  readonly parts: readonly Part[];
  /** Works whose throughput is measured, by id. */
  readonly works: readonly string[];
}

/**
 * Reads the arguments: names of parts and of works, in any order. None is all; a work alone is its throughput. Throws on any
 * other word.
 */
export function readSelection(words: readonly string[], ids: readonly string[]): Selection {
  const named = words.filter((word) => word !== "--quick");
  const unknown = named.filter((word) => !isPart(word) && !ids.includes(word));
  if (unknown.length > 0) {
    const known = [...PARTS, ...ids].join(", ");
    throw new Error(`Nothing here is called ${unknown.join(", ")}. Known are --quick, ${known}`);
  }
  const works = ids.filter((id) => named.includes(id));
  const all = named.length === 0;
  const parts = PARTS.filter((part) =>
    all || named.includes(part) || (part === "throughput" && works.length > 0)
  );
  const wanted = works.length > 0 ? works : parts.includes("throughput") ? ids : [];
  return { quick: words.includes("--quick"), parts, works: wanted };
}

function isPart(word: string): word is Part {
  return (PARTS as readonly string[]).includes(word);
}
