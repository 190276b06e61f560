/**
 * `distinct(x)`: how many different values.
 * @module
 */
import type { Column } from "../batch/column.ts";
import { sharedHash } from "../kernel/hash_kernel.ts";
import type { Accumulator, AccumulatorContext, AggregateDefinition } from "./aggregate.ts";
import { isPresent } from "./count.ts";
import {
  addHash,
  emptyRegisters,
  estimate,
  REGISTER_BYTES,
  STANDARD_ERROR,
  unite,
} from "./hyper_log_log.ts";
import { NumberStates } from "./states.ts";
import { ValueHasher } from "./value_hash.ts";
import { ValueSet } from "./value_set.ts";

/** A group counts this many values one by one; with one more it becomes a HyperLogLog. */
export const MAX_EXACT_VALUES = 1024;

const ERROR_PERCENT = (STANDARD_ERROR * 100).toFixed(2);

interface DistinctState {
  /** The two halves of the hashes of all groups that are exact, one group after the other. */
  readonly hashes: Int32Array;
  /** How many values of those each group has. */
  readonly counts: Uint32Array;
  readonly registers: readonly (readonly [group: number, registers: Uint8Array])[];
}

class Distinct implements Accumulator {
  readonly #set: ValueSet;
  readonly #hasher: ValueHasher;
  /** The number of the group's registers + 1; 0 while its values are counted one by one. */
  readonly #registersAt: NumberStates;
  readonly #registers: Uint8Array[] = [];
  readonly #context: AccumulatorContext;
  #groups = 0;

  constructor(context: AccumulatorContext) {
    const take = (bytes: number) => context.take(bytes);
    this.#set = new ValueSet(take);
    this.#hasher = new ValueHasher(take);
    this.#context = context;
    this.#registersAt = new NumberStates(context);
  }

  grow(groups: number): void {
    this.#groups = groups;
    this.#set.grow(groups);
    this.#registersAt.grow(groups);
  }

  add(groups: Int32Array, rows: Uint32Array, count: number, columns: readonly Column[]): void {
    const column = columns[0]!;
    const halves = column.kind === "text" ? sharedHash()?.hashes(column, rows, count) : null;
    if (column.kind === "text" && halves) {
      for (let index = 0; index < count; index++) {
        if (column.starts[rows[index]!]! < 0) continue;
        this.#insert(groups[index]!, halves[2 * index]!, halves[2 * index + 1]!);
      }
      return;
    }
    for (let index = 0; index < count; index++) {
      if (!isPresent(column, rows[index]!)) continue;
      this.#hasher.cell(column, rows[index]!);
      this.#insert(groups[index]!, this.#hasher.first, this.#hasher.second);
    }
    this.#hasher.release();
  }

  #insert(group: number, first: number, second: number): void {
    const known = this.#registersAt.values[group]!;
    if (known > 0) addHash(this.#registers[known - 1]!, first, second);
    else if (this.#set.size(group) < MAX_EXACT_VALUES) this.#set.add(group, first, second);
    else if (!this.#set.has(group, first, second)) {
      addHash(this.#registersOf(group), first, second);
    }
  }

  /** The group's registers, made of its hashes when it had none. */
  #registersOf(group: number): Uint8Array {
    const known = this.#registersAt.values[group]!;
    if (known > 0) return this.#registers[known - 1]!;
    this.#context.take(REGISTER_BYTES);
    const registers = emptyRegisters();
    this.#set.visit(group, (first, second) => addHash(registers, first, second));
    this.#set.clear(group);
    this.#registersAt.values[group] = this.#registers.push(registers);
    this.#context.notice("approximate", `HyperLogLog, standard error ${ERROR_PERCENT} %`);
    return registers;
  }

  result(group: number): number {
    const known = this.#registersAt.values[group]!;
    return known > 0 ? estimate(this.#registers[known - 1]!) : this.#set.size(group);
  }

  save(): DistinctState {
    const hashes: number[] = [];
    const registers: [number, Uint8Array][] = [];
    const counts = new Uint32Array(this.#groups);
    for (let group = 0; group < this.#groups; group++) {
      const known = this.#registersAt.values[group]!;
      if (known > 0) {
        registers.push([group, this.#registers[known - 1]!.slice()]);
        continue;
      }
      counts[group] = this.#set.size(group);
      this.#set.visit(group, (first, second) => hashes.push(first, second));
    }
    return { hashes: Int32Array.from(hashes), counts, registers };
  }

  merge(state: unknown, groups: Int32Array): void {
    const { hashes, counts, registers } = state as DistinctState;
    let at = 0;
    counts.forEach((count, index) => {
      for (const end = at + 2 * count; at < end; at += 2) {
        this.#insert(groups[index]!, hashes[at]!, hashes[at + 1]!);
      }
    });
    for (const [index, own] of registers) unite(this.#registersOf(groups[index]!), own);
  }
}

/**
 * Exact up to {@link MAX_EXACT_VALUES} values a group at about 25 bytes each, then an estimate from 16 KiB more, said in
 * `$notice`. Nulls are not counted.
 */
export const distinct: AggregateDefinition = {
  name: "distinct",
  signature: "distinct(x)",
  summary:
    `How many different values, nulls left out: exact up to 1,024 a group, then HyperLogLog with a standard error of ${ERROR_PERCENT} %`,
  arity: [1, 1],
  literals: 0,
  result: () => "number",
  create: (_literals, context) => new Distinct(context),
};
