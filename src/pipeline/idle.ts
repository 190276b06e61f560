/**
 * How long an upload may keep a run waiting.
 * @module
 */
import { RunError } from "../errors.ts";
import type { Clock } from "../resources.ts";

/**
 * The same bytes where `idleMs` is given and they are still to come, failing with RunError `idle_timeout` when `body` has nothing for `idleMs` milliseconds while it is
 * asked; the body is cancelled then. Time in which nobody asks does not count, so neither a slow stage nor a slow reader
 * makes an upload idle. One timer while a chunk is waited for, none else; holds nothing.
 */
export function neverIdle(
  body: ReadableStream<Uint8Array> | Uint8Array,
  idleMs: number | undefined,
  clock: Clock,
): ReadableStream<Uint8Array> | Uint8Array {
  if (idleMs === undefined || body instanceof Uint8Array) return body;
  const reader = body.getReader();
  let stop = () => {};
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const idle = Promise.withResolvers<never>();
      stop = clock.after(idleMs, () => idle.reject(tooIdle(idleMs)));
      try {
        const { done, value } = await Promise.race([reader.read(), idle.promise]);
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (fault) {
        void reader.cancel(fault).catch(() => {});
        throw fault;
      } finally {
        stop();
      }
    },
    cancel(reason) {
      stop();
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

function tooIdle(idleMs: number): RunError {
  const message = `The upload sent nothing for idle=${idleMs}ms; send faster, or allow more`;
  return new RunError("idle_timeout", message);
}
