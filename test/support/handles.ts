/**
 * What a process holds open: timers, sockets, memory after a collection.
 * @module
 */
import { readdirSync, readlinkSync } from "node:fs";
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

/** How many sockets the process has; null where the system does not tell. */
export function socketCount(): number | null {
  try {
    return readdirSync("/proc/self/fd").filter((file) => {
      try {
        return readlinkSync(`/proc/self/fd/${file}`).startsWith("socket:");
      } catch {
        return false;
      }
    }).length;
  } catch {
    return null;
  }
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
