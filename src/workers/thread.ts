/**
 * A worker thread, and the only file that knows where the runtimes' `Worker` differs. A thread that throws tells `error`
 * on both; on Deno the whole process ends unless that is prevented, on Bun a thread that ends tells `close` besides.
 * @module
 */

/** What a thread tells. */
export interface ThreadEvents {
  message(data: unknown): void;
  /** Called at most once, and never after {@link Thread.stop}: the thread has ended by itself. */
  gone(reason: string): void;
}

/** A thread that runs. */
export interface Thread {
  /** Sends structured-cloneable data; shared memory stays shared. */
  post(message: unknown): void;
  /** Ends the thread at once, whatever it does. */
  stop(): void;
}

/** What a thread sees of the one that started it: the global scope of a worker. */
export interface ThreadPort {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
}

/** Starts a thread of its own for `module`. What is wrong with the module is told by `gone`. */
export function startThread(module: URL, events: ThreadEvents): Thread {
  const worker = new Worker(module.href, { type: "module" });
  let over = false;
  const stop = () => {
    over = true;
    worker.terminate();
  };
  const gone = (reason: string) => {
    if (over) return;
    stop();
    events.gone(reason);
  };
  worker.addEventListener("message", (event: MessageEvent) => {
    if (!over) events.message(event.data);
  });
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    gone((event as ErrorEvent).message);
  });
  worker.addEventListener("messageerror", () => gone("It sent what cannot be cloned"));
  worker.addEventListener("close", () => gone("It ended by itself"));
  return { post: (message) => worker.postMessage(message), stop };
}
