/**
 * Broken input of every kind over real sockets: a clear error or a counted reject, and the server goes on.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import type { Sluice } from "../routes/server.ts";
import { seeded } from "./support/random.ts";
import { jsonLines, logLine } from "./support/logs.ts";
import { RawConnection } from "./support/raw_http.ts";
import {
  curl,
  type CurlResult,
  endedRun,
  eventually,
  runUrl,
  withServer,
} from "./support/server.ts";

/** The last line's error or notice. */
function lastOf(
  result: CurlResult,
): { $error?: Record<string, unknown>; $notice?: Record<string, unknown> } {
  return jsonLines(result.output).at(-1) as Record<string, Record<string, unknown>>;
}

function put(
  server: Sluice,
  query: string,
  input: string | Uint8Array,
  parameters: Readonly<Record<string, string>> = {},
  headers: readonly string[] = [],
): Promise<CurlResult> {
  return curl([
    ...headers.flatMap((header) => ["-H", header]),
    "-T",
    "-",
    runUrl(server, query, parameters),
  ], input);
}

async function goesOn(server: Sluice): Promise<void> {
  const { code, output } = await put(server, "lines | stats count", "one\ntwo\n");
  assert.deepEqual([code, output], [0, '{"count":2}\n']);
}

describe("lines that cannot become rows", () => {
  it("are counted and shown in the notice", async () => {
    await withServer({}, async (server) => {
      const { code, output } = await put(
        server,
        "combined | stats count",
        `${logLine("/", 200)}nonsense\n`,
      );
      assert.equal(code, 0);
      const [row, notice] = jsonLines(output) as [
        unknown,
        { $notice: { rejects: Record<string, unknown> } },
      ];
      assert.deepEqual(row, { count: 1 });
      assert.equal(notice.$notice.rejects["count"], 1);
      assert.equal(notice.$notice.rejects["lines"], 2);
      const [sample] = notice.$notice.rejects["samples"] as Record<string, unknown>[];
      assert.deepEqual([sample!["line"], sample!["offset"], sample!["stage"], sample!["text"]], [
        2,
        logLine("/", 200).length,
        "combined",
        "nonsense",
      ]);
    });
  });

  it("fail the run with on_reject=fail, and past max_rejects", async () => {
    await withServer({}, async (server) => {
      const log = logLine("/", 200) + "nonsense\n" + logLine("/", 200) + "more\n";
      for (
        const parameters of [{ on_reject: "fail" }, { max_rejects: "1" }, { max_rejects: "10%" }]
      ) {
        const result = await put(server, "combined | stats count", log, parameters);
        assert.equal(
          lastOf(result).$error?.["code"],
          "rejects_exceeded",
          JSON.stringify(parameters),
        );
        assert.ok([18, 56].includes(result.code), `curl ended with ${result.code}`);
      }
      for (const parameters of [{ max_rejects: "2" }, { max_rejects: "50%" }]) {
        assert.equal((await put(server, "combined | stats count", log, parameters)).code, 0);
      }
    });
  });

  it("are written among the rows with on_reject=emit, and as events", async () => {
    await withServer({}, async (server) => {
      const log = logLine("/", 200) + "nonsense\n";
      const rows = await put(server, "combined | select path", log, { on_reject: "emit" });
      const reject = jsonLines(rows.output).find((line) => "$reject" in (line as object));
      assert.equal((reject as { $reject: { line: number } }).$reject.line, 2);
      const events = await put(server, "combined | select path", log, {
        on_reject: "emit",
        envelope: "events",
      });
      const kinds = jsonLines(events.output).map((line) => Object.keys(line as object).join());
      assert.deepEqual([...kinds].sort(), ["end", "notice", "reject", "row", "start"]);
    });
  });

  it("fail the run when there is nothing else", async () => {
    await withServer({}, async (server) => {
      const result = await put(server, "json | stats count", "not\njson\n");
      assert.equal(lastOf(result).$error?.["code"], "nothing_parsed");
      assert.ok(
        !result.output.includes('"count"'),
        "A count of nothing must not look like an answer",
      );
      await goesOn(server);
    });
  });
});

describe("hostile bodies", () => {
  it("binary garbage ends in an error or rejects, never in silence", async () => {
    const seed = Date.now() % 1e9;
    const random = seeded(seed);
    await withServer({}, async (server) => {
      for (const query of ["combined", "common", "simple", "json", "lines"]) {
        const garbage = Uint8Array.from({ length: 50_000 }, () => Math.floor(random() * 256));
        const result = await put(server, query, garbage, { envelope: "events" });
        const last = jsonLines(result.output).at(-1) as {
          end?: { lines: number; rows: number; rejects: number };
        };
        if (last.end) {
          assert.equal(last.end.lines, last.end.rows + last.end.rejects, `${query}, seed ${seed}`);
        } else assert.ok("error" in last, `${query}, seed ${seed}: ${result.output.slice(-300)}`);
      }
      await goesOn(server);
    });
  });

  it("a line of 100 MB is one reject and is not held", async () => {
    await withServer({}, async (server) => {
      const { host, pathname, search } = new URL(runUrl(server, "lines | stats count"));
      const client = await RawConnection.open(server.url);
      await client.send(
        `POST ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n`,
      );
      await client.sendChunk("short\n");
      const piece = "x".repeat(1 << 20);
      for (let megabyte = 0; megabyte < 100; megabyte++) await client.sendChunk(piece);
      await client.sendChunk("\nshort\n");
      await client.send("0\r\n\r\n");
      const { state, lines, rejects } = await endedRun(server);
      assert.deepEqual({ state, lines, rejects }, { state: "complete", lines: 3, rejects: 1 });
      client.close();
    });
  });

  it("invalid UTF-8 comes out as valid JSON", async () => {
    await withServer({}, async (server) => {
      const input = Uint8Array.from([
        0x61,
        0xff,
        0xc3,
        0x28,
        0x22,
        0x5c,
        0x01,
        0xed,
        0xa0,
        0x80,
        0x0a,
      ]);
      for (const query of ["lines", "lines | stats count by line", "lines | sort line"]) {
        const { code, output } = await put(server, query, input);
        assert.equal(code, 0);
        const [row] = jsonLines(output) as { line: string }[];
        assert.equal(row!.line, 'a\ufffd\ufffd("\\\u0001\ufffd\ufffd\ufffd', query);
      }
    });
  });

  it("truncated gzip gives its rows, then an error and a cut body", async () => {
    await withServer({}, async (server) => {
      const whole = gzipSync(
        Array.from({ length: 20_000 }, (_, index) => `line ${index}\n`).join(""),
      );
      const result = await put(server, "lines", whole.subarray(0, whole.byteLength - 50));
      assert.equal(lastOf(result).$error?.["code"], "bad_encoding");
      assert.ok([18, 56].includes(result.code), `curl ended with ${result.code}`);
      assert.ok(jsonLines(result.output).length > 1000);
      await goesOn(server);
    });
  });

  it("a gzip bomb is stopped by the ratio", async () => {
    await withServer({ MAX_INFLATION: "100" }, async (server) => {
      const bomb = gzipSync(new Uint8Array(50 << 20));
      const result = await put(server, "lines | stats count", bomb);
      const error = lastOf(result).$error;
      assert.equal(error?.["code"], "inflation_limit");
      assert.match(String(error?.["message"]), /100/);
      await goesOn(server);
    });
  });

  it("a body over the limit is refused in advance, or cut while it streams", async () => {
    await withServer({ MAX_BODY: "1kB" }, async (server) => {
      const body = "x\n".repeat(1000);
      const told = await curl(["--data-binary", "@-", runUrl(server, "lines | stats count")], body);
      assert.equal(JSON.parse(told.output).status, 413);
      const streamed = await put(server, "lines | stats count", body);
      assert.equal(lastOf(streamed).$error?.["code"], "body_too_large");
      await goesOn(server);
    });
  });

  it("a client that resets at any byte leaves nothing behind", async () => {
    const seed = Date.now() % 1e9;
    const random = seeded(seed);
    await withServer({}, async (server) => {
      const { host, pathname, search } = new URL(runUrl(server, "combined | stats count by path"));
      const text =
        `PUT ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 20000\r\n\r\n` +
        logLine("/a", 200).repeat(100);
      for (let round = 0; round < 40; round++) {
        const client = await RawConnection.open(server.url);
        await client.send(text.slice(0, Math.floor(random() * text.length)));
        if (round % 2 === 0) client.reset();
        else client.close();
      }
      await eventually(() => server.runs.reports().every((report) => report.state === "failed"));
      await goesOn(server);
    });
  });

  it("half a form is an error", async () => {
    await withServer({}, async (server) => {
      const form =
        '--b\r\nContent-Disposition: form-data; name="q"\r\n\r\nlines | stats count\r\n' +
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\none\ntwo\n';
      const headers = ["-H", "Content-Type: multipart/form-data; boundary=b"];
      const half = await curl([...headers, "--data-binary", "@-", `${server.url}/v1/run`], form);
      assert.ok(
        ["bad_encoding", "upload_cut"].includes(String(lastOf(half).$error?.["code"])),
        half.output,
      );
      const whole = await curl(
        [...headers, "--data-binary", "@-", `${server.url}/v1/run`],
        `${form}\r\n--b--\r\n`,
      );
      assert.equal(whole.output, '{"count":2}\n');
      const none = await curl(
        [...headers, "--data-binary", "@-", `${server.url}/v1/run`],
        "--b--\r\n",
      );
      assert.equal(JSON.parse(none.output).status, 400);
    });
  });

  it("a group-by that outgrows its budget says so", async () => {
    await withServer({ MAX_STATE: "1MiB" }, async (server) => {
      const body = Array.from({ length: 200_000 }, (_, index) => `key ${index}\n`).join("");
      const result = await put(server, "lines | stats count by line", body);
      assert.equal(lastOf(result).$error?.["code"], "budget_exceeded");
      await goesOn(server);
    });
  });
});
