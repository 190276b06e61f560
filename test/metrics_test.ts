/**
 * Metrics of real runs: as a Prometheus parser reads them, as an OTLP receiver decodes them; and a run's live events.
 */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import process from "node:process";
import { describe, it } from "node:test";
import { BatchTimeHistogram } from "../src/pipeline/batch_times.ts";
import { z } from "zod";
import type { Batch } from "../src/batch/batch.ts";
import { defineStage } from "../src/stage.ts";
import { logLine } from "./support/logs.ts";
import {
  Curl,
  curl,
  endedRun,
  eventually,
  gateStage,
  runUrl,
  withServer,
} from "./support/server.ts";

interface Family {
  readonly name: string;
  readonly type: string;
  readonly metrics: readonly {
    readonly value?: string;
    readonly labels?: Readonly<Record<string, string>>;
  }[];
}

const parsePrometheus: (text: string) => readonly Family[] = createRequire(import.meta.url)(
  "parse-prometheus-text-format",
);

const PIPELINE = "combined | where status >= 500 | stats count by path";
const LOG = logLine("/a", 200) + "nonsense\n" + logLine("/b", 500) + logLine("/b", 503);

async function familiesOf(server: { readonly url: string }): Promise<ReadonlyMap<string, Family>> {
  const { output } = await curl([`${server.url}/metrics`]);
  return new Map(parsePrometheus(output).map((family) => [family.name, family]));
}

function values(family: Family | undefined): Record<string, number> {
  return Object.fromEntries((family?.metrics ?? []).map(({ labels = {}, value }) => [
    labels["stage"] ?? labels["outcome"] ?? "",
    Number(value),
  ]));
}

describe("/metrics", () => {
  it("is read by a Prometheus parser, and sums up what runs did by word, never by user text", async () => {
    await withServer({}, async (server) => {
      for (let run = 0; run < 2; run++) await curl(["-T", "-", runUrl(server, PIPELINE)], LOG);
      await curl(["-T", "-", runUrl(server, "json | head 1", { on_reject: "fail" })], "no json\n");
      await eventually(() => server.runs.reports().every(({ state }) => state !== "running"));
      const families = await familiesOf(server);
      assert.deepEqual(values(families.get("sluice_runs_total")), {
        complete: 2,
        rejects_exceeded: 1,
      });
      assert.deepEqual(values(families.get("sluice_stage_rows_in_total")), {
        combined: 0,
        where: 6,
        stats: 4,
        json: 0,
        head: 0,
      });
      const rejects = families.get("sluice_stage_rejects_total")?.metrics.map((
        { labels, value },
      ) => [
        labels,
        value,
      ]);
      assert.deepEqual(rejects, [
        [{ stage: "combined", pipeline: "", class: "syntax" }, "2"],
        [{ stage: "json", pipeline: "", class: "syntax" }, "1"],
      ]);
      assert.equal(values(families.get("sluice_stage_bytes_in_total"))["combined"], 2 * LOG.length);
      // The parser knows no labels on histograms.
      assert.equal(families.get("sluice_stage_batch_duration")?.type, "HISTOGRAM");
      const { output } = await curl([`${server.url}/metrics`]);
      const of = '{stage="where",pipeline=""';
      assert.ok(output.includes(`sluice_stage_batch_duration_count${of}} 2\n`), output);
      assert.ok(output.includes(`sluice_stage_batch_duration_bucket${of},le="+Inf"} 2\n`), output);
      const text = JSON.stringify([...families.values()]);
      assert.doesNotMatch(text, /status|path|"\/b"/);
    });
  });

  it("shows live runs and what waits in front of a stage, with its bound", async () => {
    const gate = gateStage();
    await withServer({}, async (server) => {
      const client = new Curl(["-T", ".", runUrl(server, "combined | gate | stats count")]);
      client.send(LOG);
      await eventually(() => gate.seen === 1);
      client.send(LOG);
      await eventually(() => server.runs.reports()[0]!.stages[1]!.queueDepth > 0);
      const families = await familiesOf(server);
      assert.equal(values(families.get("sluice_runs_live"))[""], 1);
      const depth = values(families.get("sluice_stage_queue_depth_bytes"))["gate"]!;
      const bound = values(families.get("sluice_stage_queue_bound_bytes"))["gate"]!;
      assert.ok(depth > 0 && depth <= bound, `${depth} of ${bound}`);
      gate.open();
      await client.end();
    }, [gate.stage]);
  });
});

describe("metrics over OTLP", () => {
  it("arrive at the endpoint when the server stops", async () => {
    const bodies: string[] = [];
    const collector = await collecting(bodies);
    const endpoint = `http://127.0.0.1:${(collector.address() as { port: number }).port}`;
    process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint;
    try {
      await withServer(
        { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_EXPORTER: "none" },
        async (server) => {
          await curl(["-T", "-", runUrl(server, PIPELINE)], LOG);
          await endedRun(server);
        },
      );
    } finally {
      delete process.env["OTEL_EXPORTER_OTLP_ENDPOINT"];
      collector.closeAllConnections();
      collector.close();
    }
    const body = bodies.find((text) => text.includes("sluice.stage.rows_in"));
    assert.ok(body, `${bodies.length} bodies came`);
    const { metrics } = JSON.parse(body).resourceMetrics[0].scopeMetrics.find((
      { scope }: { scope: { name: string } },
    ) => scope.name === "sluice");
    const rowsIn = metrics.find(({ name }: { name: string }) => name === "sluice.stage.rows_in");
    assert.equal(rowsIn.sum.isMonotonic, true);
    assert.equal(rowsIn.sum.dataPoints.length, 3);
  });
});

function collecting(bodies: string[]): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text) => body += text).on("end", () => {
        if (request.url === "/v1/metrics") bodies.push(body);
        response.end("{}");
      });
    });
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

const teller = defineStage({
  name: "teller",
  kind: "ordered",
  summary: "Tells of each batch",
  description: "For tests.",
  arguments: z.object({}),
  examples: [],
  create: (_args, context) => ({
    push(batch: Batch) {
      context.event("told", { rows: batch.length });
      context.fact("batches", 1);
      return [batch];
    },
  }),
});

describe("/v1/runs/ID/events", () => {
  it("tells progress, changes and the end while they happen", async () => {
    await withServer({}, async (server) => {
      const client = new Curl(["-T", ".", runUrl(server, "combined | teller | stats count")]);
      const run = await eventually(() => server.runs.reports()[0] ?? null);
      const events = new Curl([`${server.url}/v1/runs/${run.id}/events?every=20ms`]);
      await events.until(/^event: progress\ndata: \{"id"/);
      client.send(LOG);
      await events.until(/event: change\ndata: \{"stage":"teller","index":1,"name":"told"/);
      await events.until(/"facts":\{"batches":1\}/);
      await client.end();
      const { code, output } = await events.end();
      assert.equal(code, 0);
      assert.match(output, /event: end\ndata: \{[^\n]*"state":"complete"[^\n]*\n\n$/);
      const late = await curl([`${server.url}/v1/runs/${run.id}/events`]);
      assert.match(late.output, /^event: end\ndata: /);
      const unknown = await curl([`${server.url}/v1/runs/nobody/events`]);
      assert.match(unknown.output, /"status": 404/);
    }, [teller]);
  });

  it("tells when a run stays blocked, and by what", async () => {
    const gate = gateStage();
    await withServer({ BLOCKED_LIMIT: "30ms" }, async (server) => {
      const client = new Curl(["-T", ".", runUrl(server, "combined | gate | stats count")]);
      client.send(LOG);
      await eventually(() => gate.seen === 1);
      client.send(LOG);
      const [event] = await eventually(() => {
        const { events } = server.runs.reports()[0]!;
        return events.length > 0 && events;
      });
      assert.equal(event!.name, "blocked");
      assert.equal(event!.attributes["by"], "gate");
      assert.ok(Number(event!.attributes["forMs"]) >= 30);
      gate.open();
      assert.equal((await client.end()).code, 0);
    }, [gate.stage]);
  });
});

describe("batch times", () => {
  it("fall in buckets with inclusive upper bounds", () => {
    const times = new BatchTimeHistogram();
    assert.deepEqual(times.report(), { count: 0, sumMs: 0, p50Ms: null, p99Ms: null, buckets: {} });
    for (const ms of [0.05, 0.06, 0.2, 3, 20_000]) times.record(ms);
    times.record(0.5, 2);
    assert.deepEqual(times.report(), {
      count: 7,
      sumMs: 20_004.31,
      p50Ms: 0.5,
      p99Ms: 10_000,
      buckets: { "0.05": 1, "0.1": 1, "0.25": 1, "0.5": 2, "5": 1, "more": 1 },
    });
  });
});
