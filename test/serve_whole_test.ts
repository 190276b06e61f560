/**
 * Small uploads that come with their head: handed out as bytes, and still a Request like any other.
 * @module
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type Handler, serve, type Served } from "../routes/serve.ts";
import { wholeResponse } from "../routes/serve_answered.ts";
import { wholeBody } from "../routes/serve_arrived.ts";
import { RawConnection } from "./support/raw_http.ts";

const servers: Served[] = [];

after(async () => {
  for (const server of servers) {
    server.abort();
    await server.close();
  }
});

async function connection(handler: Handler): Promise<RawConnection> {
  const server = await serve(handler, { host: "127.0.0.1", port: 0 });
  servers.push(server);
  return await RawConnection.open(server.url);
}

function post(body: string, headers = ""): string {
  return `POST /a/../b?q=1 HTTP/1.1\r\nhost: test\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`;
}

/** An answer that tells its length, as those that are made already do. */
function told(text: string): Response {
  return new Response(text, { headers: { "content-length": String(text.length) } });
}

test("a small body that came with its head is known, twice on one connection", async () => {
  const client = await connection((request) => {
    const whole = wholeBody(request);
    return told(whole === null ? "none" : new TextDecoder().decode(whole));
  });
  for (const body of ["first", "second"]) {
    await client.send(post(body));
    const answer = await client.receive(body);
    assert.match(answer, /^HTTP\/1.1 200 OK\r\n/);
    assert.match(answer, new RegExp(`content-length: ${body.length}\r\n`, "i"));
    assert.doesNotMatch(answer, /transfer-encoding|connection: close/i);
  }
});

test("it is a Request all the same: read by its methods, copied, listed", async () => {
  const client = await connection(async (request) => {
    assert.ok(request instanceof Request);
    assert.ok(request.headers instanceof Headers);
    assert.equal(request.signal.aborted, false);
    assert.equal(request.bodyUsed, false);
    const copy = await request.clone().text();
    const names = [...request.headers.keys()].join(" ");
    const both = `${request.headers.get("X-Twice")} ${request.headers.has("x-none")}`;
    return told(
      `${request.method} ${request.url} ${copy} ${await request.text()} ${names} ${both}~`,
    );
  });
  await client.send(post("abc", "X-Twice: 1\r\nx-twice: 2\r\n"));
  const text = await client.receive("~");
  assert.equal(
    text.slice(text.indexOf("POST")),
    "POST http://test/b?q=1 abc abc content-length host x-twice 1, 2 false~",
  );
});

test("a body that is to come, is long, or is in chunks is not waited for", async () => {
  const client = await connection(async (request) => {
    const whole = wholeBody(request);
    return told(`${whole === null} ${(await request.text()).length}~`);
  });
  const [head, rest] = post("abcdef").split("abc") as [string, string];
  await client.send(`${head}abc`);
  await client.send(rest);
  assert.match(await client.receive("~"), / 6~$/);
  await client.send(post("x".repeat(70_000)));
  assert.match(await client.receive("70000~"), /true 70000~$/);
  await client.send(
    "POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  );
  assert.match(await client.receive("3~"), /true 3~$/);
});

test("what cannot be an address is the client's fault", async () => {
  const client = await connection(() => told("never"));
  await client.send("POST / HTTP/1.1\r\nhost: a b\r\ncontent-length: 1\r\n\r\nx");
  assert.match(await client.receive("\r\n\r\n"), /^HTTP\/1.1 400 /);
});

test("a short answer that fails is cut", async () => {
  const client = await connection(() =>
    new Response(
      new ReadableStream({ pull: (controller) => controller.error(new Error("For the test")) }),
      { headers: { "content-length": "5" } },
    )
  );
  await client.send(post("abc"));
  assert.match(await client.receive("\r\n\r\n"), /content-length: 5/i);
  assert.equal(await client.ended, "end");
  assert.equal(client.text, "");
});

const BYTES = new TextEncoder().encode("rows~");

test("a whole answer is sent with its headers and its length, more than once on one connection", async () => {
  const client = await connection(() => wholeResponse(BYTES, { "x-run-id": "7" }));
  for (let round = 0; round < 2; round++) {
    await client.send(post("abc"));
    const answer = await client.receive("rows~");
    assert.match(answer, /^HTTP\/1.1 200 OK\r\n/);
    assert.match(answer, /\r\nx-run-id: 7\r\ncontent-length: 5\r\n/i);
    assert.doesNotMatch(answer, /transfer-encoding|connection: close/i);
  }
});

test("it is a Response all the same: read by its methods, and changed headers are sent", async () => {
  const client = await connection(async () => {
    const response = wholeResponse(BYTES, { "x-run-id": "7" });
    assert.ok(response instanceof Response);
    assert.equal(response.status, 200);
    assert.equal(response.ok, true);
    assert.equal(await response.clone().text(), "rows~");
    assert.equal(response.headers.get("content-length"), "5");
    response.headers.set("x-run-id", "8");
    return response;
  });
  await client.send(post("abc"));
  assert.match(await client.receive("rows~"), /\r\nx-run-id: 8\r\n/i);
});

test("HEAD gets a whole answer's headers alone", async () => {
  const client = await connection(() => wholeResponse(BYTES, { "x-run-id": "7" }));
  await client.send("HEAD / HTTP/1.1\r\nhost: test\r\n\r\nHEAD / HTTP/1.1\r\nhost: test\r\n\r\n");
  let answers = "";
  while ((answers.match(/x-run-id: 7/gi) ?? []).length < 2) {
    answers += await client.receive("\r\n\r\n");
  }
  assert.doesNotMatch(answers, /rows~/);
});

test("uploads that come together on many connections get each its own answer", async () => {
  const server = await serve(async (request) => {
    const text = new TextDecoder().decode(wholeBody(request) ?? undefined);
    if (text === "slow") await new Promise((resolve) => setImmediate(resolve));
    const bytes = new TextEncoder().encode(`for ${text}~`);
    return text === "told" ? told(`for ${text}~`) : wholeResponse(bytes, {});
  }, { host: "127.0.0.1", port: 0 });
  servers.push(server);
  const bodies = ["one", "slow", "three", "told", "five", "six"];
  const clients = await Promise.all(bodies.map(() => RawConnection.open(server.url)));
  for (let round = 0; round < 3; round++) {
    await Promise.all(clients.map((client, index) => client.send(post(bodies[index]!))));
    const answers = await Promise.all(clients.map((client) => client.receive("~")));
    assert.deepEqual(answers.map((answer) => answer.split("\r\n\r\n")[1]), [
      "for one~",
      "for slow~",
      "for three~",
      "for told~",
      "for five~",
      "for six~",
    ]);
  }
});
