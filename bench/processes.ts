/**
 * Servers and tools as processes of their own, so that memory and time are theirs alone.
 * @module
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import process from "node:process";

/** The runtime that runs this benchmark, and so the servers. */
export const RUNTIME: "deno" | "bun" = "Bun" in globalThis ? "bun" : "deno";

/** The words of `deno task start`, so that what is measured is what users run: its variables, `deno run`, flags, a module. */
const START: readonly string[] = JSON.parse(
  readFileSync(new URL("../deno.json", import.meta.url), "utf8"),
).tasks.start.split(" ");
const START_FLAGS = START.slice(START.indexOf("run") + 1, -1);
const START_VARIABLES = Object.fromEntries(
  START.slice(0, START.indexOf("deno")).map((word) => word.split("=")),
);

/** A server in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  /** The most memory it ever held, in MB (10^6 bytes), as the kernel counts it. */
  peakMegabytes(): number;
  /** Seconds of processor time that all its threads have taken so far, to a hundredth. */
  processorSeconds(): number;
  stop(): Promise<void>;
}

/** Starts `module` with PORT=0 and waits for the URL that it prints. */
export async function startServer(
  module: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const path = new URL(module, import.meta.url).pathname;
  const parameters = RUNTIME === "bun" ? [path] : ["run", ...START_FLAGS, path];
  const child = spawn(process.execPath, parameters, {
    env: { ...process.env, ...START_VARIABLES, PORT: "0", ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await printedUrl(child);
  return {
    url,
    peakMegabytes: () => peakOf(child.pid!),
    processorSeconds: () => processorSecondsOf(child.pid!),
    stop: async () => {
      if (child.exitCode !== null) return;
      process.kill(child.pid!, "SIGTERM");
      await once(child, "exit");
    },
  };
}

async function printedUrl(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false })) {
    text += chunk;
    const url = /http:\/\/\S+/.exec(text)?.[0];
    if (url !== undefined) {
      // Later lines must not fill the pipe.
      child.stdout!.resume();
      return url;
    }
  }
  throw new Error(`The server ended before it printed its URL: ${text}`);
}

function peakOf(pid: number): number {
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) * 1024 / 1e6;
}

function processorSecondsOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The command's name stands in parentheses and may hold anything; user and system time are 12 and 13 behind it.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Seconds a command takes, and what it printed. Throws when it fails. */
export async function timed(
  command: string,
  parameters: readonly string[],
): Promise<{ seconds: number; output: string }> {
  const started = performance.now();
  const child = spawn(command, parameters, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk) => output += chunk);
  const [code] = await once(child, "close");
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
  return { seconds, output };
}

/** Whether a command is on this machine. */
export function present(command: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;
}

/** The middle one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)]!;
}
