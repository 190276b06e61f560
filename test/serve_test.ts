import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { after, describe, it } from "node:test";
import process from "node:process";
import {
  environment,
  type Handler,
  onSignal,
  runtime,
  serve,
  type Served,
} from "../routes/serve.ts";
import { RawConnection, steady, until } from "./support/raw_http.ts";

const mebibyte = 1024 * 1024;
const servers: Served[] = [];
const curlMissing = spawnSync("curl", ["--version"]).status === 0 ? false : "curl is not installed";

after(async () => {
  for (const server of servers) {
    server.abort();
    await server.close();
  }
});

async function start(handler: Handler, host = "127.0.0.1"): Promise<Served> {
  const server = await serve(handler, { host, port: 0 });
  servers.push(server);
  return server;
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** A response body from pulls: each returns the next text, `undefined` for the end, or throws. */
function live(
  pull: () => Promise<string | undefined> | string | undefined,
  cancel?: (reason: unknown) => void,
): Response {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const text = await pull();
      if (text === undefined) controller.close();
      else controller.enqueue(bytes(text));
    },
    ...(cancel ? { cancel } : {}),
  }, { highWaterMark: 0 });
  return new Response(body, { headers: { "content-type": "text/plain" } });
}

function reader(request: Request): ReadableStreamDefaultReader<Uint8Array> {
  if (!request.body) throw new Error(`No body on ${request.method}`);
  return request.body.getReader();
}

async function count(request: Request): Promise<number> {
  let total = 0;
  const body = reader(request);
  for (;;) {
    const { done, value } = await body.read();
    if (done) return total;
    total += value.byteLength;
  }
}

function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = () => {};
  const passed = new Promise<void>((resolve) => open = resolve);
  return { passed, open };
}

const chunkedHead = "POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n";
const getHead = "GET / HTTP/1.1\r\nhost: test\r\n\r\n";

interface Curled {
  readonly exit: number | null;
  readonly out: string;
  readonly ms: number;
}

/** Runs curl with an upload from a command's output ("endless", or so many bytes). */
function curl(upload: string, ...args: string[]): Promise<Curled> {
  const source = upload === "endless" ? "cat /dev/zero" : `head -c ${upload} /dev/zero`;
  const command = `${source} | curl -sN --max-time 9 -T - "$@"`;
  const began = performance.now();
  const child = spawn("sh", ["-c", command, "sh", ...args], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let out = "";
  child.stdout.on("data", (part: Uint8Array) => out += Buffer.from(part).toString());
  return new Promise((resolve) =>
    child.once("close", (exit) => resolve({ exit, out, ms: performance.now() - began }))
  );
}

describe(`serve on ${runtime.name} ${runtime.version}`, () => {
  it("blocks the client when a live response stops reading the upload, and lets it go on", async () => {
    const release = gate();
    let total = 0;
    const server = await start((request) => {
      const body = reader(request);
      return live(async () => {
        if (total > 0) await release.passed;
        const { done, value } = await body.read();
        total += value?.byteLength ?? 0;
        return done ? undefined : ".";
      });
    });
    const client = await RawConnection.open(server.url);
    await client.send(chunkedHead);
    const taken = await client.push(1024 * mebibyte);
    assert.ok(taken < 64 * mebibyte, `client pushed ${taken} bytes, server read ${total}`);
    release.open();
    await client.send("0\r\n\r\n");
    await client.receive("0\r\n\r\n");
    // The piece on which push gave up was taken after all.
    assert.equal(total, taken + 0x40000);
  });

  it("hands on a heavy upload in turns, so that others have theirs", async () => {
    let inTurn = 0;
    let most = 0;
    let over = false;
    const nextTurn = () => {
      inTurn = 0;
      if (!over) setImmediate(nextTurn);
    };
    const server = await start(async (request) => {
      setImmediate(nextTurn);
      for await (const chunk of request.body!) {
        most = Math.max(most, inTurn);
        inTurn += chunk.byteLength;
        // The work on a chunk, so that the next one is there when it is done.
        for (const until = performance.now() + 0.3; performance.now() < until;);
      }
      over = true;
      return new Response("read");
    });
    const { out } = await curl(`${64 * mebibyte}`, server.url);
    assert.equal(out, "read");
    assert.ok(most <= 2 * 64 * 1024, `${most} bytes, and then one chunk more in the same turn`);
  });

  it("stops pulling the response when the client does not read it, and loses nothing", async () => {
    const size = 256;
    const piece = new Uint8Array(mebibyte).fill(120);
    let pulled = 0;
    const server = await start(() =>
      new Response(
        new ReadableStream({
          pull(controller) {
            if (pulled === size) controller.close();
            else {
              pulled++;
              controller.enqueue(piece);
            }
          },
        }, { highWaterMark: 0 }),
      )
    );
    const client = await RawConnection.open(server.url);
    client.hold(true);
    await client.send(getHead);
    await until(() => pulled > 0, () => "Waited for the first pull");
    const rested = await steady(() => pulled);
    assert.ok(rested < 64, `pulled ${rested} MiB for a client that reads nothing`);
    client.hold(false);
    await client.receive("\r\n0\r\n\r\n");
    assert.equal(pulled, size);
  });

  it("answers while the upload is open, the head before the first byte of the body", async () => {
    const first = gate();
    const server = await start((request) => {
      const body = reader(request);
      return live(async () => {
        await first.passed;
        const { done, value } = await body.read();
        return done ? undefined : `${value.byteLength} bytes\n`;
      });
    });
    const client = await RawConnection.open(server.url);
    await client.send(chunkedHead);
    assert.match(await client.receive("\r\n\r\n"), /^HTTP\/1.1 200 OK\r\n/);
    first.open();
    await client.sendChunk("abc");
    await client.receive("3 bytes\n");
    await client.sendChunk("defgh");
    await client.receive("5 bytes\n");
    await client.send("0\r\n\r\n");
    await client.receive("0\r\n\r\n");
  });

  it("cuts a failed body after the bytes that came before, while the upload goes on", async () => {
    const server = await start((request) => {
      const body = reader(request);
      let step = 0;
      return live(async () => {
        if (++step > 1) throw new Error("broken");
        for (let n = 0; n < 8 * mebibyte;) n += (await body.read()).value?.byteLength ?? 0;
        return `{"$error":{}}\n`;
      });
    });
    const client = await RawConnection.open(server.url);
    await client.send(chunkedHead);
    const pushing = client.push(1024 * mebibyte);
    assert.equal(await client.ended, "end");
    assert.match(client.text, /\r\n\r\ne\r\n{"\$error":{}}\n\r\n$/);
    client.close();
    const taken = await pushing;
    assert.ok(taken < 160 * mebibyte, `server discarded ${taken} bytes`);
  });

  for (const upload of ["endless", "300000000", "1000"]) {
    it(
      `curl exits 18 and has the error line, upload: ${upload}`,
      { skip: curlMissing },
      async () => {
        const server = await start((request) => {
          const body = reader(request);
          let step = 0;
          return live(async () => {
            if (++step > 1) throw new Error("broken");
            for (let n = 0; n < 8 * mebibyte;) {
              const { done, value } = await body.read();
              if (done) break;
              n += value.byteLength;
            }
            return `{"$error":{}}\n`;
          });
        });
        const { exit, out } = await curl(upload, server.url);
        assert.deepEqual({ exit, out }, { exit: 18, out: `{"$error":{}}\n` });
      },
    );
  }

  const early: Record<string, Handler> = {
    "a 400 without a look at the body": () => new Response("no\n", { status: 400 }),
    "a 400 without body": () => new Response(null, { status: 400 }),
    "a 400 and a cancelled body": async (request) => {
      await request.body?.cancel();
      return new Response("no\n", { status: 400 });
    },
    "a full result after the first chunk": async (request) => {
      await reader(request).read();
      return new Response("ok\n");
    },
    "a live result that cancels the body": (request) => {
      const body = reader(request);
      let step = 0;
      return live(async () => {
        if (++step === 1) return (await body.read()).done ? "" : "row\n";
        return void await body.cancel();
      });
    },
  };
  for (const [name, handler] of Object.entries(early)) {
    it(`curl gets ${name} and stops its endless upload`, { skip: curlMissing }, async () => {
      const server = await start(handler);
      const status = name.startsWith("a 400") ? 400 : 200;
      const { exit, out, ms } = await curl("endless", "-w", "%{http_code}", server.url);
      assert.equal(exit, 0);
      assert.match(out, new RegExp(`${status}$`));
      assert.ok(ms < 900, `took ${ms} ms`);
    });
  }

  it("closes under a client that ignores the early response", async () => {
    const server = await start(() => new Response("no\n", { status: 400 }));
    const client = await RawConnection.open(server.url);
    await client.send(chunkedHead + "1\r\na\r\n");
    assert.match(await client.receive("0\r\n\r\n"), /connection: close\r\n/i);
    const taken = await client.push(1024 * mebibyte);
    assert.ok(taken < 160 * mebibyte, `server discarded ${taken} bytes`);
  });

  it("says 100 before the upload is asked for, and not before a refusal", async () => {
    const refusing = await start(() => new Response("no", { status: 400 }));
    const head = chunkedHead.replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n");
    const refused = await RawConnection.open(refusing.url);
    await refused.send(head);
    assert.match(await refused.receive("0\r\n\r\n"), /^HTTP\/1.1 400 /);
    refused.close();

    const reading = await start(async (request) => new Response(`${await count(request)}`));
    const answering = await start((request) => {
      const body = reader(request);
      return live(async () => (await body.read()).done ? undefined : "part\n");
    });
    for (const server of [reading, answering]) {
      const client = await RawConnection.open(server.url);
      await client.send(head);
      assert.equal(await client.receive("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
      await client.send("3\r\nabc\r\n0\r\n\r\n");
      assert.match(await client.receive("0\r\n\r\n"), /^HTTP\/1.1 200 OK\r\n/);
    }
  });

  const lengthHead = "PUT / HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\n";
  const cuts: [string, string, (client: RawConnection) => void][] = [
    ["content-length, FIN", `${lengthHead}abcde`, (client) => client.finish()],
    ["content-length, closed", `${lengthHead}abcde`, (client) => client.close()],
    ["content-length, RST", `${lengthHead}abcde`, (client) => client.reset()],
    ["chunked, FIN", `${chunkedHead}5\r\nabcde\r\n`, (client) => client.finish()],
    ["chunked inside a chunk, FIN", `${chunkedHead}5\r\nabc`, (client) => client.finish()],
    ["chunked, RST", `${chunkedHead}5\r\nabcde\r\n`, (client) => client.reset()],
  ];
  for (const [name, sent, cut] of cuts) {
    for (const when of ["before", "after"]) {
      it(`rejects the body of an upload that is cut ${when} the head: ${name}`, async () => {
        const seen = gate();
        let outcome = "";
        const server = await start((request) => {
          const body = reader(request);
          const drain = async (): Promise<undefined> => {
            for (;;) {
              if ((await body.read()).done) return void (outcome = "end");
              seen.open();
            }
          };
          const watched = () => drain().catch((error) => void (outcome = `${error.name}`));
          if (when === "after") return live(watched);
          return watched().then(() => new Response("late"));
        });
        const client = await RawConnection.open(server.url);
        await client.send(sent);
        await seen.passed;
        if (when === "after") await client.receive("\r\n\r\n");
        cut(client);
        await until(() => outcome !== "", () => "Waited for the body to settle");
        assert.equal(outcome, "AbortError");
      });
    }
  }

  it("rejects the body of a client that left while it was held back", async () => {
    const release = gate();
    let outcome = "";
    const server = await start(async (request) => {
      await release.passed;
      await count(request).then(() => outcome = "end", (error) => outcome = error.name);
      return new Response("late");
    });
    const client = await RawConnection.open(server.url);
    await client.send(chunkedHead);
    assert.ok(await client.push(1024 * mebibyte) < 64 * mebibyte);
    client.close();
    release.open();
    await until(() => outcome !== "", () => "Waited for the body to settle");
    assert.equal(outcome, "AbortError");
  });

  it("notices by writing that a client left while it was held back", async () => {
    const held = gate();
    const left = gate();
    let reason = "";
    const server = await start(() =>
      live(async () => {
        held.open();
        await left.passed;
        await new Promise((resolve) => setImmediate(resolve));
        return "snapshot\n";
      }, (error) => reason = (error as Error).name)
    );
    const client = await RawConnection.open(server.url);
    await client.send(chunkedHead);
    await held.passed;
    assert.ok(await client.push(1024 * mebibyte) < 64 * mebibyte);
    client.close();
    left.open();
    await until(() => reason !== "", () => "Waited for the cancel");
    assert.equal(reason, "AbortError");
  });

  it("cancels the response and aborts the signal within 100 ms of the client's leaving", async () => {
    const delays: number[] = [];
    for (const how of ["close", "reset", "close", "reset", "close"] as const) {
      const pulling = gate();
      const gone = gate();
      const events: string[] = [];
      const server = await start((request) => {
        request.signal.addEventListener("abort", () => events.push(request.signal.reason.name));
        const never = new Promise<undefined>(() => {});
        return live(() => (pulling.open(), never), (reason) => {
          events.push((reason as Error).name);
          gone.open();
        });
      });
      const client = await RawConnection.open(server.url);
      await client.send(chunkedHead + "1\r\na\r\n");
      await pulling.passed;
      const left = performance.now();
      client[how]();
      await gone.passed;
      delays.push(performance.now() - left);
      await until(() => events.length === 2, () => `Waited for the abort, saw ${events}`);
      assert.deepEqual(events, ["AbortError", "AbortError"]);
    }
    // The fastest of several: this machine may be busy with something else in any one of them.
    assert.ok(Math.min(...delays) < 100, `took ${delays} ms`);
  });

  it("goes on serving after clients left, and does not abort the signal of a good exchange", async () => {
    let aborted = 0;
    const server = await start(async (request) => {
      request.signal.addEventListener("abort", () => aborted++);
      return new Response(`${await count(request)}`);
    });
    for (let i = 0; i < 20; i++) {
      const client = await RawConnection.open(server.url);
      await client.send(chunkedHead + "1\r\na\r\n");
      if (i % 2) client.reset();
      else client.close();
    }
    await until(() => aborted > 0, () => "Waited for an abort");
    const gone = await steady(() => aborted, 100);
    for (let i = 0; i < 5; i++) {
      const response = await fetch(server.url, { method: "POST", body: "hello" });
      assert.equal(await response.text(), "5");
    }
    assert.equal(await steady(() => aborted, 100), gone);
  });

  it("close() lets the open requests end, drops idle connections, accepts no new ones", async () => {
    const release = gate();
    const arrived = gate();
    const server = await start(async (request) => {
      if (request.method === "GET") return new Response("quick");
      arrived.open();
      await release.passed;
      return live(async () => void await count(request));
    });
    const idle = await RawConnection.open(server.url);
    await idle.send(getHead);
    await idle.receive("0\r\n\r\n");
    const silent = await RawConnection.open(server.url);
    const busy = await RawConnection.open(server.url);
    await busy.send("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\nok");
    await arrived.passed;
    let closed = false;
    const closing = server.close().then(() => closed = true);
    assert.equal(await idle.ended, "end");
    await assert.rejects(RawConnection.open(server.url));
    assert.equal(closed, false);
    release.open();
    assert.match(await busy.receive("0\r\n\r\n"), /^HTTP\/1.1 200 /);
    await closing;
    silent.close();
  });

  it("abort() cuts every connection", async () => {
    let outcome = "";
    const reading = gate();
    const server = await start(async (request) => {
      reading.open();
      await count(request).catch((error) => outcome = error.name);
      return new Response("late");
    });
    const client = await RawConnection.open(server.url);
    await client.send(chunkedHead);
    await reading.passed;
    server.abort();
    await client.ended;
    await until(() => outcome !== "", () => "Waited for the body to settle");
    assert.equal(outcome, "AbortError");
    await server.close();
  });

  it("says why it cannot listen", async () => {
    const server = await start(() => new Response());
    await assert.rejects(serve(() => new Response(), { host: "127.0.0.1", port: server.port }), {
      message: `Cannot listen on 127.0.0.1 port ${server.port}: the port is in use`,
    });
  });

  it("puts an IPv6 address in brackets", async (context) => {
    let server: Served;
    try {
      server = await start((request) => new Response(request.url), "::1");
    } catch (error) {
      if (!/EADDRNOTAVAIL|EAFNOSUPPORT/.test(`${error}`)) throw error;
      return context.skip?.("this machine has no IPv6");
    }
    assert.equal(server.url, `http://[::1]:${server.port}`);
    assert.equal(await (await fetch(`${server.url}/a?b=c`)).text(), `${server.url}/a?b=c`);
  });

  it("keeps a connection for many requests: GET, HEAD, POST read or not", async () => {
    const server = await start(async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/count") return new Response(`${await count(request)}`);
      return new Response(request.method, {
        headers: { "content-length": `${request.method.length}` },
      });
    });
    const client = await RawConnection.open(server.url);
    for (let i = 0; i < 50; i++) {
      await client.send(`GET / HTTP/1.1\r\nhost: test\r\n\r\n`);
      await client.receive("\r\n\r\nGET");
      await client.send(`HEAD / HTTP/1.1\r\nhost: test\r\n\r\n`);
      assert.match(await client.receive("\r\n\r\n"), /content-length: 4\r\n/i);
      await client.send(`POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\nhello`);
      await client.receive("\r\n\r\nPOST");
      await client.send(`POST /count HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\nhello`);
      await client.receive("\r\n\r\n1\r\n5\r\n0\r\n\r\n");
    }
    await client.send(`GET / HTTP/1.1\r\nhost: test\r\n\r\n`.repeat(3));
    for (let i = 0; i < 3; i++) await client.receive("\r\n\r\nGET");
    assert.equal(client.text, "");
  });

  it("answers 400 to what is not HTTP, and serves on", async () => {
    const server = await start(() => new Response("fine"));
    const bad = [
      "GARBAGE\r\n\r\n",
      "GET / HTTP/1.1\r\nhost: a b\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nhost: test\r\n\r\n",
    ];
    for (const sent of bad) {
      const client = await RawConnection.open(server.url);
      await client.send(sent);
      assert.match(await client.receive("\r\n\r\n"), /^HTTP\/1.1 400 /);
      client.close();
    }
    const client = await RawConnection.open(server.url);
    await client.send(getHead);
    await client.receive("fine");
    await client.send("\x00\x01\x02 pipelined garbage\r\n\r\n");
    await client.receive("HTTP/1.1 400 ");
    await client.ended;
    assert.equal(await (await fetch(server.url)).text(), "fine");
  });

  it("answers 500 when the handler throws, and serves on", async () => {
    const server = await start((request) => {
      if (request.url.endsWith("/sync")) throw new Error("Expected by serve_test");
      return Promise.reject(new Error("Expected by serve_test"));
    });
    for (const path of ["/sync", "/async"]) {
      const response = await fetch(server.url + path);
      assert.deepEqual([response.status, await response.text()], [500, ""]);
    }
  });

  it("survives a handler that returns no response", async () => {
    let first = true;
    const server = await start(() => {
      if (!first) return new Response("fine");
      first = false;
      return undefined as unknown as Response;
    });
    await assert.rejects(fetch(server.url));
    assert.equal(await (await fetch(server.url)).text(), "fine");
  });

  it("knows the environment and hears signals", async () => {
    assert.equal(environment()["PATH"], process.env["PATH"]);
    const heard: string[] = [];
    const stop = onSignal(["SIGTERM"], (signal) => heard.push(signal));
    process.kill(process.pid, "SIGTERM");
    await until(() => heard.length > 0, () => "Waited for SIGTERM");
    stop();
    assert.deepEqual(heard, ["SIGTERM"]);
  });
});
