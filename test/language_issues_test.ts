import assert from "node:assert/strict";
import { test } from "node:test";
import { issuesOf } from "./support/pipelines.ts";

const WINDOW_USAGE =
  "Usage: window [sliding|tumbling] DURATION [keep FIELD, ...] [memory=SIZE] [ratio=RATIO] " +
  '[label="LABEL"] [unless=UNLESS] [extra=COLUMN, ...]';

/** Each pipeline with what its author is told, to the letter. */
const CASES: readonly (readonly [source: string, told: string])[] = [
  [
    "combined | wher status >= 500",
    "Unknown stage `wher` at line 1, column 12\n" +
    "  combined | wher status >= 500\n" +
    "             ^^^^\n" +
    "Did you mean `where`?",
  ],
  [
    "combined | frobnicate",
    "Unknown stage `frobnicate` at line 1, column 12\n" +
    "  combined | frobnicate\n" +
    "             ^^^^^^^^^^\n" +
    "Stages are combined, json, where, let, stats, sort, head, buffer, tee, window",
  ],
  [
    "combined\n| where stauts >= 500 # errors\n| head 5",
    "Unknown field `stauts` at line 2, column 9\n" +
    "  | where stauts >= 500 # errors\n" +
    "          ^^^^^^\n" +
    "Did you mean `status`?",
  ],
  [
    "combined | stats cuont by path",
    "Unknown aggregate `cuont` at line 1, column 18\n" +
    "  combined | stats cuont by path\n" +
    "                   ^^^^^\n" +
    "Did you mean `count`?",
  ],
  [
    "combined | stats avg(latency, bytes)",
    "`avg` takes 1 argument, found 2 at line 1, column 18\n" +
    "  combined | stats avg(latency, bytes)\n" +
    "                   ^^^^^^^^^^^^^^^^^^^\n" +
    "Write avg(number)",
  ],
  [
    "combined | stats quantile(latency, bytes), quantile(latency, 7)",
    "`quantile` takes a literal value here at line 1, column 36\n" +
    "  combined | stats quantile(latency, bytes), quantile(latency, 7)\n" +
    "                                     ^^^^^\n" +
    "Write quantile(number, share)\n\n" +
    "The share of quantile is a number from 0 to 1, found 7 at line 1, column 62\n" +
    "  combined | stats quantile(latency, bytes), quantile(latency, 7)\n" +
    "                                                               ^",
  ],
  [
    "where status > 5",
    "A pipeline starts with a format, found `where` at line 1, column 1\n" +
    "  where status > 5\n" +
    "  ^^^^^\n" +
    "Start with one of combined, json",
  ],
  [
    "combined | where lenght(path) > lower(path, 2)",
    "Unknown function `lenght` at line 1, column 18\n" +
    "  combined | where lenght(path) > lower(path, 2)\n" +
    "                   ^^^^^^^^^^^^\n" +
    "Did you mean `length`?\n\n" +
    "`lower` takes 1 argument, found 2 at line 1, column 33\n" +
    "  combined | where lenght(path) > lower(path, 2)\n" +
    "                                  ^^^^^^^^^^^^^^\n" +
    "It is lower(value)",
  ],
  [
    "combined | json",
    "`json` is a format and can only start a pipeline at line 1, column 12\n" +
    "  combined | json\n" +
    "             ^^^^\n" +
    "A pipeline has one format, its first stage",
  ],
  [
    "json | tee (json) (head 1)",
    "`json` is a format, and a nested pipeline takes rows at line 1, column 13\n" +
    "  json | tee (json) (head 1)\n" +
    "              ^^^^\n" +
    "Leave `json` out",
  ],
  [
    "# nothing",
    "A pipeline starts with a format, found nothing at line 1, column 1\n" +
    "  # nothing\n" +
    "  ^\n" +
    "Start with one of combined, json",
  ],
  [
    "json | where a = 1 || b = 2",
    "Expected a stage, found `|` at line 1, column 21\n" +
    "  json | where a = 1 || b = 2\n" +
    "                      ^\n" +
    "Conditions are joined with `or`\n\n" +
    "Unknown stage `b` at line 1, column 23\n" +
    "  json | where a = 1 || b = 2\n" +
    "                        ^\n" +
    "Stages are combined, json, where, let, stats, sort, head, buffer, tee, window",
  ],
  [
    "json | head 0 | head 1.5",
    "`count` must be at least 1, found 0 at line 1, column 13\n" +
    "  json | head 0 | head 1.5\n" +
    "              ^\n\n" +
    "`count` must be a whole number, found 1.5 at line 1, column 22\n" +
    "  json | head 0 | head 1.5\n" +
    "                       ^^^",
  ],
  [
    "json | head 5 6",
    "Expected the end of `head`, found `6` at line 1, column 15\n" +
    "  json | head 5 6\n" +
    "                ^\n" +
    "Usage: head [COUNT]",
  ],
  [
    "json | stats count bye path",
    "Expected the end of `stats`, found `bye` at line 1, column 20\n" +
    "  json | stats count bye path\n" +
    "                     ^^^\n" +
    "Did you mean `by`? Usage: stats AGGREGATE, ... [by COLUMN, ...]",
  ],
  [
    "json | stats count by",
    "Expected COLUMN, ..., found the end of the pipeline at line 1, column 22\n" +
    "  json | stats count by\n" +
    "                       ^\n" +
    "Usage: stats AGGREGATE, ... [by COLUMN, ...]",
  ],
  [
    "json | where",
    "Expected CONDITION, found the end of the pipeline at line 1, column 13\n" +
    "  json | where\n" +
    "              ^\n" +
    "Usage: where CONDITION",
  ],
  [
    "json | stats count, sum(a) as count",
    "Two columns named `count` at line 1, column 21\n" +
    "  json | stats count, sum(a) as count\n" +
    "                      ^^^^^^^^^^^^^^^\n" +
    "Give one of them another name with `as`",
  ],
  [
    "json | let a = 1, a = 2",
    "Two columns named `a` at line 1, column 19\n" +
    "  json | let a = 1, a = 2\n" +
    "                    ^^^^^\n" +
    "Give one of them another name",
  ],
  [
    "json | where lenght (a) > 3",
    "Expected the end of `where`, found `(` at line 1, column 21\n" +
    "  json | where lenght (a) > 3\n" +
    "                      ^\n" +
    "A call has no space before its `(`: `lenght(...)`. Usage: where CONDITION",
  ],
  [
    "json | where a < b < c",
    "Comparisons do not chain at line 1, column 20\n" +
    "  json | where a < b < c\n" +
    "                     ^\n" +
    "Write `a < b and b < c`",
  ],
  [
    "json | where a > 5mb",
    "Unknown unit `mb` in `5mb` at line 1, column 18\n" +
    "  json | where a > 5mb\n" +
    "                   ^^^\n" +
    "Did you mean `5MB`?",
  ],
  [
    'json | where path =~ "\\d+"',
    "Unknown escape `\\d` in a string at line 1, column 23\n" +
    '  json | where path =~ "\\d+"\n' +
    "                        ^^\n" +
    "Write `\\\\d` for a backslash",
  ],
  [
    'json | where path = "abc | head 3',
    "String is not closed at line 1, column 21\n" +
    '  json | where path = "abc | head 3\n' +
    "                      ^^^^^^^^^^^^^\n" +
    'Close it with " on the same line',
  ],
  [
    "json | sort -a desc",
    "Sort direction is given twice, as `-` and `desc` at line 1, column 16\n" +
    "  json | sort -a desc\n" +
    "                 ^^^^\n" +
    "Keep one of the two",
  ],
  [
    "json | buffer 10s",
    "Expected a bound such as 100 or 4MiB, found `10s` at line 1, column 15\n" +
    "  json | buffer 10s\n" +
    "                ^^^",
  ],
  [
    "json | window 10 | window slidng 5s | window 5s ration=1",
    "Expected a duration such as 10s, found `10` at line 1, column 15\n" +
    "  json | window 10 | window slidng 5s | window 5s ration=1\n" +
    "                ^^\n\n" +
    "Expected DURATION, found `slidng` at line 1, column 27\n" +
    "  json | window 10 | window slidng 5s | window 5s ration=1\n" +
    "                            ^^^^^^\n" +
    "Did you mean `sliding`? " + WINDOW_USAGE + "\n\n" +
    "Unknown option `ration` of `window` at line 1, column 49\n" +
    "  json | window 10 | window slidng 5s | window 5s ration=1\n" +
    "                                                  ^^^^^^\n" +
    "Did you mean `ratio`? " + WINDOW_USAGE,
  ],
  [
    "json | tee (head 1) | tee (head 1 (head 2)",
    "`branches` must have at least 2, found 1 at line 1, column 12\n" +
    "  json | tee (head 1) | tee (head 1 (head 2)\n" +
    "             ^^^^^^^^\n\n" +
    "Nested pipeline is not closed at line 1, column 27\n" +
    "  json | tee (head 1) | tee (head 1 (head 2)\n" +
    "                            ^\n" +
    "Write `)` after it",
  ],
];

for (const [source, told] of CASES) {
  test(`issues of: ${source.replaceAll("\n", " ")}`, () => {
    assert.equal(issuesOf(source), told);
  });
}

test("all faults are told at once, in text order, good stages checked too", () => {
  assert.equal(
    issuesOf("combined | let a = | where stauts > 1 | sort ( | stats count bye path & 3"),
    "Expected a value, found `|` at line 1, column 20\n" +
      "  combined | let a = | where stauts > 1 | sort ( | stats count bye path & 3\n" +
      "                     ^\n\n" +
      "Expected a value, found `|` at line 1, column 48\n" +
      "  combined | let a = | where stauts > 1 | sort ( | stats count bye path & 3\n" +
      "                                                 ^\n\n" +
      "Unexpected character `&` at line 1, column 71\n" +
      "  combined | let a = | where stauts > 1 | sort ( | stats count bye path & 3\n" +
      "                                                                        ^\n" +
      "Write `and`",
  );
  assert.equal(
    issuesOf("combined | where stauts > 1 | head x | where byts < 3"),
    "Unknown field `stauts` at line 1, column 18\n" +
      "  combined | where stauts > 1 | head x | where byts < 3\n" +
      "                   ^^^^^^\n" +
      "Did you mean `status`?\n\n" +
      "Expected COUNT or the end of `head`, found `x` at line 1, column 36\n" +
      "  combined | where stauts > 1 | head x | where byts < 3\n" +
      "                                     ^\n" +
      "Usage: head [COUNT]",
  );
});

test("a long line is shown around the fault only", () => {
  const told = issuesOf(`json | where ${"a + ".repeat(100)}) + ${"b + ".repeat(100)}c`);
  const [, line, caret] = told.split("\n");
  assert.ok(line!.startsWith("  …"));
  assert.ok(line!.endsWith("…"));
  assert.equal(line![caret!.indexOf("^")], ")");
  assert.ok(line!.length < 420);
});

test("too much text, nesting, operators and stages are refused", () => {
  const messages = [
    "a".repeat(70_000),
    `json | where ${"(".repeat(101)}1`,
    `json | where a${" + a".repeat(251)}`,
    `json${" | head".repeat(300)}`,
  ].map((source) => issuesOf(source).split("\n")[0]);
  assert.deepEqual(messages, [
    "A pipeline has at most 65536 characters, found 70000 at line 1, column 1",
    "Nesting is deeper than 100 levels at line 1, column 115",
    "Expression has more than 250 operators in a row at line 1, column 14",
    "A pipeline has at most 256 stages at line 1, column 1793",
  ]);
});
