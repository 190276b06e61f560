import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Wake } from "../src/pipeline/wake.ts";
import { connect } from "../src/pipeline/stage_stream.ts";
import { wakingStream } from "../src/pipeline/waking_stream.ts";
import { NOTHING, type Operator } from "../src/stage.ts";

/** Gives what it was told to give, when it was told; its calls must not overlap. */
class Giver implements Operator<string, string> {
  readonly wake = new Wake();
  readonly pushed: string[] = [];
  readonly ready: string[] = [];
  done = false;
  gate: Promise<void> = Promise.resolve();
  #inside = false;

  async push(chunk: string) {
    assert.equal(this.#inside, false, "calls overlap");
    this.#inside = true;
    this.pushed.push(chunk);
    await this.gate;
    this.#inside = false;
    return chunk === "none" ? NOTHING : [`pushed ${chunk}`];
  }

  take() {
    assert.equal(this.#inside, false, "calls overlap");
    return this.ready.splice(0);
  }

  give(item: string) {
    this.ready.push(item);
    this.wake.ring();
  }
}

function start(giver: Giver) {
  let satisfied = 0;
  const stream = wakingStream<string, string>(giver, {
    wake: giver.wake,
    queue: new CountQueuingStrategy({ highWaterMark: 2 }),
    taken: () => {},
    deliver(outputs, controller) {
      for (const output of outputs) controller.enqueue(output);
      return undefined;
    },
    satisfied: () => satisfied++,
  });
  return {
    writer: stream.writable.getWriter(),
    reader: stream.readable.getReader(),
    satisfied: () => satisfied,
  };
}

describe("a stage that has outputs of its own accord", () => {
  it("gives them while no input comes", async () => {
    const giver = new Giver();
    const { reader } = start(giver);
    const read = reader.read();
    giver.give("alone");
    assert.deepEqual(await read, { done: false, value: "alone" });
  });

  it("is not asked before somebody reads, and then in order", async () => {
    const giver = new Giver();
    const { writer, reader } = start(giver);
    const written = writer.write("a");
    giver.give("first");
    assert.deepEqual(giver.pushed, []);
    assert.equal((await reader.read()).value, "first");
    assert.equal((await reader.read()).value, "pushed a");
    await written;
    const closed = writer.close();
    assert.equal((await reader.read()).done, true);
    await closed;
  });

  it("never overlaps a push with a take", async () => {
    const giver = new Giver();
    const { writer, reader } = start(giver);
    const gate = Promise.withResolvers<void>();
    giver.gate = gate.promise;
    const first = reader.read();
    const written = writer.write("none");
    giver.give("meanwhile");
    gate.resolve();
    assert.equal((await first).value, "meanwhile");
    const second = reader.read();
    await writer.write("b");
    assert.equal((await second).value, "pushed b");
    await written;
    await reader.cancel("enough");
  });

  it("tells both ends of one fault", async () => {
    const giver = new Giver();
    const { writer, reader } = start(giver);
    const fault = new Error("Broken");
    giver.push = () => Promise.reject(fault);
    const read = assert.rejects(reader.read(), (error) => error === fault);
    await Promise.all([
      read,
      assert.rejects(writer.closed, (error) => error === fault),
      writer.write("a").catch(() => {}),
    ]);
  });

  it("lets go of its writer when the reader cancels, and of its reader when the writer aborts", async () => {
    const one = start(new Giver());
    await one.reader.cancel("gone");
    await assert.rejects(one.writer.write("late"), (error) => error === "gone");
    await assert.rejects(one.writer.closed, (error) => error === "gone");
    const two = start(new Giver());
    const read = assert.rejects(two.reader.read(), (error) => error === "cut");
    two.writer.closed.catch(() => {});
    await two.writer.abort("cut");
    await read;
  });

  it("ends its output and stops its input once done", async () => {
    const giver = new Giver();
    const { writer, reader, satisfied } = start(giver);
    giver.done = true;
    assert.equal((await reader.read()).done, true);
    assert.equal(satisfied(), 1);
    await assert.rejects(writer.closed, new TypeError("The stage wants no more input"));
  });
});

it("an edge whose lower end has failed by the time of its end fails with that error", async () => {
  const fault = new Error("Below");
  let input!: WritableStreamDefaultController;
  const lower = new WritableStream<string>({ start: (controller) => void (input = controller) });
  const upper = {
    readable: new ReadableStream<string>({ start: (controller) => controller.close() }),
    async *finish() {
      yield "last";
      input.error(fault);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  const { signal } = new AbortController();
  await assert.rejects(connect(upper, lower, { signal, satisfied: () => false }), fault);
});
