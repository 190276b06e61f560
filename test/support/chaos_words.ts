/**
 * Words that make trouble, and a record of every operator and budget of the runs they are in.
 * @module
 */
import { z } from "zod";
import type { Batch } from "../../src/batch/batch.ts";
import { argument } from "../../src/language/arguments.ts";
import type { RunBudget } from "../../src/pipeline/budget.ts";
import { type AnyStage, defineStage, type Operator, type StageContext } from "../../src/stage.ts";
import { DEFAULT_STAGES, vocabularyOf } from "../../stages/mod.ts";
import type { Vocabulary } from "../../src/vocabulary.ts";

/** What one word of trouble does, and did. */
export interface Trouble {
  readonly random: () => number;
  /** How many throws are left. */
  strikes: number;
  struck: number;
  /** Batches wait for it. */
  readonly gate: Promise<void>;
  open(): void;
  /** Batches have come to the gate. */
  reached: boolean;
}

/** A pipeline's words of trouble, as they are written. */
export const TROUBLE_WORDS = / \| (?:shaky|throws|stall|lag) "\d+"/g;

function strike(trouble: Trouble): void {
  if (trouble.strikes === 0 || trouble.random() < 0.5) return;
  trouble.strikes--;
  trouble.struck++;
  throw new TypeError(`Strike ${trouble.struck}`);
}

/** Throws on each batch that has a row whose field, divided by 7, leaves 3. */
const BRITTLE = defineStage({
  name: "brittle",
  kind: "row-local",
  summary: "Breaks on some rows",
  description: "For tests.",
  arguments: z.object({ field: argument.text({ description: "The field" }) }),
  examples: [],
  create: ({ field }) => ({
    push(batch: Batch) {
      for (const row of batch.toRows()) {
        if (Math.abs(Number(row[field])) % 7 === 3) {
          throw new TypeError(`Cannot take ${row[field]}`);
        }
      }
      return [batch];
    },
  }),
});

/** Operators that were made and disposed of, budgets, and the troubles that are under way. */
export class Ledger {
  made = 0;
  disposed = 0;
  readonly budgets = new Set<RunBudget>();
  readonly #troubles = new Map<string, Trouble>();
  readonly vocabulary: Vocabulary;

  constructor() {
    const words = [this.#shaky(), this.#throws(), this.#stall(), this.#lag(), BRITTLE];
    const stages = [...DEFAULT_STAGES, ...words];
    this.vocabulary = vocabularyOf(stages.map((stage) => this.#recorded(stage)));
  }

  /** Makes a trouble known under `key`. */
  plan(key: string, random: () => number, strikes: number): Trouble {
    const gate = Promise.withResolvers<void>();
    const trouble: Trouble = {
      random,
      strikes,
      struck: 0,
      gate: gate.promise,
      open: gate.resolve,
      reached: false,
    };
    this.#troubles.set(key, trouble);
    return trouble;
  }

  /** Forgets what is over. */
  clear(): void {
    this.made = this.disposed = 0;
    this.budgets.clear();
    this.#troubles.clear();
  }

  /** The stage with its operators counted. */
  #recorded(stage: AnyStage): AnyStage {
    return {
      ...stage,
      create: (args, context) => {
        this.budgets.add(context.budget as RunBudget);
        const operator = stage.create(args, context) as Operator<Batch, Batch>;
        this.made++;
        const dispose = operator.dispose?.bind(operator);
        let over = false;
        operator.dispose = () => {
          if (!over) this.disposed++;
          over = true;
          dispose?.();
        };
        return operator;
      },
    };
  }

  #word(
    name: string,
    stateless: boolean,
    create: (trouble: Trouble, context: StageContext) => Operator<Batch, Batch>,
  ): AnyStage {
    return defineStage({
      name,
      kind: "ordered",
      ...stateless && { stateless: () => true },
      summary: "Makes trouble",
      description: "For tests.",
      arguments: z.object({ key: argument.text({ description: "Which trouble" }) }),
      examples: [],
      create: ({ key }, context) => create(this.#troubles.get(key)!, context),
    });
  }

  /** Throws before or after its work, as often as planned, and tells how many rows it has seen. */
  #shaky(): AnyStage {
    return this.#word("shaky", false, (trouble, context) => {
      let seen = 0;
      return {
        push(batch) {
          strike(trouble);
          seen += batch.length;
          strike(trouble);
          return [batch];
        },
        finish() {
          context.fact("seen", seen);
          return [];
        },
        save: () => seen,
        restore: (state) => void (seen = state as number),
      };
    });
  }

  /** Throws as often as planned; keeps nothing, so that it may stand in lanes. */
  #throws(): AnyStage {
    return this.#word("throws", true, (trouble) => ({
      push(batch) {
        strike(trouble);
        return [batch];
      },
    }));
  }

  /** Holds every batch until its gate is open or the run ends. */
  #stall(): AnyStage {
    return this.#word("stall", true, (trouble, { signal }) => ({
      async push(batch) {
        trouble.reached = true;
        const ended = Promise.withResolvers<never>();
        const end = () => ended.reject(signal.reason);
        if (signal.aborted) end();
        signal.addEventListener("abort", end, { once: true });
        await Promise.race([trouble.gate, ended.promise]);
        signal.removeEventListener("abort", end);
        return [batch];
      },
    }));
  }

  /** Takes some turns of the event loop for each batch. */
  #lag(): AnyStage {
    return this.#word("lag", true, (trouble) => ({
      async push(batch) {
        for (let turns = trouble.random() * 4; turns > 1; turns--) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        return [batch];
      },
    }));
  }
}
