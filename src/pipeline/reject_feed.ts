/**
 * The way of rejects to a stage below that takes them.
 * @module
 */
import { type Reject, rejectBytes } from "../reject.ts";
import type { Budget, RejectSource } from "../stage.ts";

/** The stages above wait while so many rejects do. */
const FEED_REJECTS = 1024;

/** Rejects on their way to one stage: {@link FEED_REJECTS} and those of one more chunk of the stages above. */
export class RejectFeed implements RejectSource {
  #waiting: Reject[] = [];
  #bytes = 0;
  #closed = false;
  #room: PromiseWithResolvers<void> | null = null;

  /** `ring` is called for each reject that comes; `budget` counts what waits. */
  constructor(readonly budget: Budget, readonly ring: () => void) {}

  /** Adds one; after {@link RejectFeed.close} it is dropped, for nobody will ask for it. */
  add(reject: Reject): void {
    if (this.#closed) return;
    const bytes = rejectBytes(reject);
    this.#bytes += bytes;
    this.#waiting.push(reject);
    this.budget.take(bytes);
    this.ring();
  }

  take(): readonly Reject[] {
    const taken = this.#waiting;
    if (taken.length === 0) return taken;
    this.#waiting = [];
    this.budget.take(-this.#bytes);
    this.#bytes = 0;
    this.#open();
    return taken;
  }

  /** Resolves when few wait; undefined when that is so now. */
  room(): Promise<void> | undefined {
    if (this.#closed || this.#waiting.length < FEED_REJECTS) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Nobody takes any more. */
  close(): void {
    this.take();
    this.#closed = true;
    this.#open();
  }

  #open(): void {
    this.#room?.resolve();
    this.#room = null;
  }
}

/** The stages of one pipeline that take rejects, and those of the pipeline that it is nested in. */
export class RejectLevel {
  /** Made by the first stage that takes rejects. */
  #feeds: Map<number, RejectFeed> | null = null;

  /** `at` is the index, in `outer`, of the stage that this pipeline is nested in. */
  constructor(readonly outer: RejectLevel | null = null, readonly at = 0) {}

  /** Rejects of the stages above `index` go to `feed` from now on, in place of the one before. */
  set(index: number, feed: RejectFeed): void {
    this.#feeds ??= new Map();
    this.#feeds.set(index, feed);
  }

  /** The feed of the stage at `index` itself. */
  get(index: number): RejectFeed | undefined {
    return this.#feeds?.get(index);
  }

  /** The feed that takes the rejects of the stage at `index`: the next below it, here or around. */
  below(index: number): RejectFeed | undefined {
    if (this.#feeds !== null) {
      const next = Math.min(...[...this.#feeds.keys()].filter((at) => at > index));
      const feed = this.#feeds.get(next);
      if (feed !== undefined) return feed;
    }
    return this.outer?.below(this.at);
  }
}
