/**
 * How a host is asked that may be slow or down: a time for each try, tries again with growing pauses, a rate, a number at
 * once, and a breaker. The same for lookups and for what is sent.
 * @module
 */
import { bulkhead } from "cockatiel";
import { BrokenCircuitError, type Circuit, circuitBreaker } from "../flow/circuit_breaker.ts";
import { type Clock as FlowClock, pause } from "../flow/clock.ts";
import { retry } from "../flow/retry.ts";
import type { Work } from "../flow/stage.ts";
import { Bucket } from "../flow/throttle.ts";
import { timeLimit, TimeoutError } from "../flow/timeout.ts";
import type { Rate } from "../language/syntax.ts";
import type { Clock } from "../resources.ts";
import type { StageContext } from "../stage.ts";
import { type HttpAnswer, HttpFailure, type HttpRequest } from "./http_door.ts";

/** An answer that is a failure. */
class StatusError extends Error {
  override readonly name = "StatusError";
  constructor(readonly status: number) {
    super(`The host answered ${status}`);
  }
}

/** How a host is asked. */
export interface HttpPolicies {
  /** Requests under way at once. */
  readonly concurrency: number;
  /** The longest time of one try. */
  readonly timeout: number;
  /** Tries after the first. */
  readonly retries: number;
  /** The first pause before another try; each is about twice the one before, with jitter. */
  readonly backoff: number;
  readonly rate?: Rate | undefined;
  readonly burst?: number | undefined;
  /** Failures in a row at which the breaker opens, and the time that it stays open. */
  readonly breaker?: Rate | undefined;
}

/** The policies that are given, and `standard` where one is not. */
export function withDefaults(
  given: { readonly [Name in keyof HttpPolicies]?: HttpPolicies[Name] | undefined },
  standard: HttpPolicies,
): HttpPolicies {
  return {
    concurrency: given.concurrency ?? standard.concurrency,
    timeout: given.timeout ?? standard.timeout,
    retries: given.retries ?? standard.retries,
    backoff: given.backoff ?? standard.backoff,
    rate: given.rate ?? standard.rate,
    burst: given.burst ?? standard.burst,
    breaker: given.breaker ?? standard.breaker,
  };
}

/** The longest pause between two tries. */
const LONGEST_PAUSE_MS = 30_000;

/** What asking has come to. */
export interface HttpFigures {
  /** Requests sent. */
  asked: number;
  retries: number;
  /** Tries that failed, timeouts among them. */
  failures: number;
  timeouts: number;
  breaker: Circuit;
  /** How often the breaker has opened. */
  opened: number;
}

/** Whether it may go right another time: no answer, none in time, or 500 and above; also 429. */
function isPassing(error: unknown): boolean {
  if (error instanceof TimeoutError) return true;
  if (error instanceof HttpFailure) return error.kind === "connection";
  return error instanceof StatusError && (error.status >= 500 || error.status === 429);
}

/** A client of one stage: its breaker, its rate and its figures. */
export interface HttpClient {
  readonly ask: Work<HttpRequest, HttpAnswer>;
  readonly figures: Readonly<HttpFigures>;
}

/**
 * A client with these policies. It gives the answers of 200 to 299 and 404, and rejects with a {@link StatusError}, an
 * {@link HttpFailure}, a TimeoutError or a BrokenCircuitError. A breaker that changes is an event of the stage. Memory:
 * what is asked at the same time.
 */
export function httpClient(policies: HttpPolicies, context: StageContext): HttpClient {
  const clock = flowClock(context.resources.clock);
  const figures: HttpFigures = {
    asked: 0,
    retries: 0,
    failures: 0,
    timeouts: 0,
    breaker: "closed",
    opened: 0,
  };
  const once = counted(
    figures,
    limited(policies, clock, (request, signal) => {
      figures.asked++;
      return context.resources.http.ask(request, signal);
    }),
  );
  const guarded = broken(policies, clock, once, (circuit) => {
    figures.breaker = circuit;
    if (circuit === "open") figures.opened++;
    context.event(`breaker_${circuit}`, { failures: figures.failures });
  });
  const again = retry(guarded, {
    attempts: policies.retries + 1,
    backoffMs: policies.backoff,
    maxBackoffMs: Math.max(policies.backoff, LONGEST_PAUSE_MS),
    when: isPassing,
    onRetry: () => void figures.retries++,
    clock,
  });
  // What waits here is bounded by the stage that asks.
  const lanes = bulkhead(policies.concurrency, Number.MAX_SAFE_INTEGER);
  const ask: Work<HttpRequest, HttpAnswer> = (request, signal) =>
    lanes.execute(() => {
      signal.throwIfAborted();
      return again(request, signal);
    });
  return { ask, figures };
}

/** One try: at the rate, and in time. */
function limited(
  { timeout, rate, burst }: HttpPolicies,
  clock: FlowClock,
  work: Work<HttpRequest, HttpAnswer>,
): Work<HttpRequest, HttpAnswer> {
  const inTime = timeLimit<HttpRequest, HttpAnswer>(work, { ms: timeout, clock });
  if (rate === undefined) return inTime;
  const perSecond = rate.amount * 1000 / rate.everyMs;
  const bucket = new Bucket(() => perSecond, burst, clock.now());
  return async (request, signal) => {
    const waitMs = bucket.take(1, clock.now());
    if (waitMs > 0) await pause(clock, waitMs, signal);
    return await inTime(request, signal);
  };
}

function counted(
  figures: HttpFigures,
  work: Work<HttpRequest, HttpAnswer>,
): Work<HttpRequest, HttpAnswer> {
  return async (request, signal) => {
    try {
      const answer = await work(request, signal);
      const { status } = answer;
      if (status !== 404 && (status < 200 || status > 299)) throw new StatusError(status);
      return answer;
    } catch (error) {
      if (signal.aborted) throw error;
      figures.failures++;
      if (error instanceof TimeoutError) figures.timeouts++;
      throw error;
    }
  };
}

function broken(
  { breaker }: HttpPolicies,
  clock: FlowClock,
  work: Work<HttpRequest, HttpAnswer>,
  onChange: (circuit: Circuit) => void,
): Work<HttpRequest, HttpAnswer> {
  if (breaker === undefined) return work;
  const { amount, everyMs } = breaker;
  return circuitBreaker(work, {
    failures: amount,
    openMs: everyMs,
    when: isPassing,
    onChange,
    clock,
  });
}

/** What went wrong, in a few words; never the address, which may hold a row's values. */
export function failureText(error: unknown): string {
  if (error instanceof BrokenCircuitError) return "The breaker is open";
  if (error instanceof TimeoutError) return `No answer in ${error.ms} ms`;
  return error instanceof Error ? error.message : String(error);
}

/** The run's clock as the library of flows takes it. */
export function flowClock(clock: Clock): FlowClock {
  return {
    now: () => clock.now(),
    setTimeout: (run, ms) => clock.after(ms, run),
    clearTimeout: (timer) => {
      if (typeof timer === "function") timer();
    },
  };
}
