import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { after, afterEach, before, describe, it } from "node:test";
import { ProxyTracerProvider, trace } from "@opentelemetry/api";
import { RunError } from "../src/errors.ts";
import type { RunReport, StageReport } from "../src/pipeline/report.ts";
import { startTelemetry, type Telemetry } from "../src/telemetry/setup.ts";
import { type RunFacts, startRun } from "../src/telemetry/spans.ts";
import { OtlpReceiver, type ReceivedSpan } from "./support/otlp_receiver.ts";

const CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const UNSAMPLED_CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
const STARTED_AT = Date.parse("2026-11-21T08:00:00.000Z");
const PIPELINE =
  "combined | where status >= 500 | stats count as errors by path | sort -errors | head 10";
const WORDS = ["combined", "where", "stats", "sort", "head"];

let receiver: OtlpReceiver;
let telemetry: Telemetry | null = null;
let warnings: string[] = [];
let onWarning = () => {};

before(async () => {
  receiver = await OtlpReceiver.start();
});
after(() => receiver.close());
afterEach(async () => {
  await telemetry?.shutdown();
  telemetry = null;
  for (const name of Object.keys(process.env)) {
    if (name.startsWith("OTEL_")) delete process.env[name];
  }
  receiver.takeSpans();
  receiver.takeHeaders();
});

/** Starts telemetry towards the receiver, with more variables set in the environment, as an operator would. */
async function start(variables: Record<string, string> = {}): Promise<Telemetry> {
  Object.assign(process.env, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, ...variables });
  const own: string[] = [];
  warnings = own;
  telemetry = await startTelemetry(process.env, (message) => {
    own.push(message);
    onWarning();
  });
  return telemetry;
}

function nextWarning(): Promise<void> {
  return new Promise((resolve) => {
    onWarning = resolve;
  });
}

/** Stops telemetry, which sends what is left, and gives what has arrived. */
async function received(): Promise<ReceivedSpan[]> {
  await telemetry?.shutdown();
  return receiver.takeSpans();
}

function facts(changes: Partial<RunFacts> = {}): RunFacts {
  return {
    runId: "r1",
    pipeline: PIPELINE,
    pipelineName: null,
    traceparent: null,
    tracestate: null,
    startedAt: STARTED_AT,
    ...changes,
  };
}

function stageReport(stage: string, index: number): StageReport {
  return {
    stage,
    index,
    rowsIn: 100 - index,
    rowsOut: 99 - index,
    bytesIn: 2000,
    bytesOut: 1000,
    batchesIn: 4,
    batchesOut: 3,
    busyMs: 1.5,
    starvedMs: 2.25,
    blockedMs: 0.125,
    queueHighWater: 640,
    queueBound: 4096,
    queueUnit: index === 0 ? "bytes" : "rows",
    rejects: index === 0 ? 7 : 0,
    rejectsByClass: index === 0 ? { syntax: 7 } : {},
    queueDepth: 0,
    batchTimes: { count: 0, sumMs: 0, p50Ms: null, p99Ms: null, buckets: {} },
    facts: {},
  };
}

function report(error: RunError | null = null): RunReport {
  return {
    id: "r1",
    state: error === null ? "complete" : "failed",
    error,
    pipeline: PIPELINE,
    name: null,
    startedAt: "2026-11-21T08:00:00.000Z",
    durationMs: 1234,
    wireBytes: 500,
    bytes: 2000,
    lines: 107,
    rows: 10,
    rejects: 7,
    rejectsByClass: { syntax: 7 },
    bottleneck: "combined",
    stages: WORDS.map(stageReport),
    events: [],
  };
}

function named(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  const found = spans.filter((span) => span.name === name);
  assert.equal(found.length, 1, `${found.length} spans "${name}"`);
  return found[0]!;
}

describe("spans of a run", () => {
  it("are one for the run and one for each stage, in the caller's trace", async () => {
    await start();
    const run = startRun(facts({ traceparent: CALLER, tracestate: "vendor=1" }));
    run.end(report());
    const spans = await received();
    assert.deepEqual(spans.map((span) => span.name).sort(), ["run", ...WORDS].sort());
    const root = named(spans, "run");
    assert.equal(root.traceId, "0af7651916cd43dd8448eb211c80319c");
    assert.equal(root.parentSpanId, "b7ad6b7169203331");
    assert.equal(root.traceState, "vendor=1");
    assert.equal(root.kind, "SPAN_KIND_SERVER");
    assert.equal(root.scope, "sluice");
    assert.equal(root.status.code, "STATUS_CODE_UNSET");
    assert.deepEqual(root.attributes, {
      "sluice.run.id": "r1",
      "sluice.pipeline": PIPELINE,
      "sluice.run.state": "complete",
      "sluice.run.duration_ms": 1234,
      "sluice.run.wire_bytes": 500,
      "sluice.run.bytes": 2000,
      "sluice.run.lines": 107,
      "sluice.run.rows": 10,
      "sluice.run.rejects": 7,
      "sluice.run.bottleneck": "combined",
    });
    for (const word of WORDS) {
      const stage = named(spans, word);
      assert.equal(stage.traceId, root.traceId);
      assert.equal(stage.parentSpanId, root.spanId);
      assert.equal(stage.kind, "SPAN_KIND_INTERNAL");
      assert.equal(stage.startTimeUnixNano, "1795248000000000000");
      assert.equal(stage.endTimeUnixNano, root.endTimeUnixNano);
      assert.equal(stage.status.code, "STATUS_CODE_UNSET");
    }
    assert.equal(run.traceresponse, `00-${root.traceId}-${root.spanId}-01`);
  });

  it("carry each stage's figures, with their units", async () => {
    await start();
    startRun(facts()).end(report());
    const spans = await received();
    assert.deepEqual(named(spans, "where").attributes, {
      "sluice.stage.name": "where",
      "sluice.stage.index": 1,
      "sluice.stage.rows_in": 99,
      "sluice.stage.rows_out": 98,
      "sluice.stage.bytes_in": 2000,
      "sluice.stage.bytes_out": 1000,
      "sluice.stage.batches_in": 4,
      "sluice.stage.batches_out": 3,
      "sluice.stage.busy_ms": 1.5,
      "sluice.stage.starved_ms": 2.25,
      "sluice.stage.blocked_ms": 0.125,
      "sluice.stage.queue_high_water_rows": 640,
      "sluice.stage.queue_bound_rows": 4096,
      "sluice.stage.rejects": 0,
    });
    const combined = named(spans, "combined").attributes;
    assert.equal(combined["sluice.stage.queue_high_water_bytes"], 640);
    assert.equal(combined["sluice.stage.rejects"], 7);
  });

  it("start a trace of their own without a caller, and end after they start", async () => {
    await start();
    const before = Date.now();
    const run = startRun(facts({ startedAt: before }));
    run.end(report());
    const root = named(await received(), "run");
    assert.equal(root.parentSpanId, undefined);
    assert.equal(run.traceresponse, `00-${root.traceId}-${root.spanId}-01`);
    assert.equal(root.startTimeUnixNano, `${before}000000`);
    const lasted = BigInt(root.endTimeUnixNano) - BigInt(root.startTimeUnixNano);
    assert.ok(lasted >= 0n && lasted < 10_000_000_000n, `${lasted} ns`);
  });

  it("take the name of a named pipeline, never the user's text", async () => {
    await start();
    const text = "combined | head " + "1".repeat(5000);
    startRun(facts({ pipelineName: "errors-by-path", pipeline: text })).end(report());
    const root = named(await received(), "run errors-by-path");
    assert.equal(root.attributes["sluice.pipeline.name"], "errors-by-path");
    assert.equal(root.attributes["sluice.pipeline"], text.slice(0, 4095) + "…");
  });

  for (
    const [code, message] of [
      ["internal", "Stage failed: Cannot read properties of undefined"],
      ["client_gone", "The client no longer reads the result"],
      ["cancelled", "Cancelled by DELETE /v1/runs/r1"],
    ] as const
  ) {
    it(`end as errors when the run failed with ${code}`, async () => {
      await start();
      startRun(facts({ traceparent: CALLER })).end(report(new RunError(code, message)));
      const spans = await received();
      assert.equal(spans.length, 6);
      const root = named(spans, "run");
      assert.deepEqual(root.status, { code: "STATUS_CODE_ERROR", message });
      assert.equal(root.attributes["error.type"], code);
      assert.equal(root.attributes["sluice.run.state"], "failed");
      for (const word of WORDS) {
        const stage = named(spans, word);
        assert.deepEqual(stage.status, { code: "STATUS_CODE_ERROR" });
        assert.equal(stage.attributes["error.type"], code);
        assert.equal(stage.attributes["sluice.stage.rows_in"], 100 - WORDS.indexOf(word));
      }
    });
  }

  it("end once, however often they are told to", async () => {
    await start();
    const run = startRun(facts());
    run.end(report());
    run.end(report(new RunError("internal", "Too late")));
    run.event("too late");
    const spans = await received();
    assert.equal(spans.length, 6);
    assert.equal(named(spans, "run").status.code, "STATUS_CODE_UNSET");
  });

  it("hold events, of the run or of a stage", async () => {
    await start();
    const run = startRun(facts());
    run.event("worker restarted", { "sluice.worker.index": 2 });
    run.event("breaker opened", {}, { stage: "where", index: 1 });
    run.end(report());
    const spans = await received();
    assert.equal(spans.length, 6);
    const eventsOf = (name: string) =>
      named(spans, name).events?.map((event) => [event.name, event.attributes]);
    assert.deepEqual(eventsOf("run"), [["worker restarted", { "sluice.worker.index": 2 }]]);
    assert.deepEqual(eventsOf("where"), [["breaker opened", {}]]);
  });

  it("are made for nested stages too", async () => {
    await start();
    const nested = [...report().stages, stageReport("tee.1.where", 5)];
    startRun(facts()).end({ ...report(), stages: nested });
    const spans = await received();
    assert.equal(named(spans, "tee.1.where").parentSpanId, named(spans, "run").spanId);
  });
});

describe("traceresponse", () => {
  for (
    const [what, traceparent] of [
      ["is missing", null],
      ["has an unknown version ff", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
      ["has upper case letters", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"],
      ["has a trace id of zeros", "00-00000000000000000000000000000000-b7ad6b7169203331-01"],
      ["has a span id of zeros", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"],
      ["has more than version 00 has", `${CALLER}-00`],
      ["was sent twice", `${CALLER}, ${CALLER}`],
    ] as const
  ) {
    it(`starts a new trace when traceparent ${what}`, () => {
      const one = startRun(facts({ traceparent })).traceresponse;
      assert.match(one, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
      assert.notEqual(one.slice(3, 35), "0af7651916cd43dd8448eb211c80319c");
      assert.notEqual(startRun(facts({ traceparent })).traceresponse, one);
    });
  }

  it("keeps the caller's trace when nobody records, with a span id of its own", () => {
    for (const traceparent of [CALLER, CALLER.replace("00-", "cc-") + "-what-ever"]) {
      const { traceresponse } = startRun(facts({ traceparent }));
      assert.match(traceresponse, /^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/);
      assert.ok(!traceresponse.includes("b7ad6b7169203331"));
    }
  });
});

describe("sampling", () => {
  for (
    const [variables, traceparent, sampled] of [
      [{}, UNSAMPLED_CALLER, false],
      [{}, CALLER, true],
      [{ OTEL_TRACES_SAMPLER: "always_off" }, CALLER, false],
      [{ OTEL_TRACES_SAMPLER: "always_on" }, UNSAMPLED_CALLER, true],
      [{ OTEL_TRACES_SAMPLER: "parentbased_always_off" }, null, false],
      [{ OTEL_TRACES_SAMPLER: "parentbased_always_off" }, CALLER, true],
      [{ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0" }, CALLER, false],
      [{ OTEL_TRACES_SAMPLER: "traceidratio" }, UNSAMPLED_CALLER, true],
      [
        { OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0" },
        null,
        false,
      ],
    ] as const
  ) {
    const asked = Object.values(variables).join(" ") || "the default";
    it(`${sampled ? "keeps" : "drops"} ${traceparent ?? "a new trace"} with ${asked}`, async () => {
      await start(variables);
      const run = startRun(facts({ traceparent }));
      run.event("noted");
      run.end(report());
      assert.equal((await received()).length, sampled ? 6 : 0);
      assert.equal(run.traceresponse.slice(-2), sampled ? "01" : "00");
      if (traceparent !== null) {
        assert.equal(run.traceresponse.slice(3, 35), "0af7651916cd43dd8448eb211c80319c");
        assert.ok(!run.traceresponse.includes("b7ad6b7169203331"));
      }
      assert.deepEqual(warnings, []);
    });
  }
});

function isRegistered(): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider) ||
    provider.getDelegateTracer("test") !== undefined;
}

describe("startTelemetry", () => {
  for (
    const [variables, warning] of [
      [{ OTEL_EXPORTER_OTLP_ENDPOINT: "" }, null],
      [{ OTEL_SDK_DISABLED: "true" }, null],
      [{ OTEL_TRACES_EXPORTER: "none" }, null],
      [
        { OTEL_TRACES_EXPORTER: "zipkin" },
        'Spans are not exported: OTEL_TRACES_EXPORTER is "zipkin", use otlp or none',
      ],
      [
        { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" },
        'Spans are not exported: OTEL_EXPORTER_OTLP_ENDPOINT is "collector:4318", use a URL such as http://localhost:4318',
      ],
      [
        { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "nowhere" },
        'Spans are not exported: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is "nowhere", use a URL such as http://localhost:4318',
      ],
    ] as const
  ) {
    it(`registers nothing with ${JSON.stringify(variables)}`, async () => {
      const { enabled, shutdown } = await start(variables);
      assert.equal(enabled, false);
      assert.equal(isRegistered(), false);
      startRun(facts()).end(report());
      await shutdown();
      assert.deepEqual(receiver.takeHeaders(), []);
      assert.deepEqual(warnings, warning === null ? [] : [warning]);
    });
  }

  it("uses the default for what it cannot use, and says so", async () => {
    await start({
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
      OTEL_TRACES_SAMPLER: "sometimes",
      OTEL_BSP_SCHEDULE_DELAY: "soon",
    });
    assert.deepEqual(warnings, [
      'OTEL_EXPORTER_OTLP_PROTOCOL is "http/protobuf", spans are sent as http/json',
      'OTEL_TRACES_SAMPLER is "sometimes", use one of always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, parentbased_traceidratio; all is sampled',
      'OTEL_BSP_SCHEDULE_DELAY is "soon", use a whole number above 0; the default is taken',
    ]);
    startRun(facts()).end(report());
    assert.equal((await received()).length, 6);
  });

  it("names a sampling ratio that is none", async () => {
    await start({ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "10%" });
    assert.deepEqual(warnings, [
      'OTEL_TRACES_SAMPLER_ARG is "10%", use a share from 0 to 1; all is sampled',
    ]);
  });

  it("sends the headers and describes the resource that the variables ask for", async () => {
    await start({
      OTEL_SERVICE_NAME: "edge-logs",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test,service.name=ignored",
      OTEL_EXPORTER_OTLP_HEADERS: "x-api-key=secret",
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "x-tenant=blue",
    });
    startRun(facts()).end(report());
    const { resource } = named(await received(), "run");
    assert.equal(resource["service.name"], "edge-logs");
    assert.equal(resource["deployment.environment.name"], "test");
    const [headers] = receiver.takeHeaders();
    assert.equal(headers?.["x-api-key"], "secret");
    assert.equal(headers?.["x-tenant"], "blue");
  });

  it("calls the service sluice by default, and posts to the traces endpoint as it stands", async () => {
    await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.endpoint}/v1/traces`,
    });
    startRun(facts()).end(report());
    assert.equal(named(await received(), "run").resource["service.name"], "sluice");
  });

  it("sends while it runs, when a batch is full", async () => {
    await start({ OTEL_BSP_SCHEDULE_DELAY: "1", OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "2" });
    startRun(facts()).end(report());
    assert.equal((await received()).length, 6);
    assert.ok(receiver.takeHeaders().length >= 3);
  });

  it("adds nothing when called twice, and the second shutdown leaves the first alone", async () => {
    await start();
    const second = await startTelemetry(process.env);
    assert.equal(second.enabled, true);
    await second.shutdown();
    startRun(facts()).end(report());
    assert.equal((await received()).length, 6);
  });

  it("registers one of two that start at once", async () => {
    process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.endpoint;
    const both = await Promise.all([startTelemetry(process.env), startTelemetry(process.env)]);
    startRun(facts()).end(report());
    await Promise.all(both.map((one) => one.shutdown()));
    assert.equal(receiver.takeSpans().length, 6);
    assert.equal(isRegistered(), false);
  });
});

describe("a collector that fails", () => {
  it("is named once, and disturbs no run", async () => {
    const closed = createServer();
    closed.listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as AddressInfo;
    closed.close();
    const { shutdown } = await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_TIMEOUT: "500",
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "1",
    });
    const run = startRun(facts({ traceparent: CALLER }));
    assert.match(run.traceresponse, /^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
    run.end(report());
    await shutdown();
    assert.deepEqual(warnings, [
      `Spans could not be sent to 127.0.0.1:${port}, runs go on: connect ECONNREFUSED 127.0.0.1:${port}`,
    ]);
  });

  it("is named again when it works again", async () => {
    const statuses = [400, 200];
    const flaky = createServer((request, response) => {
      const status = statuses.shift() ?? 500;
      request.resume().on("end", () => response.writeHead(status).end());
    });
    flaky.listen(0, "127.0.0.1");
    await once(flaky, "listening");
    const host = `127.0.0.1:${(flaky.address() as AddressInfo).port}`;
    const { shutdown } = await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${host}`,
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "6",
    });
    const failed = nextWarning();
    startRun(facts()).end(report());
    await failed;
    startRun(facts()).end(report());
    await shutdown();
    flaky.close();
    assert.deepEqual(warnings, [
      `Spans could not be sent to ${host}, runs go on: 400 Bad Request`,
      `Spans reach ${host} again; batches lost before: 1`,
    ]);
  });

  it("does not hold up a shutdown", async () => {
    const silent = createServer(() => {});
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { shutdown } = await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    });
    startRun(facts()).end(report());
    await shutdown(50);
    // The request still waits for its answer: it would have been told of otherwise.
    assert.deepEqual(warnings, []);
    assert.equal(isRegistered(), false);
    silent.closeAllConnections();
    silent.close();
  });
});

describe("OTEL_DENO=true", () => {
  const onBun = "Bun" in globalThis && "Bun has no OpenTelemetry of its own to hand spans to";

  it("leaves the exporting to Deno, and the spans arrive", { skip: onBun }, async () => {
    const script = `
      import { startTelemetry } from "./src/telemetry/setup.ts";
      import { startRun } from "./src/telemetry/spans.ts";
      import process from "node:process";
      const { enabled, shutdown } = await startTelemetry(process.env);
      const run = startRun(${JSON.stringify(facts({ traceparent: CALLER }))});
      run.end(${JSON.stringify(report(new RunError("timeout", "Too slow")))});
      run.end(${JSON.stringify(report())});
      await shutdown();
      process.stdout.write(enabled + " " + run.traceresponse);`;
    const child = spawn(process.execPath, ["eval", script], {
      cwd: new URL("..", import.meta.url),
      env: {
        ...process.env,
        OTEL_DENO: "true",
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        OTEL_LOGS_EXPORTER: "none",
        OTEL_METRICS_EXPORTER: "none",
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (chunk) => output += String(chunk));
    await once(child, "close");
    const spans = receiver.takeSpans();
    assert.deepEqual(spans.map((span) => span.name).sort(), ["run", ...WORDS].sort());
    const root = named(spans, "run");
    assert.equal(output, `true 00-${root.traceId}-${root.spanId}-01`);
    assert.equal(root.traceId, "0af7651916cd43dd8448eb211c80319c");
    assert.equal(root.parentSpanId, "b7ad6b7169203331");
    assert.deepEqual(root.status, { code: "STATUS_CODE_ERROR", message: "Too slow" });
    assert.equal(root.attributes["error.type"], "timeout");
    for (const word of WORDS) assert.equal(named(spans, word).parentSpanId, root.spanId);
  });
});
