/**
 * Resumable uploads over real sockets: the header fields, what is refused and why, and that parts count exactly once.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { describe, it } from "node:test";
import { z } from "zod";
import type { Sluice } from "../routes/server.ts";
import type { Batch } from "../src/batch/batch.ts";
import { type AnyStage, defineStage } from "../src/stage.ts";
import { eventually, gateStage, withServer } from "./support/server.ts";
import { openUpload, problemOf, UploadClient } from "./support/uploads.ts";

async function withUploads(
  work: (server: Sluice) => Promise<void>,
  settings: Readonly<Record<string, string>> = {},
  stages: readonly AnyStage[] = [],
): Promise<void> {
  const folder = await mkdtemp(`${tmpdir()}/sluice-`);
  try {
    await withServer({ CHECKPOINT_DIR: folder, ...settings }, work, stages);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const COUNT = "json | stats count, sum(n) as sum by k";

describe("a resumable upload", () => {
  it("takes parts that are cut anywhere, and answers the last one with the result", () =>
    withUploads(async ({ url }) => {
      const upload = await openUpload(url, COUNT);
      const first = await upload.send('{"k":"a","n":1}\n{"k":"b', 0);
      assert.deepEqual([first.status, first.text], [204, ""]);
      assert.equal(first.headers.get("upload-offset"), "23");
      assert.equal(first.headers.get("upload-complete"), "?0");
      const second = await upload.send('","n":2}\n{"k":"a","n":5}', 23);
      assert.equal(second.headers.get("upload-offset"), "47");
      const last = await upload.send("", 47, true);
      assert.equal(last.status, 200);
      assert.equal(last.headers.get("content-type"), "application/x-ndjson; charset=utf-8");
      assert.equal(last.headers.get("upload-complete"), "?1");
      assert.equal(last.text, '{"k":"a","count":2,"sum":6}\n{"k":"b","count":1,"sum":2}\n');
    }));

  it("tells where to go on, its limits and what is known of it", () =>
    withUploads(async ({ url }) => {
      const upload = await openUpload(url, "lines | stats count");
      await upload.send("one\ntwo\nth", 0);
      const head = await upload.request("HEAD");
      assert.deepEqual([head.status, head.text], [204, ""]);
      assert.equal(head.headers.get("upload-offset"), "10");
      assert.equal(head.headers.get("upload-complete"), "?0");
      assert.equal(head.headers.get("cache-control"), "no-store");
      assert.match(head.headers.get("upload-limit")!, /^max-size=5000, max-age=\d+$/);
      const shown = JSON.parse((await upload.request("GET")).text);
      const { offset, complete, active, lines, pipeline, name, length } = shown;
      assert.deepEqual(
        { offset, complete, active, lines, pipeline, name, length },
        {
          offset: 10,
          complete: false,
          active: false,
          lines: 2,
          pipeline: "lines | stats count",
          name: null,
          length: null,
        },
      );
      const { uploads } = await (await fetch(`${url}/v1/uploads`)).json();
      assert.deepEqual(uploads, [shown]);
    }, { MAX_BODY: "5000" }));

  it("refuses a part at another offset with the right one", () =>
    withUploads(async ({ url }) => {
      const upload = await openUpload(url, COUNT);
      await upload.send('{"k":1,"n":1}\n', 0);
      const again = await upload.send('{"k":1,"n":1}\n', 0);
      assert.equal(again.status, 409);
      assert.equal(again.headers.get("upload-offset"), "14");
      assert.deepEqual(JSON.parse(again.text), {
        type: "https://iana.org/assignments/http-problem-types#mismatching-upload-offset",
        title: "Mismatching offset",
        status: 409,
        detail: "Expected a part that begins at byte 14, found one at 0",
        "expected-offset": 14,
        "provided-offset": 0,
      });
      const { text } = await upload.send("", 14, true);
      assert.equal(text, '{"k":1,"count":1,"sum":1}\n');
    }));

  it("refuses what is no part, with what would be one", () =>
    withUploads(async ({ url }) => {
      const upload = await openUpload(url, COUNT);
      const patch = async (headers: Record<string, string>) => {
        const response = await fetch(url + upload.path, { method: "PATCH", headers, body: "x" });
        const { detail } = await response.json();
        return [response.status, detail];
      };
      const part = { "content-type": "application/partial-upload" };
      assert.deepEqual(await patch({ "content-type": "text/plain" }), [
        415,
        "Expected a part with the content type application/partial-upload, found text/plain",
      ]);
      assert.deepEqual(await patch(part), [
        400,
        "Upload-Offset: Expected where this part begins, found none",
      ]);
      assert.deepEqual(await patch({ ...part, "upload-offset": "-1" }), [
        400,
        'Upload-Offset: Expected a number of bytes, found "-1"',
      ]);
      assert.deepEqual(await patch({ ...part, "upload-offset": "0" }), [
        400,
        "Upload-Complete: Expected ?0, or ?1 with the last part, found none",
      ]);
      assert.deepEqual(
        await patch({
          ...part,
          "upload-offset": "0",
          "upload-complete": "?0",
          "content-encoding": "gzip",
        }),
        [
          415,
          'Expected no Content-Encoding, found "gzip": a resumable upload goes on at any byte, and a decoder ' +
          "cannot; send it decoded, or in one piece to /v1/run",
        ],
      );
      assert.equal(await upload.offset(), 0);
    }));

  it("gives a result again, and takes nothing after the end", () =>
    withUploads(async ({ url }) => {
      const upload = await openUpload(url, "lines | tail 2");
      const early = problemOf(await upload.request("GET", "/result"));
      assert.deepEqual(early, [409, "The result comes with the last part; go on at byte 0"]);
      const { text } = await upload.send("a\nb\nc", 0, true);
      assert.equal(text, '{"line":"b"}\n{"line":"c"}\n');
      assert.equal((await upload.request("GET", "/result")).text, text);
      assert.equal((await upload.request("GET", "/result")).text, text);
      const more = await upload.send("d", 5);
      assert.deepEqual(problemOf(more), [
        400,
        `All 5 bytes have come; the result is at ${upload.path}/result`,
      ]);
      assert.equal((await upload.request("HEAD")).headers.get("upload-complete"), "?1");
    }));

  it("keeps rows that come before the end, in order, and answers with all of them", () =>
    withUploads(async ({ url }) => {
      const upload = await openUpload(url, "json | where n > 1 | let m = n + 1", {
        on_reject: "emit",
      });
      await upload.send('{"n":1}\n{"n":2}\nbroken\n{"n"', 0);
      const { text } = await upload.send(':3}\n{"n":4}', 27, true);
      const lines = text.trimEnd().split("\n").map((line) => JSON.parse(line));
      assert.equal(lines[0]["$reject"].line, 3);
      assert.deepEqual(lines[1], { n: 2, m: 3 });
      assert.deepEqual(lines.slice(2, 4), [{ n: 3, m: 4 }, { n: 4, m: 5 }]);
      assert.equal(lines[4]["$notice"].rejects.count, 1);
      assert.equal((await upload.request("GET", "/result")).text, text);
    }));

  it("bounds the rows that it keeps", () =>
    withUploads(async ({ url }) => {
      const upload = await openUpload(url, "lines");
      const answer = await upload.send("0123456789\n".repeat(2000), 0);
      assert.deepEqual(problemOf(answer), [
        422,
        "The rows before the end of a resumable upload are kept, and these are more than 20480 bytes; " +
        "aggregate them, use /v1/run, or raise MAX_STATE",
      ]);
      assert.equal(answer.headers.get("upload-offset"), "0");
    }, { MAX_STATE: "20KiB" }));

  it("says the same as one run does: rejects, notices and events", () =>
    withUploads(async ({ url }) => {
      const lines = Array.from(
        { length: 3000 },
        (_, n) => n % 10 === 3 ? "no" : `{"n":${n},"k":${n % 7}}`,
      );
      const input = lines.join("\r\n");
      const q = "json | stats count, p90(n), distinct(n) as d, first(n), avg(n) by k";
      const whole = await fetch(`${url}/v1/run?${new URLSearchParams({ q })}`, {
        method: "POST",
        body: input,
      });
      const upload = await openUpload(url, q);
      let offset = 0;
      for (const end of [1, 777, 5000, 30000]) {
        await upload.send(input.slice(offset, end), offset);
        offset = end;
      }
      const { text } = await upload.send(input.slice(offset), offset, true);
      assert.equal(text, await whole.text());
      assert.match(text, /"rejects":\{"count":300,"byClass":\{"syntax":300\},"lines":3000,/);
    }));

  it("takes a first part with POST, and a named pipeline with parameters", () =>
    withUploads(async ({ url }) => {
      const post = (query: string, complete: string, body: string) =>
        fetch(`${url}/v1/uploads?${query}`, {
          method: "POST",
          headers: { "upload-complete": complete },
          body,
        });
      const one = await post("q=lines+|+stats+count", "?1", "a\nb\n");
      assert.equal(one.status, 200);
      assert.equal(await one.text(), '{"count":2}\n');
      assert.match(one.headers.get("location")!, /^\/v1\/uploads\/[0-9a-f-]{36}$/);
      const line = '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 9 "-" "-"\n';
      const two = await post("pipeline=top-paths", "?0", line);
      assert.equal(two.status, 201);
      assert.equal(two.headers.get("upload-offset"), String(line.length));
      const { text } = await new UploadClient(url, two.headers.get("location")!).send(
        line,
        line.length,
        true,
      );
      assert.match(text, /"path":"\/a"/);
      const bad = await post("q=lines&every=1s", "?0", "");
      assert.deepEqual(
        problemOf({ status: bad.status, headers: bad.headers, text: await bad.text() }),
        [
          400,
          "every: A resumable upload goes on from its checkpoints and answers once; /v1/run knows this",
        ],
      );
      const wrong = await post("q=lines+|+wher+x", "?0", "");
      assert.equal(wrong.status, 400);
    }));

  it("holds a told length against what comes", () =>
    withUploads(async ({ url }) => {
      const response = await fetch(`${url}/v1/uploads?q=lines`, {
        method: "POST",
        headers: { "upload-length": "4" },
      });
      assert.equal(response.headers.get("upload-length"), "4");
      const upload = new UploadClient(url, response.headers.get("location")!);
      const answer = await upload.send("a\n", 0, true);
      assert.deepEqual(problemOf(answer), [
        400,
        "Expected 4 bytes, as told at the beginning, found 2 at the end",
      ]);
      assert.equal(await upload.offset(), 2);
      assert.equal((await upload.send("b\n", 2, true)).text, '{"line":"a"}\n{"line":"b"}\n');
    }));

  it("goes on after `head` has had enough", () =>
    withUploads(async ({ url }) => {
      const upload = await openUpload(url, "lines | head 1");
      await upload.send("a\nb\n", 0);
      await upload.send("c\n", 4);
      assert.equal((await upload.send("d\n", 6, true)).text, '{"line":"a"}\n');
    }));

  it("tells why no line was a row before the head of the answer, and stays as it was", () =>
    withUploads(async ({ url }) => {
      const upload = await openUpload(url, "json | stats count");
      const answer = await upload.send("no\n", 0, true);
      assert.equal(answer.status, 422);
      const problem = JSON.parse(answer.text);
      assert.equal(problem.code, "nothing_parsed");
      assert.equal(problem.upload, upload.path);
    }));

  it("is gone after DELETE", () =>
    withUploads(async ({ url }) => {
      const upload = await openUpload(url, "lines");
      assert.equal((await upload.request("DELETE")).status, 204);
      assert.deepEqual(problemOf(await upload.request("GET")), [
        404,
        `There is no upload \`${upload.path.slice("/v1/uploads/".length)}\``,
      ]);
    }));

  it("is forgotten when nobody goes on with it for its time", () =>
    withUploads(async ({ url }) => {
      const other = await openUpload(url, "lines");
      while ((await other.request("HEAD")).status !== 404);
      assert.deepEqual(await (await fetch(`${url}/v1/uploads`)).json(), { uploads: [] });
    }, { CHECKPOINT_TTL: "50ms" }));

  it("is refused beyond MAX_UPLOADS, unless one is over", () =>
    withUploads(async ({ url }) => {
      const upload = await openUpload(url, "lines");
      const refused = await fetch(`${url}/v1/uploads?q=lines`, { method: "POST" });
      assert.equal(refused.status, 429);
      assert.equal(
        (await refused.json()).detail,
        "All 1 uploads are open; complete or DELETE one, or raise MAX_UPLOADS",
      );
      await upload.send("a\n", 0, true);
      await openUpload(url, "lines");
      assert.equal((await upload.request("HEAD")).status, 404);
    }, { MAX_UPLOADS: "1" }));

  it("needs a folder", () =>
    withServer({}, async ({ url }) => {
      const response = await fetch(`${url}/v1/uploads?q=lines`, { method: "POST" });
      assert.equal(response.status, 501);
      assert.equal(
        (await response.json()).detail,
        "Resumable uploads need a folder for their checkpoints: start the server with CHECKPOINT_DIR, or send the " +
          "whole upload to /v1/run",
      );
    }));

  it("keeps what came of a part whose connection was lost", () =>
    withUploads(async ({ url, runs }) => {
      const upload = await openUpload(url, "lines | stats count, first(line), last(line)");
      const part = request(url + upload.path, {
        method: "PATCH",
        headers: {
          "content-type": "application/partial-upload",
          "content-length": 100,
          "upload-offset": 0,
          "upload-complete": "?1",
        },
      });
      part.on("error", () => {});
      part.write("a\nb\nc");
      await eventually(() => runs.reports().some(({ bytes }) => bytes === 5));
      part.destroy();
      await eventually(() => runs.reports().every(({ state }) => state === "failed"));
      const { headers } = await upload.request("HEAD");
      assert.equal(headers.get("upload-offset"), "5");
      assert.equal(headers.get("upload-complete"), "?0");
      const { text } = await upload.send("d\ne", 5, true);
      assert.equal(text, '{"count":4,"first(line)":"a","last(line)":"e"}\n');
    }));

  it("gives the result again when its reader went away, and shows each part among the runs", () =>
    withUploads(async ({ url, runs }) => {
      const upload = await openUpload(url, "lines | sort line", { envelope: "events" });
      const lines = Array.from({ length: 200_000 }, (_, n) => `${n}`.padStart(9, "0")).join("\n");
      await upload.send(lines.slice(0, 1_000_000), 0);
      assert.deepEqual(
        runs.reports().map(({ state, bytes, lines }) => [state, bytes, lines]),
        [["parked", 1_000_000, 100_000]],
      );
      const part = request(url + upload.path, {
        method: "PATCH",
        headers: {
          "content-type": "application/partial-upload",
          "upload-offset": 1_000_000,
          "upload-complete": "?1",
        },
      });
      part.on("error", () => {});
      part.on("response", (response) => {
        response.on("error", () => {});
        response.once("data", () => part.destroy());
      });
      part.end(lines.slice(1_000_000));
      await eventually(() => runs.reports()[0]?.error?.code === "client_gone");
      const again = await upload.request("GET", "/result");
      assert.equal(again.status, 200);
      const all = again.text.trimEnd().split("\n");
      assert.equal(all.length, 200_002);
      assert.match(all[0]!, /^\{"start":\{/);
      const { end } = JSON.parse(all.at(-1)!);
      assert.deepEqual([end.state, end.bytes, end.lines, end.rows], [
        "complete",
        lines.length,
        200_000,
        200_000,
      ]);
    }));

  it("takes one part at a time; asking for the offset ends one that has broken off", async () => {
    const gate = gateStage();
    await withUploads(
      async ({ url, runs }) => {
        const upload = await openUpload(url, "lines | gate | stats count");
        let feed!: ReadableStreamDefaultController<Uint8Array>;
        const body = new ReadableStream<Uint8Array>({
          start: (controller) => void (feed = controller),
        });
        const first = fetch(url + upload.path, {
          method: "PATCH",
          headers: {
            "content-type": "application/partial-upload",
            "upload-offset": "0",
            "upload-complete": "?0",
          },
          body,
          duplex: "half",
        } as RequestInit);
        feed.enqueue(new TextEncoder().encode("a\nb\n"));
        await eventually(() => gate.seen === 1);
        const second = await upload.send("a\nb\n", 0);
        assert.equal(second.status, 423);
        assert.equal(second.headers.get("retry-after"), "1");
        const { active } = JSON.parse((await upload.request("GET")).text);
        assert.equal(active, true);
        gate.open();
        await eventually(() => runs.reports().some(({ lines }) => lines === 2));
        assert.equal(await upload.offset(), 4);
        const ended = await first;
        assert.equal(ended.status, 400);
        assert.equal((await ended.json()).code, "upload_cut");
        assert.equal((await upload.send("c\n", 4, true)).text, '{"count":3}\n');
      },
      {},
      [gate.stage],
    );
  });
});

describe("a part that needs more state than it may have", () => {
  it("is over, so that the upload can be gone on with", () =>
    withUploads(async (server) => {
      const upload = await openUpload(server.url, "json | tee (tail 1) (sort n)");
      const rows = Array.from(
        { length: 20_000 },
        (_, n) => `{"n":${n},"s":"${"x".repeat(100)}"}\n`,
      );
      const [status, detail] = problemOf(await upload.send(rows.join(""), 0));
      assert.deepEqual([status, detail.slice(0, 60)], [
        422,
        "The pipeline needs more than 1048576 bytes of state; group b",
      ]);
      const again = await upload.send('{"n":1}\n', 0, true);
      assert.deepEqual([again.status, again.text], [
        200,
        '{"n":1,"$branch":1}\n{"n":1,"$branch":2}\n',
      ]);
      assert.equal(server.runs.reports().filter(({ state }) => state === "running").length, 0);
    }, { MAX_STATE: "1MiB", MAX_BODY: "10MB" }));
});

/** Keeps nothing, and cannot be let go of. */
const CLINGING = defineStage({
  name: "clinging",
  kind: "ordered",
  summary: "Cannot be disposed of",
  description: "For tests.",
  arguments: z.object({}),
  examples: [],
  create: () => ({
    push: (batch: Batch) => [batch],
    dispose() {
      throw new Error("I stay");
    },
  }),
});

describe("a part whose stages cannot let go", () => {
  it("is told as failed, and gives its place back", () =>
    withUploads(
      async (server) => {
        const upload = await openUpload(server.url, "json | clinging");
        assert.equal((await upload.send('{"n":1}\n', 0)).status, 204);
        const [report] = server.runs.reports();
        assert.deepEqual([report!.state, report!.error!.message], [
          "failed",
          "Stage failed: I stay",
        ]);
        assert.equal(JSON.parse((await upload.request("GET")).text).active, false);
      },
      {},
      [CLINGING],
    ));
});
