/**
 * The HTTP surface over real sockets: what each resource answers, and every way to send an upload.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import { ANALYZER_LOG, jsonLines, logLine } from "./support/logs.ts";
import { curl, endedRun, eventually, runUrl, withServer } from "./support/server.ts";

const LOG = logLine("/a", 200) + logLine("/b", 500) + logLine("/b", 503);
const QUERY = "combined | where status >= 500 | stats count by path";
const ANSWER = '{"path":"/b","count":2}\n';

describe("every way to send an upload", () => {
  it("PUT and POST, with a length and chunked, by query and by header", async () => {
    await withServer({}, async (server) => {
      const url = runUrl(server, QUERY);
      const ways: string[][] = [
        ["-T", "-", url],
        ["--data-binary", "@-", url],
        ["-X", "POST", "-T", "-", url],
        ["-H", `x-pipeline: ${QUERY}`, "--data-binary", "@-", `${server.url}/v1/run`],
        ["-F", `q=${QUERY}`, "-F", "file=@-", `${server.url}/v1/run`],
        ["-F", "file=@-", url],
        ["--http1.0", "--data-binary", "@-", url],
      ];
      for (const way of ways) {
        const { code, output, errors } = await curl(way, LOG);
        assert.deepEqual([code, output], [0, ANSWER], `${way.join(" ")}: ${errors}`);
      }
    });
  });

  it("compressed, told and recognised", async () => {
    const codings: [string | null, Uint8Array][] = [
      [null, gzipSync(LOG)],
      [null, zstdCompressSync(Buffer.from(LOG))],
      [null, deflateSync(LOG)],
      [null, Buffer.concat([gzipSync(LOG.slice(0, 50)), gzipSync(LOG.slice(50))])],
      ["gzip", gzipSync(LOG)],
      ["zstd", zstdCompressSync(Buffer.from(LOG))],
      ["br", brotliCompressSync(LOG)],
      ["deflate", deflateSync(LOG)],
      ["deflate", deflateRawSync(LOG)],
      ["identity", Buffer.from(LOG)],
    ];
    await withServer({}, async (server) => {
      for (const [coding, body] of codings) {
        const header = coding === null ? [] : ["-H", `content-encoding: ${coding}`];
        const { output } = await curl([...header, "-T", "-", runUrl(server, QUERY)], body);
        assert.equal(output, ANSWER, `${coding}`);
      }
      const { output } = await curl([
        "-H",
        "content-encoding: lzma",
        "-T",
        "-",
        runUrl(server, QUERY),
      ], LOG);
      assert.equal(JSON.parse(output).status, 415);
    });
  });
});

describe("the answer", () => {
  it("of the rows envelope is rows, with the run's id and trace", async () => {
    await withServer({}, async (server) => {
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
      const answer = await fetch(runUrl(server, QUERY), {
        method: "POST",
        body: LOG,
        headers: { traceparent },
      });
      assert.equal(await answer.text(), ANSWER);
      assert.match(answer.headers.get("content-type")!, /^application\/x-ndjson/);
      assert.match(
        answer.headers.get("traceresponse")!,
        /^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-0[01]$/,
      );
      assert.equal((await endedRun(server)).id, answer.headers.get("x-run-id"));
    });
  });

  it("of the events envelope tells start, rows, and the report that /v1/runs shows", async () => {
    await withServer({}, async (server) => {
      const { output } = await curl(
        ["-T", "-", runUrl(server, QUERY, { envelope: "events" })],
        LOG,
      );
      const [start, row, end] = jsonLines(output) as Record<string, Record<string, unknown>>[];
      assert.equal(start!["start"]!["pipeline"], QUERY);
      assert.deepEqual(row, { row: { path: "/b", count: 2 } });
      const report = end!["end"]!;
      assert.deepEqual(
        [report["state"], report["lines"], report["rows"], report["rejects"], report["bytes"]],
        ["complete", 3, 1, 0, LOG.length],
      );
      const stages = report["stages"] as Record<string, unknown>[];
      assert.deepEqual(stages.map((stage) => [stage["stage"], stage["rowsIn"], stage["rowsOut"]]), [
        ["combined", 0, 3],
        ["where", 3, 2],
        ["stats", 2, 1],
      ]);
      await endedRun(server);
      const shown = await (await fetch(`${server.url}/v1/runs/${report["id"]}`)).json() as Record<
        string,
        unknown
      >;
      assert.deepEqual([shown["state"], shown["rows"], shown["lines"]], ["complete", 1, 3]);
      assert.ok(typeof shown["bottleneck"] === "string");
      const { runs } = await (await fetch(`${server.url}/v1/runs`)).json() as { runs: unknown[] };
      assert.equal(runs.length, 1);
    });
  });
});

describe("named pipelines", () => {
  it("answer the log analyzer's exercise", async () => {
    await withServer({}, async (server) => {
      const { output } = await curl(
        ["-T", "-", `${server.url}/v1/pipelines/log-analyzer`],
        ANALYZER_LOG,
      );
      assert.deepEqual(jsonLines(output), [
        { path: "/api/data", errors: 2, statuses: [500, 503], $branch: 1 },
        { path: "/api/upload", errors: 1, statuses: [500], $branch: 1 },
        { errors: 3, requests: 6, $branch: 2 },
      ]);
      const { stages } = await endedRun(server);
      const bounded = stages.filter((stage) => stage.queueUnit === "rows");
      assert.ok(bounded.length > 0 && bounded.every((stage) => stage.queueHighWater <= 100));
    });
  });

  it("take parameters from the query, and no others", async () => {
    await withServer({}, async (server) => {
      const url = `${server.url}/v1/pipelines/errors-by-endpoint`;
      const { output } = await curl(["--data-binary", "@-", `${url}?status=503`], LOG);
      assert.equal(output, '{"path":"/b","errors":1,"statuses":[503]}\n');
      const unknown = JSON.parse(
        (await curl(["--data-binary", "@-", `${url}?statsu=503`], LOG)).output,
      );
      assert.equal(unknown.status, 400);
      assert.equal(unknown.detail, "statsu: Unknown parameter. Did you mean `status`?");
      const { pipelines } = await (await fetch(`${server.url}/v1/pipelines`)).json() as {
        pipelines: { name: string; parameters: unknown[] }[];
      };
      assert.deepEqual(pipelines.map(({ name }) => name), [
        "analytics",
        "errors-by-endpoint",
        "latency-percentiles",
        "log-analyzer",
        "status-by-minute",
        "top-paths",
      ]);
      const missing = await fetch(`${server.url}/v1/pipelines/top-path`, {
        method: "POST",
        body: "",
      });
      assert.equal(missing.status, 404);
      assert.equal((await missing.json() as { hint: string }).hint, "Did you mean `top-paths`?");
    });
  });
});

describe("faults before the head", () => {
  it("of a pipeline are told all at once, with the body unread", async () => {
    await withServer({}, async (server) => {
      const query = "combined | where stauts > 1 | wher status > 1";
      const answer = await fetch(runUrl(server, query), { method: "POST", body: LOG });
      assert.equal(answer.status, 400);
      assert.equal(answer.headers.get("content-type"), "application/problem+json");
      const problem = await answer.json() as { issues: { rendered: string }[] };
      assert.deepEqual(problem.issues.map((issue) => issue.rendered.split("\n")[0]), [
        "Unknown field `stauts` at line 1, column 18",
        "Unknown stage `wher` at line 1, column 31",
      ]);
      assert.equal(server.runs.reports().length, 0);
    });
  });

  it("of parameters name each bad one", async () => {
    await withServer({}, async (server) => {
      const url = runUrl(server, QUERY, { every: "often", envelope: "box", max_rejects: "-1" });
      const problem = await (await fetch(url, { method: "POST", body: LOG })).json() as {
        issues: unknown;
      };
      assert.deepEqual(problem.issues, [
        {
          parameter: "every",
          message: 'Expected a duration of at least 10ms, such as 200ms or 5s, found "often"',
        },
        { parameter: "envelope", message: 'Expected one of rows, events, found "box"' },
        {
          parameter: "max_rejects",
          message: 'Expected a number of lines such as 100, or a share such as 1%, found "-1"',
        },
      ]);
      const none = await fetch(`${server.url}/v1/run`, { method: "POST", body: LOG });
      assert.equal(none.status, 400);
      assert.equal((await fetch(`${server.url}/v1/run`)).status, 405);
      assert.equal((await fetch(`${server.url}/nothing`)).status, 404);
    });
  });

  it("refuse one run too many, and take the next when there is room", async () => {
    await withServer({ MAX_RUNS: "1" }, async (server) => {
      const held = new AbortController();
      const first = fetch(runUrl(server, "lines"), {
        method: "POST",
        body: new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode("x\n")),
        }),
        duplex: "half",
        signal: held.signal,
      } as RequestInit).catch(() => null);
      await eventually(() => server.runs.reports().length === 1);
      const second = await fetch(runUrl(server, "lines"), { method: "POST", body: "x\n" });
      assert.deepEqual([second.status, second.headers.get("retry-after")], [429, "1"]);
      await second.body?.cancel();
      held.abort();
      await (await first)?.body?.cancel().catch(() => {});
      await eventually(() => server.runs.reports().every((report) => report.state !== "running"));
      const { output } = await curl(["-T", "-", runUrl(server, "lines")], "x\n");
      assert.equal(output, '{"line":"x"}\n');
    });
  });
});

describe("the other resources", () => {
  it("explain, list, and tell how the server is", async () => {
    await withServer({}, async (server) => {
      const get = async (path: string) =>
        await (await fetch(server.url + path)).json() as Record<string, unknown>;
      assert.deepEqual(await get("/healthz"), { status: "ok" });
      assert.deepEqual(await get("/readyz"), { status: "ready" });
      const { stages } = await get("/v1/stages") as { stages: { name: string }[] };
      assert.ok(stages.some(({ name }) => name === "stats"));
      assert.equal((await get("/v1/stages/where"))["kind"], "row-local");
      assert.equal((await get("/v1/stages/wehre"))["status"], 404);
      assert.ok("stages" in await get(`/v1/check?q=${encodeURIComponent(QUERY)}`));
      const posted = await fetch(`${server.url}/v1/check`, { method: "POST", body: QUERY });
      assert.equal(posted.status, 200);
      assert.equal((await get("/v1/runs/none"))["status"], 404);
      const usage = await (await fetch(`${server.url}/`)).text();
      assert.ok(usage.includes(`curl -sN -T access.log '${server.url}/v1/run'`));
    });
  });
});
