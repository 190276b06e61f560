/**
 * Group-by one key without strings: keys are hashed and compared as bytes, kept once in an arena, and become values when the
 * groups are read. Open addressing over typed arrays, linear probing, a secret hash against prepared collisions.
 * @module
 */
import type { Column, NumberColumn, TextColumn, TimeColumn } from "../batch/column.ts";
import { shortBytes, shortInt32s, shortUint32s } from "../batch/short_arrays.ts";
import { RunError } from "../errors.ts";
import { type GroupTableState, keyColumn } from "./group_columns.ts";
import type { Groups } from "./groups.ts";
import { halfSipHash, type HashSecret, randomSecret } from "./hash.ts";
import { doubledSlots } from "./hash_slots.ts";
import { copyBytes, equalBytes, KeyEncoder, TAG, viewOf } from "./key.ts";
import { NearKeys } from "./near_keys.ts";
import { RecentNumbers } from "./recent_numbers.ts";

/** Small, since many a table holds few groups and is made for each small upload anew; it doubles soon. */
const FIRST_SLOTS = 32;
const FIRST_ARENA_BYTES = 512;
const NO_GROUPS = new Int32Array(0);
const MAX_ARENA_BYTES = 2 ** 31 - 1;

/**
 * Numbers groups from 0 in the order in which their keys are first seen. Key identity is that of key.ts; text that is
 * not UTF-8 is told apart by its bytes and reads as U+FFFD. Costs 13 to 38 bytes a group besides the key's own bytes
 * and the slack of doubling, and 8 bytes a row of the largest batch, declared through `take`, which throws past it.
 */
export class GroupTable implements Groups {
  #size = 0;
  #mask = FIRST_SLOTS - 1;
  #slots = shortInt32s(2 * FIRST_SLOTS);
  #arena = shortBytes(FIRST_ARENA_BYTES);
  #view = viewOf(this.#arena);
  #offsets = shortUint32s(FIRST_SLOTS);
  #groups = NO_GROUPS;
  #hashes = NO_GROUPS;
  /** These two are made for the first keys that are not text. */
  #recent: RecentNumbers | null = null;
  #encoder: KeyEncoder | null = null;
  readonly #take: (bytes: number) => void;
  readonly #secret: HashSecret = randomSecret();

  constructor(take: (bytes: number) => void, readonly near: NearKeys = new NearKeys()) {
    this.#take = take;
    take(this.#slots.byteLength + this.#arena.byteLength + this.#offsets.byteLength);
  }

  get size(): number {
    return this.#size;
  }

  assign(columns: readonly Column[], rows: Uint32Array, count: number): Int32Array {
    const found = this.passing(columns, rows, count);
    if (found === this.#groups) return found;
    this.#reserve(count);
    this.#groups.set(found.subarray(0, count));
    return this.#groups;
  }

  passing([column]: readonly Column[], rows: Uint32Array, count: number): Int32Array {
    const only = column!;
    if (only.kind === "text") return this.#assignText(only, rows, count);
    this.#reserve(count);
    if (only.kind === "number") this.#assignNumbers(only, TAG.number, rows, count);
    else if (only.kind === "time") this.#assignNumbers(only, TAG.time, rows, count);
    else if (only.kind !== "constant") this.#assignCells(only, rows, count);
    else if (count > 0) this.#groups.fill(this.#findCell(only, 0), 0, count);
    return this.#groups;
  }

  columns(from: number, to: number): Column[] {
    const groups = shortInt32s(to - from);
    for (let row = 0; row < groups.length; row++) groups[row] = from + row;
    return [this.column(groups)];
  }

  /** The keys of some groups; text stays bytes until it is asked for. */
  column(groups: Int32Array): Column {
    return keyColumn(this.#arena, this.#offsets, groups);
  }

  /** The keys of all groups. */
  save(): GroupTableState {
    const offsets = this.#offsets.slice(0, this.#size + 1);
    return { arena: this.#arena.slice(0, offsets[this.#size]!), offsets };
  }

  merge(state: unknown): Int32Array {
    const { arena, offsets } = state as GroupTableState;
    const view = viewOf(arena);
    const groups = new Int32Array(offsets.length - 1);
    for (let group = 0; group < groups.length; group++) {
      const start = offsets[group]!;
      groups[group] = this.#find(arena, view, start + 1, offsets[group + 1]!, arena[start]!);
    }
    return groups;
  }

  #reserve(count: number): void {
    if (this.#groups.length >= count) return;
    this.#take(8 * (count - this.#groups.length));
    this.#groups = shortInt32s(count);
  }

  /** Hashes all, then looks all up: so the processor waits for the memory of several look-ups at once. */
  #assignText(column: TextColumn, rows: Uint32Array, count: number): Int32Array {
    const { bytes, starts, ends } = column;
    const view = viewOf(bytes);
    const find = (row: number, start = starts[row]!) =>
      start < 0
        ? this.#find(bytes, view, 0, 0, TAG.null)
        : this.#find(bytes, view, start, ends[row]!, TAG.text);
    const near = this.near.assign(column, rows, count, find);
    if (near !== null) return near;
    this.#reserve(count);
    if (this.#hashes.length < count) this.#hashes = shortInt32s(this.#groups.length);
    const hashes = this.#hashes, [low, high] = this.#secret;
    for (let index = 0; index < count; index++) {
      const row = rows[index]!, start = starts[row]!;
      if (start >= 0) hashes[index] = halfSipHash(view, start, ends[row]!, low, high ^ TAG.text);
    }
    for (let index = 0; index < count; index++) {
      const row = rows[index]!, start = starts[row]!;
      this.#groups[index] = start < 0
        ? find(row)
        : this.#findHashed(hashes[index]!, bytes, view, start, ends[row]!, TAG.text);
    }
    return this.#groups;
  }

  #assignNumbers(
    column: NumberColumn | TimeColumn,
    tag: number,
    rows: Uint32Array,
    count: number,
  ): void {
    if (this.#recent === null) this.#take(RecentNumbers.bytes);
    const recent = this.#recent ??= new RecentNumbers();
    recent.start(tag);
    for (let index = 0; index < count; index++) {
      const value = column.values[rows[index]!]!;
      let group = recent.find(value);
      if (group < 0) {
        group = this.#findNumber(value, tag);
        recent.keep(value, group);
      }
      this.#groups[index] = group;
    }
  }

  #findNumber(value: number, tag: number): number {
    const { bytes, view } = this.#encoder ??= new KeyEncoder(this.#take);
    if (value !== value) return this.#find(bytes, view, 0, 0, TAG.null);
    view.setFloat64(0, value + 0, true);
    return this.#find(bytes, view, 0, 8, tag);
  }

  #assignCells(column: Column, rows: Uint32Array, count: number): void {
    for (let index = 0; index < count; index++) {
      this.#groups[index] = this.#findCell(column, rows[index]!);
    }
  }

  #findCell(column: Column, row: number): number {
    const encoder = this.#encoder ??= new KeyEncoder(this.#take);
    encoder.start();
    const tag = encoder.cell(column, row);
    return this.#find(encoder.bytes, encoder.view, 0, encoder.length, tag);
  }

  /** The group whose key has this tag and the payload `bytes[start, end)`, new when there is none; `view` is on `bytes`. */
  #find(bytes: Uint8Array, view: DataView, start: number, end: number, tag: number): number {
    const hash = halfSipHash(view, start, end, this.#secret[0], this.#secret[1] ^ tag);
    return this.#findHashed(hash, bytes, view, start, end, tag);
  }

  #findHashed(
    hash: number,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    tag: number,
  ): number {
    const slots = this.#slots, mask = this.#mask;
    let slot = hash & mask;
    for (;;) {
      const group = slots[2 * slot + 1]! - 1;
      if (group < 0) break;
      if (slots[2 * slot] === hash && this.#matches(group, view, start, end, tag)) return group;
      slot = (slot + 1) & mask;
    }
    const group = this.#append(bytes, start, end, tag);
    slots[2 * slot] = hash;
    slots[2 * slot + 1] = group + 1;
    if (this.#size * 5 > mask * 3) this.#rehash();
    return group;
  }

  #matches(group: number, view: DataView, start: number, end: number, tag: number): boolean {
    const at = this.#offsets[group]!, length = end - start;
    return this.#offsets[group + 1]! - at === length + 1 && this.#arena[at] === tag &&
      equalBytes(view, start, this.#view, at + 1, length);
  }

  #append(bytes: Uint8Array, start: number, end: number, tag: number): number {
    const group = this.#size, at = this.#offsets[group]!;
    const next = at + 1 + end - start;
    if (next > this.#arena.length) this.#growArena(next);
    if (group + 1 >= this.#offsets.length) this.#growOffsets();
    this.#arena[at] = tag;
    copyBytes(bytes, start, end, this.#arena, at + 1);
    this.#offsets[group + 1] = next;
    this.#size = group + 1;
    return group;
  }

  #growArena(needed: number): void {
    if (needed > MAX_ARENA_BYTES) {
      throw new RunError(
        "budget_exceeded",
        `Group keys need ${needed} bytes, and a table holds at most ${MAX_ARENA_BYTES}: group by fewer distinct values`,
        { limitBytes: MAX_ARENA_BYTES },
      );
    }
    const old = this.#arena;
    const size = Math.min(MAX_ARENA_BYTES, Math.max(needed, old.length * 2));
    this.#take(size);
    this.#arena = new Uint8Array(size);
    this.#arena.set(old);
    this.#view = viewOf(this.#arena);
    this.#take(-old.length);
  }

  #growOffsets(): void {
    const old = this.#offsets;
    this.#take(2 * old.byteLength);
    this.#offsets = new Uint32Array(2 * old.length);
    this.#offsets.set(old);
    this.#take(-old.byteLength);
  }

  #rehash(): void {
    const { byteLength } = this.#slots;
    this.#take(2 * byteLength);
    this.#slots = doubledSlots(this.#slots);
    this.#mask = this.#mask * 2 + 1;
    this.#take(-byteLength);
  }
}
