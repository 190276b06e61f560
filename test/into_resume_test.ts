/**
 * Sinks in resumable uploads: what a part wrote is gone on with by the next, on another server.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { encodeText } from "../src/batch/text.ts";
import { eventually, gateStage, withServer } from "./support/server.ts";
import { openUpload, type UploadClient } from "./support/uploads.ts";

const PIPELINE =
  'json | tee (into file "day/rows.csv" append=yes) (into sqlite "rows.db" table=t key=n)';
const BRANCHES = '{"into":"file","name":"day/rows.csv","rows":4,"bytes":10,"$branch":1}\n' +
  '{"into":"sqlite","name":"rows.db","table":"t","rows":4,"inserted":4,"updated":0,"$branch":2}\n';

test("an upload that goes on on another server writes each row once, and its result may be asked for again", async () => {
  const folder = await mkdtemp(`${tmpdir()}/sluice-into-`);
  const settings = { FILES: `${folder}/files`, CHECKPOINT_DIR: `${folder}/checkpoints` };
  const day = `${folder}/files/day`;
  try {
    let upload: UploadClient | undefined;
    await withServer(settings, async ({ url }) => {
      upload = await openUpload(url, PIPELINE);
      assert.equal((await upload.send('{"n":1}\n{"n":2}\n', 0)).status, 204);
      assert.equal(readdirSync(day).length, 1);
    });
    assert.match(readdirSync(day).join(), /^\.sluice-[0-9a-f-]+\.part$/);
    await withServer(settings, async ({ url }) => {
      upload!.url = url;
      assert.equal(await upload!.offset(), 16);
      const { text } = await upload!.send('{"n":3}\n{"n":4}\n', 16, true);
      assert.equal(text, BRANCHES);
      assert.equal(readFileSync(`${day}/rows.csv`, "utf8"), "n\n1\n2\n3\n4\n");
      assert.equal((await upload!.request("GET", "/result")).text, BRANCHES);
    });
    assert.deepEqual(readdirSync(day), ["rows.csv"]);
    assert.equal(readFileSync(`${day}/rows.csv`, "utf8"), "n\n1\n2\n3\n4\n");
    const database = new DatabaseSync(`${folder}/files/rows.db`);
    assert.deepEqual(database.prepare("SELECT n FROM t ORDER BY n").all().map(({ n }) => n), [
      1,
      2,
      3,
      4,
    ]);
    database.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a draft that no saved state names goes with its part", async () => {
  const folder = await mkdtemp(`${tmpdir()}/sluice-into-`);
  const settings = { FILES: `${folder}/files`, CHECKPOINT_DIR: `${folder}/checkpoints` };
  const gate = gateStage();
  const drafts = () => existsSync(`${folder}/files`) ? readdirSync(`${folder}/files`).length : null;
  try {
    await withServer({ ...settings, CHECKPOINT_INTERVAL: "0s" }, async (server) => {
      const upload = await openUpload(
        server.url,
        'json | tee (where n > 1 | into file "rows.csv") (where n > 1 | gate)',
      );
      const body = new TransformStream<Uint8Array, Uint8Array>();
      const writer = body.writable.getWriter();
      const part = upload.send(body.readable, 0).catch(() => {});
      await writer.write(encodeText('{"n":1}\n'));
      await eventually(() => server.runs.reports()[0]?.stages[0]?.rowsOut === 1);
      await writer.write(encodeText('{"n":2}\n'));
      await eventually(() => gate.seen === 1);
      await eventually(() => drafts() === 1);
      assert.equal(await upload.offset(), 8);
      await writer.abort().catch(() => {});
      await part;
      await eventually(() => drafts() === 0);
      assert.equal((await upload.send('{"n":1}\n', 8, true)).status, 200);
      assert.deepEqual(readdirSync(`${folder}/files`), ["rows.csv"]);
    }, [gate.stage]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("rows that wait in lanes at the end of a part come once", async () => {
  const folder = await mkdtemp(`${tmpdir()}/sluice-into-`);
  const host = createServer((request, response) => {
    setImmediate(() => setImmediate(() => response.end(JSON.stringify(request.url))));
  });
  host.listen(0, "127.0.0.1");
  await once(host, "listening");
  const { port } = host.address() as AddressInfo;
  const settings = { CHECKPOINT_DIR: folder, LOOKUP_HOSTS: `127.0.0.1:${port}=private` };
  try {
    await withServer(settings, async ({ url }) => {
      const upload = await openUpload(
        url,
        `json | parallel 2 (lookup http "http://127.0.0.1:${port}/{n}" as at concurrency=1 timeout=5s)`,
      );
      const first = '{"n":1}\n{"n":2}\n{"n":3}\n';
      assert.equal((await upload.send(first, 0)).status, 204);
      const { text } = await upload.send('{"n":4}\n', first.length, true);
      const rows = [1, 2, 3, 4].map((n) => `{"n":${n},"at":"/${n}"}`);
      assert.deepEqual(text.trimEnd().split("\n").sort(), rows);
    });
  } finally {
    host.closeAllConnections();
    host.close();
    await rm(folder, { recursive: true });
  }
});
