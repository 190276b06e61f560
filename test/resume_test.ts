/**
 * The server is killed in the middle of an upload, again and again: nothing is lost and nothing counts twice.
 * RESUME_MB=200 RESUME_KILLS=20 is the whole size.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import process from "node:process";
import { test } from "node:test";
import { encodeText } from "../src/batch/text.ts";
import { between, seeded } from "./support/random.ts";
import { runUrl } from "./support/server.ts";
import { ServerProcess } from "./support/server_process.ts";
import { openUpload, type UploadClient } from "./support/uploads.ts";

const LINE_BYTES = 64;
const BLOCK_LINES = 1024;
const TOTAL_LINES = Math.floor(Number(process.env["RESUME_MB"] ?? 20) * 1e6 / LINE_BYTES);
const KILLS = Number(process.env["RESUME_KILLS"] ?? 5);
const SEED = Number(process.env["RESUME_SEED"] ?? 1);
const TOTAL = TOTAL_LINES * LINE_BYTES;

const PIPELINE = "json | where n >= 0 | tee " +
  "(stats count, sum(n) as sum, p50(n), min(n), last(n), distinct(k) as keys by path | sort path) " +
  "(top 3 by k, n) (where n % 100000 == 0 | select n) (tail 2)";

/** The line of that number, always of {@link LINE_BYTES} bytes; one in 997 is no JSON. */
function line(number: number): string {
  const mixed = Math.imul(number, 2654435761) >>> 0;
  const text = number % 997 === 0
    ? `line ${number} is broken`
    : `{"n":${number},"k":${mixed % 5000},"path":"/${mixed % 89}"}`;
  return text.padEnd(LINE_BYTES - 1) + "\n";
}

/** The upload from `offset` on, in pieces. */
function* dataFrom(offset: number): Generator<Uint8Array> {
  for (let first = Math.floor(offset / LINE_BYTES); first < TOTAL_LINES; first += BLOCK_LINES) {
    const last = Math.min(TOTAL_LINES, first + BLOCK_LINES);
    let text = "";
    for (let number = first; number < last; number++) text += line(number);
    yield encodeText(text).subarray(Math.max(0, offset - first * LINE_BYTES));
  }
}

/**
 * Sends the rest from `offset` on as the last part, and calls `sent` with how far it is. Gives the result, or null when
 * the connection broke.
 */
async function sendRest(
  upload: UploadClient,
  offset: number,
  sent: (bytes: number) => void,
): Promise<string | null> {
  const part = request(upload.url + upload.path, {
    method: "PATCH",
    headers: {
      "content-type": "application/partial-upload",
      "content-length": TOTAL - offset,
      "upload-offset": offset,
      "upload-complete": "?1",
    },
  });
  let broken = false;
  const failed = new Promise<null>((resolve) =>
    part.on("error", () => {
      broken = true;
      resolve(null);
    })
  );
  const answered = once(part, "response").then(async ([response]) => {
    let text = "";
    for await (const chunk of response) text += chunk;
    assert.equal(response.statusCode, 200, text);
    return text;
  }).catch((fault) => {
    if (fault instanceof assert.AssertionError) throw fault;
    return null;
  });
  let at = offset;
  for (const piece of dataFrom(offset)) {
    if (broken) break;
    if (!part.write(piece)) await Promise.race([once(part, "drain").catch(() => null), failed]);
    at += piece.length;
    sent(at);
  }
  part.end();
  return await Promise.race([answered, failed]);
}

/** The result of an upload that nobody disturbs. */
async function undisturbed(url: string): Promise<string> {
  const blocks = dataFrom(0);
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = blocks.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
  });
  const response = await fetch(runUrl({ url }, PIPELINE), {
    method: "POST",
    body,
    duplex: "half",
  } as RequestInit);
  return await response.text();
}

/** The lines of a result in an order that does not depend on how a `tee` cut its batches. */
function byBranch(text: string): readonly string[] {
  const lines = text.trimEnd().split("\n");
  const branchOf = (line: string) => /"\$branch":(\d)/.exec(line)?.[1] ?? "9";
  return lines.map((line, index) => ({ line, index })).sort((left, right) =>
    branchOf(left.line).localeCompare(branchOf(right.line)) || left.index - right.index
  ).map(({ line }) => line);
}

test(`killed ${KILLS} times in ${TOTAL} bytes, seed ${SEED}, the totals are those of one run`, async () => {
  const random = seeded(SEED);
  const moments = Array.from({ length: KILLS }, () => between(random, 1, TOTAL)).sort((a, b) =>
    a - b
  );
  const folder = await mkdtemp(`${tmpdir()}/sluice-`);
  const start = () => new ServerProcess({ CHECKPOINT_DIR: folder, CHECKPOINT_INTERVAL: "20ms" });
  let server = start();
  try {
    const upload = await openUpload(await server.url(), PIPELINE);
    let furthest = 0;
    let resent = 0;
    let resumed = 0;
    for (const moment of moments) {
      const offset = await upload.offset();
      assert.ok(offset <= furthest, `${offset} bytes are kept of ${furthest} that were sent`);
      resent += furthest - offset;
      resumed += offset > 0 ? 1 : 0;
      let killed = false;
      const result = await sendRest(upload, offset, (sent) => {
        furthest = Math.max(furthest, sent);
        if (killed || sent < moment) return;
        killed = true;
        server.signal("SIGKILL");
      });
      assert.equal(result, null, "the server was killed before it could answer");
      await server.ended;
      server = start();
      upload.url = await server.url();
    }
    const text = await sendRest(upload, await upload.offset(), () => {});
    assert.ok(text !== null);
    const expected = byBranch(await undisturbed(upload.url));
    byBranch(text).forEach((line, index) => assert.equal(line, expected[index]));
    const counts = [...text.matchAll(/"path":"[^"]*","count":(\d+)/g)].map((match) =>
      Number(match[1])
    );
    const broken = Math.ceil(TOTAL_LINES / 997);
    assert.equal(counts.reduce((sum, count) => sum + count, 0), TOTAL_LINES - broken);
    assert.match(
      text,
      new RegExp(
        `"rejects":\\{"count":${broken},"byClass":\\{"syntax":${broken}\\},"lines":${TOTAL_LINES},`,
      ),
    );
    assert.ok(resumed > 0, `every restart began at 0; ${resent} bytes were sent again`);
    if (process.env["RESUME_MB"] !== undefined) {
      console.log(`resumed ${resumed} of ${KILLS} times past 0, ${resent} bytes sent again`);
    }
  } finally {
    server.signal("SIGKILL");
    await server.ended;
    await rm(folder, { recursive: true });
  }
});
