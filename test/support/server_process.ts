/**
 * The server as a process of its own, on the runtime of the test.
 * @module
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { runtime } from "../../routes/serve.ts";

const main = new URL("../../routes/main.ts", import.meta.url).pathname;

/** A server process with `settings` on a free port: its output as it comes, and how it ended. */
export class ServerProcess {
  output = "";
  errors = "";
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(settings: Readonly<Record<string, string>>) {
    const parameters = runtime.name === "deno" ? ["run", "-A", "--no-check", main] : [main];
    this.#child = spawn(process.execPath, parameters, {
      env: { ...process.env, PORT: "0", ...settings },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout!.on("data", (chunk) => this.output += chunk);
    this.#child.stderr!.on("data", (chunk) => this.errors += chunk);
    this.ended = once(this.#child, "close").then(([code]) => code);
  }

  /** The address, once the server listens. */
  async url(): Promise<string> {
    let over = false;
    void this.ended.then(() => over = true);
    for (;;) {
      const url = /Sluice listens on (http:\S+)\n/.exec(this.output)?.[1];
      if (url !== undefined) return url;
      assert.ok(!over, `The server ended: ${this.errors}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Sends a signal; SIGKILL is what a crash looks like. */
  signal(name: "SIGINT" | "SIGTERM" | "SIGQUIT" | "SIGKILL"): void {
    // Not `child.kill`: after it, Deno tells of the signal in place of the code that the process ended with.
    process.kill(this.#child.pid!, name);
  }
}
