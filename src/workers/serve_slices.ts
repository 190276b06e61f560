/**
 * The worker's side: map segments of many runs, one slice after the other.
 * @module
 */
import { RunError } from "../errors.ts";
import type { Plan } from "../language/syntax.ts";
import type { Limits } from "../limits.ts";
import { RunBudget } from "../pipeline/budget.ts";
import type { Vocabulary } from "../vocabulary.ts";
import type { FromWorker, SliceFault, SliceResult, ToWorker } from "./messages.ts";
import { SliceRunner } from "./slice_runner.ts";
import type { ThreadPort } from "./thread.ts";

type SliceMessage = Extract<ToWorker, { kind: "slice" }>;

/** A run whose slices come here; its operators are made when the first does. */
class OpenRun {
  readonly #abort = new AbortController();
  #runner: SliceRunner | null = null;

  constructor(readonly plan: Plan, readonly limits: Limits, readonly vocabulary: Vocabulary) {}

  async run(bytes: Uint8Array, last: boolean): Promise<SliceResult> {
    const runner = this.#runner ??= this.#makeRunner();
    try {
      await runner.push(bytes);
      return await runner.take(last);
    } catch (fault) {
      this.#runner = null;
      runner.dispose();
      throw fault;
    }
  }

  #makeRunner(): SliceRunner {
    const { plan, limits, vocabulary } = this;
    const budget = new RunBudget(limits.maxStateBytes);
    return new SliceRunner({ plan, limits, vocabulary, budget, abort: this.#abort });
  }

  /** Ends what waits. */
  abort(): void {
    this.#abort.abort(new RunError("cancelled", "The run is over"));
  }

  dispose(): void {
    this.#runner?.dispose();
    this.#runner = null;
  }
}

/**
 * Answers slices that come in at `port`, in the order in which they came, with the words of `vocabulary`. Keeps the
 * operators of each open run; of a closed one nothing, from the moment in which its slice in hand is done.
 */
export function serveSlices(vocabulary: Vocabulary, port: ThreadPort): void {
  const runs = new Map<number, OpenRun>();
  const say = (message: FromWorker) => port.postMessage(message);
  const answer = async (message: SliceMessage): Promise<void> => {
    const { run, slice } = message;
    try {
      const open = runs.get(run);
      if (open === undefined) throw new RunError("cancelled", "The run is over");
      say({ kind: "result", run, slice, result: await open.run(privately(message), message.last) });
    } catch (fault) {
      say({ kind: "fault", run, slice, fault: asData(fault) });
    }
  };
  let own = new Uint8Array(0);
  // Decoders may refuse shared memory. One copy serves all slices: no row outlives the slice that it came from.
  const privately = ({ bytes, start, length }: SliceMessage): Uint8Array => {
    if (own.length < start + length) own = new Uint8Array(bytes.byteLength);
    // In the same place, since shared memory is copied quickly between places that are aligned alike.
    own.set(new Uint8Array(bytes, start, length), start);
    return own.subarray(start, start + length);
  };
  let work: Promise<void> = Promise.resolve();
  port.addEventListener("message", (event) => {
    const message = event.data as ToWorker;
    if (message.kind === "slice") work = work.then(() => answer(message));
    else if (message.kind === "open") {
      runs.set(message.run, new OpenRun(message.plan, message.limits, vocabulary));
    } else {
      const open = runs.get(message.run);
      runs.delete(message.run);
      open?.abort();
      work = work.then(() => open?.dispose());
    }
  });
  say({ kind: "ready" });
}

function asData(fault: unknown): SliceFault {
  if (fault instanceof RunError) {
    return { code: fault.code, message: fault.message, details: fault.details };
  }
  const message = fault instanceof Error ? fault.message : String(fault);
  return { code: null, message, details: {} };
}
