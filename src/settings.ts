/**
 * Settings: every environment variable that the server reads, checked by one schema. The README's table is made of it.
 * @module
 */
import { z } from "zod";
import { readQuantity } from "./language/units.ts";
import type { Limits } from "./limits.ts";
import { HostList } from "./lookup/host_list.ts";

/** A duration as people write it, in milliseconds: `20s`, `1.5m`, or a bare number of seconds. */
function duration(standard: string) {
  return z.string().default(standard).transform((text, context) => {
    const quantity = readQuantity(text);
    const milliseconds = quantity?.dimension === "plain" ? quantity.value * 1000 : quantity?.value;
    if (quantity === null || quantity.dimension === "size" || milliseconds! < 0) {
      return wrong(context, text, "a duration such as 20s or 1500ms");
    }
    return milliseconds!;
  });
}

/** A size as people write it, in bytes: `1MiB`, `10GB`, a bare number of bytes, or `none` where that is allowed. */
function size(standard: string, least = 1) {
  return z.string().default(standard).transform((text, context) => {
    if (standard === "none" && text === "none") return Infinity;
    const quantity = readQuantity(text);
    const whole = quantity !== null && Number.isSafeInteger(quantity.value);
    if (!whole || quantity.dimension === "duration" || quantity.value < least) {
      return wrong(context, text, `a size such as ${standard === "none" ? "10GiB" : standard}`);
    }
    return quantity.value;
  });
}

function count(standard: number, least: number, most: number) {
  return z.string().default(String(standard)).transform((text, context) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    return wrong(context, text, `a whole number from ${least} to ${most}`);
  });
}

/** A number of threads, or `auto`: one less than the machine has cores, and at least one. */
function threads() {
  return z.string().default("auto").transform((text, context) => {
    if (text === "auto") return Math.max(1, navigator.hardwareConcurrency - 1);
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    return value <= 256 ? value : wrong(context, text, "auto, or a whole number from 0 to 256");
  });
}

/** A list of hosts, checked here and read again by whoever opens the door. */
function hosts() {
  return z.string().default("").superRefine((text, context) => {
    try {
      new HostList(text);
    } catch (fault) {
      const message = fault instanceof Error ? fault.message : String(fault);
      context.addIssue({ code: "custom", message });
    }
  });
}

function wrong(context: z.core.$RefinementCtx, text: string, expected: string): never {
  context.addIssue({ code: "custom", message: `Expected ${expected}, found "${text}"` });
  return z.NEVER;
}

/** The settings by the names of their environment variables, each with the line that documents it. */
const SETTINGS = z.object({
  HOST: z.string().min(1).default("127.0.0.1").describe("Address to listen on"),
  PORT: count(8080, 0, 65_535).describe("Port to listen on; 0 takes a free one"),
  MAX_RUNS: count(64, 1, 10_000).describe("Runs at the same time; one more is refused with 429"),
  MAX_LINE: size("1MiB").describe("Longest line; a longer one is a reject, never held whole"),
  MAX_BODY: size("none").describe("Largest upload, as it comes over the wire; `none` for no limit"),
  MAX_INFLATION: count(1000, 1, 1_000_000).describe(
    "Most decoded bytes for each compressed one, against decompression bombs",
  ),
  MAX_STATE: size("128MiB").describe("Most state of the stages of one run: groups, rows to sort"),
  EDGE: size("512KiB").describe("Bound of the queue between two stages"),
  STALL_TIMEOUT: duration("60s").describe(
    "A run is cut when no byte came in and none was taken out for so long; 0 for never",
  ),
  BLOCKED_LIMIT: duration("10s").describe(
    "A run that gets nowhere for so long, though it has input or results waiting, says so as an event; 0 for never",
  ),
  SHUTDOWN_GRACE: duration("20s").describe(
    "How long running runs may drain after SIGINT or SIGTERM before they are cut",
  ),
  SHUTDOWN: z.enum(["graceful", "hybrid", "abrupt"], {
    error: ({ input }) => `Expected graceful, hybrid or abrupt, found "${input}"`,
  }).default("hybrid").describe(
    "What SIGTERM and SIGINT do: `graceful` waits for all runs, `hybrid` cuts those that outlast the grace, `abrupt` all",
  ),
  CHECKPOINT_DIR: z.string().default("").describe(
    "A folder for the checkpoints of resumable uploads, of this server alone; without it there are none",
  ),
  CHECKPOINT_INTERVAL: duration("1s").describe(
    "Time between two checkpoints of an upload; large states are saved less often",
  ),
  CHECKPOINT_TTL: duration("24h").describe(
    "How long an upload that nobody goes on with, or its result, is kept",
  ),
  MAX_UPLOADS: count(100, 1, 10_000).describe(
    "Resumable uploads that are kept; one more is refused with 429",
  ),
  RECENT_RUNS: count(100, 0, 10_000).describe("Ended runs whose reports are kept"),
  WORKERS: threads().describe(
    "Threads that parse, filter and aggregate large uploads; `auto` is one less than the cores, at least one; a single one " +
      "takes uploads only while they would keep others waiting; 0 is none",
  ),
  LOOKUP_HOSTS: hosts().describe(
    "Hosts that `lookup http` and `into http` may ask, with commas: `geo.example`, `10.0.0.7:8080`; a name that leads to a " +
      "private address is written `geo.internal=private`",
  ),
  FILES: z.string().default("").describe(
    "A folder that `into file` and `into sqlite` write to, of this server alone; without it they write nothing",
  ),
  MAX_FILE: size("1GiB").describe("Largest file or database that `into` writes"),
  TABLES: z.string().default("").describe("A directory with the tables of `lookup csv`"),
  TABLE_SIZE: size("64MiB").describe("Largest table of that directory, as a file and in memory"),
  CACHES: count(16, 0, 10_000).describe("Named caches at the same time"),
  PIPELINES: z.string().default("").describe("A directory with named pipelines of your own"),
});

/** The settings after checking: durations in milliseconds, sizes in bytes. */
export type Settings = z.output<typeof SETTINGS>;

/** Settings that do not hold, told all at once. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/** Reads the settings from environment variables; others are ignored. Throws {@link SettingsError}. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const present = Object.fromEntries(
    Object.keys(SETTINGS.shape).flatMap((name) => {
      const value = environment[name];
      return value === undefined || value === "" ? [] : [[name, value]];
    }),
  );
  const result = SETTINGS.safeParse(present);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`);
  throw new SettingsError(`Cannot start with these settings:\n${lines.join("\n")}`);
}

/** The bounds that a run gets from the settings. */
export function limitsOf(settings: Settings): Limits {
  return {
    maxLineBytes: settings.MAX_LINE,
    maxBodyBytes: settings.MAX_BODY,
    maxInflationRatio: settings.MAX_INFLATION,
    maxStateBytes: settings.MAX_STATE,
    edgeBytes: settings.EDGE,
    stallTimeoutMs: settings.STALL_TIMEOUT,
    blockedLimitMs: settings.BLOCKED_LIMIT,
  };
}

/** Name, default and meaning of each setting, for documentation. */
export function describeSettings(): { name: string; standard: string; description: string }[] {
  return Object.entries(SETTINGS.shape).map(([name, schema]) => {
    const standard = z.toJSONSchema(schema, { io: "input" }).default;
    return { name, standard: String(standard ?? ""), description: schema.description ?? "" };
  });
}
