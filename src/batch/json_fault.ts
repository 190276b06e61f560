/**
 * What is wrong with a text that is not JSON, the same on every runtime. Asked only for lines that did not parse.
 * @module
 */

/** How deep arrays and objects may nest; what is deeper could be parsed, but not printed on every runtime. */
export const MAX_JSON_DEPTH = 1000;

/** The first fault of a text: what was expected at `at`, a UTF-16 offset. */
export interface JsonFault {
  readonly at: number;
  readonly expected: string;
}

/** Whether arrays and objects nest deeper than `most` levels. One pass; brackets inside strings do not count. */
export function nestsDeeper(text: string, most: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = stringEnd(text, at) - 1;
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > most) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
}

/** Behind the string that begins at `at`, or the text's end; does not look at what is in it. */
function stringEnd(text: string, at: number): number {
  for (let index = at + 1; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x22) return index + 1;
    if (code === 0x5c) index++;
  }
  return text.length;
}

/**
 * The first place where `text` departs from RFC 8259; null when it does not. Linear, without recursion; holds a
 * character for each open bracket.
 */
export function findJsonFault(text: string): JsonFault | null {
  return new JsonReader(text).read();
}

class JsonReader {
  #at = 0;
  readonly #open: string[] = [];
  #fault: JsonFault | null = null;
  /** True after an opening bracket whose first element has to be read next. */
  #descended = false;

  constructor(readonly text: string) {}

  read(): JsonFault | null {
    while (this.#value()) {
      while (!this.#descended && this.#closes());
      if (this.#fault !== null) return this.#fault;
      if (this.#open.length === 0) {
        return this.#skipSpace() === "" ? null : this.#expected("nothing");
      }
    }
    return this.#fault;
  }

  /** Reads a scalar, an empty array or object, or an opening bracket up to its first value. */
  #value(): boolean {
    this.#descended = false;
    const next = this.#skipSpace();
    if (next === "{" || next === "[") {
      this.#at++;
      if (this.#skipSpace() === (next === "{" ? "}" : "]")) this.#at++;
      else {
        this.#open.push(next);
        this.#descended = true;
        return next === "[" || this.#key();
      }
      return true;
    }
    if (next === '"') return this.#string();
    const scalar = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;
    scalar.lastIndex = this.#at;
    if (!scalar.test(this.text)) return this.#fail("a value");
    this.#at = scalar.lastIndex;
    return true;
  }

  /** Reads what stands behind a value; true when it closed a bracket, so that the same has to be read again. */
  #closes(): boolean {
    const open = this.#open.at(-1);
    if (open === undefined) return false;
    const next = this.#skipSpace();
    if (next === ",") {
      this.#at++;
      if (open === "{") this.#key();
      return false;
    }
    if (next !== (open === "{" ? "}" : "]")) {
      return this.#fail(open === "{" ? '"," or "}"' : '"," or "]"');
    }
    this.#at++;
    this.#open.pop();
    return true;
  }

  #key(): boolean {
    if (this.#skipSpace() !== '"') return this.#fail("a key in quotes");
    if (!this.#string()) return false;
    if (this.#skipSpace() !== ":") return this.#fail('":"');
    this.#at++;
    return true;
  }

  #string(): boolean {
    const escape = /["\\/bfnrt]|u[0-9a-fA-F]{4}/y;
    for (this.#at++; this.#at < this.text.length; this.#at++) {
      const code = this.text.charCodeAt(this.#at);
      if (code === 0x22) {
        this.#at++;
        return true;
      }
      if (code < 0x20) return this.#fail("an escaped control character");
      if (code !== 0x5c) continue;
      escape.lastIndex = this.#at + 1;
      if (!escape.test(this.text)) return this.#fail("a JSON escape");
      this.#at = escape.lastIndex - 1;
    }
    return this.#fail("a closing quote");
  }

  /** The next character that is no JSON white space, or the empty string at the end. */
  #skipSpace(): string {
    for (; this.#at < this.text.length; this.#at++) {
      const code = this.text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) break;
    }
    return this.text.charAt(this.#at);
  }

  #expected(what: string): JsonFault {
    return this.#fault = { at: this.#at, expected: what };
  }

  #fail(what: string): false {
    this.#expected(what);
    return false;
  }
}
