/**
 * The examples in the documentation of the flow library: each is run on both runtimes, and checked by `deno test --doc`.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import process from "node:process";
import { runtime } from "../routes/serve.ts";
import { root, runTypeScript } from "./support/documents.ts";

const folder = new URL("src/flow/", root);
/** Files that only other files of the folder use. */
const INNER = ["clock.ts", "lanes.ts", "queue.ts", "stage.ts", "watch.ts"];

for (const name of readdirSync(folder).filter((file) => file.endsWith(".ts"))) {
  const file = new URL(name, folder);
  const examples = [...readFileSync(file, "utf8").matchAll(/^ \* ```ts\n([\s\S]*?)^ \* ```$/gm)]
    .map(([, code]) => code!.replace(/^ \* ?/gm, ""));
  if (INNER.includes(name)) continue;
  test(`the examples of src/flow/${name} hold`, async () => {
    assert.ok(examples.length > 0, "has no example");
    for (const code of examples) assert.equal(await runTypeScript(code, file), "");
  });
}

const skip = runtime.name !== "deno" && "`deno test --doc` is run by the tests under Deno";

test("deno test --doc src/flow", { skip }, async () => {
  const child = spawn(process.execPath, ["test", "--doc", "-A", "--quiet", "src/flow"], {
    cwd: root.pathname,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => output += text);
  const [code] = await once(child, "close");
  assert.equal(code, 0, output);
  assert.match(output, /\| \d\d passed \| 0 failed|ok \| \d\d passed/);
});
