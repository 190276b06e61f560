import assert from "node:assert/strict";
import { test } from "node:test";
import { PipelineError } from "../src/language/diagnostics.ts";
import { RunError } from "../src/errors.ts";
import { VOCABULARY } from "../stages/mod.ts";
import { run } from "./support/operators.ts";

/** What users are told of a failure. */
function told(fault: unknown): string {
  if (fault instanceof PipelineError || fault instanceof RunError) return fault.message;
  throw fault;
}

/** The lines of NDJSON; the line feed of the last one may be left out. */
function linesOf(output: string): readonly string[] {
  return output.replace(/\n$/, "").split("\n");
}

for (const stage of VOCABULARY.stages.values()) {
  test(`${stage.name} has examples, one of them with output`, () => {
    assert.ok(stage.examples.some(({ output }) => output !== undefined), "none with output");
  });
  for (const example of stage.examples) {
    test(`${stage.name}: ${example.title}`, async () => {
      const found = await run(example.pipeline, example.input).then(
        ({ output }) => ({ lines: linesOf(output) }),
        (fault) => ({ error: told(fault) }),
      );
      const { output, error } = example;
      assert.deepEqual(found, output === undefined ? { error } : { lines: linesOf(output) });
    });
  }
}

for (const { name, signature, example } of VOCABULARY.functions.values()) {
  const [expression, json] = example;
  test(`${signature}: ${expression}`, async () => {
    assert.ok(expression.includes(name), `the example should call ${name}`);
    const { output } = await run(`json | select ${expression} as value`, "{}\n");
    assert.equal(output, `{"value":${json}}\n`);
  });
}
