/**
 * Seeded randomness for tests: a failure names its seed, so it can be run again.
 * @module
 */

/** Numbers in [0, 1) that depend on `seed` alone (mulberry32, Tommy Ettinger, public domain). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs `check` with `runs` generators; a failure names the seed. */
export async function forSeeds(
  runs: number,
  check: (random: () => number) => void | Promise<void>,
): Promise<void> {
  for (let seed = 1; seed <= runs; seed++) {
    try {
      await check(seeded(seed));
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`Failed with seed ${seed}: ${text}`, { cause });
    }
  }
}

/** A whole number in [least, most]. */
export function between(random: () => number, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

/** One of `options`. */
export function pickOne<Option>(random: () => number, options: readonly Option[]): Option {
  return options[between(random, 0, options.length - 1)]!;
}
