/**
 * Panes: one answer of one window, in the words of Apache Beam.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { type Column, ConstantColumn, TimeColumn, type Value } from "../batch/column.ts";
import { selectedRows } from "../expression/rows.ts";
import { type Steps, stepsOf } from "../pipeline/steps.ts";
import type { OpenWindow } from "./open_windows.ts";

/** Whether an answer comes before its window is over, when the watermark passes the end, or again for late rows. */
export type Pane = "early" | "on_time" | "late";

/** The same value in every row, by name. */
export function stampOf(values: Readonly<Record<string, Value>>): ReadonlyMap<string, Column> {
  return new Map(
    Object.entries(values).map(([name, value]) => [name, new ConstantColumn(value)]),
  );
}

/** What the window would give if it were over; leaves it as it is. Throws Error when a nested stage waits. */
export function* currentPane(window: OpenWindow, pane: Pane): Generator<Batch> {
  const stamp = boundsOf(window, pane);
  for (const batch of window.kept.batches) yield batch.withLast(stamp);
  for (const batch of window.operator.snapshot?.() ?? []) yield batch.withLast(stamp);
}

/** All that the window gives; its nested pipeline is finished by that. */
export function* finalPane(window: OpenWindow, pane: Pane): Steps<Batch> {
  const stamp = boundsOf(window, pane);
  for (const batch of window.kept.batches) yield batch.withLast(stamp);
  for (const step of stepsOf(window.operator.finish?.() ?? [])) {
    yield step instanceof Promise ? step : step.withLast(stamp);
  }
}

/** Late rows as they came, with the bounds of the oldest window that each missed. Costs 16 bytes a row of the batch. */
export function latePane(
  batch: Batch,
  times: Float64Array,
  { everyMs, lengthMs }: { readonly everyMs: number; readonly lengthMs: number },
): Batch {
  const starts = new Float64Array(batch.rows).fill(NaN);
  for (const row of selectedRows(batch)) {
    starts[row] = Math.floor(times[row]! / everyMs) * everyMs - lengthMs + everyMs;
  }
  const stamp = new Map<string, Column>([
    ["window_start", new TimeColumn(starts)],
    ["window_end", new TimeColumn(starts.map((start) => start + lengthMs))],
    ["pane", new ConstantColumn("late")],
  ]);
  return batch.withLast(stamp);
}

function boundsOf({ start, end }: OpenWindow, pane: Pane): ReadonlyMap<string, Column> {
  return new Map([
    ["window_start", new ConstantColumn(new Date(start))],
    ["window_end", new ConstantColumn(new Date(end))],
    ["pane", new ConstantColumn(pane)],
  ]);
}
