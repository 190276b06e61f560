/**
 * Every function of the flow library as a stage over numbers, for the laws.
 * @module
 */
import * as flow from "../../src/flow/mod.ts";
import { type Checkpoint, type Clock, skip, type Stage } from "../../src/flow/mod.ts";

/** What a subject is made with. */
export interface Hooks {
  readonly clock: Clock;
  /** Called in the user's function, where there is one. */
  readonly look: (item: number) => void;
}

/** A stage to hold the laws to. */
export interface Subject {
  readonly name: string;
  /** The functions of mod.ts that it shows. */
  readonly shows: readonly (keyof typeof flow)[];
  readonly make: (hooks: Hooks) => Stage<number, unknown>;
  /** What comes out of `items`. */
  readonly gives: (items: readonly number[]) => readonly unknown[];
  /** Results come as they are ready: compared as a set. */
  readonly unordered?: boolean;
  /** Most items that are taken while nobody reads; a text is the reason why there is no such bound. */
  readonly bound: number | string;
  /** It takes an error of a user's function out of the stream, or has none: the reason. */
  readonly tolerant?: string;
  /** It ends by itself. */
  readonly finite?: boolean;
}

const FOLDS = "it folds its items into a bounded state";
const DROPS = "it drops by policy, and never lets its writer wait";
const NO_FUNCTION = "it calls no function of the user";
const same = (items: readonly number[]): readonly unknown[] => items;
const flatSum = (sum: number, item: number): number => sum + item;

/** A function of the user that gives its item back, later. */
function later({ look }: Hooks): (item: number) => Promise<number> {
  return async (item) => {
    await Promise.resolve();
    look(item);
    return item;
  };
}

function now({ look }: Hooks): (item: number) => number {
  return (item) => {
    look(item);
    return item;
  };
}

function memory(): flow.CheckpointStore<number> {
  let saved: Checkpoint<number> | null = null;
  return { load: () => saved, save: (next) => void (saved = next) };
}

/** All functions, some of them several times, and some inside one another. */
export const SUBJECTS: readonly Subject[] = [
  {
    name: "map, sync",
    shows: ["map", "createStage", "from", "collect"],
    make: (hooks) => flow.map(now(hooks)),
    gives: same,
    bound: 1,
  },
  {
    name: "map, async",
    shows: ["map"],
    make: (hooks) => flow.map(later(hooks)),
    gives: same,
    bound: 1,
  },
  {
    name: "pipeline",
    shows: ["pipeline"],
    make: (hooks) => flow.pipeline(flow.map(now(hooks)), skip(1), flow.map(later(hooks))),
    gives: (items) => items.slice(1),
    bound: 6,
  },
  {
    name: "flatMap",
    shows: ["flatMap"],
    make: ({ look }) => flow.flatMap((item: number) => (look(item), Array(100).fill(item))),
    gives: (items) => items.flatMap((item) => Array(100).fill(item)),
    bound: 1,
  },
  {
    name: "filter",
    shows: ["filter"],
    make: ({ look }) => flow.filter((item: number) => (look(item), item % 2 === 0)),
    gives: (items) => items.filter((item) => item % 2 === 0),
    bound: 2,
  },
  {
    name: "take",
    shows: ["take", "StageFinished"],
    make: () => flow.take<number>(3),
    gives: (items) => items.slice(0, 3),
    bound: 1,
    tolerant: NO_FUNCTION,
    finite: true,
  },
  {
    name: "skip",
    shows: ["skip"],
    make: () => skip<number>(3),
    gives: (items) => items.slice(3),
    bound: 4,
    tolerant: NO_FUNCTION,
  },
  {
    name: "batch",
    shows: ["batch"],
    make: ({ clock, look }) =>
      flow.batch({
        count: 4,
        bytes: 1e9,
        ms: 1e9,
        clock,
        bytesOf: (item: number) => (look(item), 1),
      }),
    gives: (items) =>
      Array.from(
        { length: Math.ceil(items.length / 4) },
        (_, at) => items.slice(at * 4, at * 4 + 4),
      ),
    bound: 8,
  },
  {
    name: "unbatch",
    shows: ["unbatch"],
    make: (hooks) =>
      flow.pipeline(flow.map((item: number) => [now(hooks)(item), item]), flow.unbatch()),
    gives: (items) => items.flatMap((item) => [item, item]),
    bound: 4,
  },
  {
    name: "scan",
    shows: ["scan"],
    make: (hooks) => flow.scan((sum: number, item: number) => sum + now(hooks)(item), () => 0),
    gives: (items) => items.map((_, at) => items.slice(0, at + 1).reduce(flatSum, 0)),
    bound: 1,
  },
  {
    name: "reduce",
    shows: ["reduce"],
    make: (hooks) => flow.reduce((sum: number, item: number) => sum + now(hooks)(item), () => 0),
    gives: (items) => [items.reduce(flatSum, 0)],
    bound: FOLDS,
  },
  {
    name: "window",
    shows: ["window", "WindowOverflow"],
    make: (hooks) =>
      flow.window({
        size: 10,
        time: now(hooks),
        initial: () => 0,
        add: (count: number) => count + 1,
      }),
    gives: (items) =>
      [...new Set(items.map((item) => Math.floor(item / 10) * 10))].map((start) => ({
        start,
        end: start + 10,
        value: items.filter((item) => item >= start && item < start + 10).length,
      })),
    bound: 21,
  },
  {
    name: "countWindow",
    shows: ["countWindow"],
    make: () => flow.countWindow<number>(2),
    gives: (items) => items.slice(1).map((item, at) => [items[at], item]),
    bound: 2,
    tolerant: NO_FUNCTION,
  },
  {
    name: "buffer that blocks",
    shows: ["buffer", "BufferOverflow"],
    make: (hooks) =>
      flow.buffer<number>({ items: 5, bytes: 1e9, bytesOf: (item) => (now(hooks)(item), 1) }),
    gives: same,
    bound: 7,
    tolerant: "its function is asked only when something waits",
  },
  {
    name: "buffer that drops",
    shows: ["buffer"],
    make: () =>
      flow.pipeline(
        flow.map((item: number) => item),
        flow.buffer<number>({ items: 1000, overflow: "drop_oldest" }),
      ),
    gives: same,
    bound: DROPS,
    tolerant: NO_FUNCTION,
  },
  {
    name: "parallel, ordered",
    shows: ["parallel"],
    make: (hooks) => flow.parallel(later(hooks), { workers: 3 }),
    gives: same,
    bound: 4,
  },
  {
    name: "parallel, unordered",
    shows: ["parallel"],
    make: (hooks) => flow.parallel(later(hooks), { workers: 3, ordered: false }),
    gives: same,
    unordered: true,
    bound: 4,
  },
  {
    name: "partition",
    shows: ["partition"],
    make: (hooks) =>
      flow.partition({
        key: (item: number) => item % 5,
        lanes: 3,
        lane: () => flow.map(later(hooks)),
      }),
    gives: same,
    unordered: true,
    bound: 10,
  },
  {
    name: "balance",
    shows: ["balance"],
    make: (hooks) =>
      flow.balance([flow.map(later(hooks)), flow.map(now(hooks))], { by: "least_busy" }),
    gives: same,
    unordered: true,
    bound: 7,
  },
  {
    name: "broadcast",
    shows: ["broadcast"],
    make: (hooks) => flow.broadcast([flow.map(later(hooks)), flow.map(now(hooks))]),
    gives: (items) => [...items, ...items],
    unordered: true,
    bound: 4,
  },
  {
    name: "merge",
    shows: ["merge"],
    make: (hooks) =>
      flow.broadcast([flow.map(later(hooks)), flow.map(now(hooks))], { combine: flow.merge }),
    gives: (items) => [...items, ...items],
    unordered: true,
    bound: 5,
  },
  {
    name: "mergeSorted",
    shows: ["mergeSorted"],
    make: (hooks) =>
      flow.broadcast([flow.map(later(hooks)), flow.map(now(hooks))], {
        combine: (branches) => flow.mergeSorted(branches, (a, b) => a - b),
      }),
    gives: (items) => items.flatMap((item) => [item, item]),
    bound: 6,
  },
  {
    name: "concat",
    shows: ["concat"],
    make: (hooks) =>
      flow.broadcast([
        flow.map(now(hooks)),
        flow.reduce((sum: number, item: number) => sum + item, () => 0),
      ], { combine: flow.concat }),
    gives: (items) => [...items, items.reduce(flatSum, 0)],
    bound: 5,
  },
  {
    name: "zip",
    shows: ["zip"],
    make: (hooks) =>
      flow.broadcast([flow.map(later(hooks)), flow.map(now(hooks))], {
        combine: ([left, right]) => flow.zip([left!, right!]),
      }),
    gives: (items) => items.map((item) => [item, item]),
    bound: 6,
  },
  {
    name: "join",
    shows: ["join", "JoinOverflow"],
    make: (hooks) =>
      flow.broadcast([flow.map(later(hooks)), flow.map(now(hooks))], {
        combine: ([left, right]) =>
          flow.join(left!, right!, { left: (item) => item, right: (item) => item, most: 50 }),
      }),
    gives: (items) => items.map((item) => [item, item]),
    bound: 8,
  },
  {
    name: "throttle",
    shows: ["throttle"],
    make: ({ clock, look }) =>
      flow.throttle({
        rate: 1000,
        burst: 2,
        clock,
        cost: (item: number) => (look(item), 1),
        key: (item) => item % 2,
      }),
    gives: same,
    bound: 1,
  },
  {
    name: "AdaptiveRate",
    shows: ["AdaptiveRate"],
    make: (hooks) => {
      const { clock } = hooks;
      const rate = new flow.AdaptiveRate({ start: 100, slowMs: 100, clock });
      return flow.pipeline(
        flow.throttle<number>({ rate, clock }),
        flow.map(rate.measure(later(hooks))),
      );
    },
    gives: same,
    bound: 4,
  },
  {
    name: "timeout",
    shows: ["timeout", "TimeoutError"],
    make: ({ clock }) => flow.timeout<number>({ firstMs: 1e9, idleMs: 1e9, totalMs: 1e9, clock }),
    gives: same,
    bound: 1,
    tolerant: NO_FUNCTION,
  },
  {
    name: "timeLimit",
    shows: ["timeLimit"],
    make: (hooks) => flow.map(flow.timeLimit(later(hooks), { ms: 1e9, clock: hooks.clock })),
    gives: same,
    bound: 1,
  },
  {
    name: "retry",
    shows: ["retry"],
    make: (hooks) =>
      flow.parallel(flow.retry(later(hooks), { attempts: 2, clock: hooks.clock }), { workers: 2 }),
    gives: same,
    bound: 3,
  },
  {
    name: "circuitBreaker",
    shows: ["circuitBreaker", "BrokenCircuitError"],
    make: (hooks) =>
      flow.map(
        flow.circuitBreaker(later(hooks), {
          failures: 3,
          withinMs: 1000,
          openMs: 1000,
          clock: hooks.clock,
        }),
      ),
    gives: same,
    bound: 1,
  },
  {
    name: "fallback",
    shows: ["fallback"],
    make: (hooks) => flow.map(flow.fallback(later(hooks), () => -1)),
    gives: same,
    bound: 1,
    tolerant: "it gives a value in the place of an error",
  },
  {
    name: "cache",
    shows: ["cache"],
    make: (hooks) =>
      flow.parallel(
        flow.cache(later(hooks), { key: (item) => item, size: 3, ttlMs: 1000, clock: hooks.clock }),
        { workers: 2 },
      ),
    gives: same,
    bound: 3,
  },
  {
    name: "deadLetter",
    shows: ["deadLetter"],
    make: (hooks) => {
      const stage = flow.deadLetter(later(hooks));
      void stage.failed.cancel();
      return stage;
    },
    gives: same,
    bound: 1,
    tolerant: "it puts failed items into a stream of their own",
  },
  { name: "tap", shows: ["tap"], make: ({ look }) => flow.tap(look), gives: same, bound: 1 },
  {
    name: "observe",
    shows: ["observe"],
    make: (hooks) => flow.observe(flow.map(later(hooks)), { clock: hooks.clock }),
    gives: same,
    bound: 1,
  },
  {
    name: "observe, of streams that are not the library's",
    shows: ["observe"],
    make: (hooks) =>
      flow.observe(
        new TransformStream<number, number>({
          transform: async (item, controller) => controller.enqueue(await later(hooks)(item)),
        }),
        { clock: hooks.clock },
      ),
    gives: same,
    bound: 4,
  },
  {
    name: "observe, of what is observed, in a pipeline",
    shows: ["observe"],
    make: ({ clock, look }) =>
      flow.observe(
        flow.pipeline(flow.observe(flow.map(now({ clock, look })), { clock }), skip(2)),
        { clock },
      ),
    gives: (items) => items.slice(2),
    bound: 6,
  },
  {
    name: "checkpoint",
    shows: ["checkpoint"],
    make: (hooks) =>
      flow.checkpoint({
        store: memory(),
        initial: () => 0,
        step: (sum, item: number) => sum + now(hooks)(item),
        everyItems: 2,
        atBarrier: ({ position }) => [position],
        atEnd: ({ state }) => [state],
        clock: hooks.clock,
      }),
    gives: (items) => [
      ...items.map((_, at) => at + 1).filter((count) => count % 2 === 0),
      items.reduce(flatSum, 0),
    ],
    bound: 2,
  },
  {
    name: "mapReduce",
    shows: ["mapReduce", "TooManyKeys"],
    make: (hooks) =>
      flow.mapReduce({
        map: async (item: number) => [[await later(hooks)(item) % 2, 1]] as const,
        combine: flatSum,
        reduce: (key, count) => [key, count],
      }),
    gives: (items) =>
      [...new Set(items.map((item) => item % 2))].map((
        key,
      ) => [key, items.filter((item) => item % 2 === key).length]),
    bound: FOLDS,
  },
  {
    name: "supervise",
    shows: ["supervise"],
    make: (hooks) =>
      flow.supervise(() => flow.map(later(hooks)), {
        restarts: 2,
        item: "again",
        clock: hooks.clock,
      }),
    gives: same,
    bound: 4,
  },
  {
    name: "a parallel in a partition in a broadcast",
    shows: ["systemClock"],
    make: (hooks) =>
      flow.broadcast([
        flow.partition({
          key: (item: number) => item % 3,
          lanes: 2,
          lane: () => flow.parallel(later(hooks), { workers: 2 }),
        }),
        flow.pipeline(flow.buffer<number>({ items: 4 }), flow.map(now(hooks))),
      ]),
    gives: (items) => [...items, ...items],
    unordered: true,
    bound: 16,
  },
];
