/**
 * `values(x, limit?)`: the different values themselves.
 * @module
 */
import type { Column, Value } from "../batch/column.ts";
import { weigh } from "../batch/gather.ts";
import type { Accumulator, AccumulatorContext, AggregateDefinition } from "./aggregate.ts";
import { isPresent } from "./count.ts";
import { type PackedValues, packValues, unpackValues } from "./packed_values.ts";
import { ByteStates } from "./states.ts";
import { ValueHasher } from "./value_hash.ts";
import { ValueSet } from "./value_set.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;
const EMPTY_LIST_BYTES = 32;
const SLOT_BYTES = 8;

interface ValuesState {
  readonly lists: readonly PackedValues[];
  /** 1 where a group had more values than the limit. */
  readonly cut: Uint8Array;
}

class Values implements Accumulator {
  readonly #lists: Value[][] = [];
  readonly #cut: ByteStates;
  readonly #set: ValueSet;
  readonly #hasher: ValueHasher;
  readonly #context: AccumulatorContext;
  readonly #limit: number;

  constructor(context: AccumulatorContext, limit: number) {
    const take = (bytes: number) => context.take(bytes);
    this.#set = new ValueSet(take);
    this.#hasher = new ValueHasher(take);
    this.#cut = new ByteStates(context);
    this.#context = context;
    this.#limit = limit;
  }

  grow(groups: number): void {
    const more = groups - this.#lists.length;
    if (more > 0) this.#context.take(EMPTY_LIST_BYTES * more);
    while (this.#lists.length < groups) this.#lists.push([]);
    this.#set.grow(groups);
    this.#cut.grow(groups);
  }

  add(groups: Int32Array, rows: Uint32Array, count: number, columns: readonly Column[]): void {
    const column = columns[0]!;
    for (let index = 0; index < count; index++) {
      const group = groups[index]!;
      const row = rows[index]!;
      if (this.#cut.values[group] === 1 || !isPresent(column, row)) continue;
      this.#hasher.cell(column, row);
      if (this.#isNew(group)) this.#append(group, column.value(row));
    }
    this.#hasher.release();
  }

  /** Whether the value just hashed is one to append; marks the group as cut when it is one too many. */
  #isNew(group: number): boolean {
    const { first, second } = this.#hasher;
    if (this.#lists[group]!.length < this.#limit) return this.#set.add(group, first, second);
    if (!this.#set.has(group, first, second)) this.#setCut(group);
    return false;
  }

  #append(group: number, value: Value): void {
    this.#context.take(weigh(value) + SLOT_BYTES);
    this.#lists[group]!.push(value);
  }

  #setCut(group: number): void {
    this.#cut.values[group] = 1;
    this.#context.notice("cut", `the first ${this.#limit} values of a group`);
  }

  result(group: number): readonly Value[] {
    return [...this.#lists[group]!];
  }

  save(): ValuesState {
    const lists = this.#lists.map(packValues);
    return { lists, cut: this.#cut.values.slice(0, lists.length) };
  }

  merge(state: unknown, groups: Int32Array): void {
    const { lists, cut } = state as ValuesState;
    lists.forEach((list, index) => {
      const group = groups[index]!;
      for (const value of unpackValues(list)) {
        if (this.#cut.values[group] === 1) return;
        this.#hasher.value(value);
        if (this.#isNew(group)) this.#append(group, value);
      }
      if (cut[index] === 1) this.#setCut(group);
    });
  }
}

/**
 * The different values in first-seen order, at most `limit` (100 unless given, up to 10,000) a group; what was cut is
 * said in `$notice`. Nulls are left out. Keeps the values and 25 bytes for each.
 */
export const values: AggregateDefinition = {
  name: "values",
  signature: "values(x, limit?)",
  summary:
    "The different values in first-seen order as an array, nulls left out, at most `limit` (100 unless given)",
  arity: [1, 2],
  literals: 1,
  result: () => "any",
  checkLiterals([limit]) {
    if (limit === undefined) return null;
    if (Number.isSafeInteger(limit) && Number(limit) >= 1 && Number(limit) <= MAX_LIMIT) {
      return null;
    }
    return `The limit of values is a whole number from 1 to 10,000, found ${JSON.stringify(limit)}`;
  },
  create([limit], context) {
    return new Values(context, typeof limit === "number" ? limit : DEFAULT_LIMIT);
  },
};
