/**
 * The aggregates of the engine, by name.
 * @module
 */
import type { AggregateDefinition } from "./aggregate.ts";
import { count } from "./count.ts";
import { distinct } from "./distinct.ts";
import { max, min } from "./extreme.ts";
import { first, last } from "./first_last.ts";
import { median, percentileNamed, quantile } from "./quantile.ts";
import { rate } from "./rate.ts";
import { stddev, variance } from "./spread.ts";
import { avg, sum } from "./sum.ts";
import { values } from "./values.ts";

/** Every aggregate with one name; the family `pNN` comes on top. */
export const AGGREGATES: readonly AggregateDefinition[] = [
  count,
  sum,
  avg,
  min,
  max,
  median,
  quantile,
  distinct,
  values,
  first,
  last,
  stddev,
  variance,
  rate,
];

const BY_NAME = new Map(AGGREGATES.map((aggregate) => [aggregate.name, aggregate]));

/** The names to list and to suggest, some of the family `pNN` among them. */
export const AGGREGATE_NAMES: readonly string[] = [...BY_NAME.keys(), "p50", "p90", "p95", "p99"];

/** The aggregate of a name as written, `p99.9` included; null when there is none. */
export function findAggregate(name: string): AggregateDefinition | null {
  return BY_NAME.get(name) ?? percentileNamed(name);
}
