/**
 * Spans of real runs over real sockets, as an OTLP receiver decodes them.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import type { Sluice } from "../routes/server.ts";
import { logLine } from "./support/logs.ts";
import { OtlpReceiver, type ReceivedSpan } from "./support/otlp_receiver.ts";
import { Curl, curl, endedRun, eventually, runUrl, withServer } from "./support/server.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const CALLER = `traceparent: 00-${TRACE}-b7ad6b7169203331-01`;
const PIPELINE =
  "combined | where status >= 500 | stats count as errors by path | sort -errors | head 10";
const WORDS = ["combined", "where", "stats", "sort", "head"];
const LOG = logLine("/a", 200) + "nonsense\n" + logLine("/b", 500) + logLine("/b", 503);
const ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT";

let receiver: OtlpReceiver;
before(async () => {
  receiver = await OtlpReceiver.start();
  // The exporter reads the process's own environment.
  process.env[ENDPOINT] = receiver.endpoint;
});
after(async () => {
  delete process.env[ENDPOINT];
  await receiver.close();
});

/** The spans of what `work` does; stopping the server sends them. */
async function spansOf(work: (server: Sluice) => Promise<void>): Promise<readonly ReceivedSpan[]> {
  await withServer({ [ENDPOINT]: receiver.endpoint }, work);
  return receiver.takeSpans();
}

function statuses(spans: readonly ReceivedSpan[]): unknown[] {
  return [...new Set(spans.map((span) => `${span.status.code} ${span.attributes["error.type"]}`))];
}

describe("a run of five stages", () => {
  it("gives one run span and five children in the caller's trace, with its figures", async () => {
    let traceresponse = "";
    const spans = await spansOf(async (server) => {
      const { output } = await curl(["-i", "-H", CALLER, "-T", "-", runUrl(server, PIPELINE)], LOG);
      traceresponse = /traceresponse: (\S+)/i.exec(output)![1]!;
      await endedRun(server);
    });
    const root = spans.find((span) => span.name === "run")!;
    const children = spans.filter((span) => span !== root);
    assert.equal(root.parentSpanId, "b7ad6b7169203331");
    assert.equal(traceresponse, `00-${TRACE}-${root.spanId}-01`);
    assert.deepEqual(children.map((span) => span.name).sort(), [...WORDS].sort());
    assert.ok(spans.every((span) => span.traceId === TRACE));
    assert.ok(children.every((span) => span.parentSpanId === root.spanId));
    assert.deepEqual(statuses(spans), ["STATUS_CODE_UNSET undefined"]);
    const where = children.find((span) => span.name === "where")!.attributes;
    assert.deepEqual([where["sluice.stage.rows_in"], where["sluice.stage.rows_out"]].map(Number), [
      3,
      2,
    ]);
    const combined = children.find((span) => span.name === "combined")!.attributes;
    assert.equal(Number(combined["sluice.stage.rejects"]), 1);
    for (const { attributes } of children) {
      for (const part of ["busy_ms", "starved_ms", "blocked_ms", "queue_high_water"]) {
        assert.ok(Object.keys(attributes).some((name) => name.includes(part)), part);
      }
    }
  });

  it("ends its spans with an error when it is cancelled, and when it fails", async () => {
    const cancelled = await spansOf(async (server) => {
      const client = new Curl(["-H", CALLER, "-T", ".", runUrl(server, PIPELINE)]);
      client.send(LOG);
      const [run] = await eventually(() =>
        server.runs.reports().some(({ lines }) => lines > 0) && server.runs.reports()
      );
      await fetch(`${server.url}/v1/runs/${run!.id}`, { method: "DELETE" });
      await client.end();
      await endedRun(server);
    });
    assert.equal(cancelled.length, 6);
    assert.deepEqual(statuses(cancelled), ["STATUS_CODE_ERROR cancelled"]);
    const failed = await spansOf(async (server) => {
      await curl(["-H", CALLER, "-T", "-", runUrl(server, PIPELINE, { on_reject: "fail" })], LOG);
      await endedRun(server);
    });
    assert.equal(failed.length, 6);
    assert.deepEqual(statuses(failed), ["STATUS_CODE_ERROR rejects_exceeded"]);
    assert.ok([...cancelled, ...failed].every((span) => span.traceId === TRACE));
  });
});
