import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeText } from "../src/batch/text.ts";
import { compileLinear, compilePattern } from "../src/expression/regex.ts";
import { ByteMachine, type Verdict } from "../src/expression/regex_bytes.ts";
import { allRows, textColumn } from "./support/columns.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

const EVIL: readonly string[] = [
  "(a+)+$",
  "(a|a)*b",
  "(.*a){20}",
  ".*.*.*x",
  "a+b",
  "a*b",
  "a{2,}b",
  "(a+)b",
  "(x+x+)+y",
  "^(([a-z])+.)+[A-Z]([a-z])+$",
  "^.*.*b",
  "^.*a+b",
  "^a*[a-c]*d",
  "^(a+|b)c",
  "(a?){30}b",
  "(?:a?a?a?a?a?a?a?a?a?a?)b",
  "(?:a|a|a)(?:a|a|a)(?:a|a|a)(?:a|a|a)(?:a|a|a)(?:a|a|a)b",
  "(?:a{0,20}){20}b",
  "a{0,600}b",
  "[a-z]+$",
  ".*x",
  "^(?i)a+k",
  "x(a*b|c)*",
  "^(a+)+",
  "(?:(a+)+b)+",
  "^(?:a|aa)*",
];

test("patterns that make a backtracking engine slow run on the linear engine", () => {
  const text = "a".repeat(20_000);
  for (const source of EVIL) {
    const pattern = compilePattern(source);
    assert.equal(pattern.engine, "linear", source);
    assert.equal(typeof pattern.test(text), "boolean");
    assert.equal(typeof pattern.test(`${"x".repeat(20_000)}!`), "boolean");
    pattern.exec(`${text}!`);
  }
});

const ENGINES: readonly [source: string, engine: string][] = [
  ["^/api", "literal"],
  ["\\.php$", "literal"],
  ["", "literal"],
  ["^$", "literal"],
  ["grün", "literal"],
  ["(?:foo)bar", "literal"],
  ["^/(api|v1)/", "native"],
  ["(bot|crawl|spider)", "native"],
  ["^5\\d\\d$", "native"],
  ["(?i)mozilla", "native"],
  ["^/users/(\\d+)$", "native"],
  ["^/users/(?P<id>\\d+)/posts/(?<post>[^/]+)", "native"],
  ["^(\\S+) (\\S+) \\[([^\\]]+)\\]", "native"],
  ["^.*\\.php", "native"],
  ["\\bGET /[a-z]*", "native"],
  ["v(\\d+)", "native"],
  ["(\\d{1,3})\\.(\\d{1,3})\\.\\d{1,3}\\.\\d{1,3}", "native"],
  ["[[:alpha:]]", "linear"],
  ["\\pL", "linear"],
  ["(?i)ä", "linear"],
  ["(?i)\\w", "linear"],
  ["(?m)^a", "linear"],
  ["(a){2}", "linear"],
  ["(a?)?", "linear"],
  ["\\Qa+\\E", "linear"],
];

for (const [source, engine] of ENGINES) {
  test(`${JSON.stringify(source)} runs on the ${engine} engine`, () => {
    assert.equal(compilePattern(source).engine, engine);
  });
}

test("a literal tells its text and its anchors", () => {
  assert.deepEqual(compilePattern("\\.php$").literal, {
    text: ".php",
    anchoredStart: false,
    anchoredEnd: true,
  });
  assert.deepEqual(compilePattern("^/api").literal, {
    text: "/api",
    anchoredStart: true,
    anchoredEnd: false,
  });
  assert.equal(compilePattern("(a)").literal, null);
});

const ANSWERS: readonly [
  source: string,
  text: string,
  groups: readonly (string | null)[] | null,
][] = [
  ["^/api", "/api/x", ["/api"]],
  ["^/api", "x/api", null],
  ["^a$", "aa", null],
  ["a|ab", "ab", ["a"]],
  ["(a)|(b)", "b", ["b", null, "b"]],
  ["^/(api|v1)/", "/v1/x", ["/v1/", "v1"]],
  ["^/users/(\\d+)$", "/users/42", ["/users/42", "42"]],
  ["^(\\S+) (\\S+)$", "a b", ["a b", "a", "b"]],
  ["v(\\d+?)", "v12", ["v1", "1"]],
  ["a.c", "a\u2028c", ["a\u2028c"]],
  ["a.c", "a\rc", ["a\rc"]],
  ["a.c", "a\nc", null],
  ["(?s)a.c", "a\nc", ["a\nc"]],
  ["a.c", "a\u{1f600}c", ["a\u{1f600}c"]],
  ["^.$", "\u{1f600}", ["\u{1f600}"]],
  ["a\\sb", "a\u00a0b", null],
  ["a\\sb", "a\vb", null],
  ["\\d", "\u0663", null],
  ["(?i)k[s]", "\u212a\u017f", ["\u212a\u017f"]],
  ["(?i)[^k]", "\u212a", null],
  ["\\bä", "ä", null],
  ["[^a]", "\n", ["\n"]],
  ["([^\\d\\n])$", "1\u{1f600}", ["\u{1f600}", "\u{1f600}"]],
];

for (const [source, text, groups] of ANSWERS) {
  test(`${JSON.stringify(source)} on ${JSON.stringify(text)}`, () => {
    for (const pattern of [compilePattern(source), compileLinear(source)]) {
      assert.deepEqual(pattern.exec(text), groups, pattern.engine);
      assert.equal(pattern.test(text), groups !== null, pattern.engine);
    }
  });
}

const INVALID: readonly [source: string, message: string][] = [
  ["(a", "Pattern `(a` is not valid: missing closing )"],
  ["a)", "Pattern `a)` is not valid: unexpected )"],
  ["[a", "Pattern `[a` is not valid: missing closing ]"],
  ["x[z-a]", "Pattern `x[z-a]` is not valid: invalid character class range: `z-a`"],
  ["*a", "Pattern `*a` is not valid: missing argument to repetition operator: `*`"],
  ["(?=a)", "Pattern `(?=a)` is not valid: invalid or unsupported Perl syntax: `(?=`"],
  ["(a)\\1", "Pattern `(a)\\1` is not valid: invalid escape sequence: `\\1`"],
  ["a{1001}", "Pattern `a{1001}` is not valid: invalid repeat count: `{1001}`"],
  ["((a{1000}){1000})", "Pattern `((a{1000}){1000})` is not valid: invalid repeat count: `{1000}`"],
  [
    "a{1000}b{1000}",
    "Pattern `a{1000}b{1000}` is not valid: its repeats make 2002 instructions, the most is 2000",
  ],
  [
    "ab".repeat(501),
    `Pattern \`${"ab".repeat(20)}...\` is not valid: it has 1002 characters, the most is 1000`,
  ],
];

for (const [source, message] of INVALID) {
  test(`${JSON.stringify(source.slice(0, 40))} is refused`, () => {
    assert.throws(() => compilePattern(source), { name: "Error", message });
  });
}

/** What random patterns and texts are made of: few characters, so that they meet. */
const ATOMS = [
  "a",
  "b",
  "k",
  "S",
  ".",
  "\\.",
  "\\d",
  "\\D",
  "\\s",
  "\\S",
  "\\w",
  "\\W",
  "[ab]",
  "[^a]",
]
  .concat([
    "[a-k]",
    "[^\\d\\n]",
    "[\\s-]",
    "é",
    "\u{1f600}",
    "\\x{1f600}",
    "\\n",
    "\\b",
    "^",
    "$",
    "-",
  ])
  .concat(["[0-9k]", "[^\\w]", "1", "\\A", "\\z", "[^S\u{1f600}]"]);
const COUNTS = ["?", "??", "{2}", "{0,2}", "{1,3}?", "*", "+", "+?", "*?", "{2,}"];
const LETTERS = [
  "a",
  "b",
  "k",
  "K",
  "s",
  "S",
  "1",
  ".",
  " ",
  "\n",
  "\r",
  "\v",
  "-",
  "é",
  "\u{1f600}",
]
  .concat(["\u212a", "\u017f", "\u2028", "\u00a0", "ab", "aaa", "_"]);

function randomPattern(random: () => number, depth: number): string {
  const parts = Array.from({ length: between(random, 1, 4) }, () => {
    const kind = random();
    const atom = depth > 0 && kind < 0.3
      ? `${pickOne(random, ["(", "(?:", "(?P<n>"])}${randomPattern(random, depth - 1)})`
      : pickOne(random, ATOMS);
    return random() < 0.25 ? atom + pickOne(random, COUNTS) : atom;
  });
  if (random() < 0.25) parts.splice(between(random, 0, parts.length), 0, "|");
  return parts.join("");
}

test("the built-in RegExp and the linear engine give the same answers", async () => {
  let native = 0;
  await forSeeds(4000, (random) => {
    const prefix = pickOne(random, ["", "", "^", "(?i)", "(?s)", "(?i)^", "(?is)"]);
    const source = prefix +
      randomPattern(random, 2).replace("(?P<n>", "(?<m>").replaceAll("(?P<n>", "(");
    const pattern = compilePatternOrNull(source);
    if (pattern === null || pattern.engine === "linear") return;
    native++;
    const linear = compileLinear(source);
    for (let round = 0; round < 6; round++) {
      const text = Array.from({ length: between(random, 0, 10) }, () => pickOne(random, LETTERS))
        .join("");
      const shown = `${JSON.stringify(source)} on ${JSON.stringify(text)}`;
      assert.deepEqual(pattern.exec(text), linear.exec(text), shown);
      assert.equal(pattern.test(text), linear.test(text), shown);
    }
  });
  assert.ok(native > 800, `Only ${native} of the patterns were native`);
});

test("the machine on bytes and the linear engine give the same answers, and other texts are left to others", async () => {
  const verdicts: Record<Verdict, number> = { yes: 0, no: 0, unknown: 0 };
  await forSeeds(4000, (random) => {
    const prefix = pickOne(random, ["", "", "^", "(?i)", "(?s)", "(?i)^", "(?is)"]);
    const source = prefix + randomPattern(random, 2).replaceAll("(?P<n>", "(");
    if (compilePatternOrNull(source) === null) return;
    const machine = ByteMachine.of(source);
    if (machine === null) return;
    const linear = compileLinear(source);
    const texts: (string | null)[] = [null];
    for (let round = 0; round < 8; round++) {
      const letters = Array.from(
        { length: between(random, 0, 10) },
        () => pickOne(random, LETTERS),
      );
      const text = letters.join("");
      texts.push(text);
      const bytes = encodeText(`\n${text}a`);
      const verdict: Verdict = machine.test(bytes, 1, bytes.length - 1);
      verdicts[verdict]++;
      if (verdict === "unknown") continue;
      const shown = `${JSON.stringify(source)} on ${JSON.stringify(text)}`;
      assert.equal(verdict === "yes", linear.test(text), shown);
    }
    const column = textColumn(texts);
    const kept = new Uint32Array(texts.length);
    for (const wanted of [true, false]) {
      const decide = (row: number) => linear.test(column.value(row)!);
      // Once while the table is made, and once when it is there.
      for (const fresh of [ByteMachine.of(source)!, machine]) {
        const count = fresh.select(column, allRows(texts.length), wanted, kept, decide);
        const expected = texts.flatMap((text, row) =>
          text !== null && linear.test(text) === wanted ? [row] : []
        );
        assert.deepEqual([...kept.subarray(0, count)], expected, source);
      }
    }
  });
  for (const [verdict, count] of Object.entries(verdicts)) {
    assert.ok(count > 1000, `${verdict} only ${count} times`);
  }
});

test("patterns of any form get a machine, but for word boundaries and long repeats", () => {
  for (
    const source of ["^/(api|v1)/", "(a+)+$", "(.*a){3}", "x(a*b|c)*", "(?i)mozilla", "é$", "(a*)*"]
  ) {
    assert.notEqual(ByteMachine.of(source), null, source);
  }
  for (const source of ["\\bbot\\b", "(?:[a-z]{20}){20}", "(?U)a+"]) {
    assert.equal(ByteMachine.of(source), null, source);
  }
});

test("a machine that would have too many states leaves the text to others", () => {
  const machine = ByteMachine.of("(a|b)*a(a|b){12}c")!;
  const texts = Array.from(
    { length: 4096 },
    (_, number) => number.toString(2).padStart(12, "0").replaceAll("0", "a").replaceAll("1", "b"),
  );
  const verdicts = new Set(texts.map((text) => {
    const bytes = encodeText(`${text}aaac`);
    return machine.test(bytes, 0, bytes.length);
  }));
  assert.ok(verdicts.has("unknown"));
});

/** The pattern, or null when it is not valid, as some random ones are. */
function compilePatternOrNull(source: string): ReturnType<typeof compilePattern> | null {
  try {
    return compilePattern(source);
  } catch {
    return null;
  }
}
