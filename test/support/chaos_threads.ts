/**
 * Chaos on worker threads: they die, throw and hang in the middle of runs.
 * @module
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sluice } from "../../routes/server.ts";
import { encodeText } from "../../src/batch/text.ts";
import { faultsOf } from "./chaos_accounts.ts";
import { exchange } from "./chaos_client.ts";
import { startServer } from "./chaos_world.ts";
import { cut, run } from "./operators.ts";
import { between, pickOne, seeded } from "./random.ts";
import { eventually, runUrl } from "./server.ts";
import { WORKER_WORDS } from "./worker_words.ts";

const ROWS = 60_000;
const STATS = "stats count, sum(n) as sum, max(n) as most, distinct(k) as keys by g | sort g";

function upload(random: () => number): { bytes: Uint8Array; broken: number } {
  let broken = 0;
  const lines = Array.from({ length: ROWS }, (_, n) => {
    if (random() < 0.001) return `{broken ${++broken}\n`;
    return `{"n":${n},"k":${between(random, 0, 999)},"g":${n % 7}}\n`;
  });
  return { bytes: encodeText(lines.join("")), broken };
}

function cutRandomly(random: () => number, bytes: Uint8Array): readonly Uint8Array[] {
  const cuts = Array.from({ length: 40 }, () => between(random, 0, bytes.length));
  return cut(bytes, cuts.sort((left, right) => left - right));
}

/** A server with a pool of threads that know the words that fail. */
export class ThreadedWorld {
  readonly #seen = new Set<string>();
  #folder = "";

  private constructor(readonly server: Sluice, readonly threads: number) {}

  static async start(threads: number): Promise<ThreadedWorld> {
    const server = await startServer(WORKER_WORDS, { WORKERS: String(threads) }, {
      module: new URL("worker.ts", import.meta.url),
      vocabulary: WORKER_WORDS,
      eager: true,
    });
    assert.equal(await server.workers!.started(), true);
    const world = new ThreadedWorld(server, threads);
    world.#folder = await mkdtemp(`${tmpdir()}/sluice-`);
    return world;
  }

  async stop(): Promise<void> {
    await this.server.stop("abrupt");
    await rm(this.#folder, { recursive: true });
  }

  /** One round with two runs at once, one of them in trouble. */
  async round(seed: number): Promise<void> {
    const random = seeded(seed);
    const trouble = pickOne(random, ["dieonce", "dieonce", "die", "throw", "refuse", "leave"]);
    try {
      const { bytes, broken } = upload(random);
      const { output: right } = await run(`json | where n >= 0 | ${STATS}`, bytes);
      const calm = this.#ask(`json | where n >= 0 | ${STATS}`, cutRandomly(random, bytes));
      const marker = join(this.#folder, String(seed));
      const word = trouble === "dieonce" ? `dieonce "${marker}"` : trouble;
      const troubled = trouble === "leave"
        ? this.#leave(random, bytes)
        : this.#ask(`json | ${word} | where n >= 0 | ${STATS}`, cutRandomly(random, bytes));
      const [calmly, answer] = await Promise.all([calm, troubled]);
      assert.equal(calmly.text, right, "the run beside is right");
      if (trouble === "dieonce") assert.equal(answer.text, right);
      else {
        // Bun itself says 400 to a client that half-closes in its upload, where no answer has begun.
        const refused = trouble === "leave" && answer.status === 400 && answer.text === "";
        assert.ok(answer.cut || refused, `an answer of ${answer.status} is cut`);
      }
      await this.#settle(broken, trouble === "dieonce" ? 0 : 1);
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      const { threads } = this;
      throw new Error(`CHAOS_SEED=${seed}: ${trouble} on ${threads} threads: ${text}`, { cause });
    }
  }

  async #ask(pipeline: string, pieces: readonly Uint8Array[]) {
    const answer = await exchange(runUrl(this.server, pipeline), { pieces });
    // Rejects are compared by the reports.
    return { ...answer, text: answer.text.replace(/\{"\$notice".*\n/, "") };
  }

  /** Leaves in the middle, once the server has begun: before that there is no run to fail. */
  async #leave(random: () => number, bytes: Uint8Array) {
    const pieces = cutRandomly(random, bytes);
    const pipeline = `json | ${STATS}`;
    const begun = () =>
      this.server.runs.reports().some((report) =>
        report.pipeline === pipeline && !this.#seen.has(report.id)
      );
    return await exchange(runUrl(this.server, pipeline), {
      pieces,
      stop: {
        before: between(random, 1, pieces.length - 1),
        until: () => eventually(begun),
        leave: pickOne(random, ["close", "reset", "half-close"]),
      },
    });
  }

  /** All runs are over, add up, and the pool has its threads again. */
  async #settle(broken: number, failures: number): Promise<void> {
    const { runs, workers } = this.server;
    await eventually(() => runs.reports().every(({ state }) => state !== "running"));
    const news = runs.reports().filter(({ id }) => !this.#seen.has(id));
    for (const report of news) {
      this.#seen.add(report.id);
      assert.deepEqual(faultsOf(report), []);
      if (report.state === "complete") assert.equal(report.rejects, broken);
    }
    assert.equal(news.filter(({ state }) => state === "failed").length, failures);
    assert.equal(await workers!.started(), true, "the pool has its threads");
  }
}
