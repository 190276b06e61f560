/**
 * What several works have in common.
 * @module
 */
import type { Rival } from "./works.ts";

/** The runtime's own server reading the same upload. */
export const DRAIN: Rival = {
  name: "raw drain",
  does:
    "the runtime's own server (Deno.serve, Bun.serve) reads the same upload and counts its bytes",
  route: "/drain",
  without: "all",
};

/** So little above a share that only whole ranks move. */
const RANK_UP = 1e-9;

/**
 * DuckDB's exact quantile of a column at our rank: of an even number it takes the lower of two where Sluice, as Miller, takes
 * the upper. Holds below 10^6 rows a group.
 */
export function quantileSql(column: string, share: number): string {
  return `quantile_disc(${column}, ${(share + RANK_UP).toFixed(9)})`;
}
