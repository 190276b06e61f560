import { systemClock, type Timed } from "./clock.ts";
import { pushAll } from "./flat_map.ts";
import { createStage, type Stage } from "./stage.ts";

/** What is stored at a barrier. */
export interface Checkpoint<State> {
  /** How many items of the input are in `state`. */
  readonly position: number;
  readonly state: State;
}

/** Where checkpoints are kept. */
export interface CheckpointStore<State> {
  /** The last one saved; null at the first start. */
  load(): Checkpoint<State> | null | Promise<Checkpoint<State> | null>;
  /** Keeps one in place of the one before, state and position together or not at all. */
  save(checkpoint: Checkpoint<State>): void | Promise<void>;
}

/** A state that survives. */
export interface CheckpointOptions<In, State, Out> extends Timed {
  readonly store: CheckpointStore<State>;
  /** The state at the very first start. */
  readonly initial: () => State;
  /** The state with one item more. Must not change a state that was saved, unless the store copies it. */
  readonly step: (state: State, item: In) => State;
  /** A barrier after so many items. Default 1000. */
  readonly everyItems?: number;
  /** A barrier at the first item after so many milliseconds. Default: none. */
  readonly everyMs?: number;
  /** What to give at a barrier, after it was saved. Default: nothing. */
  readonly atBarrier?: (checkpoint: Checkpoint<State>) => Iterable<Out>;
  /** What to give at the end. Default: nothing. */
  readonly atEnd?: (checkpoint: Checkpoint<State>) => Iterable<Out>;
  /** Whether the source starts again at its first item (the default: what is in the state is passed over) or goes on. */
  readonly replay?: boolean;
}

/**
 * Folds a stream into a state that is stored with its position at barriers and at the end, and goes on from there after a
 * restart, so each item counts once in the state. What was given at a barrier may be given again when the process died
 * right behind it. Items wait while the store saves. Memory: the state, and one item.
 *
 * @example A sum that survives
 * ```ts
 * import { type Checkpoint, checkpoint, collect, from } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * let saved: Checkpoint<number> | null = { position: 2, state: 3 };
 * const sum = checkpoint({
 *   store: { load: () => saved, save: (next) => void (saved = next) },
 *   initial: () => 0,
 *   step: (total, item: number) => total + item,
 *   atEnd: ({ state }) => [state],
 * });
 * assert.deepEqual(await collect(from([1, 2, 3, 4]).pipeThrough(sum)), [10]);
 * assert.deepEqual(saved, { position: 4, state: 10 });
 * ```
 */
export function checkpoint<In, State, Out = State>(
  options: CheckpointOptions<In, State, Out>,
): Stage<In, Out> {
  const { store, step, everyItems = 1000, everyMs = Infinity, clock = systemClock } = options;
  return createStage((output) => {
    let current: Checkpoint<State> | null = null;
    let passing = 0;
    let unsaved = 0;
    let savedAt = clock.now();
    const start = async (): Promise<Checkpoint<State>> => {
      const loaded = await store.load();
      passing = options.replay === false ? 0 : loaded?.position ?? 0;
      return current = loaded ?? { position: 0, state: options.initial() };
    };
    const save = async (checkpoint: Checkpoint<State>): Promise<void> => {
      await store.save(checkpoint);
      unsaved = 0;
      savedAt = clock.now();
    };
    const barrier = async (checkpoint: Checkpoint<State>): Promise<void> => {
      await save(checkpoint);
      await pushAll(output, options.atBarrier?.(checkpoint) ?? []);
    };
    const add = ({ position, state }: Checkpoint<State>, item: In): void | Promise<void> => {
      if (passing > 0) {
        passing--;
        return;
      }
      current = { position: position + 1, state: step(state, item) };
      const due = ++unsaved >= everyItems ||
        everyMs < Infinity && clock.now() - savedAt >= everyMs;
      return due ? barrier(current) : undefined;
    };
    return {
      write: (item) =>
        current === null ? start().then((first) => add(first, item)) : add(current, item),
      async close() {
        const last = current ?? await start();
        if (unsaved > 0 || last.position === 0) await save(last);
        await pushAll(output, options.atEnd?.(last) ?? []);
      },
    };
  });
}
