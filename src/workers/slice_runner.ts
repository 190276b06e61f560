/**
 * The map segment at work: slices of whole lines in, the partial state of an aggregate out.
 * @module
 */
import { Loan } from "../batch/chunk_memory.ts";
import { encodeText } from "../batch/text.ts";
import { DEFAULT_RESOURCES } from "../resources.ts";
import type { Plan } from "../language/syntax.ts";
import type { Limits } from "../limits.ts";
import { assemble, type AssembledStage } from "../pipeline/assemble.ts";
import { type AnyOperator, chain, disposeAll } from "../pipeline/chain.ts";
import type { SignalSource } from "../pipeline/lazy_abort.ts";
import type { StageServices } from "../pipeline/stage_context.ts";
import { observed } from "../pipeline/observed.ts";
import type { Probe } from "../pipeline/probe.ts";
import type { StageFigures } from "../pipeline/report.ts";
import { countsSince, shifted } from "../reject.ts";
import type { Budget } from "../stage.ts";
import type { Vocabulary } from "../vocabulary.ts";
import type { SliceReject, SliceResult } from "./messages.ts";

/** What a runner is made for. */
export interface SliceRunnerOptions {
  /** A format that frames lines, row-local stages, and an aggregate. */
  readonly plan: Plan;
  readonly vocabulary: Vocabulary;
  readonly limits: Limits;
  readonly budget: Budget;
  readonly abort: SignalSource;
}

/**
 * Runs the map segment of one run on slices that may come from anywhere in the upload. Format and row-local stages are
 * made once, the aggregate anew for each slice, so that what it saves is the slice's alone. Holds that state, at most
 * one unfinished line, and the rejects of the slice in hand. A runner that threw is of no further use.
 */
export class SliceRunner {
  readonly #stages: readonly AssembledStage[];
  readonly #probes: readonly Probe[];
  readonly #map: AnyOperator;
  readonly #services: StageServices;
  #aggregate: { raw: AnyOperator; watched: AnyOperator } | null = null;
  #before: readonly StageFigures[];
  #rejects: SliceReject[] = [];
  #notices = new Map<string, unknown>();
  #lines = 0;
  #empty = 0;
  /** Lines and bytes of the slices before, as the format's operator has counted them. */
  #linesBefore = 0;
  #bytesBefore = 0;
  #bytes = 0;

  constructor(options: SliceRunnerOptions) {
    this.#services = {
      ...options,
      reject: (reject, told) => this.#rejects.push({ reject, policy: told?.policy }),
      lines: (count, empty = 0) => {
        this.#lines += count;
        this.#empty += empty;
      },
      notice: (key, value) => this.#notices.set(key, value),
      event: () => {},
      resources: DEFAULT_RESOURCES,
    };
    const { stages, probes } = assemble(options.plan, this.#services);
    this.#stages = stages;
    this.#probes = probes;
    this.#map = chain(stages.slice(0, -1).map(({ operator }) => () => operator));
    this.#skipStart();
    this.#before = this.#figures();
  }

  /** An empty line first: what comes is not the upload's start, where a byte order mark would be skipped. */
  #skipStart(): void {
    const nothing = encodeText("\n");
    void this.#map.push(nothing);
    this.#bytesBefore = nothing.length;
    this.#linesBefore = 1;
    this.#empty = 0;
  }

  /** Takes a piece of the slice. The bytes must not change afterwards. */
  async push(bytes: Uint8Array): Promise<void> {
    this.#bytes += bytes.length;
    const { watched } = this.#aggregate ??= this.#newAggregate();
    const loan = new Loan(bytes);
    for (const batch of await this.#map.push(bytes)) await watched.push(batch);
    loan.spent();
  }

  /** Ends the slice and gives its result; `last` when the upload ends with it. */
  async take(last: boolean): Promise<SliceResult> {
    const { raw, watched } = this.#aggregate ??= this.#newAggregate();
    if (last) { for await (const batch of this.#map.finish?.() ?? []) await watched.push(batch); }
    const state = raw.save!();
    raw.dispose?.();
    this.#aggregate = null;
    return this.#result(state);
  }

  /** Gives back what is held. */
  dispose(): void {
    const raw = this.#aggregate === null ? [] : [this.#aggregate.raw];
    disposeAll([...raw, ...this.#stages.map(({ operator }) => operator)]);
  }

  /** The states are merged where they are asked for, and what is to be noticed of them is noticed there. */
  #newAggregate(): { raw: AnyOperator; watched: AnyOperator } {
    const stage = this.#stages.at(-1)!;
    const raw = stage.fresh({ ...this.#services, notice: () => {} });
    return { raw, watched: observed(raw, stage.probe) };
  }

  #result(state: unknown): SliceResult {
    const figures = this.#figures();
    const result: SliceResult = {
      state,
      lines: this.#lines,
      empty: this.#empty,
      rejects: this.#rejects.map(({ reject, policy }) => ({
        reject: shifted(reject, -this.#linesBefore, -this.#bytesBefore),
        policy,
      })),
      notices: [...this.#notices],
      figures: figures.map((now, index) => since(now, this.#before[index]!)),
    };
    this.#before = figures;
    this.#linesBefore += this.#lines + this.#empty;
    this.#bytesBefore += this.#bytes;
    this.#lines = this.#empty = this.#bytes = 0;
    this.#rejects = [];
    this.#notices.clear();
    return result;
  }

  #figures(): readonly StageFigures[] {
    return this.#probes.map((probe) => probe.report());
  }
}

function since(now: StageFigures, before: StageFigures): StageFigures {
  return {
    rowsIn: now.rowsIn - before.rowsIn,
    rowsOut: now.rowsOut - before.rowsOut,
    bytesIn: now.bytesIn - before.bytesIn,
    bytesOut: now.bytesOut - before.bytesOut,
    batchesIn: now.batchesIn - before.batchesIn,
    batchesOut: now.batchesOut - before.batchesOut,
    busyMs: now.busyMs - before.busyMs,
    rejects: now.rejects - before.rejects,
    rejectsByClass: countsSince(now.rejectsByClass, before.rejectsByClass),
  };
}
