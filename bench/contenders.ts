/**
 * Ours and the rivals as things that run: an upload to a server, a command, a statement to DuckDB.
 * @module
 */
import type { RunReport } from "../src/pipeline/report.ts";
import { type DuckDb, startDuckDb } from "./duckdb.ts";
import type { Input, InputSize } from "./input_file.ts";
import { present, type ServerProcess, startServer, timed } from "./processes.ts";
import type { Rival, Work } from "./works.ts";

/** One that takes part; `rival` is null for ours. */
export interface Contender {
  readonly rival: Rival | null;
  readonly input: Input;
  run(): Promise<{ seconds: number; output: string }>;
}

/** The servers and programs of a throughput run. */
export class Contenders {
  readonly #sluice: ServerProcess;
  readonly #baseline: ServerProcess;
  readonly #duckdb: DuckDb | { readonly absent: string };

  private constructor(
    sluice: ServerProcess,
    baseline: ServerProcess,
    duckdb: DuckDb | { readonly absent: string },
  ) {
    this.#sluice = sluice;
    this.#baseline = baseline;
    this.#duckdb = duckdb;
  }

  /** Starts the servers and, where it is there, DuckDB. */
  static async start(): Promise<Contenders> {
    return new Contenders(
      await startServer("../routes/main.ts"),
      await startServer("baseline_server.ts"),
      await startDuckDb(),
    );
  }

  /** Our upload of the work's input, or of a share of it. */
  async own(work: Work, size: InputSize, share = 1): Promise<Contender> {
    const input = await work.input(scaled(size, share));
    const url = `${this.#sluice.url}/v1/run?q=${encodeURIComponent(work.pipeline)}`;
    return { rival: null, input, run: () => upload(input, url, work.method) };
  }

  /** The rivals that are here, and those that are not with the reason. */
  async rivalsOf(
    work: Work,
    size: InputSize,
  ): Promise<{ rivals: Contender[]; absent: string[] }> {
    const rivals: Contender[] = [];
    const absent: string[] = [];
    for (const rival of work.rivals) {
      const reason = this.#absence(rival);
      if (reason !== null) absent.push(`${rival.name}: ${reason}`);
      else {
        const input = await work.input(scaled(size, rival.share ?? 1));
        rivals.push({ rival, input, run: () => this.#run(rival, input, work) });
      }
    }
    return { rivals, absent };
  }

  #absence(rival: Rival): string | null {
    if ("sql" in rival) return "absent" in this.#duckdb ? this.#duckdb.absent : null;
    if ("route" in rival) return null;
    const missing = rival.programs.filter((program) => !present(program));
    return missing.length === 0 ? null : `no ${missing.join(", no ")} here`;
  }

  #run(rival: Rival, input: Input, work: Work): Promise<{ seconds: number; output: string }> {
    if ("route" in rival) return upload(input, `${this.#baseline.url}${rival.route}`, work.method);
    if ("command" in rival) return timed("sh", ["-c", rival.command, "sh", input.path]);
    const path = `'${input.path.replaceAll("'", "''")}'`;
    return (this.#duckdb as DuckDb).ask(rival.sql.replaceAll("$file", () => path));
  }

  /** The reports of our last `count` runs. */
  async reports(count: number): Promise<readonly RunReport[]> {
    const { runs } = await (await fetch(`${this.#sluice.url}/v1/runs`)).json() as {
      runs: RunReport[];
    };
    const byStart = runs.toSorted((left, right) => left.startedAt < right.startedAt ? 1 : -1);
    return byStart.slice(0, count);
  }

  /** Ends what was started. */
  async stop(): Promise<void> {
    if ("stop" in this.#duckdb) await this.#duckdb.stop();
    await Promise.all([this.#sluice.stop(), this.#baseline.stop()]);
  }
}

function scaled({ megabytes, rows }: InputSize, share: number): InputSize {
  return { megabytes: Math.max(1, megabytes * share), rows: Math.ceil(rows * share) };
}

function upload(input: Input, url: string, method = "PUT") {
  return timed("curl", ["-sSN", "--fail", "-X", method, "-T", input.path, url]);
}
