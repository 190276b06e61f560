/**
 * The server as a process: what it prints, how it stops, how it refuses bad settings and bad named pipelines.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
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
    const { code, output } = await client.end();
    assert.equal(code, 0);
    assert.equal(
      output,
      '{"line":"one"}\n' +
        '{"$notice":{"shutdown":{"mode":"hybrid","deadlineMs":20000,"resume":null}}}\n' +
        '{"line":"two"}\n',
    );
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
    await client.until(/"code":"shutdown"/);
    const { output } = await client.end();
    assert.equal(
      output,
      '{"line":"one"}\n' +
        '{"$notice":{"shutdown":{"mode":"graceful","deadlineMs":null,"resume":null}}}\n' +
        '{"line":"two"}\n' +
        '{"$error":{"code":"shutdown","message":"The server is stopping now; nothing of the run is saved, ' +
        'so send the whole upload again"}}\n',
    );
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
        await plain.until(
          /"shutdown":{"mode":"abrupt","deadlineMs":0,"resume":null}}}\n{"\$error":.*send the whole upload again/,
        );
        await part.until(/"offset": 12/);
        assert.match(part.output, /^HTTP\/1.1 503 /);
        assert.match(part.output, /\r\nretry-after: 5\r\n/i);
        assert.match(part.output, /\r\nupload-offset: 12\r\n/i);
        assert.deepEqual(JSON.parse(part.output.slice(part.output.indexOf("\r\n\r\n"))), {
          type: "about:blank",
          title: "Stopping",
          status: 503,
          detail: "The server is stopping now",
          code: "shutdown",
          upload: upload.path,
          offset: 12,
          notice: {
            shutdown: {
              mode: "abrupt",
              deadlineMs: 0,
              resume: { upload: upload.path, offset: 12 },
            },
          },
        });
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

  for (const shutdown of ["graceful", "hybrid", "abrupt"] as const) {
    it(`with SHUTDOWN=${shutdown} tells who reads a result how to get it again`, async () => {
      const folder = await mkdtemp(`${tmpdir()}/sluice-`);
      try {
        const settings = { CHECKPOINT_DIR: folder, SHUTDOWN: shutdown };
        const server = new ServerProcess(settings);
        const upload = await openUpload(await server.url(), "lines | tail 20000");
        // More than all buffers between the server and a reader that waits.
        const lines = `${"x".repeat(999)}\n`.repeat(20_000);
        assert.equal((await upload.send(lines, 0)).status, 204);
        assert.equal((await upload.send("", lines.length, true)).text.length, 20_000 * 1011);
        const answer = await new Promise<IncomingMessage>((resolve) =>
          get(`${upload.url}${upload.path}/result`, resolve)
        );
        answer.pause();
        server.signal("SIGTERM");
        while (!server.output.includes("Stopping on SIGTERM")) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        let text = "";
        const whole = await (async () => {
          for await (const chunk of answer) text += chunk;
        })().then(() => true, () => false);
        const deadlineMs = { graceful: null, hybrid: 20_000, abrupt: 0 }[shutdown];
        const result = `${upload.path}/result`;
        const notice = { shutdown: { mode: shutdown, deadlineMs, resume: { result } } };
        const last = JSON.parse(text.trimEnd().split("\n").at(-1)!);
        assert.equal(whole, shutdown !== "abrupt");
        assert.deepEqual(
          last,
          shutdown !== "abrupt" ? { $notice: notice } : {
            $error: {
              code: "shutdown",
              message: "The server is stopping now",
              upload: upload.path,
              offset: lines.length,
              notice,
            },
          },
        );
        assert.equal(await server.ended, 0);
        const next = new ServerProcess(settings);
        upload.url = await next.url();
        const again = await upload.request("GET", "/result");
        assert.equal(again.text.length, 20_000 * 1011);
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
    await client.until(
      /"code":"shutdown","message":"The server is stopping and its grace of 100 ms is over; nothing of the run is saved, so send/,
    );
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
