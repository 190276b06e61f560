/**
 * A server of the test's own on a free port, and curl against it.
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { z } from "zod";
import { type Sluice, startSluice } from "../../routes/server.ts";
import type { Batch } from "../../src/batch/batch.ts";
import type { RunReport } from "../../src/pipeline/report.ts";
import { readSettings } from "../../src/settings.ts";
import { type AnyStage, defineStage } from "../../src/stage.ts";
import { DEFAULT_STAGES, vocabularyOf } from "../../stages/mod.ts";

/** Runs `work` against a new server with `settings`, its whole environment, and takes it down. */
export async function withServer(
  settings: Readonly<Record<string, string>>,
  work: (server: Sluice) => Promise<void>,
  stages: readonly AnyStage[] = [],
): Promise<void> {
  const vocabulary = vocabularyOf([...DEFAULT_STAGES, ...stages]);
  const checked = readSettings({ PORT: "0", SHUTDOWN_GRACE: "0s", ...settings });
  const server = await startSluice(checked, vocabulary, settings, () => {});
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}

/** A stage that holds each batch until the test opens it, and counts the batches that it has seen. */
export function gateStage(): { stage: AnyStage; open(): void; readonly seen: number } {
  const gate = Promise.withResolvers<void>();
  let seen = 0;
  const stage = defineStage({
    name: "gate",
    kind: "ordered",
    summary: "Holds batches",
    description: "For tests.",
    arguments: z.object({}),
    examples: [],
    create: (_args, { signal }) => ({
      async push(batch: Batch) {
        seen++;
        const aborted = new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
        await Promise.race([gate.promise, aborted]);
        return [batch];
      },
    }),
  });
  return {
    stage,
    open: () => gate.resolve(),
    get seen() {
      return seen;
    },
  };
}

/** The address that runs `query` on `server`, with further parameters. */
export function runUrl(
  server: { readonly url: string },
  query: string,
  parameters: Readonly<Record<string, string>> = {},
): string {
  return `${server.url}/v1/run?${new URLSearchParams({ q: query, ...parameters })}`;
}

/** How long anything may take before a test gives up on it. */
const DEADLINE_MS = 20_000;

/** What curl did. */
export interface CurlResult {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/**
 * A curl at work: its input is open until `end` is called, its output is gathered. Uploads that are answered while they
 * are open take `-T .`: with `-T -` curl shows nothing while it waits for its input.
 */
export class Curl {
  readonly #child;
  #output = "";
  #errors = "";
  #news = Promise.withResolvers<void>();
  readonly #closed: Promise<number>;

  constructor(parameters: readonly string[]) {
    this.#child = spawn("curl", ["-sSN", ...parameters], { stdio: ["pipe", "pipe", "pipe"] });
    const gather = (take: (text: string) => void) => (chunk: unknown) => {
      take(String(chunk));
      this.#tell();
    };
    this.#child.stdout.on("data", gather((text) => this.#output += text));
    this.#child.stderr.on("data", gather((text) => this.#errors += text));
    this.#child.stdin.on("error", () => {});
    this.#closed = once(this.#child, "close").then(([code]) => {
      this.#tell();
      return code ?? -1;
    });
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  get output(): string {
    return this.#output;
  }

  /** Sends bytes as the upload's next part. */
  send(data: string | Uint8Array): void {
    this.#child.stdin.write(data);
  }

  /** Resolves when the output matches; rejects when curl ends without that, or after {@link DEADLINE_MS}. */
  async until(pattern: RegExp): Promise<string> {
    let over: string | null = null;
    void this.#closed.then((code) => over = `curl ended with ${code}`);
    const deadline = setTimeout(() => {
      over ??= "nothing more came";
      this.#tell();
    }, DEADLINE_MS);
    while (!pattern.test(this.#output) && over === null) await this.#news.promise;
    clearTimeout(deadline);
    if (pattern.test(this.#output)) return this.#output;
    throw new Error(`Expected ${pattern}, but ${over}: ${this.#output}${this.#errors}`);
  }

  /** Ends the upload and waits for curl. */
  async end(): Promise<CurlResult> {
    this.#child.stdin.end();
    const code = await this.#closed;
    return { code, output: this.#output, errors: this.#errors };
  }
}

/** Runs curl to its end with nothing, or `input`, on its standard input. */
export function curl(
  parameters: readonly string[],
  input?: string | Uint8Array,
): Promise<CurlResult> {
  const process = new Curl(parameters);
  if (input !== undefined) process.send(input);
  return process.end();
}

/** Resolves when `look` gives something else than null or false. Looks at each turn of the event loop. */
export async function eventually<T>(look: () => T | null | false): Promise<T> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const found = look();
    if (found !== null && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`Not within ${DEADLINE_MS} ms: ${look}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The report of the only run that the server knows, once it has ended. */
export function endedRun(server: Sluice): Promise<RunReport> {
  return eventually(() =>
    server.runs.reports().find((report) => report.state !== "running") ?? null
  );
}
