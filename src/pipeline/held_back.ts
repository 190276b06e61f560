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
  /** How much was said at once; null while it is held back. */
  #said: number | null = null;
  /** How much of that is being said again. */
  #repeated = 0;

  /** Says `what` when it is certain. */
  readonly say = (what: () => void): void => {
    if (this.#said === null) this.#waiting.push(what);
    else if (this.#repeated > 0) this.#repeated--;
    else {
      this.#said++;
      what();
    }
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

  /**
   * Says at once what comes from now on, until the function that is returned is called: work that is too long to be held
   * back. The first `repeated` are left out, for they are those that such work has said before; it gives how many were said.
   */
  open(repeated: number): () => number {
    this.commit();
    this.#said = this.#repeated = repeated;
    return () => {
      const said = this.#said ?? repeated;
      this.#said = null;
      return said;
    };
  }
}
