/**
 * Pipelines over web streams: small stages that are bounded, cancellable from both sides, and typed. Usable without the
 * server, on Deno and on Bun.
 *
 * A stage is a `{ readable, writable }` pair, so `stream.pipeThrough(stage)` runs it, any TransformStream is one, and
 * `pipeline(a, b, c)` is one again. Each states what it holds; what it does not state it does not hold: a reader that is
 * slow stops the source. A cancelled reader cancels the source, an aborted writer fails the reader, a failure reaches
 * both, each time with the one same object, and no timer or lock is left.
 *
 * Functions for one item (`retry`, `timeLimit`, `circuitBreaker`, `fallback`, `cache`) wrap one another and run in
 * `map` (one at a time) or `parallel` (several).
 *
 * ## Four surfaces for errors
 *
 * | surface | how | when |
 * | --- | --- | --- |
 * | per item in the stream | `fallback` turns a failure into a value; a `work` may return a result or an error as data | the next stage decides: failures are part of the answer |
 * | the first error ends | nothing to do: what a function throws ends both ends with that object | a failure means that the answer would be wrong |
 * | a separate stream | `deadLetter`: failed items with their errors in `failed` | failures are stored, counted or tried again elsewhere; somebody has to read them |
 * | a callback | `onDrop`, `onLate`, `onRetry`, `onRestart`, `onChange` | losses by policy and changes of state: to count and to log; it cannot hold the stream |
 *
 * Time is handed in (`clock`), so tests of what waits need not sleep.
 *
 * @example From a source to a result
 * ```ts
 * import { batch, collect, filter, from, map, pipeline } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const stage = pipeline(
 *   map((line: string) => JSON.parse(line) as { size: number }),
 *   filter(({ size }) => size > 1),
 *   batch({ count: 2 }),
 * );
 * const batches = await collect(from(['{"size":1}', '{"size":2}', '{"size":3}']).pipeThrough(stage));
 * assert.deepEqual(batches, [[{ size: 2 }, { size: 3 }]]);
 * ```
 *
 * @module
 */
export { AdaptiveRate, type AdaptiveRateOptions } from "./adaptive_rate.ts";
export { balance, type BalanceOptions } from "./balance.ts";
export { batch, type BatchOptions } from "./batch.ts";
export { broadcast, type BroadcastOptions } from "./broadcast.ts";
export { buffer, type BufferOptions, BufferOverflow, type Overflow } from "./buffer.ts";
export { cache, type Cached, type CacheFigures, type CacheOptions } from "./cache.ts";
export {
  type Checkpoint,
  checkpoint,
  type CheckpointOptions,
  type CheckpointStore,
} from "./checkpoint.ts";
export {
  BrokenCircuitError,
  type Circuit,
  circuitBreaker,
  type CircuitBreakerOptions,
} from "./circuit_breaker.ts";
export { type Clock, systemClock, type Timed } from "./clock.ts";
export { concat } from "./concat.ts";
export { countWindow } from "./count_window.ts";
export { type DeadLetter, deadLetter, type DeadLetterOptions, type Failed } from "./dead_letter.ts";
export { fallback } from "./fallback.ts";
export { filter } from "./filter.ts";
export { flatMap, type Items } from "./flat_map.ts";
export { join, type JoinOptions, JoinOverflow } from "./join.ts";
export { map } from "./map.ts";
export { mapReduce, type MapReduceOptions, TooManyKeys } from "./map_reduce.ts";
export { type ItemOf, merge } from "./merge.ts";
export { mergeSorted } from "./merge_sorted.ts";
export { type Figures, observe, type Observed } from "./observe.ts";
export { parallel, type ParallelOptions } from "./parallel.ts";
export { partition, type PartitionOptions } from "./partition.ts";
export { pipeline } from "./pipeline.ts";
export { reduce } from "./reduce.ts";
export { retry, type RetryOptions } from "./retry.ts";
export { scan } from "./scan.ts";
export { skip } from "./skip.ts";
export { collect, from } from "./source.ts";
export {
  createStage,
  type Handler,
  type Output,
  type Stage,
  StageFinished,
  type StageOptions,
  type Work,
} from "./stage.ts";
export { supervise, type SuperviseOptions } from "./supervise.ts";
export { take } from "./take.ts";
export { tap } from "./tap.ts";
export { throttle, type ThrottleOptions } from "./throttle.ts";
export {
  timeLimit,
  timeout,
  TimeoutError,
  type TimeoutKind,
  type TimeoutOptions,
} from "./timeout.ts";
export { unbatch } from "./unbatch.ts";
export { type Pane, window, type WindowOptions, WindowOverflow } from "./window.ts";
export { zip } from "./zip.ts";
