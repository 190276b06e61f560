/**
 * Texts with expressions in braces, in pipeline text and in JSON.
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePipeline, planToJson, printPlan } from "../src/plan.ts";
import type { Template } from "../src/language/syntax.ts";
import { VOCABULARY } from "../stages/mod.ts";

const ASKED = (address: string) => `json | lookup http ${JSON.stringify(address)} as geo`;

function issueOf(pipeline: string): string {
  try {
    parsePipeline(pipeline, VOCABULARY);
  } catch (fault) {
    return (fault as Error).message;
  }
  throw new Error(`Expected an issue with ${pipeline}`);
}

test("what is printed reads back, in both forms", () => {
  for (
    const address of [
      "https://geo.example/all",
      "https://geo.example/{ip}",
      "https://geo.example/{lower(a.b)}/{n + 1}?x={`odd name`}",
      'https://geo.example/{if(a == "}", "{", b)}/{{literal}}',
    ]
  ) {
    const { plan } = parsePipeline(ASKED(address), VOCABULARY);
    const text = printPlan(plan, VOCABULARY);
    const again = parsePipeline(text, VOCABULARY).plan;
    assert.equal(printPlan(again, VOCABULARY), text);
    const json = planToJson(plan, VOCABULARY);
    const fromJson = parsePipeline(JSON.stringify(json), VOCABULARY).plan;
    assert.equal(printPlan(fromJson, VOCABULARY), text);
  }
});

test("its parts", () => {
  const { plan } = parsePipeline(ASKED("https://geo.example/{ip}/{{x}}"), VOCABULARY);
  const { parts } = plan.stages[1]!.arguments["target"] as Template;
  assert.deepEqual(parts.map((part) => typeof part === "string" ? part : part.kind), [
    "https://geo.example/",
    "field",
    "/{x}",
  ]);
});

test("faults are told where they stand", () => {
  assert.equal(
    issueOf('combined | lookup http "https://geo.example/{adress}" as geo'),
    "Unknown field `adress` at line 1, column 46\n" +
      '  combined | lookup http "https://geo.example/{adress}" as geo\n' +
      "                                               ^^^^^^\n" +
      "The fields are ip, ident, user, time, method, path, query, protocol, status, bytes, referer, agent, request",
  );
  assert.match(issueOf(ASKED("https://geo.example/{ip")), /^`\{` has no counterpart in "https/);
  assert.match(issueOf(ASKED("https://geo.example/ip}")), /^`\}` has no counterpart in "https/);
  assert.match(issueOf(ASKED("https://geo.example/{}")), /^Expected a value, found `}`/);
  assert.match(issueOf(ASKED("https://geo.example/{a b}")), /^Expected `}`, found `b`/);
});

test("addresses that no stage takes", () => {
  for (
    const address of [
      "https://{host}/",
      "https://geo.example{x}/",
      "https://geo.{tld}/",
      "{scheme}://geo.example/",
      "ftp://geo.example/{ip}",
      "geo.example/{ip}",
      "https:/geo.example/{ip}",
      "https://",
      "https://geo.example:99999/{ip}",
    ]
  ) {
    assert.match(issueOf(ASKED(address)), /^Expected an address with http or https and a host/);
  }
  assert.match(issueOf(ASKED("https://a:b@geo.example/{ip}")), /^Credentials are not allowed/);
  for (
    const address of [
      "https://geo.example/a b",
      "https://geo.example/#a",
      "https://geo.example/\\{ip}",
    ]
  ) {
    assert.match(issueOf(ASKED(address)), /^An address is ASCII without spaces/);
  }
});

test("arguments of another source are told", () => {
  assert.match(
    issueOf("json | lookup csv users on id retries=1"),
    /^`lookup csv` has no `retries` at line 1, column 8/,
  );
  assert.match(
    issueOf('json | lookup http "https://a.example/" on id'),
    /Expected a name for the answer/,
  );
  assert.match(
    issueOf("json | lookup csv on id"),
    /^Expected the name of a table behind `lookup csv`/,
  );
  assert.match(issueOf('json | cache (let a = 1) by a name="../x"'), /^Expected a name of letters/);
  assert.match(issueOf("json | cache (let a = 1) by a warm=t"), /^Only a cache with a name/);
});
