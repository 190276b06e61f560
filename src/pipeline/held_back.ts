/**
 * What is told of rows and may have to be taken back.
 * @module
 */
import type { Told } from "../attempt.ts";
import type { Budget } from "../stage.ts";
import { Counts } from "./counts.ts";
import type { Fact, Teller } from "./facts.ts";
import type { Probe } from "./probe.ts";

/** About what a word takes while it is held back, besides what it is about. */
const WORD_BYTES = 128;

/** Something that was told, and whether others have held it back before, so that it is of work done anew. */
interface Word<What> {
  readonly what: What;
  readonly passed: boolean;
}

/**
 * What a stage, and those nested in it, tell of lines, rejects, facts and rows: held back until their work has succeeded. Then it goes
 * to those who hold the stages around it back, `outer`, and at last to the run. What waits is declared to the budget,
 * but for figures, which are a few numbers for each stage.
 */
export class HeldBack implements Told {
  readonly #counts = new Map<Probe, Word<Counts>>();
  readonly #facts = new Map<Teller, Map<string, Word<Fact>>>();
  #waiting: Word<() => void>[] = [];
  #bytes = 0;
  /** How much was said at once; null while it is held back. */
  #said: number | null = null;
  /** How much of that is being said again. */
  #repeated = 0;
  #closed = false;

  constructor(readonly budget: Budget, readonly outer?: HeldBack) {}

  /** Says `what`, which is about so many bytes, when it is certain. Throws what the budget throws. */
  say(what: () => void, bytes = 0, passed = false): void {
    if (this.#closed) return;
    if (this.#said === null) {
      this.#waiting.push({ what, passed });
      this.#hold(WORD_BYTES + bytes);
    } else if (this.#repeated > 0) this.#repeated--;
    else {
      this.#said++;
      this.#pass(what, bytes);
    }
  }

  /** Remembers a fact until it is certain. */
  tell(teller: Teller, what: Fact, passed = false): void {
    if (this.#closed) return;
    const known = this.#facts.get(teller);
    if (known === undefined) this.#facts.set(teller, new Map([[what.name, { what, passed }]]));
    else known.set(what.name, { what, passed });
  }

  /** Where a stage that `probe` observes is to be counted until that is certain. */
  countsOf(probe: Probe, passed = false): Counts {
    const known = this.#counts.get(probe);
    if (known !== undefined) return known.what;
    const what = new Counts();
    this.#counts.set(probe, { what, passed });
    return what;
  }

  commit(): void {
    if (this.#closed) return;
    this.#commitFigures();
    if (this.#waiting.length === 0) return;
    const [waiting, bytes] = this.#take();
    for (const { what } of waiting) this.#pass(what, bytes);
  }

  forget(): void {
    for (const { what } of this.#counts.values()) what.clear();
    this.#facts.clear();
    this.#take();
  }

  brought(): void {
    for (const { what, passed } of this.#counts.values()) if (!passed) what.clear();
    for (const [teller, facts] of this.#facts) {
      for (const [name, { what, passed }] of facts) {
        if (passed) continue;
        teller.begin(what);
        facts.delete(name);
      }
    }
    const [waiting, bytes] = this.#take();
    for (const { what, passed } of waiting) if (passed) this.say(what, bytes, passed);
  }

  bring(work: () => void): void {
    const said = this.#said;
    this.#said = null;
    work();
    this.brought();
    if (said !== null) this.commit();
    this.#said = said;
  }

  /**
   * Lines and rejects, those that wait included, are said at once from now on, until the function that is returned is called: for
   * work that is too long to be held back. The first `repeated` are left out, for they are those that such work has said
   * before; it gives how many were said.
   */
  open(repeated = 0): () => number {
    if (this.#closed) return () => repeated;
    this.#commitFigures();
    const [waiting, bytes] = this.#take();
    this.#said = this.#repeated = repeated;
    for (const { what, passed } of waiting) this.say(what, bytes, passed);
    return () => {
      const said = this.#said ?? repeated;
      this.#said = null;
      return said;
    };
  }

  close(): void {
    this.forget();
    this.#closed = true;
  }

  #pass(what: () => void, bytes: number): void {
    if (this.outer === undefined) what();
    else this.outer.say(what, bytes, true);
  }

  #commitFigures(): void {
    const { outer } = this;
    for (const [probe, { what }] of this.#counts) {
      if (what.batchesIn + what.batchesOut + what.times.count === 0) continue;
      what.moveTo(outer?.countsOf(probe, true) ?? probe.counts);
    }
    if (this.#facts.size === 0) return;
    for (const [teller, facts] of this.#facts) {
      for (const { what } of facts.values()) {
        if (outer === undefined) teller.tell(what);
        else outer.tell(teller, what, true);
      }
    }
    this.#facts.clear();
  }

  #hold(bytes: number): void {
    this.#bytes += bytes;
    this.budget.take(bytes);
  }

  /** What waits, which does so no more, and about how many bytes each is of. */
  #take(): [waiting: readonly Word<() => void>[], bytes: number] {
    const waiting = this.#waiting;
    const bytes = Math.ceil(this.#bytes / Math.max(1, waiting.length)) - WORD_BYTES;
    this.#waiting = [];
    this.budget.take(-this.#bytes);
    this.#bytes = 0;
    return [waiting, bytes];
  }
}
