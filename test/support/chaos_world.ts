/**
 * The server of a chaos round, what is watched of it, and the rest that it must come to.
 * @module
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { type Sluice, startSluice, type ThreadModule } from "../../routes/server.ts";
import { encodeText } from "../../src/batch/text.ts";
import type { RunReport } from "../../src/pipeline/report.ts";
import { readSettings } from "../../src/settings.ts";
import type { Vocabulary } from "../../src/vocabulary.ts";
import { faultsOf } from "./chaos_accounts.ts";
import { type Conduct, exchange } from "./chaos_client.ts";
import { Ledger } from "./chaos_words.ts";
import { Places } from "./chaos_places.ts";
import { describeSockets, openSockets, TimerCount } from "./handles.ts";
import { cut, randomCuts } from "./operators.ts";
import { eventually, runUrl } from "./server.ts";

/** The pipeline of runs that have nothing to do with the trouble. */
export const BYSTANDER = "json | where n >= 10 | stats count, sum(n) as sum";

/** What a round did so far, for the message of its failure. */
export interface Story {
  kind: string;
  plan: string;
  details: string;
}

/** One kind of round. Rejects when anything is not as it must be. */
export type Play = (world: World, random: () => number, story: Story) => Promise<void>;

/** Starts a server of chaos tests on a free port. */
export function startServer(
  vocabulary: Vocabulary,
  settings: Readonly<Record<string, string>>,
  threads?: ThreadModule,
): Promise<Sluice> {
  const checked = readSettings({ PORT: "0", SHUTDOWN_GRACE: "0s", ...settings });
  return startSluice(checked, vocabulary, {}, () => {}, threads);
}

/** A server, a record of its operators, and counts of what the process holds. */
export class World {
  readonly ledger = new Ledger();
  readonly timers = new TimerCount();
  readonly seen = new Set<string>();
  #timersAtRest = 0;
  #socketsAtRest: ReadonlySet<string> | null = null;
  #folder = "";
  server!: Sluice;
  places!: Places;
  /** What is to be looked at when the round's run is over; it is told whether that is complete. */
  afterwards: ((complete: boolean) => Promise<void>) | null = null;
  /** How the round's run has ended. */
  complete = false;
  /** Tells what the round's plan asks for and writes from what others do; the host's answers depend on it. */
  key = "";

  async start(): Promise<void> {
    this.#folder = await mkdtemp(`${tmpdir()}/sluice-`);
    this.places = await Places.open(this.#folder);
    this.server = await this.open({ CHECKPOINT_DIR: this.#folder });
    await this.askBystanders(this.server, () => 0.5);
    await eventually(() => this.server.runs.reports().every(({ state }) => state === "complete"));
    this.atRest();
  }

  /** Starts a server that may reach the places. */
  open(settings: Readonly<Record<string, string>> = {}): Promise<Sluice> {
    return startServer(this.ledger.vocabulary, { ...this.places.settings, ...settings });
  }

  /** A round begins: what it meets depends on its seed alone. */
  begin(seed: number): void {
    this.ledger.clear();
    this.key = `k${seed}`;
  }

  /** What is open now is what a round may leave. */
  atRest(): void {
    this.#timersAtRest = this.timers.size;
    this.#socketsAtRest = openSockets();
  }

  async stop(): Promise<void> {
    await this.server.stop("abrupt");
    await this.places.host.stop();
    this.timers.release();
    await rm(this.#folder, { recursive: true });
  }

  /** Runs that have nothing to do with the trouble, and must not notice it. */
  async askBystanders(server: Sluice, random: () => number): Promise<void> {
    await Promise.all([50, 700].map(async (rows) => {
      const lines = Array.from({ length: rows }, (_, n) => `{"n":${n},"k":${n % 3}}\n`);
      const bytes = encodeText(lines.join(""));
      const url = runUrl(server, BYSTANDER);
      const { text } = await exchange(url, {
        pieces: cut(bytes, randomCuts(random, bytes.length)),
        whole: random() < 0.5,
      });
      const sum = rows * (rows - 1) / 2 - 45;
      assert.equal(text, `{"count":${rows - 10},"sum":${sum}}\n`, "another run is right");
    }));
  }

  /** Reports of runs that came since the last round. */
  news(server = this.server): readonly RunReport[] {
    return server.runs.reports().filter(({ id }) => !this.seen.has(id));
  }

  /** All runs are over, add up, and have given back what they held. */
  async settle(server = this.server): Promise<void> {
    const running = () => server.runs.reports().filter(({ state }) => state === "running");
    await this.#expect(() => running().length, 0, () => JSON.stringify(running()[0]));
    for (const report of this.news(server)) {
      const faults = faultsOf(report);
      if (faults.length > 0) {
        assert.fail(
          `${report.state} run of ${report.pipeline}: ${faults.join("; ")}\n${
            JSON.stringify(report.error)
          }`,
        );
      }
      this.seen.add(report.id);
      if (report.pipeline !== BYSTANDER) this.complete = report.state === "complete";
    }
    const { ledger, timers, places } = this;
    await this.#expect(() => places.host.underWay, 0, () => "requests are under way");
    if (places.host.fault !== null) throw places.host.fault;
    await this.#expect(() => places.left().length, 0, () => places.left().join());
    await this.afterwards?.(this.complete);
    this.afterwards = null;
    places.clear();
    await this.#expect(() => ledger.made - ledger.disposed, 0, () => "operators are left");
    for (const { used } of ledger.budgets) assert.equal(used, 0, "a budget is not given back");
    await this.#expect(() => timers.size, this.#timersAtRest, () => timers.places.join("\n"));
    const atRest = this.#socketsAtRest;
    if (atRest === null) return;
    const left = () => [...openSockets()!].filter((socket) => !atRest.has(socket));
    await this.#expect(
      () => left().length,
      0,
      () => `sockets are left\n${describeSockets(left())}`,
    );
  }

  async #expect(read: () => number, most: number, describe: () => string): Promise<void> {
    try {
      await eventually(() => read() <= most);
    } catch {
      assert.fail(`Expected at most ${most}, found ${read()}: ${describe()}`);
    }
  }
}

/** The bytes of `input` in random pieces. */
export function piecesOf(random: () => number, input: string): Conduct["pieces"] {
  const bytes = encodeText(input);
  return cut(bytes, randomCuts(random, bytes.length));
}
