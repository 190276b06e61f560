/**
 * Rows on which a stage fails: left out one by one, where the plan says so.
 * @module
 */
import { Batch } from "../batch/batch.ts";
import { shownLine } from "../batch/line_format.ts";
import { encodeRows } from "../batch/ndjson.ts";
import { RunError } from "../errors.ts";
import { leavesRowsOut } from "../language/common_options.ts";
import type { PlanStage } from "../language/syntax.ts";
import { type AnyStage, NOTHING, type Outputs, type StageContext } from "../stage.ts";
import type { AnyOperator, Chunk } from "./chain.ts";

type Pushed = Outputs<Batch> | Promise<Outputs<Batch>>;

/** The most of an error's message that a reject tells. */
const REASON_CHARACTERS = 200;

/** Creates the operator of a stage; with `on_error=skip` or `emit` on a row-local stage, one that survives bad rows. */
export function createOperator(
  definition: AnyStage,
  stage: PlanStage,
  context: StageContext,
): AnyOperator {
  const operator = definition.create(stage.arguments, context) as AnyOperator;
  return leavesRowsOut(stage, definition) ? withoutBadRows(operator, context) : operator;
}

/**
 * A row-local `operator` that rejects the rows on which it throws, and works on all others: a batch that fails is tried
 * again by halves, down to single rows. Costs nothing while nothing is thrown, then about two calls for each halving.
 * What ends the run (a RunError, an abort) is thrown on.
 */
function withoutBadRows(operator: AnyOperator, context: StageContext): AnyOperator {
  return new RowErrors(operator, context);
}

class RowErrors implements AnyOperator {
  readonly take?: () => Pushed;
  readonly save?: () => unknown;
  readonly restore?: (state: unknown) => void;

  constructor(readonly operator: AnyOperator, readonly context: StageContext) {
    if (operator.take) this.take = () => operator.take!();
    if (operator.save) this.save = () => operator.save!();
    if (operator.restore) this.restore = (state) => operator.restore!(state);
  }

  get done(): boolean {
    return this.operator.done ?? false;
  }

  push(chunk: Chunk): Pushed {
    try {
      const outputs = this.operator.push(chunk);
      if (!(outputs instanceof Promise)) return outputs;
      return outputs.catch((fault) => this.#again(chunk, fault));
    } catch (fault) {
      return this.#again(chunk, fault);
    }
  }

  finish(): Iterable<Batch> | AsyncIterable<Batch> {
    return this.operator.finish?.() ?? NOTHING;
  }

  dispose(): void {
    this.operator.dispose?.();
  }

  #again(chunk: Chunk, fault: unknown): Pushed {
    const fatal = fault instanceof RunError || this.context.signal.aborted;
    if (fatal || !(chunk instanceof Batch) || chunk.length === 0) throw fault;
    if (chunk.length === 1) {
      this.#reject(chunk, fault);
      return NOTHING;
    }
    const middle = chunk.length >> 1;
    const second = () => this.push(chunk.slice(middle, chunk.length));
    const first = this.push(chunk.slice(0, middle));
    return first instanceof Promise
      ? first.then(async (ready) => [...ready, ...await second()])
      : joined(first, second());
  }

  #reject(row: Batch, fault: unknown): void {
    const line = encodeRows(row);
    const message = fault instanceof Error ? fault.message : String(fault);
    this.context.reject({
      class: "thrown",
      reason: message.slice(0, REASON_CHARACTERS),
      text: shownLine(line, 0, line.length - 1),
    });
  }
}

function joined(first: Outputs<Batch>, second: Pushed): Pushed {
  return second instanceof Promise
    ? second.then((ready) => [...first, ...ready])
    : [...first, ...second];
}
