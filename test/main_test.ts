/**
 * The server as a process: what it prints, how it stops, how it refuses bad settings and bad named pipelines.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { describe, it } from "node:test";
import { ServerProcess } from "./support/server_process.ts";
import { Curl, curl, runUrl } from "./support/server.ts";
import { openUpload } from "./support/uploads.ts";

describe("the server process", () => {
  it("prints its URL, and on SIGTERM lets a run finish and exits 0", async () => {
    const server = new ServerProcess({});
    const url = await server.url();
    const client = new Curl(["-T", ".", runUrl({ url }, "lines")]);
    client.send("one\n");
    await client.until(/one/);
    server.signal("SIGTERM");
    while (!server.output.includes("Stopping on SIGTERM")) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.send("two\n");
    await client.until(/two/);
    const { code } = await client.end();
    assert.equal(code, 0);
    assert.equal(await server.ended, 0);
  });

  it("with SHUTDOWN=graceful waits beyond the grace, refuses new runs, and cuts on a second signal", async () => {
    const server = new ServerProcess({ SHUTDOWN: "graceful", SHUTDOWN_GRACE: "0s" });
    const url = await server.url();
    const client = new Curl(["-T", ".", runUrl({ url }, "lines")]);
    client.send("one\n");
    await client.until(/one/);
    server.signal("SIGTERM");
    while (!server.output.includes("Stopping on SIGTERM")) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const refused = await fetch(runUrl({ url }, "lines"), { method: "POST", body: "x" });
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get("retry-after"), "5");
    assert.match(await refused.text(), /The server is stopping and takes no new runs/);
    client.send("two\n");
    await client.until(/two/);
    server.signal("SIGINT");
    await client.until(/"code":"shutdown","message":"The server is stopping now"/);
    await client.end();
    assert.equal(await server.ended, 0);
  });

  for (const [signal, shutdown] of [["SIGTERM", "abrupt"], ["SIGQUIT", "graceful"]] as const) {
    it(`on ${signal} with SHUTDOWN=${shutdown} cuts at once, and saves what can be resumed`, async () => {
      const folder = await mkdtemp(`${tmpdir()}/sluice-`);
      try {
        const settings = { CHECKPOINT_DIR: folder, CHECKPOINT_INTERVAL: "1h", SHUTDOWN: shutdown };
        const server = new ServerProcess(settings);
        const url = await server.url();
        const plain = new Curl(["-T", ".", runUrl({ url }, "lines")]);
        plain.send("one\n");
        await plain.until(/one/);
        const upload = await openUpload(url, "lines | stats count");
        const part = new Curl([
          ...["-X", "PATCH", "-T", ".", "-i", "-H", "expect:", "-H", "upload-offset: 0"],
          ...["-H", "upload-complete: ?1", "-H", "content-type: application/partial-upload"],
          url + upload.path,
        ]);
        part.send("a\nb\nhalf a l");
        const lines = async () => {
          const { runs } = await (await fetch(`${url}/v1/runs`)).json();
          return runs.some(({ id, bytes }: { id: string; bytes: number }) =>
            upload.path.endsWith(id) && bytes === 12
          );
        };
        while (!await lines());
        server.signal(signal);
        await plain.until(/"code":"shutdown"/);
        await part.until(/"offset": 12/);
        assert.match(part.output, /^HTTP\/1.1 503 /);
        assert.match(part.output, /\r\nretry-after: 5\r\n/i);
        assert.match(part.output, /\r\nupload-offset: 12\r\n/i);
        assert.ok(part.output.includes(`"upload": "${upload.path}"`), part.output);
        await Promise.all([part.end(), plain.end()]);
        assert.equal(await server.ended, 0);
        const next = new ServerProcess(settings);
        upload.url = await next.url();
        assert.equal(await upload.offset(), 12);
        assert.equal((await upload.send("ine\nd", 12, true)).text, '{"count":4}\n');
        next.signal("SIGTERM");
        assert.equal(await next.ended, 0);
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }

  it("on SIGINT cuts a run that does not finish in its grace, with an error line", async () => {
    const server = new ServerProcess({ SHUTDOWN_GRACE: "100ms" });
    const client = new Curl(["-T", ".", runUrl({ url: await server.url() }, "lines")]);
    client.send("one\n");
    await client.until(/one/);
    server.signal("SIGINT");
    await client.until(/"code":"shutdown"/);
    const { code } = await client.end();
    assert.ok(code === 18 || code === 56, `curl ended with ${code}`);
    assert.equal(await server.ended, 0);
  });

  it("refuses bad settings, all at once, with exit 2", async () => {
    const server = new ServerProcess({
      PORT: "eighty",
      MAX_LINE: "10s",
      STALL_TIMEOUT: "-1s",
      SHUTDOWN: "later",
    });
    assert.equal(await server.ended, 2);
    assert.equal(
      server.errors,
      "Cannot start with these settings:\n" +
        '  PORT: Expected a whole number from 0 to 65535, found "eighty"\n' +
        '  MAX_LINE: Expected a size such as 1MiB, found "10s"\n' +
        '  STALL_TIMEOUT: Expected a duration such as 20s or 1500ms, found "-1s"\n' +
        '  SHUTDOWN: Expected graceful, hybrid or abrupt, found "later"\n',
    );
  });

  it("runs a user's own named pipelines, and refuses to start with one that is not sound", async () => {
    const directory = await mkdtemp(`${tmpdir()}/sluice-`);
    try {
      await writeFile(
        `${directory}/longest.txt`,
        "# The longest lines.\nlines | top ${n:-1} by length(line)\n",
      );
      const server = new ServerProcess({ PIPELINES: directory });
      const url = await server.url();
      const { output } = await curl(["-T", "-", `${url}/v1/pipelines/longest?n=2`], "a\nccc\nbb\n");
      assert.equal(output, '{"line":"ccc"}\n{"line":"bb"}\n');
      server.signal("SIGTERM");
      assert.equal(await server.ended, 0);
      await writeFile(`${directory}/broken.txt`, "lines | tpo 1 by line\n");
      const refused = new ServerProcess({ PIPELINES: directory });
      assert.equal(await refused.ended, 1);
      assert.match(refused.errors, /^The named pipeline broken cannot run:\nUnknown stage `tpo`/);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
