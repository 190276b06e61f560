import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeText } from "../src/batch/text.ts";
import { type AnyOperator, chain } from "../src/pipeline/chain.ts";
import { PipelineError } from "../src/language/diagnostics.ts";
import type { Clock } from "../src/resources.ts";
import { bench, outputsOf, randomCuts, run, textOf } from "./support/operators.ts";
import { exampleResources } from "./support/resources.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

interface Point {
  readonly at: number;
  readonly k: string;
  readonly n: number;
}

/** Rows whose times go up, each out of order by up to `disorder`. */
function points(random: () => number, count: number, disorder: number): Point[] {
  let now = between(random, 0, 5000);
  return Array.from({ length: count }, (_, n) => {
    now += pickOne(random, [0, 1, 7, 200, 900, 4000]);
    return { at: now - between(random, 0, disorder), k: pickOne(random, ["a", "b", "c"]), n };
  });
}

function lines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

/** The windows of all rows, by brute force: each time that could be a start is tried. */
function windowsOf(rows: readonly Point[], length: number, every: number) {
  const last = Math.max(...rows.map(({ at }) => at));
  const first = Math.min(...rows.map(({ at }) => at)) - length;
  const found: object[] = [];
  for (let start = Math.ceil(first / every) * every; start <= last; start += every) {
    const inside = rows.filter(({ at }) => at >= start && at < start + length);
    if (inside.length === 0) continue;
    found.push({
      count: inside.length,
      sum: inside.reduce((sum, { n }) => sum + n, 0),
      window_start: iso(start),
      window_end: iso(start + length),
      pane: "on_time",
    });
  }
  return found;
}

/** The sessions of all rows: each key's rows in order of time, cut at every gap. */
function sessionsOf(rows: readonly Point[], gap: number) {
  const sessions: Point[][] = [];
  for (const k of ["a", "b", "c"]) {
    let session: Point[] = [];
    for (const row of rows.filter((one) => one.k === k).sort((x, y) => x.at - y.at || x.n - y.n)) {
      if (session.length === 0 || row.at - session.at(-1)!.at >= gap) {
        sessions.push(session = [row]);
      } else session.push(row);
    }
  }
  return sessions.map((session) => ({
    count: session.length,
    ns: session.map(({ n }) => n),
    k: session[0]!.k,
    session_start: iso(session[0]!.at),
    session_end: iso(session.at(-1)!.at),
    pane: "on_time",
  }));
}

function byText(rows: readonly object[]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}

test("windows over rows out of order are those of all rows, in order, however cut", async () => {
  await forSeeds(30, async (random) => {
    const disorder = pickOne(random, [0, 500, 6000]);
    const rows = points(random, 120, disorder);
    const every = pickOne(random, [1000, 2500]);
    const length = every * pickOne(random, [1, 1, 2, 5]);
    const pipeline =
      `json | window ${length}ms every ${every}ms on at lateness=${disorder}ms (stats count, sum(n) as sum)`;
    const input = lines(rows);
    const cuts = randomCuts(random, input.length);
    assert.equal(
      (await run(pipeline, input, { cuts })).output,
      lines(windowsOf(rows, length, every)),
    );
  });
});

test("sessions over rows out of order are those of all rows, merged where a row joins two", async () => {
  await forSeeds(30, async (random) => {
    const disorder = pickOne(random, [0, 500, 6000]);
    const rows = points(random, 120, disorder);
    const gap = pickOne(random, [500, 2000, 9000]);
    const pipeline =
      `json | session ${gap}ms by k on at lateness=${disorder}ms (stats count, values(n, 1000) as ns)`;
    const input = lines(rows);
    const result = await run(pipeline, input, { cuts: randomCuts(random, input.length) });
    assert.deepEqual(byText(result.rows), byText(sessionsOf(rows, gap)));
    const whole = await run(pipeline, input);
    assert.equal(result.output, whole.output);
  });
});

/** Row by row: which rows a window gets when the watermark is the latest time seen less `lateness`. */
function onTime(rows: readonly Point[], length: number, lateness: number, keep: number): Point[] {
  let seen = -Infinity;
  return rows.filter(({ at }) => {
    const end = Math.floor(at / length) * length + length;
    const taken = end + keep > seen - lateness;
    seen = Math.max(seen, at);
    return taken;
  });
}

test("rows later than the lateness are dropped and counted, one by one", async () => {
  await forSeeds(30, async (random) => {
    const rows = points(random, 150, 8000);
    const lateness = pickOne(random, [0, 300, 2000]);
    const kept = onTime(rows, 1000, lateness, 0);
    const pipeline = `json | window 1s on at lateness=${lateness}ms (stats count, sum(n) as sum)`;
    const input = lines(rows);
    const result = await run(pipeline, input, { cuts: randomCuts(random, input.length) });
    assert.deepEqual(result.rows, windowsOf(kept, 1000, 1000));
    const dropped = rows.length - kept.length;
    assert.deepEqual(
      result.notices.get("window"),
      dropped === 0 ? undefined : { lateRowsDropped: dropped },
    );
  });
});

test("updates: the last pane of each window has all rows that were late but allowed", async () => {
  await forSeeds(30, async (random) => {
    const rows = points(random, 150, 8000);
    const lateness = pickOne(random, [300, 2000, 5000]);
    const kept = onTime(rows, 1000, lateness, lateness);
    const input = lines(rows);
    const result = await run(
      `json | window 1s on at lateness=${lateness}ms late=update (stats count, sum(n) as sum)`,
      input,
      { cuts: randomCuts(random, input.length) },
    );
    const last = new Map(result.rows.map(({ pane: _, ...row }) => [row["window_start"], row]));
    const expected = windowsOf(kept, 1000, 1000).map((row) => ({ ...row, pane: undefined }));
    assert.deepEqual(byText([...last.values()]), byText(expected));
    const panes = result.rows.map((row) => `${row["window_start"]} ${row["pane"]}`);
    assert.equal(new Set(panes).size, panes.length, "no pane twice");
  });
});

test("sessions: nothing is lost or counted twice, whatever is late", async () => {
  await forSeeds(30, async (random) => {
    const rows = points(random, 150, 8000);
    const input = lines(rows);
    const options = { cuts: randomCuts(random, input.length) };
    const [lateness, gap] = [pickOne(random, [0, 300]), pickOne(random, [500, 2000])];
    const words = `${gap}ms by k on at lateness=${lateness}ms`;
    const dropped = await run(`json | session ${words} (stats count)`, input, options);
    const counted = dropped.rows.reduce((sum, row) => sum + Number(row["count"]), 0);
    const notice = dropped.notices.get("session") as { lateRowsDropped: number } | undefined;
    assert.equal(counted + (notice?.lateRowsDropped ?? 0), rows.length);
    const emitted = await run(`json | session ${words} late=emit (where true)`, input, options);
    const numbers = emitted.rows.map((row) => Number(row["n"])).sort((x, y) => x - y);
    assert.deepEqual(numbers, rows.map(({ n }) => n));
    const late = emitted.rows.filter((row) => row["pane"] === "late").length;
    assert.equal(late, notice?.lateRowsDropped ?? 0);
  });
});

test("a session that late rows changed is given again", async () => {
  const pipeline =
    "json | session 5s on at lateness=10s late=update (stats count) | select count, pane";
  const at = (...times: number[]) => lines(times.map((time) => ({ at: time * 1000 })));
  assert.deepEqual(
    (await run(pipeline, at(1, 17, 3, 40))).rows,
    [
      { count: 1, pane: "on_time" },
      { count: 2, pane: "late" },
      { count: 1, pane: "on_time" },
      { count: 1, pane: "on_time" },
    ],
  );
  // The row at 9 joins what was given already with what is open.
  assert.deepEqual(
    (await run(pipeline, at(5, 22, 12, 8, 40))).rows,
    [
      { count: 1, pane: "on_time" },
      { count: 3, pane: "late" },
      { count: 1, pane: "on_time" },
      { count: 1, pane: "on_time" },
    ],
  );
});

test("a session that late rows joined is due by its new end, and late whichever of the two was given", async () => {
  const panes = async (...points: readonly (readonly [k: string, second: number])[]) => {
    const { rows } = await run(
      "json | session 5s by k on at lateness=10s late=update (stats count)",
      lines(points.map(([k, second]) => ({ k, at: second * 1000 }))),
    );
    return rows.map(({ k, count, pane }) => `${k} ${count} ${pane}`);
  };
  assert.deepEqual(
    await panes(["a", 5], ["a", 22], ["a", 12], ["b", 13], ["a", 8], ["a", 40]),
    ["a 1 on_time", "a 3 late", "b 1 on_time", "a 1 on_time", "a 1 on_time"],
  );
  assert.deepEqual(
    await panes(["a", 22], ["a", 9], ["a", 25], ["a", 13], ["a", 17], ["a", 21], ["a", 60]),
    ["a 1 on_time", "a 6 late", "a 1 on_time"],
  );
});

test("a long session does not keep the batches of its rows", async () => {
  const made = bench("json | session 3s by k on at (stats count, sum(n) as sum)");
  const whole = chain(made.makers);
  const outputs = [];
  for (let chunk = 0; chunk < 300; chunk++) {
    const rows = Array.from({ length: 100 }, (_, index) => ({
      at: chunk * 2000 + index * 20,
      k: index === 0 ? "long" : `short ${chunk}`,
      n: chunk,
    }));
    outputs.push(...await whole.push(encodeText(lines(rows))));
  }
  const { used } = made.budget;
  assert.ok(used < 1_000_000, `${used} bytes for some 500 rows`);
  outputs.push(...await outputsOf(whole, []));
  const long = textOf(outputs).split("\n").filter((line) => line.includes('"long"'));
  assert.deepEqual(long.map((line) => line.slice(0, 24)), ['{"count":300,"sum":44850']);
  whole.dispose?.();
});

test("late rows are passed on, with the bounds of the oldest window that they missed", async () => {
  const input = lines([{ at: 3500 }, { at: 9000 }, { at: 3600, x: 1 }]);
  const { rows, notices } = await run(
    'json | window 2s every 1s on at late=emit (stats count) | where pane == "late"',
    input,
  );
  assert.deepEqual(rows, [{
    at: 3600,
    x: 1,
    window_start: "1970-01-01T00:00:02.000Z",
    window_end: "1970-01-01T00:00:04.000Z",
    pane: "late",
  }]);
  assert.deepEqual([...notices], []);
});

test("rows without a time are counted", async () => {
  const input = '{"time":"2026-01-01T00:00:00Z"}\n{"time":"soon"}\n{}\n{"time":1e300}\n';
  for (const word of ["window", "session"]) {
    const { rows, notices } = await run(`json | ${word} 1m (stats count) | select count`, input);
    assert.deepEqual(rows, [{ count: 1 }]);
    assert.deepEqual(notices.get(word), { rowsWithoutTime: 3 });
  }
});

test("rows that a nested pipeline gives at once wait for their window", async () => {
  const whole = chain(bench("json | window 1s on at (where n > 0 | select n)").makers);
  const push = async (row: object) => textOf(await whole.push(encodeText(lines([row]))));
  assert.equal(await push({ at: 1, n: 1 }), "");
  assert.equal(await push({ at: 2, n: 2 }), "");
  const bounds =
    '"window_start":"1970-01-01T00:00:00.000Z","window_end":"1970-01-01T00:00:01.000Z"';
  assert.equal(
    await push({ at: 1000, n: 3 }),
    `{"n":1,${bounds},"pane":"on_time"}\n{"n":2,${bounds},"pane":"on_time"}\n`,
  );
  whole.dispose?.();
});

test("windows in windows, sessions in windows, and what is below a window, in snapshots too", async () => {
  const rows = Array.from({ length: 40 }, (_, index) => ({ at: index * 250, k: index % 2 }));
  const pipelines = [
    "json | window 4s on at (window 1s on at (stats count) | stats max(count) as most, sum(count) as sum)",
    "json | window 4s on at (session 600ms by k on at (stats count) | stats count as sessions)",
    "json | window 1s on at (stats count) | stats sum(count) as sum, count as windows",
    "json | sort at | window 1s on at (stats count) | tail 2",
    "json | tee (window 5s on at (tee (stats count) (tail 1))) (session 1s on at (running count))",
  ];
  for (const pipeline of pipelines) {
    const whole = chain(bench(pipeline).makers);
    const outputs = [];
    for (const row of rows) {
      outputs.push(...await whole.push(encodeText(lines([row]))));
      for (const _batch of whole.snapshot!()) break;
    }
    const last = textOf(whole.snapshot!());
    assert.equal(last, textOf(await outputsOf(whole, [])), pipeline);
    whole.dispose?.();
    assert.equal(textOf(outputs) + last, (await run(pipeline, lines(rows))).output, pipeline);
  }
});

/** A clock that strikes when it is told. */
class TestClock implements Clock {
  readonly timers = new Set<() => void>();

  now(): number {
    return 0;
  }

  after(_milliseconds: number, then: () => void): () => void {
    this.timers.add(then);
    return () => void this.timers.delete(then);
  }

  strike(): void {
    for (const then of [...this.timers]) {
      this.timers.delete(then);
      then();
    }
  }
}

test("early panes show windows that have changed, as often as the clock strikes", async () => {
  const clock = new TestClock();
  const made = bench("json | window 10s on at early=1s (stats count)", {
    resources: { ...exampleResources(), clock },
  });
  const whole: AnyOperator = chain(made.makers);
  const counts = async () => {
    clock.strike();
    const text = textOf(await whole.take!());
    return text.split("\n").slice(0, -1).map((line) => JSON.parse(line)).map((row) => [
      row.count,
      row.pane,
    ]);
  };
  const push = async (at: number) => textOf(await whole.push(encodeText(lines([{ at }]))));
  assert.deepEqual(await counts(), []);
  await push(1);
  assert.deepEqual(await counts(), [[1, "early"]]);
  assert.deepEqual(await counts(), []);
  await push(2);
  assert.deepEqual(await counts(), [[2, "early"]]);
  assert.match(await push(10_000), /^\{"count":2,.*"pane":"on_time"\}\n$/);
  assert.deepEqual(await counts(), [[1, "early"]]);
  whole.dispose?.();
  assert.equal(clock.timers.size, 0);
});

test("too many windows are refused", async () => {
  const rows = Array.from({ length: 10_001 }, (_, at) => ({ at }));
  await assert.rejects(
    run("json | window 1ms on at lateness=1d (where false)", lines(rows), {
      limits: { maxStateBytes: Infinity },
    }),
    (fault) =>
      fault instanceof Error &&
      fault.message ===
        "More than 10000 windows are open at once; give a smaller lateness, or larger windows",
  );
});

test("the budget bounds the rows of sessions", async () => {
  const rows = Array.from({ length: 1000 }, (_, at) => ({ at, k: at }));
  await assert.rejects(
    run("json | session 1h by k on at (stats count)", lines(rows), {
      limits: { maxStateBytes: 100_000 },
    }),
    /needs more than 100000 bytes of state/,
  );
});

test("keys of sessions that are over are forgotten, and their rows copied together", async () => {
  const made = bench("json | session 10ms by k on at (stats count)");
  const whole = chain(made.makers);
  let rows = 0;
  let most = 0;
  for (let at = 0; at < 30_000; at += 5) {
    const output = await whole.push(encodeText(lines([{ at, k: `key ${at}` }])));
    rows += output.reduce((sum, { length }) => sum + length, 0);
    if (at > 15_000) most = Math.max(most, made.budget.used);
  }
  assert.ok(rows > 5990, `${rows} sessions came out`);
  assert.ok(most < 400_000, `${most} bytes for a few sessions`);
  whole.dispose?.();
  assert.equal(made.budget.used, 0);
});

test("faults in the arguments are told before a row is read", () => {
  const messages = (pipeline: string) => {
    try {
      bench(pipeline);
    } catch (fault) {
      if (fault instanceof PipelineError) return fault.issues.map(({ message }) => message);
    }
    return [];
  };
  assert.deepEqual(messages("json | window 1m late=update (stats count)"), [
    "`late=update` needs a `lateness` above 0, found 0 ms",
  ]);
  assert.deepEqual(messages("json | session 1m late=update (stats count)"), [
    "`late=update` needs a `lateness` above 0, found 0 ms",
  ]);
  assert.deepEqual(messages("lines | window 1m (stats count)"), ["Unknown field `time`"]);
  assert.deepEqual(messages("json | window 5m (stats sum(x) as pane | where pan > 1)"), [
    "Unknown field `pan`",
  ]);
});

test("running totals are those of the rows so far, by key", async () => {
  await forSeeds(20, async (random) => {
    const rows = points(random, 100, 0);
    const input = lines(rows);
    const { output } = await run(
      "json | running sum(n) as total, count if n > 20 as c, max(at) as latest by k",
      input,
      { cuts: randomCuts(random, input.length) },
    );
    const expected = rows.map((row, index) => {
      const same = rows.slice(0, index + 1).filter(({ k }) => k === row.k);
      return {
        ...row,
        total: same.reduce((sum, { n }) => sum + n, 0),
        c: same.filter(({ n }) => n > 20).length,
        latest: Math.max(...same.map(({ at }) => at)),
      };
    });
    assert.equal(output, lines(expected));
  });
});

test("running totals: only rows that count are passed, and an old field gives way in its place", async () => {
  const { output } = await run(
    "json | where n != 2 | running count as n by k",
    '{"n":1,"k":"a"}\n{"n":2,"k":"a"}\n{"n":3,"k":"a"}\n',
  );
  assert.equal(output, '{"n":1,"k":"a"}\n{"n":2,"k":"a"}\n');
});
