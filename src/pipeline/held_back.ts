/**
 * What is told of rows and may have to be taken back.
 * @module
 */
import type { Budget, Told } from "../stage.ts";
import { Counts } from "./counts.ts";
import type { Fact, Teller } from "./facts.ts";
import type { Probe } from "./probe.ts";

/** About what a word takes while it is held back, besides what it is about. */
const WORD_BYTES = 128;

/** A fact, and whether it was held back until now by those that `outer` holds back. */
interface HeldFact {
  readonly fact: Fact;
  readonly passed: boolean;
}

/**
 * What a stage, and those nested in it, tell of lines, rejects, facts and rows: held back until their work has succeeded. Then it goes
 * to those who hold the stages around it back, `outer`, and at last to the run. What waits is declared to the budget,
 * but for figures, which are a few numbers for each stage.
 */
export class HeldBack implements Told {
  readonly #counts = new Map<Probe, Counts>();
  readonly #facts = new Map<Teller, Map<string, HeldFact>>();
  #waiting: (() => void)[] = [];
  #bytes = 0;
  /** How much was said at once; null while it is held back. */
  #said: number | null = null;
  /** How much of that is being said again. */
  #repeated = 0;
  #closed = false;

  constructor(readonly budget: Budget, readonly outer?: HeldBack) {}

  /** Says `what`, which is about so many bytes, when it is certain. Throws what the budget throws. */
  say(what: () => void, bytes = 0): void {
    if (this.#closed) return;
    if (this.#said === null) {
      this.#waiting.push(what);
      this.#hold(WORD_BYTES + bytes);
    } else if (this.#repeated > 0) this.#repeated--;
    else {
      this.#said++;
      this.#pass(what, bytes);
    }
  }

  /** Remembers a fact until it is certain. */
  tell(teller: Teller, fact: Fact, passed = false): void {
    if (this.#closed) return;
    const told = { fact, passed };
    const known = this.#facts.get(teller);
    if (known === undefined) this.#facts.set(teller, new Map([[fact.name, told]]));
    else known.set(fact.name, told);
  }

  /** Where a stage that `probe` observes is to be counted until that is certain. */
  countsOf(probe: Probe): Counts {
    const known = this.#counts.get(probe);
    if (known !== undefined) return known;
    const counts = new Counts();
    this.#counts.set(probe, counts);
    return counts;
  }

  commit(): void {
    if (this.#closed) return;
    const { outer } = this;
    for (const [probe, counts] of this.#counts) {
      if (counts.batchesIn + counts.batchesOut + counts.times.count === 0) continue;
      counts.moveTo(outer?.countsOf(probe) ?? probe.counts);
    }
    if (this.#facts.size > 0) this.#commitFacts();
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    const bytes = Math.ceil(this.#bytes / waiting.length) - WORD_BYTES;
    this.#drop();
    for (const what of waiting) this.#pass(what, bytes);
  }

  forget(): void {
    for (const counts of this.#counts.values()) counts.clear();
    this.#facts.clear();
    this.#drop();
  }

  /** The facts are what instances that were made anew begin with, where those before them had been. */
  begin(): void {
    for (const [teller, facts] of this.#facts) {
      for (const [name, { fact, passed }] of facts) {
        if (passed) continue;
        teller.begin(fact);
        facts.delete(name);
      }
    }
  }

  /**
   * Lines and rejects are said at once from now on, until the function that is returned is called: work that is too long to be held
   * back. The first `repeated` are left out, for they are those that such work has said before; it gives how many were said.
   */
  open(repeated = 0): () => number {
    this.commit();
    this.#said = this.#repeated = repeated;
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
    else this.outer.say(what, bytes);
  }

  #commitFacts(): void {
    const { outer } = this;
    for (const [teller, facts] of this.#facts) {
      for (const { fact } of facts.values()) {
        if (outer === undefined) teller.tell(fact);
        else outer.tell(teller, fact, true);
      }
    }
    this.#facts.clear();
  }

  #hold(bytes: number): void {
    this.#bytes += bytes;
    this.budget.take(bytes);
  }

  #drop(): void {
    this.#waiting = [];
    this.budget.take(-this.#bytes);
    this.#bytes = 0;
  }
}
