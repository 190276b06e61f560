/**
 * Regular expressions in linear time: RE2 syntax, RE2 answers, and no pattern that can hold up the server.
 * @module
 */
import { RE2JS } from "re2js";
import { type LiteralPattern, translatePattern } from "./regex_native.ts";

export type { LiteralPattern };

/** The longest pattern, in UTF-16 units. */
const MAX_PATTERN_LENGTH = 1000;
/** The most instructions of a compiled pattern; the linear engine's time a character is bounded by it. */
const MAX_PATTERN_INSTRUCTIONS = 2000;

/** Longer texts go to the linear engine: the built-in one keeps a stack that grows with a repeat. */
const NATIVE_TEXT_LENGTH = 1 << 20;

/** A compiled pattern. Holds no state between calls that changes an answer. */
export interface Pattern {
  /** True when the pattern matches anywhere in `text`. */
  test(text: string): boolean;
  /** The leftmost match and its groups, by number; null for a group that took no part, null for no match. */
  exec(text: string): readonly (string | null)[] | null;
  /** What does the work: a text search, the built-in RegExp on a pattern proven harmless, or RE2. */
  readonly engine: "literal" | "native" | "linear";
  /** Given for the engine `literal` alone. */
  readonly literal: LiteralPattern | null;
}

/**
 * Compiles a pattern of RE2's syntax. Time is linear in the text, whatever the pattern: see `translatePattern` for what
 * may run on the built-in RegExp. Throws an Error when the pattern is not valid, longer than
 * {@link MAX_PATTERN_LENGTH} or larger than {@link MAX_PATTERN_INSTRUCTIONS}. Holds up to a few megabytes for
 * a pattern that runs on the linear engine, in its cache of states.
 */
export function compilePattern(source: string): Pattern {
  const linear = compileLinear(source);
  const translation = translatePattern(source);
  if (translation === null) return linear;
  if (translation.literal !== null) return literalPattern(translation.literal);
  return nativePattern(new RegExp(translation.source, translation.flags), linear);
}

/** The pattern on the linear engine alone; for comparing engines. Throws as {@link compilePattern} does. */
export function compileLinear(source: string): Pattern {
  if (source.length > MAX_PATTERN_LENGTH) {
    throw new Error(
      `Pattern \`${source.slice(0, 40)}...\` is not valid: it has ${source.length} characters, ` +
        `the most is ${MAX_PATTERN_LENGTH}`,
    );
  }
  const program = parse(source);
  const size = program.programSize();
  if (size > MAX_PATTERN_INSTRUCTIONS) {
    throw new Error(
      `Pattern \`${source}\` is not valid: its repeats make ${size} instructions, ` +
        `the most is ${MAX_PATTERN_INSTRUCTIONS}`,
    );
  }
  return {
    engine: "linear",
    literal: null,
    test: (text) => program.test(text),
    exec(text) {
      const matcher = program.matcher(text);
      if (!matcher.find()) return null;
      return Array.from({ length: matcher.groupCount() + 1 }, (_, group) => matcher.group(group));
    },
  };
}

function parse(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    const reason = text.replace("error parsing regexp: ", "").replace(`: \`${source}\``, "");
    throw new Error(`Pattern \`${source}\` is not valid: ${reason}`, { cause });
  }
}

function literalPattern(literal: LiteralPattern): Pattern {
  const { text: wanted, anchoredStart, anchoredEnd } = literal;
  const test = anchoredStart
    ? anchoredEnd ? (text: string) => text === wanted : (text: string) => text.startsWith(wanted)
    : anchoredEnd
    ? (text: string) => text.endsWith(wanted)
    : (text: string) => text.includes(wanted);
  return { engine: "literal", literal, test, exec: (text) => test(text) ? [wanted] : null };
}

function nativePattern(native: RegExp, linear: Pattern): Pattern {
  return {
    engine: "native",
    literal: null,
    test: (text) => text.length > NATIVE_TEXT_LENGTH ? linear.test(text) : native.test(text),
    exec(text) {
      if (text.length > NATIVE_TEXT_LENGTH) return linear.exec(text);
      const found = native.exec(text);
      return found && Array.from(found, (group: string | undefined) => group ?? null);
    },
  };
}
