/**
 * A place in a list of tokens, and the fault that stops a parser there.
 * @module
 */
import type { Issue } from "./diagnostics.ts";
import type { Expression, Plan, Span } from "./syntax.ts";
import { nameToken, type Token } from "./tokens.ts";

/** How deep parentheses, calls, `not` and nested pipelines may stand in each other. */
export const MAX_NESTING = 100;

/** The most operators on a path from the root of an expression to a leaf: what later stages may recurse. */
const MAX_HEIGHT = 250;

/** Stops the parsing of one stage. `issue` is null when the place was reported already. */
export class Fault extends Error {
  override readonly name = "Fault";
  constructor(readonly issue: Issue | null) {
    super(issue?.message ?? "Reported before");
  }
}

/** Reads a nested pipeline: the tokens between two parentheses. */
export type NestedReader = (inside: Cursor) => Plan;

/** Reads tokens `[position, end)` of a list, left to right. */
export class Cursor {
  /** Set while an option's value is read: an expression is then one operand, unless in parentheses. */
  tight = false;
  #nesting: number;
  readonly #heights = new WeakMap<Expression, number>();

  /** `last` stands after the final token and names the end in messages. */
  constructor(
    readonly tokens: readonly Token[],
    public position: number,
    readonly end: number,
    readonly last: Token,
    readonly nested: NestedReader,
    nesting = 0,
  ) {
    this.#nesting = nesting;
  }

  /** The token `ahead` places on, or `last`. */
  peek(ahead = 0): Token {
    const index = this.position + ahead;
    return index < this.end ? this.tokens[index]! : this.last;
  }

  /** The token here, which is then behind. */
  take(): Token {
    const token = this.peek();
    if (this.position < this.end) this.position++;
    return token;
  }

  /** True when nothing is left. */
  get done(): boolean {
    return this.position >= this.end;
  }

  /** Where the token before this place ends. */
  get behind(): number {
    return this.position > 0 ? this.tokens[this.position - 1]!.at.end : 0;
  }

  /** Whether one of these signs stands here. */
  isSign(...signs: readonly string[]): boolean {
    const token = this.peek();
    return token.kind === "sign" && signs.includes(token.text);
  }

  /** Whether this word stands `ahead` places on, not in backquotes. */
  isWord(word: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === "name" && !token.quoted && token.text === word;
  }

  /** Takes the sign when it stands here. */
  takeSign(sign: string): boolean {
    const found = this.isSign(sign);
    if (found) this.position++;
    return found;
  }

  /** Takes the word when it stands here. */
  takeWord(word: string): boolean {
    const found = this.isWord(word);
    if (found) this.position++;
    return found;
  }

  /** Takes the sign, or faults. */
  expectSign(sign: string, hint?: string): Token {
    if (!this.isSign(sign)) this.fail(`\`${sign}\``, hint);
    return this.take();
  }

  /** Faults here: `Expected a value, found ...`. Silent on a bad token, which was reported. */
  fail(expected: string, hint?: string): never {
    const token = this.peek();
    if (token.kind === "bad") throw new Fault(null);
    this.failAt(`Expected ${expected}, found ${nameToken(token)}`, token.at, hint);
  }

  /** Faults at a span. */
  failAt(message: string, at: Span, hint?: string): never {
    throw new Fault({ message, at, ...(hint === undefined ? {} : { hint }) });
  }

  /** How many levels deep this place is. */
  get nesting(): number {
    return this.#nesting;
  }

  /** Reads one level deeper; faults when that is too deep. */
  deeper<Read>(read: () => Read): Read {
    if (this.#nesting >= MAX_NESTING) {
      this.failAt(`Nesting is deeper than ${MAX_NESTING} levels`, this.peek().at);
    }
    this.#nesting++;
    const result = read();
    this.#nesting--;
    return result;
  }

  /** Reads what stands in parentheses or behind a comma, where an expression is never cut short. */
  loose<Read>(read: () => Read): Read {
    const before = this.tight;
    this.tight = false;
    const result = this.deeper(read);
    this.tight = before;
    return result;
  }

  /** The node, when its tree is low enough to be walked; else faults. */
  grown<Node extends Expression>(node: Node, children: readonly Expression[]): Node {
    const height = 1 + Math.max(0, ...children.map((child) => this.#heights.get(child) ?? 0));
    if (height > MAX_HEIGHT) {
      this.failAt(
        `Expression has more than ${MAX_HEIGHT} operators in a row`,
        node.at,
        "Compare with many values at once: `x in (1, 2, 3)`",
      );
    }
    this.#heights.set(node, height);
    return node;
  }

  /** Items between commas, at least one. */
  list<Item>(read: () => Item): Item[] {
    const items = [read()];
    while (this.takeSign(",")) items.push(read());
    return items;
  }
}
