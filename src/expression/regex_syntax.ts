/**
 * Reads the part of RE2's syntax that the built-in RegExp can run with the same answers; the rest reads as null. Expects
 * a pattern that RE2 accepted, so it looks for the forms it knows and reports no errors.
 * @module
 */
import { type CharacterSet, codePoints, foldAscii, NAMED_SETS, negate } from "./regex_set.ts";
import { readClass, readEscape } from "./regex_class.ts";

/** A part of a pattern. `max` of a repeat may be Infinity. */
export type PatternNode =
  | { readonly kind: "set"; readonly set: CharacterSet }
  | { readonly kind: "assertion"; readonly at: "start" | "end" | "boundary" }
  | { readonly kind: "sequence"; readonly items: readonly PatternNode[] }
  | { readonly kind: "choice"; readonly options: readonly PatternNode[] }
  | { readonly kind: "capture"; readonly body: PatternNode }
  | {
    readonly kind: "repeat";
    readonly body: PatternNode;
    readonly min: number;
    readonly max: number;
    readonly lazy: boolean;
  };

/** What stands in a pattern beyond the forms that are known here. */
class NotKnown extends Error {}

const DOT = negate(codePoints("\n"));
const ANY = negate([]);
const MOST_DEPTH = 20;

/** The tree of a pattern that RE2 accepts, or null when it holds a form that is not known to mean the same. */
export function readPattern(source: string): PatternNode | null {
  const flags = /^\(\?([is]+)\)/.exec(source);
  const body = source.slice(flags?.[0].length ?? 0);
  const reader = new PatternReader(body, flags?.[1] ?? "");
  try {
    return reader.read();
  } catch (fault) {
    if (fault instanceof NotKnown) return null;
    throw fault;
  }
}

class PatternReader {
  readonly #source: string;
  readonly #fold: boolean;
  readonly #dot: CharacterSet;
  #at = 0;
  #depth = 0;

  constructor(source: string, flags: string) {
    this.#source = source;
    this.#fold = flags.includes("i");
    this.#dot = flags.includes("s") ? ANY : DOT;
  }

  read(): PatternNode {
    const node = this.#choice();
    if (this.#at < this.#source.length) throw new NotKnown();
    return node;
  }

  #choice(): PatternNode {
    if (++this.#depth > MOST_DEPTH) throw new NotKnown();
    const options = [this.#sequence()];
    while (this.#take("|")) options.push(this.#sequence());
    this.#depth--;
    return options.length === 1 ? options[0]! : { kind: "choice", options };
  }

  #sequence(): PatternNode {
    const items: PatternNode[] = [];
    while (this.#at < this.#source.length && !"|)".includes(this.#source[this.#at]!)) {
      items.push(this.#repeat(this.#atom()));
    }
    return items.length === 1 ? items[0]! : { kind: "sequence", items };
  }

  #atom(): PatternNode {
    if (this.#take("^")) return { kind: "assertion", at: "start" };
    if (this.#take("$")) return { kind: "assertion", at: "end" };
    if (this.#take(".")) return { kind: "set", set: this.#dot };
    if (this.#take("(")) return this.#group();
    if (this.#take("[")) {
      const found = readClass(this.#source, this.#at, this.#fold);
      if (found === null) throw new NotKnown();
      this.#at = found.end;
      return { kind: "set", set: found.set };
    }
    if (this.#take("\\")) return this.#escape();
    const character = String.fromCodePoint(this.#source.codePointAt(this.#at)!);
    if ("*+?{}]".includes(character)) throw new NotKnown();
    this.#at += character.length;
    return this.#character(codePoints(character));
  }

  #group(): PatternNode {
    const plain = this.#take("?:");
    if (!plain && this.#source[this.#at] === "?") {
      const name = /^\?P?<\w+>/.exec(this.#source.slice(this.#at, this.#at + 80));
      if (name === null) throw new NotKnown();
      this.#at += name[0].length;
    }
    const body = this.#choice();
    if (!this.#take(")")) throw new NotKnown();
    return plain ? body : { kind: "capture", body };
  }

  #escape(): PatternNode {
    const letter = this.#source[this.#at];
    const assertion = letter === "A"
      ? "start"
      : letter === "z"
      ? "end"
      : letter === "b"
      ? "boundary"
      : null;
    if (assertion !== null) {
      this.#at++;
      return { kind: "assertion", at: assertion };
    }
    const named = NAMED_SETS.get(letter ?? "");
    if (named !== undefined) {
      if (this.#fold && letter!.toLowerCase() === "w") throw new NotKnown();
      this.#at++;
      return { kind: "set", set: named };
    }
    const found = readEscape(this.#source, this.#at);
    if (found === null) throw new NotKnown();
    this.#at = found.end;
    return this.#character([[found.codePoint, found.codePoint]]);
  }

  #character(set: CharacterSet): PatternNode {
    if (!this.#fold) return { kind: "set", set };
    const folded = foldAscii(set);
    if (folded === null) throw new NotKnown();
    return { kind: "set", set: folded };
  }

  #repeat(body: PatternNode): PatternNode {
    const found = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})(\??)/.exec(
      this.#source.slice(this.#at, this.#at + 16),
    );
    if (found === null) return body;
    this.#at += found[0].length;
    const [text, least, comma, most, question] = found;
    const min = least === undefined ? (text.startsWith("+") ? 1 : 0) : Number(least);
    const max = least === undefined
      ? (text.startsWith("?") ? 1 : Infinity)
      : comma === ""
      ? min
      : most === ""
      ? Infinity
      : Number(most);
    return { kind: "repeat", body, min, max, lazy: question === "?" };
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }
}
