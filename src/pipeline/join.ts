/**
 * The rows of branches joined by key.
 * @module
 */
import { Batch } from "../batch/batch.ts";
import type { Row, Value } from "../batch/column.ts";
import { weigh } from "../batch/gather.ts";
import { define, property } from "../batch/objects.ts";
import { type Budget, NOTHING, type Outputs } from "../stage.ts";
import { UNCOUNTED } from "./budget.ts";
import type { Gathering } from "./gathered_branches.ts";

/** Rows of joined batches. */
const JOINED_ROWS = 4_096;
/** About what a row of a join costs beside its values. */
const ROW_BYTES = 96;

interface JoinState {
  readonly rows: Map<string, Row[]>[];
  readonly names: Set<string>[];
  readonly held: number;
}

type Joined = readonly (readonly Row[])[];

/**
 * A full outer join of all branches by key. Keys in the order in which the first branch gave them, then those that only
 * later ones have. Rows of one key combine each with each; a field that an earlier branch has too gets its branch's
 * number: `count_2`. What a branch has no row for is null. Keys are the same when type and value are.
 */
export class Join implements Gathering {
  #rows: Map<string, Row[]>[];
  #names: Set<string>[];
  #held = 0;

  constructor(
    readonly count: number,
    readonly keys: readonly { readonly name: string; readonly path: readonly string[] }[],
    readonly budget: Budget,
  ) {
    this.#rows = Array.from({ length: count }, () => new Map());
    this.#names = Array.from({ length: count }, () => new Set());
  }

  add(batch: Batch, branch: number): Outputs<Batch> {
    const columns = this.keys.map(({ path }) => batch.field(path));
    const rows = this.#rows[branch]!;
    for (let index = 0; index < batch.length; index++) {
      const place = batch.rowAt(index);
      const key = JSON.stringify(columns.map((column) => tagged(column.value(place))));
      const row = batch.row(place);
      this.#take(weigh(row) + key.length + ROW_BYTES);
      for (const name of Object.keys(row)) this.#names[branch]!.add(name);
      const same = rows.get(key);
      if (same === undefined) rows.set(key, [row]);
      else same.push(row);
    }
    return NOTHING;
  }

  *all(): Generator<Batch> {
    const columns = this.#columns();
    const keys = new Set(this.#rows.flatMap((rows) => [...rows.keys()]));
    let rows: Row[] = [];
    for (const key of keys) {
      const of = this.#rows.map((branch) => branch.get(key) ?? []);
      for (const combination of combinations(of, 0)) {
        rows.push(this.#combine(combination, columns));
        if (rows.length < JOINED_ROWS) continue;
        yield Batch.ofRows(rows);
        rows = [];
      }
    }
    if (rows.length > 0) yield Batch.ofRows(rows);
  }

  clear(): void {
    this.#take(-this.#held);
    for (const rows of this.#rows) rows.clear();
  }

  save(): JoinState {
    return { rows: this.#rows, names: this.#names, held: this.#held };
  }

  restore(state: unknown): void {
    const { rows, names, held } = state as JoinState;
    this.#take(held);
    this.#rows = rows;
    this.#names = names;
  }

  copy(): Join {
    const copy = new Join(this.count, this.keys, UNCOUNTED);
    this.#rows.forEach((rows, branch) => {
      for (const [key, same] of rows) copy.#rows[branch]!.set(key, [...same]);
      for (const name of this.#names[branch]!) copy.#names[branch]!.add(name);
    });
    return copy;
  }

  #take(bytes: number): void {
    this.budget.take(bytes);
    this.#held += bytes;
  }

  /** For each branch, its fields and what they are called in the result. */
  #columns(): readonly (readonly [field: string, name: string])[][] {
    const used = new Set(["$branch", ...this.keys.map(({ name }) => name)]);
    const keys = new Set(used);
    return this.#names.map((names, branch) =>
      [...names].filter((field) => !keys.has(field)).map((field) => {
        const name = used.has(field) ? `${field}_${branch + 1}` : field;
        used.add(name);
        return [field, name] as const;
      })
    );
  }

  #combine(
    combination: readonly (Row | null)[],
    columns: readonly (readonly (readonly [string, string])[])[],
  ): Row {
    const result: Record<string, Value> = {};
    const first = combination.find((row) => row !== null)!;
    for (const { name, path } of this.keys) {
      define(result, name, Batch.ofRows([first]).field(path).value(0));
    }
    columns.forEach((fields, branch) => {
      const row = combination[branch];
      for (const [field, name] of fields) define(result, name, property(row, field) ?? null);
    });
    return result;
  }
}

function* combinations(of: Joined, from: number): Generator<(Row | null)[]> {
  if (from === of.length) return yield [];
  const rows = of[from]!.length === 0 ? [null] : of[from]!;
  for (const row of rows) {
    for (const rest of combinations(of, from + 1)) yield [row, ...rest];
  }
}

function tagged(value: Value): unknown {
  return value instanceof Date ? { time: value.getTime() } : value;
}
