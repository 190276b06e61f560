/**
 * What a process holds open: timers, sockets, memory after a collection.
 * @module
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import process from "node:process";
import v8 from "node:v8";
import vm from "node:vm";

/** Counts the timers of the process from its making on, until it is released. */
export class TimerCount {
  readonly #timers = new Map<unknown, string>();
  readonly #originals = { ...pickTimers() };

  constructor() {
    const timers = this.#timers;
    const { setTimeout, setInterval, clearTimeout, clearInterval } = this.#originals;
    const place = () => new Error().stack ?? "";
    const once = (then: (...values: unknown[]) => void, ms?: number, ...values: unknown[]) => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        then(...values);
      }, ms);
      timers.set(timer, place());
      return timer;
    };
    const often = (then: (...values: unknown[]) => void, ms?: number, ...values: unknown[]) => {
      const timer = setInterval(then, ms, ...values);
      timers.set(timer, place());
      return timer;
    };
    const clear = (forget: (timer?: number) => void) => (timer?: number) => {
      timers.delete(timer);
      forget(timer);
    };
    Object.assign(globalThis, {
      setTimeout: once,
      setInterval: often,
      clearTimeout: clear(clearTimeout),
      clearInterval: clear(clearInterval),
    });
  }

  /** How many timers are set now. */
  get size(): number {
    return this.#timers.size;
  }

  /** Where the timers were set. */
  get places(): readonly string[] {
    return [...this.#timers.values()];
  }

  release(): void {
    Object.assign(globalThis, this.#originals);
  }
}

function pickTimers() {
  const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
  return { setTimeout, setInterval, clearTimeout, clearInterval };
}

/**
 * The sockets of the process by their inodes; null where the system does not tell. Without those of the kind that a runtime
 * opens for itself whenever it likes: Deno has a pair of them for signals, half a second after it has begun.
 */
export function openSockets(): ReadonlySet<string> | null {
  try {
    const files = readdirSync("/proc/self/fd").map(targetOf);
    const sockets = files.filter((target) => target.startsWith("socket:"));
    const own = new Set(readFileSync("/proc/net/unix", "utf8").split(/\s+/));
    return new Set(sockets.filter((socket) => !own.has(inodeOf(socket))));
  } catch {
    return null;
  }
}

const inodeOf = (socket: string) => socket.slice("socket:[".length, -1);

function targetOf(file: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${file}`);
  } catch {
    return "";
  }
}

/** What the system says of `sockets`, a line each: of TCP its two ends, as hexadecimal addresses, and its state. */
export function describeSockets(sockets: Iterable<string>): string {
  const tables = ["tcp", "tcp6"].flatMap((name) =>
    readFileSync(`/proc/net/${name}`, "utf8").split("\n").map((line) => `${name} ${line.trim()}`)
  );
  return [...sockets].map((socket) => {
    const inode = inodeOf(socket);
    return tables.find((line) => line.split(/\s+/).includes(inode)) ?? `${socket} is of no table`;
  }).join("\n");
}

/** Bytes of the heap after a collection; null where none can be asked for. */
export function heapBytes(): number | null {
  const collect = collector();
  if (collect === null) return null;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

function collector(): (() => void) | null {
  const { Bun } = globalThis as { Bun?: { gc(now: boolean): void } };
  if (Bun !== undefined) return () => Bun.gc(true);
  try {
    v8.setFlagsFromString("--expose-gc");
    return vm.runInNewContext("gc") as () => void;
  } catch {
    return null;
  }
}
