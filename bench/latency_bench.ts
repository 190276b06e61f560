/**
 * How soon the first result row of a row pipeline is there after the first byte was sent.
 * @module
 */
import { request } from "node:http";
import { median, startServer } from "./processes.ts";

const LINE = '127.0.0.1 - - [01/Oct/2026:08:00:00 +0000] "GET /late HTTP/1.1" 500 12 "-" "curl"\n';
const QUERY = "combined | where status >= 500 | select path";

/** Milliseconds from writing the first line to its answer, on an idle server: median and worst of `rounds`. */
export async function firstRowLatency(rounds: number): Promise<{ median: number; worst: number }> {
  const server = await startServer("../routes/main.ts");
  const times: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const milliseconds = await once(`${server.url}/v1/run?q=${encodeURIComponent(QUERY)}`);
    if (round > 0) times.push(milliseconds);
  }
  await server.stop();
  return { median: median(times), worst: Math.max(...times) };
}

function once(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const outgoing = request(url, { method: "PUT" }, (answer) => {
      answer.once("data", () => {
        resolve(performance.now() - started);
        outgoing.end();
        answer.resume();
      });
    });
    outgoing.once("error", reject);
    // The upload stays open: the row must not wait for its end.
    outgoing.write(LINE);
  });
}
