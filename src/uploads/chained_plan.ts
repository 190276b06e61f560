/**
 * A plan as one chain of operators without streams between them: when a chunk has been pushed, all of it is digested.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { Plan } from "../language/syntax.ts";
import type { Limits } from "../limits.ts";
import { assemble, type Assembly } from "../pipeline/assemble.ts";
import { RunBudget } from "../pipeline/budget.ts";
import {
  type AnyOperator,
  chain,
  disposeAll,
  restoreOperator,
  saveOperator,
} from "../pipeline/chain.ts";
import { bottleneckOf, type RunReport } from "../pipeline/report.ts";
import type { Resources } from "../resources.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { UnderWay } from "../pipeline/under_way.ts";
import type { UploadBook } from "./upload_book.ts";

/** What a plan is assembled with. */
export interface ChainedPlanInput {
  readonly plan: Plan;
  readonly vocabulary: Vocabulary;
  readonly limits: Limits;
  readonly resources: Resources;
}

/** Calls never overlap. Rows that come before the end are kept in the book. */
export class ChainedPlan {
  readonly #assembly: Assembly;
  readonly #format: AnyOperator;
  readonly #rest: AnyOperator;
  readonly #underWay = new UnderWay();

  /** `states` are what {@link ChainedPlan.save} gave; null for a plan at its beginning. Throws what restoring throws. */
  constructor(
    { plan, ...services }: ChainedPlanInput,
    readonly book: UploadBook,
    signal: AbortSignal,
    states: readonly unknown[] | null,
  ) {
    this.#assembly = assemble(plan, {
      vocabulary: services.vocabulary,
      limits: services.limits,
      resources: services.resources,
      budget: new RunBudget(services.limits.maxStateBytes),
      abort: { signal },
      meanwhile: this.#underWay.add,
      ...book.services,
    });
    const [first, ...others] = this.#assembly.stages.map(({ operator }) => operator);
    this.#format = first!;
    this.#rest = chain(others.map((operator) => () => operator));
    if (states === null) return;
    try {
      this.#assembly.stages.forEach(({ operator }, index) =>
        restoreOperator(operator, states[index])
      );
    } catch (fault) {
      this.dispose();
      throw fault;
    }
  }

  async push(chunk: Uint8Array): Promise<void> {
    for (const batch of await this.#format.push(chunk)) await this.#pass(batch);
    for (;;) {
      const rung = this.#assembly.stages.filter(({ wake }) => wake.answered()).length > 0;
      if (rung && !this.#rest.done) this.book.keep(await this.#rest.take?.() ?? []);
      const more = this.#underWay.settled();
      if (more === undefined) return;
      await more;
    }
  }

  /** The upload has ended: its last line becomes a row. Throws what the rejects then say. */
  async endInput(): Promise<void> {
    for await (const batch of this.#format.finish?.() ?? []) await this.#pass(batch);
    if (!this.#rest.done) this.book.rejects.close();
  }

  /** What the stages finish with. */
  async *results(): AsyncGenerator<Batch> {
    yield* this.#rest.finish?.() ?? [];
  }

  /** The state of each stage, between two calls. */
  save(): readonly unknown[] {
    return this.#assembly.stages.map(({ operator }) => saveOperator(operator));
  }

  figures(): Pick<RunReport, "stages" | "bottleneck"> {
    const stages = this.#assembly.probes.map((probe) => probe.report());
    return { stages, bottleneck: bottleneckOf(stages) };
  }

  dispose(): void {
    for (const probe of this.#assembly.probes) probe.close();
    disposeAll(this.#assembly.stages.map(({ operator }) => operator));
  }

  async #pass(batch: Batch): Promise<void> {
    if (!this.#rest.done) this.book.keep(await this.#rest.push(batch));
  }
}
