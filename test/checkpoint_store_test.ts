/**
 * The store of checkpoints on a real file: what it keeps over a restart, and that its calls are atomic.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { openSqliteStore } from "../src/checkpoint/sqlite_store.ts";
import type { CheckpointStore } from "../src/checkpoint/store.ts";

async function withFolder(work: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = await mkdtemp(`${tmpdir()}/sluice-`);
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function logOf(store: CheckpointStore, id: string): readonly number[] {
  return [...store.log(id)].flatMap((piece) => [...piece]);
}

const state = Uint8Array.of(1, 0, 255);

test("a checkpoint and its log are there after the store was opened again", () =>
  withFolder((folder) => {
    const first = openSqliteStore(`${folder}/made/for it`);
    first.put("a", { head: '{"offset":0}', state });
    first.put("a", { head: '{"offset":7}', state: Uint8Array.of(9) }, Uint8Array.of(1, 2));
    first.put("a", { head: '{"offset":8}', state: new Uint8Array(0) }, Uint8Array.of(3));
    first.put("b", { head: "{}", state }, new Uint8Array(0));
    first.close();
    const second = openSqliteStore(`${folder}/made/for it`);
    assert.deepEqual(second.get("a"), { head: '{"offset":8}', state: new Uint8Array(0) });
    assert.deepEqual(logOf(second, "a"), [1, 2, 3]);
    assert.deepEqual(second.get("b")?.state, state);
    assert.deepEqual(logOf(second, "b"), []);
    assert.equal(second.get("c"), null);
    assert.equal(second.entry("c"), null);
    second.close();
  }));

test("a fault after which SQLite has rolled back is told as it is", () =>
  withFolder((folder) => {
    openSqliteStore(folder).close();
    const database = new DatabaseSync(`${folder}/checkpoints.sqlite`);
    database.exec(
      `CREATE TRIGGER full BEFORE INSERT ON logs
       BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END`,
    );
    database.close();
    const store = openSqliteStore(folder);
    assert.throws(() => store.put("a", { head: "{}", state }, state), {
      message: "database or disk is full",
    });
    assert.equal(store.get("a"), null);
    store.put("a", { head: "{}", state });
    assert.deepEqual(store.get("a")?.state, state);
    store.close();
  }));

test("the list tells ages, the oldest first, and what is deleted leaves no log behind", () =>
  withFolder((folder) => {
    const store = openSqliteStore(folder);
    const before = Date.now();
    store.put("b", { head: "1", state }, state);
    store.put("a", { head: "2", state });
    const ids = store.list().map(({ id }) => id);
    assert.deepEqual([...ids].sort(), ["a", "b"]);
    for (const { updatedAt } of store.list()) {
      assert.ok(updatedAt >= before && updatedAt <= Date.now());
    }
    store.delete("b");
    store.delete("b");
    assert.deepEqual(store.list().map(({ id, head }) => [id, head]), [["a", "2"]]);
    store.put("b", { head: "3", state });
    assert.deepEqual(logOf(store, "b"), []);
    store.close();
  }));

test("a call that fails changes nothing", () =>
  withFolder((folder) => {
    const store = openSqliteStore(folder);
    store.put("a", { head: "1", state }, Uint8Array.of(1));
    const bad = { head: "2", state: "no bytes" as unknown as Uint8Array };
    const wrong = { length: 1 } as unknown as Uint8Array;
    assert.throws(() => store.put("a", { head: "2", state }, wrong));
    assert.throws(() => store.put("b", { ...bad, head: null as unknown as string }));
    assert.deepEqual(store.get("a"), { head: "1", state });
    assert.deepEqual(logOf(store, "a"), [1]);
    assert.equal(store.get("b"), null);
    store.put("a", { head: "3", state });
    assert.equal(store.entry("a")?.head, "3");
    store.close();
  }));

test("a store that is open is refused to others, and so is a folder that is a file", () =>
  withFolder(async (folder) => {
    const store = openSqliteStore(folder);
    store.put("a", { head: "1", state });
    assert.throws(
      () => openSqliteStore(folder),
      (fault: Error) =>
        fault.message.startsWith(`Cannot keep checkpoints in "${folder}": database is locked; `),
    );
    store.close();
    await writeFile(`${folder}/file`, "");
    assert.throws(() => openSqliteStore(`${folder}/file`), /^Error: Cannot keep checkpoints in /);
  }));
