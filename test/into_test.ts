/**
 * `into file` and `into sqlite` on a real disk, through a real server.
 */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { openFiles } from "../routes/files.ts";
import type { Sluice } from "../routes/server.ts";
import { encodeText } from "../src/batch/text.ts";
import { nameFault } from "../src/sinks/files.ts";
import { bench, run } from "./support/operators.ts";
import { exampleResources, filesInMemory } from "./support/resources.ts";
import { Curl, curl, endedRun, eventually, runUrl, withServer } from "./support/server.ts";

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(`${tmpdir()}/sluice-into-`);
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A server that writes to a new folder. */
function withFiles(
  work: (server: Sluice, folder: string) => Promise<void>,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  return withFolder((folder) =>
    withServer(
      { ...settings, FILES: `${folder}/files` },
      (server) => work(server, `${folder}/files`),
    )
  );
}

async function sent(server: Sluice, pipeline: string, input: string) {
  const { output } = await curl(["-T", "-", runUrl(server, pipeline)], input);
  return output;
}

/** The problem or the last line of the answer. */
function messageOf(output: string): string {
  const found = JSON.parse(output.trim().split('\n{"$').at(-1)!.replace(/^error/, '{"$error')) as {
    detail?: string;
    $error?: { message: string };
  };
  return found.detail ?? found.$error!.message;
}

function rowsOf(path: string, sql: string): readonly unknown[] {
  const database = new DatabaseSync(path);
  try {
    return database.prepare(sql).all().map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}

test("a file is there when it is whole, in folders that are made", () =>
  withFiles(async (server, folder) => {
    const upload = new Curl(["-T", ".", runUrl(server, 'json | into file "a/b/rows.ndjson"')]);
    upload.send('{"n":1}\n');
    await eventually(() => existsSync(`${folder}/a/b`) && readdirSync(`${folder}/a/b`).length > 0);
    assert.match(readdirSync(`${folder}/a/b`).join(), /^\.sluice-[0-9a-f-]+\.part$/);
    upload.send('{"n":2}\n');
    const { output } = await upload.end();
    assert.equal(output, '{"into":"file","name":"a/b/rows.ndjson","rows":2,"bytes":16}\n');
    assert.deepEqual(readdirSync(`${folder}/a/b`), ["rows.ndjson"]);
    assert.equal(readFileSync(`${folder}/a/b/rows.ndjson`, "utf8"), '{"n":1}\n{"n":2}\n');
  }));

test("a run that is cut leaves the file as it was, and no draft", () =>
  withFiles(async (server, folder) => {
    mkdirSync(folder, { recursive: true });
    for (const [name, option] of [["a.ndjson", ""], ["b.ndjson", " append=yes"]] as const) {
      writeFileSync(`${folder}/${name}`, "before\n");
      const output = await sent(
        server,
        `json | let m = n | stats count by m | into file "${name}"${option}`,
        '{"n":1}\n',
      );
      assert.match(output, /^\{"into":"file"/);
    }
    assert.equal(readFileSync(`${folder}/a.ndjson`, "utf8"), '{"m":1,"count":1}\n');
    assert.equal(readFileSync(`${folder}/b.ndjson`, "utf8"), 'before\n{"m":1,"count":1}\n');
    const upload = new Curl([
      "-T",
      ".",
      runUrl(server, 'json | into file "a.ndjson"', { on_reject: "fail" }),
    ]);
    upload.send('{"n":1}\n');
    upload.send("no JSON\n");
    assert.match((await upload.end()).output, /rejects_exceeded/);
    assert.deepEqual(readdirSync(folder).sort(), ["a.ndjson", "b.ndjson"]);
    assert.equal(readFileSync(`${folder}/a.ndjson`, "utf8"), '{"m":1,"count":1}\n');
  }));

test("a client that vanishes leaves no draft", () =>
  withFiles(async (server, folder) => {
    const aborted = new AbortController();
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(encodeText('{"n":1}\n')),
    });
    const answer = fetch(runUrl(server, 'json | into file "a.ndjson"'), {
      method: "POST",
      body,
      signal: aborted.signal,
      duplex: "half",
    } as RequestInit).catch(() => null);
    await eventually(() => existsSync(folder) && readdirSync(folder).length > 0);
    assert.equal(readdirSync(folder).length, 1);
    aborted.abort();
    await answer;
    await endedRun(server);
    // A draft that was just being opened is removed as soon as it is open.
    await eventually(() => readdirSync(folder).length === 0);
  }));

test("CSV: fields that need quotes, a head that is written once, another head refused", () =>
  withFiles(async (server, folder) => {
    const pipeline = 'json | into file "rows.csv" append=yes';
    await sent(server, pipeline, '{"a":"x,\\"y\\"","b":null,"c":[1]}\n{"a":"","b":1.5,"c":true}\n');
    await sent(server, pipeline, '{"a":"line\\nfeed","b":2,"c":"z"}\n');
    const whole = 'a,b,c\n"x,""y""",,[1]\n"",1.5,true\n"line\nfeed",2,z\n';
    assert.equal(readFileSync(`${folder}/rows.csv`, "utf8"), whole);
    assert.equal(
      messageOf(await sent(server, pipeline, '{"b":2,"a":1}\n')),
      'Cannot write to the file "rows.csv": It has the columns a,b,c and these rows have b,a',
    );
    assert.equal(
      messageOf(await sent(server, pipeline, '{"a":2}\n{"d":1}\n')),
      'Cannot write to the file "rows.csv": A row has the field "d", and the columns are a; put `select` before it',
    );
    assert.equal(readFileSync(`${folder}/rows.csv`, "utf8"), whole);
  }));

test("runs that add to one file at the same time write its head once, and keep to MAX_FILE", () =>
  withFolder(async (folder) => {
    const files = openFiles({ directory: folder, maxBytes: 10, draftTtlMs: 1e9 });
    const add = (n: number) =>
      run('json | into file "rows.csv" append=yes', `{"n":${n}}\n`, {
        resources: { ...exampleResources(), files },
      });
    const told = await Promise.allSettled([1, 2, 3, 4, 5].map(add));
    const lines = readFileSync(`${folder}/rows.csv`, "utf8").split("\n");
    assert.deepEqual(lines.slice(0, 1).concat(lines.slice(-1)), ["n", ""]);
    assert.deepEqual(new Set(lines.slice(1, -1)).size, 4);
    assert.deepEqual(
      told.flatMap((one) => one.status === "rejected" ? [String(one.reason.message)] : []),
      ['The file "rows.csv" would have 12 bytes and MAX_FILE allows 10'],
    );
  }));

test("no file is larger than MAX_FILE", () =>
  withFiles(async (server, folder) => {
    const output = await sent(server, 'json | into file "a.ndjson"', '{"n":1}\n'.repeat(13));
    assert.equal(
      messageOf(output),
      'The file "a.ndjson" would have 104 bytes and MAX_FILE allows 100',
    );
    assert.equal(existsSync(folder), false);
  }, { MAX_FILE: "100" }));

test("a database that is full says so", () =>
  withFiles(async (server) => {
    const rows = `{"s":"${"x".repeat(1000)}"}\n`.repeat(100);
    assert.equal(
      messageOf(await sent(server, 'json | into sqlite "a.db" table=t', rows)),
      'Cannot write to the table "t" of "a.db": database or disk is full',
    );
  }, { MAX_FILE: "64KiB" }));

test("names that lead elsewhere are refused before the body is read", () =>
  withFiles(async (server, folder) => {
    for (
      const name of [
        "../a",
        "/etc/a",
        "a/../b",
        ".a",
        "a/.b",
        "a//b",
        "",
        "a\\b",
        "a/",
        "x.",
        "a\n",
        "x.db",
      ]
    ) {
      assert.notEqual(nameFault(name, "file"), null, name);
    }
    for (const name of ["a", "a.db-wal", "../a.db", ".db"]) {
      assert.notEqual(nameFault(name, "database"), null, name);
    }
    for (const name of ["a.ndjson", "tag/größe 1.csv", "a..b"]) {
      assert.equal(nameFault(name, "file"), null);
    }
    mkdirSync(folder, { recursive: true });
    symlinkSync("/", `${folder}/out`);
    symlinkSync("/etc/hosts", `${folder}/hosts`);
    symlinkSync("/etc/hosts", `${folder}/hosts.db`);
    for (const name of ["out/tmp/a", "hosts"]) {
      assert.equal(
        messageOf(await sent(server, `json | into file "${name}"`, '{"n":1}\n')),
        `Cannot write to the file "${name}": "${name}" leads through a link, which is not followed out of the folder`,
      );
    }
    assert.match(
      messageOf(await sent(server, 'json | into sqlite "hosts.db" table=t', '{"n":1}\n')),
      /leads through a link/,
    );
  }));

test("without the setting nothing is written", () =>
  withServer({}, async (server) => {
    const output = await sent(server, 'json | into file "a.ndjson"', "");
    assert.match(
      messageOf(output),
      /^Nothing may be written to files: the setting FILES names no folder/,
    );
  }));

test("rows with a key are there once, whatever is sent again", () =>
  withFiles(async (server, folder) => {
    const pipeline = 'json | into sqlite "e.db" table=events key=id, at';
    const rows = '{"id":1,"at":"a","n":1}\n{"id":1,"at":"b","n":2}\n{"id":1,"at":"a","n":3}\n';
    const first = await sent(server, pipeline, rows);
    assert.equal(
      first,
      '{"into":"sqlite","name":"e.db","table":"events","rows":3,"inserted":2,"updated":1}\n',
    );
    assert.match(await sent(server, pipeline, rows), /"inserted":0,"updated":3/);
    const stored = rowsOf(`${folder}/e.db`, "SELECT * FROM events ORDER BY at");
    assert.deepEqual(stored, [{ id: 1, at: "a", n: 3 }, { id: 1, at: "b", n: 2 }]);
  }));

test("rows of many shapes, some of them there already, come in their order", () =>
  withFiles(async (server, folder) => {
    const rows = Array.from(
      { length: 100 },
      (_, at) => ({ id: at % 30, ...(at % 40 < 35 ? { a: at } : { b: at }) }),
    );
    const input = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    const output = await sent(server, 'json | into sqlite "e.db" table=t key=id', input);
    assert.match(output, /"rows":100,"inserted":30,"updated":70/);
    const expected = new Map<number, { id: number; a: number | null; b: number | null }>();
    for (const row of rows) {
      expected.set(row.id, { a: null, b: null, ...expected.get(row.id), ...row });
    }
    assert.deepEqual(
      rowsOf(`${folder}/e.db`, "SELECT id, a, b FROM t ORDER BY id"),
      [...expected.values()].map(({ id, a, b }) => ({ id, a, b })),
    );
  }));

test("rows of a table are on the disk before anybody is told of them", async () => {
  const told: string[] = [];
  const files = filesInMemory();
  const database = await files.database("e.db");
  const watched = {
    ...database,
    exec(sql: string) {
      if (/^(BEGIN|COMMIT)/.test(sql)) told.push(sql);
      database.exec(sql);
    },
    flush: () => void told.push("flush"),
  };
  const resources = {
    ...exampleResources(),
    files: { ...files, database: () => Promise.resolve(watched) },
  };
  const { makers } = bench('json | into sqlite "e.db" table=t', { resources });
  const [json, into] = makers.map((make) => make());
  const rows = async (text: string) => {
    for (const batch of await json!.push(encodeText(text))) await into!.push(batch);
  };
  await rows('{"n":1}\n');
  await rows('{"n":2}\n');
  into!.save!();
  into!.save!();
  await rows('{"n":3}\n');
  for await (const batch of into!.finish!()) told.push(`${batch.length} row`);
  into!.dispose?.();
  const transaction = ["BEGIN IMMEDIATE", "COMMIT"];
  assert.deepEqual(told, [
    ...transaction,
    ...transaction,
    "flush",
    ...transaction,
    "flush",
    "1 row",
  ]);
});

test("each value as SQLite has it, new fields as columns, names as they are", () =>
  withFiles(async (server, folder) => {
    const table = 'x"; DROP TABLE y; --';
    const pipeline = `json | let t = time("2026-01-02T03:04:05Z") | into sqlite "e.sqlite" table=${
      JSON.stringify(table)
    } key=id`;
    const output = await sent(
      server,
      pipeline,
      '{"id":"007","n":7,"r":1.5,"b":true}\n{"id":7,"z":null,"o":{"a":[1]},"we\\"ird":"x"}\n{"id":"007","n":8}\n',
    );
    assert.match(output, /"inserted":2,"updated":1/);
    const found = rowsOf(
      `${folder}/e.sqlite`,
      `SELECT *, typeof(n) AS kind FROM "${table.replaceAll('"', '""')}"`,
    );
    const t = "2026-01-02T03:04:05.000Z";
    assert.deepEqual(found, [
      { id: "007", n: 8, r: 1.5, b: 1, t, z: null, o: null, 'we"ird': null, kind: "integer" },
      { id: 7, n: null, r: null, b: null, t, z: null, o: '{"a":[1]}', 'we"ird': "x", kind: "null" },
    ]);
  }));

test("what a table does not take ends the run and tells why", () =>
  withFiles(async (server, folder) => {
    const tried = async (options: string, rows: string) =>
      messageOf(await sent(server, `json | into sqlite "e.db" table=t ${options}`, rows));
    const place = 'Cannot write to the table "t" of "e.db": ';
    assert.equal(
      await tried("create=no", '{"a":1}\n'),
      `${place}There is no table "t", and \`create=no\` makes none`,
    );
    assert.equal(
      await tried("key=id", '{"a":1}\n'),
      `${place}A row has no \`id\`, which is its key; put \`where id != null\` before it`,
    );
    assert.equal(
      await tried("", '{"a":1,"A":2}\n'),
      `${place}A row has two fields whose names differ in case alone`,
    );
    await sent(server, 'json | into sqlite "e.db" table=t', '{"a":1}\n');
    assert.equal(
      await tried("create=no", '{"b":1}\n'),
      `${place}The table "t" has no column "b", and \`create=no\` makes none`,
    );
    assert.match(await tried("key=a", '{"a":1}\n'), /ON CONFLICT clause does not match/);
    assert.deepEqual(rowsOf(`${folder}/e.db`, "SELECT * FROM t"), [{ a: 1 }]);
    const wide = Object.fromEntries(Array.from({ length: 201 }, (_, at) => [`f${at}`, at]));
    assert.match(await tried("", `${JSON.stringify(wide)}\n`), /more than 200 fields/);
  }));

test("a run waits while another process writes", () =>
  withFiles(async (server, folder) => {
    await sent(server, 'json | into sqlite "e.db" table=t', '{"a":1}\n');
    const other = new DatabaseSync(`${folder}/e.db`);
    other.exec("BEGIN IMMEDIATE; INSERT INTO t VALUES (2)");
    const upload = sent(server, 'json | into sqlite "e.db" table=t', '{"a":3}\n');
    const busy = () =>
      server.runs.reports().find(({ state }) => state === "running")?.stages[1]?.rowsIn === 1;
    for (const until = Date.now() + 3_000; Date.now() < until && !busy();) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    other.exec("COMMIT");
    other.close();
    assert.match(await upload, /"rows":1,"inserted":1/);
    assert.deepEqual(rowsOf(`${folder}/e.db`, "SELECT a FROM t"), [{ a: 1 }, { a: 2 }, { a: 3 }]);
  }));

test("a draft that was saved is gone on with, and one that is finished already only told of", () =>
  withFolder(async (folder) => {
    const files = {
      ...openFiles({ directory: folder, maxBytes: 1e6, draftTtlMs: 1e9 }),
      durable: true,
    };
    const { makers } = bench('json | into file "a.csv"', {
      resources: { ...exampleResources(), files },
    });
    const feed = async (state: unknown, text: string, ends: boolean) => {
      const [format, into] = makers.map((make) => make());
      if (state !== null) into!.restore!(state);
      for (const batch of await format!.push(encodeText(text))) await into!.push(batch);
      const saved = structuredClone(into!.save!());
      const told: unknown[] = [];
      if (!ends) {
        for (const batch of await format!.push(encodeText('{"n":99}\n'))) await into!.push(batch);
      } else for await (const batch of into!.finish!()) told.push(...batch.toRows());
      into!.dispose!();
      format!.dispose?.();
      return { saved, told };
    };
    const { saved: first } = await feed(null, '{"n":1}\n', false);
    const { saved: second } = await feed(first, '{"n":2}\n', false);
    const { told } = await feed(second, '{"n":3}\n', true);
    assert.deepEqual(told, [{ into: "file", name: "a.csv", rows: 3, bytes: 8 }]);
    assert.equal(readFileSync(`${folder}/a.csv`, "utf8"), "n\n1\n2\n3\n");
    assert.deepEqual(readdirSync(folder), ["a.csv"]);
    assert.deepEqual((await feed(second, '{"n":3}\n', true)).told, told);
    assert.equal(readFileSync(`${folder}/a.csv`, "utf8"), "n\n1\n2\n3\n");
  }));

test("drafts that nobody goes on with are removed by and by", () =>
  withFolder(async (folder) => {
    const id = `.sluice-${crypto.randomUUID()}.part`;
    writeFileSync(`${folder}/${id}`, "left");
    const resources = {
      ...exampleResources(),
      files: openFiles({ directory: folder, maxBytes: 1e6, draftTtlMs: -1 }),
    };
    await run('json | into file "a.ndjson"', '{"n":1}\n', { resources });
    assert.deepEqual(readdirSync(folder), ["a.ndjson"]);
  }));

test("a draft that is written to is nobody's to remove, however old it is", () =>
  withFolder(async (folder) => {
    const files = openFiles({ directory: folder, maxBytes: 1e6, draftTtlMs: -1 });
    const [first, second] = [await files.draft("a", null), await files.draft("b", null)];
    await first!.replace();
    second!.close(true);
    first!.close(false);
    assert.equal(readdirSync(folder).length, 2);
    (await files.draft("c", null))!.close(false);
    assert.deepEqual(readdirSync(folder), ["a"]);
  }));

test("the folder of the examples is as the real one", async () => {
  const files = filesInMemory();
  await run('json | into file "a.ndjson" append=yes', '{"n":1}\n', {
    resources: { ...exampleResources(), files },
  });
  await run('json | into file "a.ndjson" append=yes', '{"n":2}\n', {
    resources: { ...exampleResources(), files },
  });
  assert.equal(files.texts.get("a.ndjson"), '{"n":1}\n{"n":2}\n');
});
