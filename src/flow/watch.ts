/**
 * Looking at a stage from within, so that watching it costs no stage around it.
 * @module
 */
import type { Output } from "./stage.ts";

/** What is told of one end of a stage. */
export interface Watcher {
  /** A write begins. */
  began?(): void;
  /** The write waits: for the stage's function, or for room. */
  waits?(): void;
  /** The write has ended, well or not. */
  wrote?(): void;
  /** An item was given. */
  gave?(): void;
  /** The reader has taken something, so there may be room. */
  taken?(): void;
  /** Nothing comes any more; not `well` after a failure or a cancel. Told once. */
  ended?(well: boolean): void;
}

/** What can be looked at: an end of a stage that this library made. */
export interface Watchable extends Pick<Output<never>, "room"> {
  readonly watchers: Watcher[];
}

const ENDS = new WeakMap<object, Watchable>();

/** Makes a stage be found by its streams. */
export function watchable(
  stage: Watchable & { readonly readable: object; readonly writable: object },
): void {
  ENDS.set(stage.readable, stage);
  ENDS.set(stage.writable, stage);
}

/** What is behind a stream; undefined for one that the library did not make. */
export function endOf(stream: object): Watchable | undefined {
  return ENDS.get(stream);
}

/** Does a write, and tells of it. */
export function watchWrite(
  watchers: readonly Watcher[],
  write: () => void | Promise<void>,
): void | Promise<void> {
  for (const watcher of watchers) watcher.began?.();
  let waiting: void | Promise<void> = undefined;
  try {
    waiting = write();
  } finally {
    if (waiting === undefined) wrote(watchers);
  }
  if (waiting === undefined) return;
  for (const watcher of watchers) watcher.waits?.();
  waiting.then(() => wrote(watchers), () => wrote(watchers));
  return waiting;
}

function wrote(watchers: readonly Watcher[]): void {
  for (const watcher of watchers) watcher.wrote?.();
}
