/**
 * Which chunks of an upload are spent: when memory behind rows can be used again, though rows wait between stages.
 * @module
 */
import { Loan } from "../batch/chunk_memory.ts";
import { nestedPlans } from "../language/check_plan.ts";
import type { PlanStage } from "../language/syntax.ts";
import type { Vocabulary } from "../vocabulary.ts";
import type { AssembledStage } from "./assemble.ts";
import type { AnyOperator, Chunk } from "./chain.ts";

/**
 * What a stage may read of an input once it has done it: nothing; nothing, nor may who reads its outputs (`copies`); or
 * anything (`input`), which is taken for granted where it is not said.
 */
export type Keeps = "nothing" | "copies" | "input";

/** What a stage says that it keeps, or else the contract of its kind; `operator` is the one that works there, if it is known. */
export function keepsOf(stage: PlanStage, vocabulary: Vocabulary, operator?: AnyOperator): Keeps {
  const definition = vocabulary.stages.get(stage.stage)!;
  const said = definition.keeps?.(stage.arguments);
  if (said === "nothing") return "nothing";
  const nested = nestedPlans(stage, definition);
  if (said === "nested") {
    return nested.length === 1
      ? ofAll(nested[0]!.stages.map((one) => keepsOf(one, vocabulary)))
      : "input";
  }
  if (definition.queue !== undefined || nested.length > 0) return "input";
  if (definition.kind === "aggregate") return "copies";
  // What gives of its own accord, or can save a state, may have some of its input in it.
  const holds = operator?.take !== undefined || operator?.save !== undefined;
  return definition.kind === "row-local" && !holds || definition.kind === "format"
    ? "nothing"
    : "input";
}

/** Of stages one behind the other: the first that keeps anything decides, since nothing behind a copy sees the input. */
function ofAll(stages: readonly Keeps[]): Keeps {
  return stages.find((keeps) => keeps !== "nothing") ?? "nothing";
}

/**
 * Follows the chunks of a run through its stages, and gives the memory of each back when nobody reads it any more: when the
 * first stage that copies what it keeps has done all rows of it, or whoever writes the results has. Does nothing for a plan
 * with a stage before that which may keep its input. Holds the chunks that are under way, and a number for each.
 */
export class Spending {
  /** How many stages are followed, the writing of results among them. */
  readonly #length: number;
  /** Of each stage, how many inputs it has done and how many outputs it has given. */
  readonly #done: number[];
  readonly #given: number[];
  /** Of each stage, the inputs with which another chunk has passed it. */
  readonly #marks: number[][];
  readonly #loans: Loan[] = [];

  constructor(stages: readonly AssembledStage[]) {
    this.#length = followed(stages);
    this.#done = new Array(this.#length).fill(0);
    this.#given = new Array(this.#length).fill(0);
    this.#marks = this.#done.map(() => []);
  }

  /** The first stage is about to work on `chunk`. */
  begin(chunk: Chunk): void {
    if (this.#length > 0) this.#loans.push(new Loan(chunk as Uint8Array));
  }

  /** The stage at `index` has done its next input and given so many outputs; the writing comes after the last stage. */
  done(index: number, outputs: number): void {
    if (index >= this.#length) return;
    const done = ++this.#done[index]!;
    this.#given[index]! += outputs;
    if (index === 0) this.#marks[0]!.push(done);
    for (let at = index; at < this.#length && this.#pass(at); at++);
  }

  /** The stage at `index` has given so many outputs of its own accord. */
  gave(index: number, outputs: number): void {
    if (index < this.#length) this.#given[index]! += outputs;
  }

  /** Moves the chunks that have passed the stage on to the next one; whether there were any. */
  #pass(index: number): boolean {
    const marks = this.#marks[index]!;
    let passed = false;
    for (; marks.length > 0 && marks[0]! <= this.#done[index]!; passed = true) {
      marks.shift();
      if (index + 1 < this.#length) this.#marks[index + 1]!.push(this.#given[index]!);
      else this.#loans.shift()!.spent();
    }
    return passed;
  }
}

/** Up to the first stage that copies, or to the writing. */
function followed(stages: readonly AssembledStage[]): number {
  const end = stages.findIndex(({ keeps }) => keeps !== "nothing");
  if (end < 0) return stages.length + 1;
  return stages[end]!.keeps === "copies" ? end + 1 : 0;
}
