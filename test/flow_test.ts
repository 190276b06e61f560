/**
 * What the functions of the flow library say of themselves, beyond the laws.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  balance,
  broadcast,
  buffer,
  type Checkpoint,
  checkpoint,
  collect,
  deadLetter,
  type Failed,
  filter,
  flatMap,
  from,
  join,
  map,
  mapReduce,
  parallel,
  partition,
  pipeline,
  reduce,
  StageFinished,
  take,
  tap,
  window,
} from "../src/flow/mod.ts";
import { RecordedSource, settle } from "./support/flow.ts";
import { between, forSeeds } from "./support/random.ts";

/** Resolves after a random number of turns of the microtask queue. */
async function wander(random: () => number): Promise<void> {
  for (let turns = between(random, 0, 20); turns > 0; turns--) await null;
}

test("partition keeps the order within a key, whatever the lanes do", async () => {
  await forSeeds(20, async (random) => {
    const items = Array.from({ length: 200 }, (_, index) => ({
      key: `k${between(random, 0, 9)}`,
      index,
    }));
    const stage = partition({
      key: (item: typeof items[number]) => item.key,
      lanes: between(random, 1, 6),
      lane: () =>
        map(async (item: typeof items[number]) => {
          await wander(random);
          return item;
        }),
    });
    const out = await collect(from(items).pipeThrough(stage));
    for (let key = 0; key < 10; key++) {
      const of = (all: typeof items) =>
        all.filter((item) => item.key === `k${key}`).map(({ index }) => index);
      assert.deepEqual(of(out), of(items));
    }
    assert.equal(out.length, items.length);
  });
});

test("a lane that is finished takes and forgets its items", async () => {
  const stage = partition({
    key: (item: number) => item % 2,
    lanes: 8,
    lane: () => take<number>(2),
  });
  const out = await collect(from([1, 2, 3, 4, 5, 6, 7, 8]).pipeThrough(stage));
  assert.deepEqual(out.sort(), [1, 2, 3, 4]);
});

test("balance: in turn, by weight, and to the lane that has least to do", async () => {
  const lane = (name: string) => map((item: number) => `${name}${item}`);
  const names = async (stage: ReturnType<typeof balance<number, string>>, count: number) => {
    const items = Array.from({ length: count }, (_, index) => index);
    const out = await collect(from(items).pipeThrough(stage));
    return out.sort((a, b) => Number(a.slice(1)) - Number(b.slice(1))).map((item) => item[0])
      .join("");
  };
  assert.equal(await names(balance([lane("a"), lane("b"), lane("c")]), 6), "abcabc");
  assert.equal(
    await names(balance([lane("a"), lane("b")], { by: "weighted", weights: [3, 1] }), 8),
    "aabaaaba",
  );
  const stuck = map((_item: number) => new Promise<string>(() => {}));
  const busy = balance([stuck, lane("b")], { by: "least_busy" });
  const reader = from([0, 1, 2, 3, 4]).pipeThrough(busy).getReader();
  const out: unknown[] = [];
  for (let count = 0; count < 4; count++) out.push((await reader.read()).value);
  assert.deepEqual(out, ["b1", "b2", "b3", "b4"]);
  await reader.cancel();
  assert.throws(() => balance([lane("a")], { by: "weighted", weights: [0] }), {
    message: "Cannot balance 1 lanes with weights [0]; give each lane one above 0",
  });
});

test("the slowest branch of a broadcast holds the rest; a finished one lets go; eager ends all", async () => {
  const seen: string[] = [];
  let open!: () => void;
  const gate = new Promise<void>((resolve) => open = resolve);
  const stage = broadcast([
    pipeline(tap((item: number) => seen.push(`fast ${item}`)), filter(() => false)),
    pipeline(map(async (item: number) => (await gate, item)), filter(() => false)),
  ]);
  const done = collect(from([1, 2, 3, 4, 5, 6, 7, 8, 9]).pipeThrough(stage));
  await settle();
  assert.deepEqual(seen, ["fast 1"]);
  open();
  assert.deepEqual(await done, []);
  assert.equal(seen.length, 9);

  const two = () => [take<number>(1), map((item: number) => item * 10)];
  assert.deepEqual((await collect(from([1, 2, 3]).pipeThrough(broadcast(two())))).sort(), [
    1,
    10,
    20,
    30,
  ]);
  const source = new RecordedSource((index) => index);
  await collect(source.stream.pipeThrough(broadcast(two(), { eager: true })));
  assert.ok(source.cancels[0] instanceof StageFinished);
  const error = new Error("Branch");
  const broken = map((): number => {
    throw error;
  });
  const failing = broadcast([broken, map((item: number) => item)], { eager: true });
  assert.equal(await collect(from([1]).pipeThrough(failing)).catch((fault) => fault), error);
});

test("join gives the same pairs in the same order, whichever side is faster", async () => {
  await forSeeds(30, async (random) => {
    const keys = Array.from({ length: 60 }, () => between(random, 0, 20));
    const side = (name: string) =>
      map(async (key: number) => {
        await wander(random);
        return { key, name };
      });
    const stage = broadcast(
      [side("left"), pipeline(side("right"), filter(({ key }) => key !== 7))],
      {
        combine: ([left, right]) =>
          join(left!, right!, {
            left: ({ key }) => key,
            right: ({ key }) => key,
            unmatched: "left",
          }),
      },
    );
    const pairs = await collect(from(keys).pipeThrough(stage));
    assert.deepEqual(
      pairs.map(([left, right]) => [left.key, right?.key ?? null, left.name, right?.name ?? null]),
      keys.map((key) => key === 7 ? [7, null, "left", null] : [key, key, "left", "right"]),
    );
  });
});

test("a join that would hold too much fails both sides and says what helps", async () => {
  const sources = [new RecordedSource((index) => index), new RecordedSource((index) => -1 - index)];
  const joined = join(sources[0]!.stream, sources[1]!.stream, {
    left: (item) => item,
    right: (item) => item,
    most: 10,
  });
  await assert.rejects(collect(joined), {
    name: "JoinOverflow",
    message:
      "A join holds 11 items that wait for their other half; let it hold `most` of more than 10, or sort both sides alike",
  });
  await settle();
  assert.deepEqual(sources.map(({ cancels }) => cancels.length), [1, 1]);
  assert.equal(sources[0]!.cancels[0], sources[1]!.cancels[0]);
});

test("buffer: each policy, with nobody reading", async () => {
  const left = async (overflow: "drop_newest" | "drop_oldest") => {
    const drops: [number, number][] = [];
    const stage = buffer<number>({
      items: 2,
      overflow,
      onDrop: (item, dropped) => drops.push([item, dropped]),
    });
    const writer = stage.writable.getWriter();
    for (const item of [1, 2, 3, 4, 5]) await writer.write(item);
    void writer.close();
    return { items: await collect(stage.readable), drops };
  };
  assert.deepEqual(await left("drop_newest"), { items: [1, 2, 3], drops: [[4, 1], [5, 2]] });
  assert.deepEqual(await left("drop_oldest"), { items: [1, 4, 5], drops: [[2, 1], [3, 2]] });
  const failing = buffer<string>({ bytes: 4, overflow: "fail" });
  const writer = failing.writable.getWriter();
  for (const item of ["a", "bb", "cc"]) await writer.write(item);
  const expected = {
    name: "BufferOverflow",
    message: "A buffer of 4 bytes is full; let it be larger, or block or drop on overflow",
  };
  await assert.rejects(writer.write("d"), expected);
  await assert.rejects(collect(failing.readable), expected);
  assert.throws(() => buffer({}), {
    message: "Cannot make a buffer of undefined; give `items` or `bytes` above 0",
  });
});

test("parallel runs as many as it may, and no more", async () => {
  let running = 0;
  let most = 0;
  const work = async (item: number) => {
    most = Math.max(most, ++running);
    await settle(1);
    running--;
    return item;
  };
  const items = Array.from({ length: 20 }, (_, index) => index);
  const stage = parallel(work, { workers: 4 });
  assert.deepEqual(await collect(from(items).pipeThrough(stage)), items);
  assert.equal(most, 4);
});

test("an iterator that nobody reads to its end is returned", async () => {
  let returned = 0;
  const stage = flatMap(function* (item: number) {
    try {
      for (;;) yield item;
    } finally {
      returned++;
    }
  });
  assert.deepEqual(await collect(from([7]).pipeThrough(stage).pipeThrough(take(3))), [7, 7, 7]);
  await settle();
  assert.equal(returned, 1);
});

test("windows slide, close by watermark in order, and tell of late items", async () => {
  const late: number[] = [];
  const stage = window({
    size: 10,
    every: 5,
    time: (at: number) => at,
    initial: (): number[] => [],
    add: (all, at) => [...all, at],
    lateness: 2,
    onLate: (at) => late.push(at),
  });
  const out = await collect(from([1, 7, 11, 6, 18, 2, NaN, 30]).pipeThrough(stage));
  assert.deepEqual(out.map(({ start, value }) => [start, value]), [
    [-5, [1]],
    [0, [1, 7, 6]],
    [5, [7, 11, 6]],
    [10, [11, 18]],
    [15, [18]],
    [25, [30]],
    [30, [30]],
  ]);
  assert.deepEqual(late.map(String), ["2", "NaN"]);
  const many = window({
    size: 1,
    time: (at: number) => at,
    initial: () => 0,
    add: () => 0,
    most: 2,
    lateness: 99,
  });
  await assert.rejects(collect(from([1, 2, 3]).pipeThrough(many)), {
    message: "More than 2 windows are open; let `most` be larger, or `lateness` smaller",
  });
});

test("dead letters: in order, with their errors; a full stream of them blocks, drops or fails", async () => {
  const work = (item: number) => {
    if (item % 2 === 0) throw new Error(`Even ${item}`);
    return Promise.resolve(item);
  };
  const stage = deadLetter(work);
  const good = collect(from([1, 2, 3, 4]).pipeThrough(stage));
  const failed = await collect(stage.failed);
  assert.deepEqual(failed.map(({ item, error }) => [item, String(error)]), [
    [2, "Error: Even 2"],
    [4, "Error: Even 4"],
  ]);
  assert.deepEqual(await good, [1, 3]);
  const dropped: Failed<number>[] = [];
  const dropping = deadLetter(work, {
    most: 1,
    overflow: "drop_newest",
    onDrop: (letter) => dropped.push(letter),
  });
  assert.deepEqual(await collect(from([2, 4, 6, 1]).pipeThrough(dropping)), [1]);
  assert.deepEqual(dropped.map(({ item }) => item), [6]);
  const failing = deadLetter(work, { most: 1, overflow: "fail" });
  await assert.rejects(collect(from([2, 4, 6, 1]).pipeThrough(failing)), {
    name: "BufferOverflow",
  });
});

test("a checkpoint counts each item once, whenever the process dies", async () => {
  await forSeeds(40, async (random) => {
    let saved: Checkpoint<number> | null = null;
    const items = Array.from({ length: 50 }, (_, index) => index);
    for (let life = 0; life < 20; life++) {
      const dies = life === 19 ? Infinity : between(random, 1, 60);
      let given = 0;
      const stage = pipeline(
        tap<number>(() => {
          if (++given > dies) throw new Error("Killed");
        }),
        checkpoint({
          store: { load: () => saved, save: (next: Checkpoint<number>) => void (saved = next) },
          initial: () => 0,
          step: (sum, item: number) => sum + item,
          everyItems: between(random, 1, 9),
          atEnd: ({ state }) => [state],
        }),
      );
      const result = await collect(from(items).pipeThrough(stage)).catch(() => null);
      if (result === null) continue;
      assert.deepEqual(result, [1225]);
      assert.deepEqual(saved, { position: 50, state: 1225 });
    }
  });
});

test("mapReduce gives the same result whichever part is ready first, and bounds its keys", async () => {
  await forSeeds(20, async (random) => {
    const stage = mapReduce({
      split: (line: string) => line.split(" "),
      map: async (word: string) => {
        await wander(random);
        return [[word[0]!, word] as const];
      },
      combine: (left, right) => `${left}-${right}`,
      reduce: (_key, words) => words,
      workers: 5,
    });
    const out = await collect(from(["be at all", "by an ox", "as bee"]).pipeThrough(stage));
    assert.deepEqual(out, ["be-by-bee", "at-all-an-as", "ox"]);
  });
  const few = mapReduce({
    map: (key: number) => [[key, key]] as const,
    combine: (left) => left,
    reduce: (key) => key,
    most: 2,
  });
  await assert.rejects(collect(from([1, 2, 1, 3]).pipeThrough(few)), {
    message: "More than 2 keys; let `most` be larger, or map to fewer keys",
  });
});

test("platform streams are stages", async () => {
  const text = pipeline(
    map((line: string) => new TextEncoder().encode(line) as Uint8Array<ArrayBuffer>),
    new CompressionStream("gzip"),
    new DecompressionStream("gzip"),
    reduce((size: number, bytes: Uint8Array) => size + bytes.byteLength, () => 0),
  );
  assert.deepEqual(await collect(from(["abc", "de"]).pipeThrough(text)), [5]);
});
