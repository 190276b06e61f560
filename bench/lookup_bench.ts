/**
 * Rows a second through `lookup http` against a service that answers in 20 ms and fails three times in ten: one request at a
 * time without a cache, beside sixteen with one. Both go through a real server and real sockets, in turn.
 *
 *     deno run -A bench/lookup_bench.ts
 *     bun bench/lookup_bench.ts
 * @module
 */
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { startSluice } from "../routes/server.ts";
import { readSettings } from "../src/settings.ts";
import { VOCABULARY } from "../stages/mod.ts";
import { median } from "./processes.ts";

const DELAY_MS = 20;
const FAILING = 0.3;
const ROUNDS = 3;
const ROWS = 400;
const KEYS = 200;
const POLICIES = "timeout=5s retries=20 backoff=1ms";

async function startService(): Promise<http.Server> {
  const server = http.createServer((request, response) => {
    setTimeout(() => {
      response.statusCode = Math.random() < FAILING ? 503 : 200;
      response.end(JSON.stringify({ path: request.url }));
    }, DELAY_MS);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Rows a second; throws when a row has no answer. */
async function measure(url: string, host: string, options: string): Promise<number> {
  const pipeline = `json | lookup http "http://${host}/{key}" as found ${POLICIES} ${options} ` +
    "| where found == null | stats count";
  let body = "";
  for (let row = 0; row < ROWS; row++) body += `{"key":${row % KEYS}}\n`;
  const started = performance.now();
  const response = await fetch(`${url}/v1/run?${new URLSearchParams({ q: pipeline })}`, {
    method: "POST",
    body,
  });
  const text = await response.text();
  if (text !== '{"count":0}\n') throw new Error(`Expected an answer for each row, found ${text}`);
  return ROWS * 1000 / (performance.now() - started);
}

const service = await startService();
const host = `127.0.0.1:${(service.address() as AddressInfo).port}`;
const settings = readSettings({ PORT: "0", LOOKUP_HOSTS: host, WORKERS: "0" });
const server = await startSluice(settings, VOCABULARY, {}, () => {});
const ratios: number[] = [];
try {
  for (let round = 0; round < ROUNDS; round++) {
    const alone = await measure(server.url, host, "concurrency=1 cache=1/1ms");
    const together = await measure(server.url, host, "concurrency=16");
    ratios.push(together / alone);
    console.log(`${alone.toFixed(0)} rows/s one at a time, ${together.toFixed(0)} rows/s with 16`);
  }
  console.log(`ratio ${median(ratios).toFixed(1)}`);
} finally {
  await server.stop();
  service.closeAllConnections();
  service.close();
}
