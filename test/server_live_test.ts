/**
 * Real sockets, while things are under way: duplex, slow readers, slow stages, cut uploads, cancelled and broken runs.
 */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { runtime } from "../routes/serve.ts";
import { encodeText } from "../src/batch/text.ts";
import { exchange } from "./support/chaos_client.ts";
import { jsonLines, logLine } from "./support/logs.ts";
import { RawConnection } from "./support/raw_http.ts";
import {
  Curl,
  curl,
  endedRun,
  eventually,
  gateStage,
  runUrl,
  withServer,
} from "./support/server.ts";

const MEBIBYTE = 1024 * 1024;

/** A connection whose chunked upload to `query` has begun. */
async function upload(server: { readonly url: string }, query: string): Promise<RawConnection> {
  const client = await RawConnection.open(server.url);
  const { pathname, search, host } = new URL(runUrl(server, query));
  const head = `PUT ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n`;
  await client.send(`${head}Transfer-Encoding: chunked\r\n\r\n`);
  return client;
}

describe("a live upload", () => {
  it("gets snapshots while it is open, and the last set marked final", async () => {
    await withServer({}, async (server) => {
      const query = "combined | stats count by status | sort status";
      const client = new Curl(["-T", ".", runUrl(server, query, { every: "20ms" })]);
      client.send(logLine("/a", 200) + logLine("/b", 500));
      await client.until(/"count":1,"\$snapshot":\d+\}\n.*"\$snapshot"/s);
      client.send(logLine("/c", 500));
      await client.until(/"status":500,"count":2,"\$snapshot":\d+\}\n/);
      const { code, output } = await client.end();
      assert.equal(code, 0);
      const last = jsonLines(output).slice(-2) as Record<string, unknown>[];
      assert.deepEqual(last.map(({ status, count, $final }) => ({ status, count, $final })), [
        { status: 200, count: 1, $final: true },
        { status: 500, count: 2, $final: true },
      ]);
      const sets = jsonLines(output).map((row) => (row as { $snapshot: number }).$snapshot);
      assert.deepEqual(sets, [...sets].sort((left, right) => left - right));
    });
  });

  it("gets each row of a row pipeline before the next line is sent", async () => {
    await withServer({}, async (server) => {
      const query = "combined | where status >= 500 | select path";
      const client = new Curl(["-T", ".", runUrl(server, query)]);
      for (let index = 0; index < 20; index++) {
        client.send(logLine(`/${index}`, 500) + logLine("/fine", 200));
        await client.until(new RegExp(`\\{"path":"/${index}"\\}\n$`));
      }
      const { code, output } = await client.end();
      assert.equal(code, 0);
      assert.equal(jsonLines(output).length, 20);
    });
  });

  it("gets the rows of a window as soon as it is over, and of a session", async () => {
    await withServer({}, async (server) => {
      const at = (second: number) =>
        `{"time":"2026-10-01T08:00:${String(second)}Z","user":"kim"}\n`;
      const query = "json | window 10s lateness=5s | stats count by user";
      const client = new Curl(["-T", ".", runUrl(server, query)]);
      client.send(at(11) + at(15) + at(24) + at(19));
      client.send(at(26));
      await client.until(
        /^\{"user":"kim","count":3,"window_start":"2026-10-01T08:00:10.000Z".*\}\n$/,
      );
      client.send(at(35));
      await client.until(/"count":2,"window_start":"2026-10-01T08:00:20.000Z".*\n$/);
      const { code, output } = await client.end();
      assert.equal(code, 0);
      assert.equal(jsonLines(output).length, 3);
      const { stages } = await endedRun(server);
      const names = stages.map(({ stage, rowsIn, rowsOut }) => [stage, rowsIn, rowsOut]);
      assert.deepEqual(names, [["json", 0, 6], ["window", 6, 3], ["window.1.stats", 6, 3]]);
      const visits = new Curl([
        "-T",
        ".",
        runUrl(server, "json | session 5s by user (stats count)"),
      ]);
      visits.send(at(10) + at(12) + at(17));
      await visits.until(/^\{"count":2,"user":"kim",.*\}\n$/);
      assert.equal(jsonLines((await visits.end()).output).length, 2);
    });
  });

  it("gets early panes of an open window while nothing is sent", async () => {
    await withServer({}, async (server) => {
      const query = "json | window 1h early=20ms (stats count)";
      const client = new Curl(["-T", ".", runUrl(server, query)]);
      client.send('{"time":1}\n');
      await client.until(/"count":1,.*"pane":"early"\}\n$/);
      client.send('{"time":2}\n');
      await client.until(/"count":2,.*"pane":"early"\}\n$/);
      const { output } = await client.end();
      assert.match(output, /"count":2,.*"pane":"on_time"\}\n$/);
    });
  });

  it("is cancelled by a satisfied head, with a proper end", async () => {
    await withServer({}, async (server) => {
      const client = new Curl(["-T", ".", runUrl(server, "lines | head 2")]);
      client.send("one\ntwo\nthree\n");
      await client.until(/"two"/);
      // The upload never ends by itself: the server's end of the answer must be enough for curl.
      await eventually(() => server.runs.reports()[0]?.state === "complete");
      const { code, output } = await client.end();
      assert.deepEqual([code, output], [0, '{"line":"one"}\n{"line":"two"}\n']);
    });
  });
});

describe("backpressure", () => {
  it("of a stage that waits stops the upload", async () => {
    const gate = gateStage();
    await withServer({}, async (server) => {
      const client = await upload(server, "lines | gate | stats count");
      const pushed = await client.push(1024 * MEBIBYTE);
      const [report] = server.runs.reports();
      assert.ok(pushed < 64 * MEBIBYTE, `The client could push ${pushed} bytes`);
      assert.ok(report!.bytes < 16 * MEBIBYTE, `The server read ${report!.bytes} bytes ahead`);
      assert.equal(gate.seen, 1);
      client.close();
      // A socket that nobody reads does not tell that its client has gone: the next read does.
      gate.open();
      assert.equal((await endedRun(server)).state, "failed");
    }, [gate.stage]);
  });

  it("of a client that never reads stops its upload", async () => {
    await withServer({}, async (server) => {
      const client = await upload(server, "lines");
      client.hold(true);
      const pushed = await client.push(1024 * MEBIBYTE);
      const [report] = server.runs.reports();
      assert.ok(pushed < 64 * MEBIBYTE, `The client could push ${pushed} bytes`);
      assert.ok(report!.bytes < 48 * MEBIBYTE, `The server read ${report!.bytes} bytes ahead`);
      client.close();
      assert.equal((await endedRun(server)).state, "failed");
    });
  });

  it("keeps a declared bound to the letter", async () => {
    await withServer({}, async (server) => {
      const lines = "x\n".repeat(50_000);
      const query = "lines | buffer 100 | stats count";
      const { output } = await curl(
        ["-T", "-", runUrl(server, query, { envelope: "events" })],
        lines,
      );
      assert.match(output, /"row":\{"count":50000\}/);
      const { stages } = await endedRun(server);
      const buffer = stages.find((stage) => stage.stage === "buffer")!;
      assert.deepEqual([buffer.queueUnit, buffer.queueBound], ["rows", 100]);
      assert.ok(
        buffer.queueHighWater <= 100 && buffer.queueHighWater > 0,
        `${buffer.queueHighWater}`,
      );
    });
  });
});

describe("a run that cannot go on", () => {
  it("tells an error line and is cut, so that curl fails", async () => {
    await withServer({}, async (server) => {
      const client = new Curl(["-T", ".", runUrl(server, "lines", { timeout: "100ms" })]);
      client.send("one\n");
      await client.until(/\$error/);
      const { code, output } = await client.end();
      assert.ok(code === 18 || code === 56, `curl ended with ${code}`);
      assert.deepEqual(jsonLines(output), [{ line: "one" }, {
        $error: { code: "timeout", message: "The run took longer than its timeout of 100 ms" },
      }]);
      assert.equal((await endedRun(server)).error?.code, "timeout");
    });
  });

  it("is cancelled by DELETE within the same turn of events", async () => {
    await withServer({}, async (server) => {
      const client = new Curl(["-T", ".", runUrl(server, "lines")]);
      client.send("one\n");
      await client.until(/one/);
      const { id } = server.runs.reports()[0]!;
      const answer = await fetch(`${server.url}/v1/runs/${id}`, { method: "DELETE" });
      const report = await answer.json() as { state: string; error: { code: string } };
      assert.deepEqual([report.state, report.error.code], ["failed", "cancelled"]);
      await client.until(/"code":"cancelled"/);
      const { code } = await client.end();
      assert.ok(code === 18 || code === 56, `curl ended with ${code}`);
    });
  });

  it("ends when the client goes away, by a close and by a reset", async () => {
    await withServer({}, async (server) => {
      for (const leave of ["close", "reset"] as const) {
        const client = await upload(server, "lines | where line == 'x'");
        await client.sendChunk("one\n");
        await eventually(() => server.runs.reports()[0]?.lines === 1);
        client[leave]();
        await eventually(() => server.runs.reports().every((report) => report.state === "failed"));
      }
      assert.match((await curl(["-T", "-", runUrl(server, "lines")], "x\n")).output, /"x"/);
    });
  });

  it("fails when the upload is shorter than it said", async () => {
    await withServer({}, async (server) => {
      const client = await RawConnection.open(server.url);
      const { pathname, search, host } = new URL(runUrl(server, "lines | stats count"));
      await client.send(
        `PUT ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000\r\n\r\none\ntwo\n`,
      );
      await eventually(() => (server.runs.reports()[0]?.bytes ?? 0) > 0);
      client.close();
      const { state, error } = await endedRun(server);
      assert.equal(state, "failed");
      assert.ok(error?.code === "upload_cut" || error?.code === "client_gone", `${error?.code}`);
    });
  });

  it("is cut when nothing moves for the stall time", async () => {
    await withServer({ STALL_TIMEOUT: "150ms" }, async (server) => {
      const client = new Curl(["-T", ".", runUrl(server, "lines")]);
      client.send("one\n");
      await client.until(/"code":"stalled"/);
      const { code } = await client.end();
      assert.ok(code === 18 || code === 56, `curl ended with ${code}`);
    });
  });

  it("drains on stop, then is cut with an error line", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    await withServer({ SHUTDOWN_GRACE: "200ms" }, async (server) => {
      const client = new Curl(["-T", ".", runUrl(server, "lines")]);
      client.send("one\n");
      await client.until(/one/);
      const stopped = server.stop();
      const refused = await fetch(runUrl(server, "lines"), { method: "POST", body: "x\n" })
        .then((answer) => answer.status, () => 503);
      assert.equal(refused, 503);
      await client.until(/"code":"shutdown"/);
      resolve((await client.end()).output);
      await stopped;
    });
    assert.match(await promise, /^\{"line":"one"\}\n\{"\$notice":\{"shutdown".*\n\{"\$error"/);
  });
});

it("a client that half-closes in the middle of its upload: told why on Deno, cut off on Bun", async () => {
  const gate = gateStage();
  gate.open();
  await withServer({}, async (server) => {
    const piece = encodeText('{"n":1}\n');
    const seen = () => eventually(() => gate.seen === 1);
    const { status, text, cut } = await exchange(runUrl(server, "json | gate"), {
      pieces: [piece, piece],
      stop: { before: 1, until: seen, leave: "half-close" },
    });
    assert.deepEqual([status, cut], [200, true]);
    const line =
      '{"$error":{"code":"upload_cut","message":"Upload was cut after 8 bytes: the connection ' +
      'closed before the body ended, send the whole body again","receivedBytes":8}}\n';
    if (runtime.name === "deno") assert.equal(text, `{"n":1}\n${line}`);
    else assert.ok('{"n":1}\n'.startsWith(text), text);
    const { state } = await endedRun(server);
    assert.equal(state, "failed");
  }, [gate.stage]);
});

it("a client that leaves while it waits for its answer ends its run", async () => {
  const gate = gateStage();
  await withServer({}, async (server) => {
    const { hostname, port } = new URL(runUrl(server, "json | gate"));
    const socket = connect({ host: hostname, port: Number(port) });
    const path = `/v1/run?${new URLSearchParams({ q: "json | gate" })}`;
    socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 8\r\n\r\n{"n":1}\n`);
    await eventually(() => gate.seen === 1);
    socket.destroy();
    assert.equal((await endedRun(server)).error?.code, "client_gone");
  }, [gate.stage]);
});
