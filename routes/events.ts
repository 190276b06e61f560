/**
 * /v1/runs/ID/events: a run as it happens, as server-sent events.
 * @module
 */
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import type { StageEvent } from "../src/pipeline/report.ts";
import type { LiveRun } from "../src/pipeline/runs.ts";
import type { Services } from "./app.ts";
import { readParameters, refuseUnknown } from "./parameters.ts";
import { notFound } from "./problem.ts";

/** How often the figures are told unless `every` says otherwise, in milliseconds. */
const EVERY_MS = 1_000;

/** The most events that wait for a slow reader; older ones are dropped, and counted in the next `progress`. */
const MAX_WAITING = 100;

/**
 * The resource `/runs/ID/events`: `progress` with the report now and every second (or `every`), `change` for each event
 * of a stage, `end` with the last report. A reader that is slow gets fewer of them, never old ones.
 */
export function eventRoutes({ runs, resources }: Services): Hono {
  const app = new Hono();
  app.get("/runs/:id/events", (context) => {
    const id = context.req.param("id");
    const { options, rest } = readParameters(new Map(new URL(context.req.url).searchParams));
    refuseUnknown(rest.keys(), []);
    const every = options.everyMs ?? EVERY_MS;
    const run = runs.live(id);
    const report = runs.report(id);
    if (report === null) throw notFound("run", id, null);
    return streamSSE(context, async (stream) => {
      const send = (event: string, data: unknown) =>
        stream.writeSSE({ event, data: JSON.stringify(data) });
      if (run === null) return await send("end", report);
      const changes = new Changes(run);
      stream.onAbort(() => changes.close());
      try {
        await send("progress", run.report());
        while (!changes.over) {
          const ticked = await changes.next((ring) => resources.clock.after(every, ring));
          for (const change of changes.take()) await send("change", change);
          if (ticked) await send("progress", { ...run.report(), droppedEvents: changes.dropped });
        }
        if (!changes.closed) await send("end", await run.ended);
      } finally {
        changes.close();
      }
    });
  });
  return app;
}

/** What has happened in a run and was not told yet. */
class Changes {
  dropped = 0;
  over = false;
  closed = false;
  readonly #waiting: StageEvent[] = [];
  readonly #stop: () => void;
  #ring: (() => void) | null = null;

  constructor(run: LiveRun) {
    this.#stop = run.listen((event) => {
      if (this.#waiting.length === MAX_WAITING) {
        this.#waiting.shift();
        this.dropped++;
      }
      this.#waiting.push(event);
      this.#ring?.();
    });
    void run.ended.then(() => this.#end());
  }

  /** Waits for a change, the end, or the timer; true when it was the timer. */
  async next(timer: (ring: () => void) => () => void): Promise<boolean> {
    if (this.#waiting.length > 0 || this.over) return false;
    let ticked = false;
    const rung = Promise.withResolvers<void>();
    this.#ring = () => rung.resolve();
    const stop = timer(() => {
      ticked = true;
      rung.resolve();
    });
    await rung.promise;
    stop();
    this.#ring = null;
    return ticked;
  }

  take(): readonly StageEvent[] {
    return this.#waiting.splice(0);
  }

  close(): void {
    this.closed = true;
    this.#end();
  }

  #end(): void {
    this.over = true;
    this.#stop();
    this.#ring?.();
  }
}
