/**
 * Patterns on the bytes of ASCII text: a deterministic machine that is made as far as texts lead it, as RE2 does.
 * @module
 */
import type { TextColumn } from "../batch/column.ts";
import { ASCII, programOf, type Step } from "./regex_program.ts";
import { readPattern } from "./regex_syntax.ts";

/** Texts that lead beyond so many states are left to the other engines. */
const MOST_STATES = 128;
/** Bytes that a state may meet. */
const BYTES = 256;
const NOT_MADE = 0;
const MATCHED = -1;
const FAILED = -2;
const NOT_ASCII = -3;

/** What a machine says of a text: whether the pattern is somewhere in it, or that another engine has to tell. */
export type Verdict = "yes" | "no" | "unknown";

/**
 * Tells whether a pattern matches anywhere in a text, a table look-up a byte, up to the byte that decides. Holds at most
 * 64 KiB, and makes each of its states once, whatever the texts are.
 */
export class ByteMachine {
  readonly #steps: readonly Step[];
  readonly #first: number;
  /** For each state and byte where the state behind it begins here, which no text leads to the first; or one of the constants above. */
  readonly #table = new Int16Array(MOST_STATES * BYTES);
  /** The waiting steps of each state. */
  readonly #states: number[][] = [];
  /** Whether a text that ends in a state matches. */
  readonly #ends: boolean[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #matchesAtOnce: boolean;

  private constructor(steps: readonly Step[], first: number) {
    this.#steps = steps;
    this.#first = first;
    const start = new Set<number>();
    this.#matchesAtOnce = this.#follow(first, start, true, false);
    this.#addState(this.#waiting(start), true);
  }

  /** The machine of a pattern that RE2 accepts; null when it is not one for bytes. */
  static of(source: string): ByteMachine | null {
    const tree = source.isWellFormed() ? readPattern(source) : null;
    const program = tree && programOf(tree);
    return program && new ByteMachine(program.steps, program.first);
  }

  /** The verdict on `bytes[start, end)`; `unknown` at a byte that is not ASCII, and beyond {@link MOST_STATES}. */
  test(bytes: Uint8Array, start: number, end: number): Verdict {
    if (this.#matchesAtOnce) return "yes";
    const table = this.#table;
    let state = 0;
    for (let at = start; at < end; at++) {
      let next = table[state + bytes[at]!]!;
      if (next <= NOT_MADE) {
        if (next === NOT_MADE) next = this.#make(state >> 8, bytes[at]!);
        if (next === MATCHED) return "yes";
        if (next <= NOT_MADE) return next === FAILED ? "no" : "unknown";
      }
      state = next;
    }
    return this.#ends[state >> 8] ? "yes" : "no";
  }

  /**
   * Writes to `kept` those of `rows` whose cell matches as wanted, nulls in no case, and gives how many; `decide` is asked where the
   * verdict is `unknown`. A loop of its own: what the machine has is looked up once.
   */
  select(
    { bytes, starts, ends: cellEnds }: TextColumn,
    rows: Uint32Array,
    wanted: boolean,
    kept: Uint32Array,
    decide: (row: number) => boolean,
  ): number {
    const table = this.#table;
    const ends = this.#ends;
    let count = 0;
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index]!;
      const start = starts[row]!;
      if (start < 0) continue;
      const end = cellEnds[row]!;
      let next = 0;
      for (let at = start; at < end; at++) {
        next = table[next + bytes[at]!]!;
        if (next <= NOT_MADE) break;
      }
      let matched = next > NOT_MADE ? ends[next >> 8]! : next === MATCHED;
      // A text without bytes is here too.
      if (next === NOT_MADE || next === NOT_ASCII) {
        const verdict = this.test(bytes, start, end);
        matched = verdict === "unknown" ? decide(row) : verdict === "yes";
      }
      if (matched === wanted) kept[count++] = row;
    }
    return count;
  }

  /** What stands in the table for a state and a byte, now that it is asked for. */
  #make(state: number, byte: number): number {
    const reached = new Set<number>();
    let matched = this.#follow(this.#first, reached, false, false);
    for (const number of this.#states[state]!) {
      const step = this.#steps[number]!;
      if (step.kind === "set" && step.bytes[byte] === 1) {
        matched = this.#follow(step.next, reached, false, false) || matched;
      }
    }
    const waiting = this.#waiting(reached);
    const entry = matched ? MATCHED : waiting.length === 0 ? FAILED : this.#entryOf(waiting);
    this.#table[state * BYTES + byte] = entry;
    return entry;
  }

  /** Of the steps that were reached, those that wait for a byte or for the end, in order. */
  #waiting(reached: ReadonlySet<number>): number[] {
    return [...reached].filter((number) => {
      const { kind } = this.#steps[number]!;
      return kind === "set" || kind === "end";
    }).sort((left, right) => left - right);
  }

  #entryOf(steps: number[]): number {
    const key = steps.join();
    const known = this.#numbers.get(key);
    if (known !== undefined) return known * BYTES;
    if (this.#states.length === MOST_STATES) return NOT_MADE;
    const number = this.#addState(steps, false);
    this.#numbers.set(key, number);
    return number * BYTES;
  }

  #addState(steps: number[], atStart: boolean): number {
    this.#ends.push(this.#endsWell(steps, atStart));
    const number = this.#states.push(steps) - 1;
    this.#table.fill(NOT_ASCII, number * BYTES + ASCII, (number + 1) * BYTES);
    return number;
  }

  #endsWell(steps: readonly number[], atStart: boolean): boolean {
    const seen = new Set<number>();
    return steps.some((step) => this.#follow(step, seen, atStart, true));
  }

  /**
   * Adds to `reached` all steps that can be reached from `number` without taking a byte, itself included; true when one
   * of them is the match.
   */
  #follow(number: number, reached: Set<number>, atStart: boolean, atEnd: boolean): boolean {
    if (reached.has(number)) return false;
    reached.add(number);
    const step = this.#steps[number]!;
    switch (step.kind) {
      case "match":
        return true;
      case "set":
        return false;
      case "start":
        return atStart && this.#follow(step.next, reached, atStart, atEnd);
      case "end":
        return atEnd && this.#follow(step.next, reached, atStart, atEnd);
      case "split": {
        let matched = false;
        for (const next of step.next) {
          matched = this.#follow(next, reached, atStart, atEnd) || matched;
        }
        return matched;
      }
    }
  }
}
