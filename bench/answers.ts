/**
 * Who is fast must also be right: reads what contenders answered, and tells where two answers differ.
 * @module
 */

/** A row of an answer. */
export type AnswerRow = Readonly<Record<string, unknown>>;

/** What all contenders of a work must agree on. */
export interface AnswerShape {
  /** The column that names a row. */
  readonly key: string;
  /** The columns to compare, each with the relative difference that is allowed: 0 for exact ones. */
  readonly values: Readonly<Record<string, number>>;
}

/** Of sums of decimal fractions in another order; far below any figure that is shown. */
const ROUNDING = 1e-9;
const MOST_SHOWN = 5;

/** The rows of an answer in NDJSON, without notices. Throws on a line that is not JSON, and on an error line. */
export function readRows(output: string): AnswerRow[] {
  const rows = output.split("\n").filter((line) => line !== "").map((line) =>
    JSON.parse(line) as AnswerRow
  );
  const failure = rows.find((row) => "$error" in row);
  if (failure !== undefined) throw new Error(`The run failed: ${JSON.stringify(failure)}`);
  return rows.filter((row) => !("$notice" in row));
}

/** Throws when `theirs` is not what `ours` is, but for `without`, the columns that they do not compute or define otherwise. */
export function compareAnswers(
  who: string,
  ours: readonly AnswerRow[],
  theirs: readonly AnswerRow[],
  shape: AnswerShape,
  without: readonly string[] = [],
): void {
  const differences = [...differencesOf(ours, theirs, shape, without)];
  if (ours.length === 0) differences.push("no rows at all");
  if (differences.length === 0) return;
  const shown = differences.slice(0, MOST_SHOWN).map((line) => `\n  ${line}`).join("");
  throw new Error(`Sluice and ${who} answer differently in ${differences.length} places:${shown}`);
}

function* differencesOf(
  ours: readonly AnswerRow[],
  theirs: readonly AnswerRow[],
  { key, values }: AnswerShape,
  without: readonly string[],
): Generator<string> {
  const left = byKey(ours, key);
  const right = byKey(theirs, key);
  if (left.size !== ours.length) yield `our ${key} is not unique`;
  if (right.size !== theirs.length) yield `their ${key} is not unique`;
  for (const name of right.keys()) if (!left.has(name)) yield `${name} is theirs alone`;
  for (const [name, row] of left) {
    const other = right.get(name);
    if (other === undefined) {
      yield `${name} is ours alone`;
      continue;
    }
    for (const [column, tolerance] of Object.entries(values)) {
      if (without.includes(column) || near(row[column], other[column], tolerance)) continue;
      yield `${name}: ${column} is ${row[column]} and ${other[column]}`;
    }
  }
}

function byKey(rows: readonly AnswerRow[], key: string): Map<string, AnswerRow> {
  return new Map(rows.map((row) => [String(row[key]), row]));
}

/** DuckDB tells large numbers as text, so text that is a number is one. */
function near(left: unknown, right: unknown, tolerance: number): boolean {
  if (left === undefined || right === undefined) return false;
  if (left === null || right === null) return left === right;
  const [one, two] = [Number(left), Number(right)];
  return Math.abs(one - two) <= Math.max(tolerance, ROUNDING) * Math.abs(two);
}
