/**
 * Faults in a pipeline, told all at once, each where it stands and with what would work.
 * @module
 */
import type { Span } from "./syntax.ts";

/** One fault. `message` states what was found and expected; `hint` what would work, when that is known. */
export interface Issue {
  readonly message: string;
  readonly at: Span;
  readonly hint?: string;
  /** For a pipeline given as JSON: where in it, as a JSON Pointer; `at` is then relative to the string there. */
  readonly pointer?: string;
  /** The string at `pointer`. */
  readonly text?: string;
}

/** A pipeline that cannot run, with every issue found in it, in text order. */
export class PipelineError extends Error {
  override readonly name = "PipelineError";
  constructor(readonly source: string, readonly issues: readonly Issue[]) {
    super(issues.map((issue) => renderIssue(source, issue)).join("\n\n"));
  }
}

/** The most characters of a line that are shown on either side of a fault's first. */
const MAX_SHOWN = 200;

/**
 * The issue as people read it, with the line and a caret under the place:
 *
 *     Unknown stage `wher` at line 1, column 12
 *       combined | wher status >= 500
 *                  ^^^^
 *     Did you mean `where`?
 */
export function renderIssue(source: string, issue: Issue): string {
  const { line, column, text } = locate(issue.text ?? source, issue.at.start);
  const place = (issue.pointer ?? "") === "" ? "" : ` in ${issue.pointer}`;
  const before = text.slice(0, column - 1);
  const start = before.length > MAX_SHOWN ? `…${before.slice(-MAX_SHOWN)}` : before;
  const after = text.slice(column - 1);
  const rest = after.length > MAX_SHOWN ? `${after.slice(0, MAX_SHOWN)}…` : after;
  const width = Math.max(1, Math.min(issue.at.end - issue.at.start, rest.length));
  const lines = [
    `${issue.message}${place} at line ${line}, column ${column}`,
    `  ${start}${rest}`,
    `  ${" ".repeat(start.length)}${"^".repeat(width)}`,
  ];
  if (issue.hint !== undefined) lines.push(issue.hint);
  return lines.join("\n");
}

/** The 1-based line and column (UTF-16 units) of an offset, and that line's text with tabs as single spaces. */
export function locate(
  source: string,
  offset: number,
): { line: number; column: number; text: string } {
  const before = source.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  const lineEnd = source.indexOf("\n", offset);
  return {
    line: before.split("\n").length,
    column: offset - lineStart + 1,
    text: source.slice(lineStart, lineEnd < 0 ? source.length : lineEnd).replaceAll("\t", " "),
  };
}

/** The candidate nearest to `word` by edit distance, when near enough to be a slip of the fingers; else null. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Optimal string alignment distance (insert, delete, replace, swap neighbours), cut off at `limit`. */
function editDistance(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) >= limit) return limit;
  let older: number[] = [];
  let old = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const row = [i];
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1] ? 0 : 1;
      let cost = Math.min(old[j]! + 1, row[j - 1]! + 1, old[j - 1]! + same);
      const swapped = i > 1 && j > 1 && left[i - 1] === right[j - 2] &&
        left[i - 2] === right[j - 1];
      if (swapped) cost = Math.min(cost, older[j - 2]! + 1);
      row.push(cost);
    }
    [older, old] = [old, row];
  }
  return old[right.length]!;
}
