import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readSource, readSources, type SourceText } from "./support/source_tree.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const SOURCES = readSources(ROOT, ["src", "stages", "routes"]);
const TESTS = readSources(ROOT, ["test"]);

/** What each layer may import from the project; the more particular prefix wins. */
const DIRECTIONS: readonly [from: string, to: readonly string[]][] = [
  ["stages/mod.ts", ["stages/", "src/"]],
  ["stages/", ["src/"]],
  ["src/", ["src/"]],
  ["routes/", ["routes/", "stages/", "src/"]],
];

/** Parts of src/ that a stage may not know. */
const NOT_FOR_STAGES: readonly string[] = ["src/telemetry/", "src/intake/"];

/** Files that may touch the runtime, with the reason. */
const RUNTIME_FILES: ReadonlyMap<RegExp, string> = new Map([
  [/^routes\/serve(_\w+)?\.ts$/, "the runtime's own seam"],
  [/^routes\/named_pipelines\.ts$/, "reads the folder of named pipelines"],
  [
    /^src\/checkpoint\/sqlite_store\.ts$/,
    "SQLite is in node:sqlite alone, and its folder must be made",
  ],
  [/^routes\/files\.ts$/, "makes the folders of files"],
  [/^routes\/(drafts|append)\.ts$/, "writes files"],
  [/^routes\/sqlite\.ts$/, "SQLite is in node:sqlite alone"],
  [/^routes\/outbound\.ts$/, "dials checked addresses, which fetch cannot be told to do"],
  [/^routes\/tables\.ts$/, "reads the folder of tables"],
  [/^src\/intake\/decoder\.ts$/, "zstd and brotli are in node:zlib alone"],
]);

const MOST_LINES = 250;
/** Files that are longer, with the reason. */
const LONG_FILES: ReadonlyMap<string, string> = new Map([
  ["src/batch/records.ts", "one class, with its saved state beside what it saves"],
  [
    "src/batch/batch.ts",
    "one class, the token of the engine, with a doc comment on every way to derive it",
  ],
  ["src/kernel/csv.kernel.ts", "one scan, whose state is what this file alone can set"],
  ["src/kernel/pairs.kernel.ts", "a kernel is compiled from one file"],
]);

/** What must not be in any file; spelled so that this file does not hold them. */
const FORBIDDEN: readonly [what: RegExp, why: string][] = [
  [
    new RegExp(`\\b(${"TO"}DO|${"FIX"}ME|X${"XX"})\\b`),
    "unfinished work is not left in the source",
  ],
  [new RegExp(`\\.${"skip"}\\(|\\b${"skip"}: true`), "a test is run or removed"],
  [new RegExp(`\\bas ${"any"}\\s*([);,.\\]]|$)`), "any switches the type checker off"],
  [new RegExp(`@ts-${"ignore"}|@ts-${"nocheck"}`), "the type checker is not silenced"],
];

/** Fails with all `offences`, one a line. */
function expectNone(offences: readonly string[]): void {
  assert.equal(offences.join("\n"), "");
}

function matching(rules: readonly (readonly [string, readonly string[]])[], path: string) {
  return rules.find(([prefix]) => path.startsWith(prefix))?.[1] ?? [];
}

function offencesOf(check: (source: SourceText) => readonly string[]): readonly string[] {
  return [...SOURCES.values()].flatMap(check);
}

test("imports point down: routes to stages to src", () => {
  expectNone(
    offencesOf(({ path, imports }) =>
      imports.filter(({ relative, target }) =>
        relative && !matching(DIRECTIONS, path).some((prefix) => target.startsWith(prefix))
      ).map(({ line, target }) => `${path}:${line} may not import ${target}`)
    ),
  );
});

test("stages know neither telemetry nor the intake", () => {
  expectNone(
    offencesOf(({ path, imports }) =>
      imports.filter(({ target }) =>
        path.startsWith("stages/") && NOT_FOR_STAGES.some((prefix) => target.startsWith(prefix))
      ).map(({ line, target }) => `${path}:${line} may not import ${target}`)
    ),
  );
});

test("the flow library is usable by itself", () => {
  expectNone(
    offencesOf(({ path, imports }) =>
      imports.filter(({ relative, target }) =>
        path.startsWith("src/flow/") && relative && !target.startsWith("src/flow/")
      ).map(({ line, target }) => `${path}:${line} may not import ${target}`)
    ),
  );
});

test("OpenTelemetry is known in src/telemetry alone", () => {
  expectNone(
    offencesOf(({ path, imports }) =>
      imports.filter(({ target }) =>
        target.startsWith("@opentelemetry/") && !path.startsWith("src/telemetry/")
      ).map(({ line, target }) => `${path}:${line} may not import ${target}`)
    ),
  );
});

test("every import leads to a file", () => {
  expectNone(
    offencesOf(({ path, imports }) =>
      imports.filter(({ relative, target }) =>
        relative && target.endsWith(".ts") && !SOURCES.has(target)
      )
        .map(({ line, target }) => `${path}:${line} imports ${target}, which is not there`)
    ),
  );
});

test("no imports in a circle, types aside", () => {
  const state = new Map<string, "open" | "closed">();
  const offences: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    state.set(path, "open");
    for (const { target, typeOnly, line } of SOURCES.get(path)?.imports ?? []) {
      if (typeOnly) continue;
      if (state.get(target) === "open") {
        const circle = [...trail.slice(trail.indexOf(target)), target];
        offences.push(`${path}:${line} closes the circle ${circle.join(" -> ")}`);
      } else if (!state.has(target)) walk(target, [...trail, target]);
    }
    state.set(path, "closed");
  };
  for (const path of SOURCES.keys()) {
    if (!state.has(path)) walk(path, [path]);
  }
  expectNone(offences);
});

/** Where a file touches the runtime. */
function runtimeUses({ path, uses, imports }: SourceText): readonly string[] {
  return [
    ...["Deno", "Bun", "process"].flatMap((name) =>
      uses(name).map((line) => `${path}:${line} uses ${name}`)
    ),
    ...imports.filter(({ target }) => /^(node|bun):/.test(target))
      .map(({ line, target }) => `${path}:${line} imports ${target}`),
  ];
}

test("the runtime is known where the list says so, and nowhere else", () => {
  expectNone(offencesOf((source) => {
    const listed = [...RUNTIME_FILES.keys()].some((pattern) => pattern.test(source.path));
    return listed ? [] : runtimeUses(source);
  }));
});

test("a stage's file has the stage's name, and its line in stages/mod.ts", () => {
  const listed = SOURCES.get("stages/mod.ts")!.imports.map(({ target }) => target);
  expectNone(offencesOf(({ path, text }) => {
    if (!path.startsWith("stages/") || path === "stages/mod.ts") return [];
    const word = path.slice("stages/".length, -".ts".length);
    const named = [...text.matchAll(/^ {2}name: "([^"]*)",$/gm)].map((match) => match[1]!);
    return [
      ...(named.length === 1 && named[0] === word
        ? []
        : [`${path}:1 should define one stage named "${word}", found ${JSON.stringify(named)}`]),
      ...(listed.includes(path) ? [] : [`${path}:1 is not listed in stages/mod.ts`]),
    ];
  }));
});

test("every export has a doc comment", () => {
  expectNone(
    offencesOf(({ path, undocumented }) =>
      undocumented.map(({ name, line }) => `${path}:${line} exports ${name} without a doc comment`)
    ),
  );
});

test(`no file is longer than ${MOST_LINES} lines without a reason`, () => {
  expectNone(
    offencesOf(({ path, lines }) =>
      lines > MOST_LINES && !LONG_FILES.has(path)
        ? [`${path}:${MOST_LINES + 1} of ${lines} lines`]
        : []
    ),
  );
});

test("the lists of exceptions hold nothing that needs none", () => {
  const runtimeFiles = [...SOURCES.values()].filter((source) => runtimeUses(source).length > 0);
  expectNone([
    ...[...LONG_FILES.keys()].filter((path) => (SOURCES.get(path)?.lines ?? 0) <= MOST_LINES),
    ...[...RUNTIME_FILES.keys()]
      .filter((pattern) => !runtimeFiles.some(({ path }) => pattern.test(path)))
      .map(String),
  ]);
});

test("nothing unfinished, skipped or unchecked", () => {
  const offences: string[] = [];
  for (const { path, text } of [...SOURCES.values(), ...TESTS.values()]) {
    text.split("\n").forEach((line, index) => {
      for (const [what, why] of FORBIDDEN) {
        if (what.test(line)) {
          offences.push(`${path}:${index + 1} has ${what.exec(line)![0]}: ${why}`);
        }
      }
    });
  }
  expectNone(offences);
});

test("the scanner sees what the rules are about", () => {
  const source = readSource(
    "src/sample/one.ts",
    `import type { A } from "../a.ts";
import { b } from "node:fs";
/** Documented. */
export const c = globalThis.Deno;
export function d() {
  return import("./e.ts");
}
const f = { Bun: b }; // Bun.serve
`,
  );
  assert.deepEqual(source.imports.map(({ target, typeOnly, line }) => [target, typeOnly, line]), [
    ["src/a.ts", true, 1],
    ["node:fs", false, 2],
    ["src/sample/e.ts", false, 6],
  ]);
  assert.deepEqual(source.uses("Deno"), [4]);
  assert.deepEqual(source.uses("Bun"), []);
  assert.deepEqual(source.undocumented, [{ name: "d", line: 5 }]);
  assert.equal(source.lines, 8);
});

test("scripts run on the Bun that was called, not on one in node_modules that Deno has put there unfinished", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    scripts: Readonly<Record<string, string>>;
  };
  expectNone(
    Object.entries(scripts).flatMap(([name, script]) =>
      script.split(" && ")
        .filter((command) => !command.startsWith('"$npm_execpath" '))
        .map((command) => `${name}: ${command}`)
    ),
  );
});
