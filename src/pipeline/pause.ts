/**
 * Waiting for some time within a run.
 * @module
 */
import type { StageContext } from "../stage.ts";

/** Resolves after so many milliseconds; rejects when the run ends meanwhile. */
export function pause(
  { resources, signal }: Pick<StageContext, "resources" | "signal">,
  milliseconds: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      take();
      reject(signal.reason);
    };
    const take = resources.clock.after(milliseconds, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
