/**
 * What `x in (1, "a", ...)` looks up when every option is a literal: one look-up a row, however many options there are.
 * @module
 */
import type { TextColumn, Value } from "../batch/column.ts";
import type { Expression, Literal } from "../language/syntax.ts";
import { parseInstant } from "./instant.ts";
import { exactBytes, matchAny } from "./text_match.ts";
import { parseNumber } from "./values.ts";

/** Up to so many options are compared with the bytes of a text one by one; past that a string is made and looked up. */
const MOST_IN_BYTES = 8;

/** Literal options by what they equal; holds 4 small sets of them. Agrees with `equalValues` for every option. */
export class LiteralOptions {
  /** What a text equals as text: texts, and the names of booleans. */
  readonly #texts = new Set<string>();
  /** What text and instants equal as a number. */
  readonly #numbers = new Set<number>();
  /** What a number equals: numbers, and the numbers that texts spell. */
  readonly #numbersSpelled = new Set<number>();
  /** What an instant equals, beside numbers: the instants that texts spell. */
  readonly #instants = new Set<number>();
  readonly #bytes: readonly Uint8Array[] | null;

  private constructor(literals: readonly Literal[]) {
    for (const { value } of literals) this.#add(value);
    const onlyTexts = this.#numbers.size === 0 && this.#texts.size <= MOST_IN_BYTES;
    const bytes = onlyTexts ? [...this.#texts].map(exactBytes) : [];
    const exact = bytes.filter((option) => option !== null);
    this.#bytes = onlyTexts && exact.length === bytes.length ? exact : null;
  }

  /** The options, or null when one of them is no literal. */
  static of(options: readonly Expression[]): LiteralOptions | null {
    const literals = options.filter((option) => option.kind === "literal");
    return literals.length === options.length ? new LiteralOptions(literals) : null;
  }

  #add(value: Literal["value"]): void {
    if (typeof value === "boolean") this.#texts.add(String(value));
    else if (typeof value === "number") {
      this.#numbers.add(value);
      this.#numbersSpelled.add(value);
    } else if (typeof value === "string") {
      this.#texts.add(value);
      const number = parseNumber(value);
      if (number === number) this.#numbersSpelled.add(number);
      const instant = parseInstant(value);
      if (instant === instant) this.#instants.add(instant);
    }
  }

  /** Whether the value equals an option, or with `excluded` whether it equals none; false for null. */
  decide(value: Value, excluded: boolean): boolean {
    return value !== null && this.#has(value) !== excluded;
  }

  /** The rows of a text column that {@link LiteralOptions.decide} keeps, without making strings; null when it needs them. */
  matchText(column: TextColumn, rows: Uint32Array, excluded: boolean): Uint32Array | null {
    return this.#bytes === null ? null : matchAny(column, rows, this.#bytes, excluded);
  }

  #has(value: Exclude<Value, null>): boolean {
    if (typeof value === "string") {
      if (this.#texts.has(value)) return true;
      return this.#numbers.size > 0 && this.#numbers.has(parseNumber(value));
    }
    if (typeof value === "number") return this.#numbersSpelled.has(value);
    if (typeof value === "boolean") return this.#texts.has(String(value));
    if (!(value instanceof Date)) return false;
    return this.#numbers.has(value.getTime()) || this.#instants.has(value.getTime());
  }
}
