/**
 * `lookup http`, in time that the test moves: what is asked, how often, in which order rows come, and what a host that
 * fails does to them.
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeText } from "../src/batch/text.ts";
import { chain } from "../src/pipeline/chain.ts";
import { FakeHost, lines, type Reply, startRun, tell } from "./support/lookups.ts";
import { idle, ManualClock } from "./support/manual_clock.ts";
import { bench, textOf } from "./support/operators.ts";
import { seeded } from "./support/random.ts";
import { exampleResources } from "./support/resources.ts";

const GEO = 'json | lookup http "https://geo.example/{ip}" as geo';

function ips(count: number, distinct: number): { ip: string }[] {
  return Array.from({ length: count }, (_, index) => ({ ip: `10.0.0.${index % distinct}` }));
}

function host(
  reply: (url: string, count: number) => Reply | null,
  delayMs = 20,
): { door: FakeHost; clock: ManualClock } {
  const clock = new ManualClock();
  return { clock, door: new FakeHost(clock, delayMs, ({ url }, count) => reply(url, count)) };
}

const lastOf = (url: string) => url.slice(url.lastIndexOf("/") + 1);

test("each address is asked once, rows keep their order, 404 is null and is kept", async () => {
  const { door, clock } = host((url) =>
    lastOf(url) === "10.0.0.1" ? { status: 404 } : { status: 200, json: { at: lastOf(url) } }
  );
  const input = lines(ips(9, 3));
  const { rows, facts } = await tell(GEO, [input, input], { resources: { http: door, clock } });
  const once = ips(9, 3).map(({ ip }) => ({ ip, geo: ip === "10.0.0.1" ? null : { at: ip } }));
  assert.deepEqual(rows, [...once, ...once]);
  assert.deepEqual(door.asked.map(({ url }) => url), [
    "https://geo.example/10.0.0.0",
    "https://geo.example/10.0.0.1",
    "https://geo.example/10.0.0.2",
  ]);
  const { asked, misses, failures, hits, joined } = facts["lookup"]!;
  assert.deepEqual([asked, misses, failures], [3, 3, 0]);
  assert.equal(Number(hits) + Number(joined), 15, "all rows but the three first");
});

test("sixteen at once, over batches of one row, take a sixteenth of the time", async () => {
  const measure = async (concurrency: number) => {
    const { door, clock } = host((url) => ({ status: 200, json: lastOf(url) }));
    const chunks = ips(256, 256).map((row) => lines([row]));
    const { rows } = await tell(`${GEO} concurrency=${concurrency}`, chunks, {
      resources: { http: door, clock },
    });
    assert.deepEqual(rows.map(({ geo }) => geo), ips(256, 256).map(({ ip }) => ip));
    assert.equal(door.mostUnderWay, concurrency);
    return clock.now();
  };
  const [alone, together] = [await measure(1), await measure(16)];
  assert.equal(alone, 256 * 20);
  assert.ok(together <= alone / 15, `${together} of ${alone} ms`);
});

test("a host that fails three times in ten: with cache, ten times the rate of one at a time", async () => {
  const measure = async (options: string) => {
    const random = seeded(7);
    const tries = new Map<string, number>();
    const { door, clock } = host((url) => {
      const count = (tries.get(url) ?? 0) + 1;
      tries.set(url, count);
      // No key fails for ever: else the longest pause would be measured.
      return count <= 4 && random() < 0.3 ? { status: 503 } : { status: 200, json: 1 };
    });
    const input = ips(600, 300).map((row) => lines([row]));
    const { rows, facts } = await tell(`${GEO} retries=20 backoff=5ms ${options}`, input, {
      resources: { http: door, clock },
    });
    assert.deepEqual(rows, ips(600, 300).map((row) => ({ ...row, geo: 1 })));
    const { fallbacks, misses, retries } = facts["lookup"]!;
    assert.equal(fallbacks, 0);
    assert.equal(Number(misses) + Number(retries), door.asked.length);
    return clock.now();
  };
  const alone = await measure("concurrency=1 cache=1/1ms");
  const together = await measure("concurrency=16");
  assert.ok(together * 10 <= alone, `${together} of ${alone} ms`);
});

test("while the host is down the breaker opens at its threshold, fallbacks flow, and it recovers", async () => {
  let down = true;
  const { door, clock } = host((url) =>
    down ? { status: 500 } : { status: 200, json: lastOf(url) }
  );
  const feed = async function* () {
    for (const row of ips(20, 20)) yield lines([row]);
    // Every row so far has its fallback before the host is up again, and the breaker's time is over.
    while (door.asked.length < 3 || clock.now() < 60) await idle();
    down = false;
    clock.advance(10_000);
    for (const row of ips(40, 40).slice(20)) yield lines([row]);
  };
  const { rows, facts, report } = await tell(
    `${GEO} concurrency=1 retries=0 breaker=3/10s fallback="unknown"`,
    feed(),
    { resources: { http: door, clock } },
  );
  assert.deepEqual(rows.slice(0, 20).map(({ geo }) => geo), Array(20).fill("unknown"));
  assert.deepEqual(rows.slice(20).map(({ geo, ip }) => geo === ip), Array(20).fill(true));
  assert.equal(door.asked.length, 3 + 20, "three to open, one as the probe, and the others");
  const { breaker, opened, fallbacks, failures } = facts["lookup"]!;
  assert.deepEqual([breaker, opened, fallbacks, failures], ["closed", 1, 20, 3]);
  assert.deepEqual(report.events.map(({ name }) => name), [
    "breaker_open",
    "breaker_half_open",
    "breaker_closed",
  ]);
});

test("a breaker whose probe fails stays open", async () => {
  const { door, clock } = host(() => null);
  const feed = async function* () {
    yield lines(ips(2, 2));
    while (clock.now() < 40) await idle();
    clock.advance(10_000);
    yield lines(ips(3, 3).slice(2));
  };
  const pipeline = `${GEO} concurrency=1 retries=0 breaker=2/10s`;
  const { facts, report } = await tell(pipeline, feed(), { resources: { http: door, clock } });
  assert.deepEqual([facts["lookup"]!["breaker"], facts["lookup"]!["opened"]], ["open", 2]);
  assert.deepEqual(report.events.map(({ name }) => name), [
    "breaker_open",
    "breaker_half_open",
    "breaker_open",
  ]);
});

test("answers are good for their time, and no longer", async () => {
  const { door, clock } = host((_, count) => ({ status: 200, json: count }), 0);
  const made = bench(`${GEO} cache=10/1s`, {
    resources: { ...exampleResources(), http: door, clock },
  });
  const whole = chain(made.makers);
  const answers: unknown[] = [];
  for (const at of [0, 900, 1100]) {
    clock.advance(at - clock.now());
    let text = textOf(await whole.push(encodeText(lines(ips(1, 1)))));
    for (let turn = 0; turn < 20 && text === ""; turn++) {
      clock.advance(0);
      await idle();
      text = textOf(await whole.take!());
    }
    answers.push(JSON.parse(text).geo);
  }
  whole.dispose?.();
  assert.deepEqual(answers, [1, 1, 2]);
});

test("a try that takes too long is cut and tried again; 4xx are not", async () => {
  const { door, clock } = host(() => ({ status: 200, json: 1 }), 500);
  const slow = await tell(`${GEO} timeout=300ms retries=2 fallback=0`, [lines(ips(1, 1))], {
    resources: { http: door, clock },
  });
  assert.deepEqual(slow.rows, [{ ip: "10.0.0.0", geo: 0 }]);
  const { asked, timeouts, retries } = slow.facts["lookup"]!;
  assert.deepEqual([asked, timeouts, retries, door.aborted], [3, 3, 2, 3]);
  const refusing = host(() => ({ status: 403 }));
  const refused = await tell(`${GEO} retries=5`, [lines(ips(1, 1))], {
    resources: { http: refusing.door, clock: refusing.clock },
  });
  assert.equal(refusing.door.asked.length, 1);
  assert.deepEqual(refused.rows, [{ ip: "10.0.0.0", geo: null }]);
});

test("a rate is kept, its burst at once", async () => {
  const { door, clock } = host(() => ({ status: 200, json: 1 }), 0);
  const input = [lines(ips(25, 25))];
  await tell(`${GEO} rate=10/s burst=5`, input, { resources: { http: door, clock } });
  assert.equal(door.asked.length, 25);
  assert.equal(Math.round(clock.now()), 2000, "20 beyond the burst, at 10 a second");
});

test("what happens to a row without an answer is the pipeline's choice", async () => {
  const choose = async (options: string) => {
    const { door, clock } = host((url) => url.endsWith("1") ? null : { status: 200, json: 1 });
    return await tell(`${GEO} retries=0 ${options}`, [lines(ips(3, 3))], {
      resources: { http: door, clock },
    });
  };
  assert.deepEqual((await choose("on_error=skip")).rows.map(({ ip }) => ip), [
    "10.0.0.0",
    "10.0.0.2",
  ]);
  assert.deepEqual((await choose("on_error=emit fallback=ip")).rows, [
    { ip: "10.0.0.0", geo: 1, $error: null },
    { ip: "10.0.0.1", geo: "10.0.0.1", $error: "Connection reset" },
    { ip: "10.0.0.2", geo: 1, $error: null },
  ]);
  const { error } = (await choose("on_error=fail")).report;
  assert.deepEqual([error?.code, error?.message], [
    "dependency_failed",
    "Lookup of `geo` failed: Connection reset",
  ]);
});

test("values are percent-encoded, and cannot lead to another path", async () => {
  const { door, clock } = host(() => ({ status: 200, json: 1 }));
  const values = ["a b", "a/../b?c#d", "é\u{1F600}", "\ud800", "..", ".", null, 5, ""];
  const { rows } = await tell(
    'json | lookup http "https://geo.example/v1/{v}/x?q={v}" as geo',
    [lines(values.map((v) => ({ v })))],
    { resources: { http: door, clock } },
  );
  assert.deepEqual(door.asked.map(({ url }) => url.slice("https://geo.example".length)), [
    "/v1/a%20b/x?q=a%20b",
    "/v1/a%2F..%2Fb%3Fc%23d/x?q=a%2F..%2Fb%3Fc%23d",
    "/v1/%C3%A9%F0%9F%98%80/x?q=%C3%A9%F0%9F%98%80",
    "/v1/%EF%BF%BD/x?q=%EF%BF%BD",
    "/v1/5/x?q=5",
    "/v1//x?q=",
  ]);
  assert.deepEqual(rows.map(({ geo }) => geo), [1, 1, 1, 1, null, null, null, 1, 1]);
});

test("what is no JSON, or too deep, is no answer", async () => {
  const { door, clock } = host((url) => ({
    status: 200,
    text: url.endsWith("0") ? "<html>" : "[".repeat(5000) + "]".repeat(5000),
  }));
  const { rows } = await tell(`${GEO} on_error=emit`, [lines(ips(2, 2))], {
    resources: { http: door, clock },
  });
  assert.deepEqual(rows.map(({ geo, $error }) => [geo, $error]), [
    [null, "The answer is not JSON"],
    [null, "The answer is not JSON"],
  ]);
});

test("answers that wait for others of their batch count as state of the run", async () => {
  const { door, clock } = host(() => ({ status: 200, json: "x".repeat(100_000) }));
  const { report } = await tell(`${GEO} cache=1/1m`, [lines(ips(40, 40))], {
    resources: { http: door, clock },
    limits: { maxStateBytes: 1_000_000 },
  });
  assert.equal(report.error?.code, "budget_exceeded");
  assert.ok(door.asked.length < 40, `${door.asked.length} were asked`);
  const { rows } = await tell(`${GEO} cache=1/1m`, ips(40, 40).map((row) => lines([row])), {
    resources: { http: door, clock },
    limits: { maxStateBytes: 10_000_000 },
  });
  assert.equal(rows.length, 40);
});

test("cancelled in the middle, it aborts what is under way and leaves no timer", async () => {
  const { door, clock } = host(() => ({ status: 200, json: 1 }), 1e9);
  const run = startRun(`${GEO} timeout=1h`, [lines(ips(40, 40))], {
    resources: { http: door, clock },
  });
  const reading = run.results.getReader();
  const first = reading.read().catch(() => {});
  while (door.underWay < 16) await idle();
  await reading.cancel("enough");
  await first;
  const { state, error } = await run.ended;
  await idle();
  assert.deepEqual([state, error?.code], ["failed", "client_gone"]);
  assert.deepEqual([door.asked.length, door.aborted, door.underWay, clock.waiting], [16, 16, 0, 0]);
});

test("in lanes, the report adds up what each of them has asked", async () => {
  const { door, clock } = host((url) => ({ status: 200, json: lastOf(url) }));
  const input = ips(30, 10).map((row) => lines([row]));
  for (const lanes of ["parallel 3", "partition by ip into 3"]) {
    const pipeline = `json | ${lanes} (lookup http "https://geo.example/{ip}" as geo)`;
    const { rows, facts } = await tell(pipeline, input, { resources: { http: door, clock } });
    const told = facts[`${lanes.split(" ")[0]}.1.lookup`]!;
    assert.equal(rows.length, 30);
    assert.equal(Number(told["hits"]) + Number(told["misses"]) + Number(told["joined"]), 30);
  }
});

test("inside branches and a cache it works as it does alone", async () => {
  const { door, clock } = host((url) => ({ status: 200, json: lastOf(url) }));
  const input = ips(50, 10).map((row) => lines([row]));
  const pipeline =
    'json | tee (cache (lookup http "https://geo.example/{ip}" as geo) by ip | stats count by geo) ' +
    '(lookup http "https://geo.example/b/{ip}" as geo | head 2)';
  const { rows } = await tell(pipeline, input, { resources: { http: door, clock } });
  assert.deepEqual(
    rows.filter(({ $branch }) => $branch === 1),
    ips(10, 10).map(({ ip }) => ({ geo: ip, count: 5, $branch: 1 })),
  );
  assert.deepEqual(
    rows.filter(({ $branch }) => $branch === 2),
    ips(2, 2).map(({ ip }) => ({ ip, geo: ip, $branch: 2 })),
  );
});
