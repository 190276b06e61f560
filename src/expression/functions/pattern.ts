/**
 * Functions over regular expressions. A pattern that is not valid gives null.
 * @module
 */
import { type Matcher, RE2JS } from "re2js";
import { toNumber, toText } from "../compare.ts";
import type { FunctionDefinition } from "../function.ts";
import { compilePattern, type Pattern } from "../regex.ts";
import { MAX_TEXT_LENGTH, nullSafe } from "./define.ts";

/** How many patterns stay compiled; each may hold a few megabytes of engine state. */
const MAX_CACHED = 16;
/**
 * Finding all matches is quadratic in the worst case on any engine: each search may run to the end of the text. So the
 * characters it may look at, times the instructions of the pattern, are bounded; that many take about half a second.
 */
const MAX_REPLACE_STEPS = 50_000_000;

/** `extract` and `replace_regex`. */
export const PATTERN_FUNCTIONS: readonly FunctionDefinition[] = [
  nullSafe({
    name: "extract",
    signature: "extract(text, pattern, group?)",
    summary:
      "What a group of the pattern matched first in the text, by number; default: group 1, or the whole " +
      "match where the pattern has no groups; null without a match",
    arity: [2, 3],
    pattern: 1,
    result: "text",
    apply: (text = null, pattern = null, group = null) =>
      extract(toText(text), toText(pattern), group === null ? null : toNumber(group)),
    example: [`extract("id=42;", "id=([0-9]+)")`, `"42"`],
  }),
  nullSafe({
    name: "replace_regex",
    signature: "replace_regex(text, pattern, to)",
    summary:
      "Every match replaced by `to`, in which $1 to $9 are groups, $0 the whole match and $$ a dollar; " +
      "null past 1 MiB of result, and for many matches in a very long text",
    arity: [3, 3],
    pattern: 1,
    result: "text",
    apply: (text = null, pattern = null, to = null) =>
      replaceMatches(toText(text), toText(pattern), toText(to)),
    example: [`replace_regex("/user/7/cart", "/([0-9]+)", "/:id")`, `"/user/:id/cart"`],
  }),
];

interface Compiled {
  readonly pattern: Pattern;
  /** The engine itself, which tells where a match stands. */
  readonly engine: RE2JS;
}

const cache = new Map<string, Compiled | null>();

/** The compiled pattern, or null when it is not valid; the least recently used one makes room. */
function compiled(source: string): Compiled | null {
  let found = cache.get(source);
  if (found === undefined) {
    found = compile(source);
    if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value!);
  } else cache.delete(source);
  cache.set(source, found);
  return found;
}

function compile(source: string): Compiled | null {
  try {
    return { pattern: compilePattern(source), engine: RE2JS.compile(source) };
  } catch {
    return null;
  }
}

function extract(text: string | null, source: string | null, group: number | null): string | null {
  if (text === null || source === null) return null;
  const groups = compiled(source)?.pattern.exec(text) ?? null;
  if (groups === null) return null;
  return groups[group ?? (groups.length > 1 ? 1 : 0)] ?? null;
}

function replaceMatches(
  text: string | null,
  source: string | null,
  to: string | null,
): string | null {
  if (text === null || source === null || to === null) return null;
  const engine = compiled(source)?.engine;
  if (engine === undefined) return null;
  const matcher = engine.matcher(text);
  const size = engine.programSize();
  let steps = size * text.length;
  let result = "";
  let end = 0;
  while (steps <= MAX_REPLACE_STEPS && matcher.find()) {
    result += text.slice(end, matcher.start());
    const room = MAX_TEXT_LENGTH - result.length;
    const replacement = expand(to, matcher, room);
    if (replacement === null) return null;
    result += replacement;
    end = matcher.end();
    steps += size * (text.length - end);
  }
  if (steps > MAX_REPLACE_STEPS) return null;
  result += text.slice(end);
  return result.length > MAX_TEXT_LENGTH ? null : result;
}

/** The replacement of the current match, or null when it does not fit the room. */
function expand(to: string, matcher: Matcher, room: number): string | null {
  const groups = matcher.groupCount();
  let result = "";
  for (const part of to.split(/(\$[$0-9])/)) {
    if (!/^\$[$0-9]$/.test(part)) result += part;
    else if (part === "$$") result += "$";
    else result += Number(part[1]) <= groups ? matcher.group(Number(part[1])) ?? "" : part;
    if (result.length > room) return null;
  }
  return result;
}
