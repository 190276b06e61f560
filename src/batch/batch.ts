/**
 * The batch: the only token that flows between stages. Some whole rows over shared bytes, in columns.
 * @module
 */
import { type Column, NULL_COLUMN, type Row, type Value, ValueColumn } from "./column.ts";
import { define, isObject, property } from "./objects.ts";
import { scattered } from "./scatter.ts";

/** No batch holds more rows than this. */
export const MAX_BATCH_ROWS = 16_384;
/** No batch is cut from more input bytes than this, except when a single line is longer. */
export const MAX_BATCH_BYTES = 256 * 1024;

/** Columns by name, each made when it is first asked for; what nobody asks for costs nothing. */
export type ColumnMaker = (name: string) => Column;

/** Columns of only some rows, in their order: for batches of which few rows are left. */
export type RowTaker = (rows: Uint32Array) => ColumnMaker;

/** With fewer than one row in so many left, columns are made of those rows alone. */
const SPARSE = 4;

interface BatchParts {
  readonly rows: number;
  readonly selection: Uint32Array | null;
  readonly names: readonly string[];
  readonly columns: Map<string, Column>;
  readonly paths: Map<string, Column> | null;
  readonly make: ColumnMaker | null;
  readonly take: RowTaker | null;
  readonly open: ValueColumn | null;
  readonly hidden: ReadonlySet<string>;
  readonly nested: readonly string[];
  readonly weight: number;
}

const NOTHING_HIDDEN: ReadonlySet<string> = new Set();
const NOTHING_NESTED: readonly string[] = [];

/**
 * Immutable. `rows` physical rows, of which those in `selection` (ascending row numbers, or null for all) count.
 * A row's fields are the keys of its `open` object, when the batch has one, less `hidden`, then the named columns
 * (a named column overrides the open key of that name, in the key's place). Deriving a batch shares everything.
 */
export class Batch {
  readonly rows: number;
  readonly selection: Uint32Array | null;
  readonly names: readonly string[];
  readonly open: ValueColumn | null;
  readonly hidden: ReadonlySet<string>;
  /** Of `names` those, joined by dots, that are paths into fields of the input; gone when such a field is. */
  readonly nested: readonly string[];
  /** About how many bytes this batch keeps alive; the measure of byte-counting queues and budgets. */
  readonly weight: number;
  readonly #columns: Map<string, Column>;
  /** Columns of nested paths, by the path as JSON; shared while no column changes, and made by the first where rows are not open. */
  #paths: Map<string, Column> | null;
  readonly #make: ColumnMaker | null;
  readonly #take: RowTaker | null;
  #makeSparse: ColumnMaker | null = null;

  private constructor(parts: BatchParts) {
    this.rows = parts.rows;
    this.selection = parts.selection;
    this.names = parts.names;
    this.open = parts.open;
    this.hidden = parts.hidden;
    this.nested = parts.nested;
    this.weight = parts.weight;
    this.#columns = parts.columns;
    this.#paths = parts.paths;
    this.#make = parts.make;
    this.#take = parts.take;
  }

  /**
   * A batch of `rows` rows whose columns `make` produces on demand; a name in `names` is never refused by `make`. With
   * `take`, columns that are first asked for when few rows are left cost only those. Names in `nested` are paths.
   */
  static lazy(
    rows: number,
    names: readonly string[],
    make: ColumnMaker,
    weight: number,
    take: RowTaker | null = null,
    nested: readonly string[] = NOTHING_NESTED,
  ): Batch {
    return new Batch({
      rows,
      selection: null,
      names,
      columns: new Map(),
      paths: null,
      make,
      take,
      open: null,
      hidden: NOTHING_HIDDEN,
      nested,
      weight,
    });
  }

  /** A batch of ready columns, in output order; names in `nested` are paths. */
  static of(
    rows: number,
    columns: ReadonlyMap<string, Column>,
    weight = rows * 64,
    nested: readonly string[] = NOTHING_NESTED,
  ): Batch {
    return Batch.taking(rows, new Map(columns), weight, nested);
  }

  /** As {@link Batch.of}, of columns that are the batch's own from now on. */
  static taking(
    rows: number,
    columns: Map<string, Column>,
    weight: number,
    nested: readonly string[] = NOTHING_NESTED,
  ): Batch {
    return new Batch({
      rows,
      selection: null,
      names: [...columns.keys()],
      columns,
      paths: null,
      make: null,
      take: null,
      open: null,
      hidden: NOTHING_HIDDEN,
      nested,
      weight,
    });
  }

  /** A batch of row objects, each with keys of its own. */
  static ofRows(rows: readonly Row[], weight = rows.length * 256): Batch {
    return new Batch({
      rows: rows.length,
      selection: null,
      names: [],
      columns: new Map(),
      paths: new Map(),
      make: null,
      take: null,
      open: new ValueColumn(rows),
      hidden: NOTHING_HIDDEN,
      nested: NOTHING_NESTED,
      weight,
    });
  }

  /** How many rows count. */
  get length(): number {
    return this.selection === null ? this.rows : this.selection.length;
  }

  /** The physical row number of the `index`-th row that counts. */
  rowAt(index: number): number {
    return this.selection === null ? index : this.selection[index]!;
  }

  /** The named column, or undefined when there is none of that name (an open row may still have such a key). */
  column(name: string): Column | undefined {
    const known = this.#columns.get(name);
    if (known !== undefined) return known;
    if (this.#make === null || !this.names.includes(name)) return undefined;
    const made = this.#sparse ? this.#makeOfFew(name) : this.#make(name);
    this.#columns.set(name, made);
    return made;
  }

  get #sparse(): boolean {
    return this.#take !== null && this.selection !== null &&
      this.selection.length * SPARSE < this.rows;
  }

  #makeOfFew(name: string): Column {
    const rows = this.selection!;
    this.#makeSparse ??= this.#take!(rows);
    return scattered(this.#makeSparse(name), rows, this.rows);
  }

  /**
   * The column a field path means: a named column of the whole path joined by dots, else the first segment's column
   * or open key and from there inwards through objects. A missing field is null in that row; never throws.
   */
  field(path: readonly string[]): Column {
    const key = path.length === 1 ? path[0]! : path.join(".");
    const named = this.column(key);
    if (named !== undefined) return named;
    const pathKey = JSON.stringify(path);
    const cached = this.#paths?.get(pathKey);
    if (cached !== undefined) return cached;
    const first = path.length > 1 ? this.column(path[0]!) : undefined;
    let column: Column = NULL_COLUMN;
    if (first !== undefined) column = this.#inward(first, path, 1);
    else if (this.open !== null && !this.hidden.has(path[0]!)) {
      column = this.#inward(this.open, path, 0);
    }
    (this.#paths ??= new Map()).set(pathKey, column);
    return column;
  }

  #inward(from: Column, path: readonly string[], depth: number): Column {
    const values = new Array<Value>(this.rows);
    for (let row = 0; row < this.rows; row++) {
      let value: Value | undefined = from.value(row);
      for (let at = depth; at < path.length; at++) value = property(value, path[at]!);
      values[row] = value ?? null;
    }
    return new ValueColumn(values);
  }

  /** The same rows, of which only those in `selection` (ascending physical row numbers) count. */
  select(selection: Uint32Array): Batch {
    return this.#derive({ selection });
  }

  /** The rows `[from, to)` among those that count. */
  slice(from: number, to: number): Batch {
    const first = Math.min(Math.max(0, from), this.length);
    const last = Math.min(Math.max(first, to), this.length);
    const count = last - first;
    if (count === this.length) return this;
    const share = Math.ceil(this.weight * count / this.length);
    if (this.selection !== null) {
      return this.#derive({ selection: this.selection.subarray(first, last), weight: share });
    }
    const selection = new Uint32Array(count);
    for (let index = 0; index < count; index++) selection[index] = first + index;
    return this.#derive({ selection, weight: share });
  }

  /** The batch with one more column, or with the column of that name replaced in its place. */
  with(name: string, column: Column): Batch {
    if (this.#hasInside(name)) return this.without(new Set([name])).with(name, column);
    const columns = new Map(this.#columns);
    columns.set(name, column);
    const names = this.names.includes(name) ? this.names : [...this.names, name];
    const nested = this.nested.filter((path) => path !== name);
    return this.#derive({ columns, names, nested, paths: this.open && new Map() });
  }

  /** The batch with these as its last columns, in place of those and of open keys of the same names. */
  withLast(more: ReadonlyMap<string, Column>): Batch {
    const added = [...more.keys()];
    const plain = this.open === null && this.nested.length === 0 &&
      !added.some((name) => this.names.includes(name));
    if (!plain) {
      let result = this.without(new Set(added));
      for (const [name, column] of more) result = result.with(name, column);
      return result;
    }
    const columns = new Map(this.#columns);
    for (const name of added) columns.set(name, more.get(name)!);
    return this.#derive({
      columns,
      names: [...this.names, ...added],
      paths: this.open && new Map(),
    });
  }

  #hasInside(name: string): boolean {
    return this.nested.some((path) => path.startsWith(`${name}.`));
  }

  /** Exactly these columns, in this order; open keys are gone. */
  withOnly(columns: ReadonlyMap<string, Column>): Batch {
    const copy = new Map(columns);
    return this.#derive({
      columns: copy,
      paths: null,
      names: [...copy.keys()],
      make: null,
      take: null,
      open: null,
      hidden: NOTHING_HIDDEN,
      nested: NOTHING_NESTED,
    });
  }

  /** The batch without the named columns and open keys. */
  without(names: ReadonlySet<string>): Batch {
    const isGone = (name: string) =>
      names.has(name) || (this.nested.includes(name) && names.has(name.split(".", 1)[0]!));
    return this.#derive({
      columns: new Map([...this.#columns].filter(([name]) => !isGone(name))),
      paths: this.open && new Map(),
      names: this.names.filter((name) => !isGone(name)),
      nested: this.nested.filter((name) => !isGone(name)),
      hidden: this.open === null ? this.hidden : new Set([...this.hidden, ...names]),
    });
  }

  #derive(changes: Partial<BatchParts>): Batch {
    // What is made of few rows must not be found by a batch of more, so other selections keep columns of their own.
    const shared = changes.selection === undefined || this.#take === null;
    return new Batch({
      rows: this.rows,
      selection: this.selection,
      names: this.names,
      columns: shared ? this.#columns : new Map(this.#columns),
      paths: shared ? this.#paths : this.#paths && new Map(this.#paths),
      make: this.#make,
      take: this.#take,
      open: this.open,
      hidden: this.hidden,
      nested: this.nested,
      weight: this.weight,
      ...changes,
    });
  }

  /** A physical row as a plain object, newly made; for stage authors who do not care about columns. */
  row(row: number): Row {
    const result: Record<string, Value> = {};
    const open = this.open?.value(row);
    if (isObject(open)) {
      for (const key of Object.keys(open)) {
        if (!this.hidden.has(key)) define(result, key, open[key] ?? null);
      }
    }
    for (const name of this.names) define(result, name, this.column(name)!.value(row));
    return result;
  }

  /** All rows that count as plain objects, in order. Costs an object a row. */
  *toRows(): Generator<Row> {
    for (let index = 0; index < this.length; index++) yield this.row(this.rowAt(index));
  }
}
