/**
 * What is told of rows and may have to be taken back.
 * @module
 */
import { UnderWay } from "./under_way.ts";

/** What a stage, and those nested in it, say of lines and rejects: held back until the call has succeeded. */
export class HeldBack {
  /** What they have begun and not ended. */
  readonly underWay: UnderWay = new UnderWay();
  #waiting: (() => void)[] = [];
  #open = false;

  /** Says `what` when it is certain. */
  readonly say = (what: () => void): void => {
    if (this.#open) what();
    else this.#waiting.push(what);
  };

  /** What stages are to tell in place of the run's own. */
  readonly services = { say: this.say, meanwhile: this.underWay.add };

  /** Says it all. Throws what the run's policy throws. */
  commit(): void {
    if (this.#waiting.length === 0) return;
    for (const what of this.#waiting.splice(0)) what();
  }

  forget(): void {
    this.#waiting = [];
  }

  /** From now on nothing is repeated: all is said at once. */
  open(): void {
    this.commit();
    this.#open = true;
  }
}
