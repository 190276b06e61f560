import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { after, describe, it } from "node:test";
import { type Handler, runtime, serve, type Served } from "../routes/serve.ts";
import { lasting, readLarge } from "../routes/serve_reading.ts";
import { between, forSeeds } from "./support/random.ts";
import { RawConnection, steady } from "./support/raw_http.ts";

const servers: Served[] = [];

after(async () => {
  for (const server of servers) {
    server.abort();
    await server.close();
  }
});

async function start(handler: Handler): Promise<Served> {
  const server = await serve(handler, { host: "127.0.0.1", port: 0 });
  servers.push(server);
  return server;
}

/** The chunks of a body, as they came. */
async function chunksOf(request: Request): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  const reader = request.body!.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks;
    chunks.push(value);
  }
}

function randomBytes(random: () => number, size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(size).map(() => between(random, 0, 255));
}

/** Sends `body` in pieces of any size, behind the head of a request in either framing. */
async function upload(
  client: RawConnection,
  name: string,
  body: Uint8Array,
  random: () => number,
): Promise<void> {
  const chunked = random() < 0.5;
  const framing = chunked ? "transfer-encoding: chunked" : `content-length: ${body.length}`;
  await client.send(`POST /${name} HTTP/1.1\r\nhost: test\r\n${framing}\r\n\r\n`);
  for (let at = 0; at < body.length;) {
    const piece = body.subarray(at, at + between(random, 1, 500_000));
    if (chunked) await client.send(`${piece.length.toString(16)}\r\n`);
    await client.send(piece);
    if (chunked) await client.send("\r\n");
    at += piece.length;
  }
  if (chunked) await client.send("0\r\n\r\n");
}

describe(`reading of uploads on ${runtime.name}`, () => {
  it("gives each upload its own bytes, which later reads leave alone", async () => {
    await forSeeds(3, async (random) => {
      const received = new Map<string, Uint8Array[]>();
      const server = await start(async (request) => {
        const name = new URL(request.url).pathname.slice(1);
        received.set(name, await chunksOf(request));
        return new Response(`${name} is read`);
      });
      const sent = new Map<string, Uint8Array>();
      const clients = await Promise.all([0, 1, 2, 3].map(() => RawConnection.open(server.url)));
      await Promise.all(clients.map(async (client, number) => {
        for (const [turn, most] of [800_000, 200, 400_000].entries()) {
          const name = `${number}-${turn}`;
          const body = randomBytes(random, between(random, most / 2, most));
          sent.set(name, body);
          await upload(client, name, body, random);
          await client.receive(`${name} is read`);
        }
      }));
      for (const client of clients) client.close();
      assert.equal(received.size, 12);
      // Only now: what was given out must have stayed as it was while all others were read.
      for (const [name, chunks] of received) {
        assert.ok(Buffer.concat(chunks).equals(sent.get(name)!), `${name} differs`);
      }
    });
  });

  it("lends memory only to a connection whose reads a parser copies, and gives none of it out", () => {
    const lent: Uint8Array[] = [];
    const connection = (consumed: boolean) =>
      ({
        _handle: { _consumed: consumed, useUserBuffer: (memory: Uint8Array) => lent.push(memory) },
      }) as unknown as Socket;
    readLarge(connection(false));
    readLarge({ _handle: null } as unknown as Socket);
    readLarge({} as Socket);
    assert.equal(lent.length, 0);
    readLarge(connection(true));
    readLarge(connection(true));
    assert.equal(lent.length, 2);
    assert.equal(lent[0], lent[1]);
    const chunk = lasting(lent[0]!.fill(1, 0, 3).subarray(0, 3));
    lent[0]!.fill(2, 0, 3);
    assert.deepEqual([...chunk], [1, 1, 1]);
    const other = new Uint8Array(3);
    assert.equal(lasting(other), other);
  });

  it("takes more than 64 KiB at once of what waits in the kernel", async () => {
    const waits = Promise.withResolvers<void>();
    const server = await start(async (request) => {
      await waits.promise;
      const sizes = (await chunksOf(request)).map(({ byteLength }) => byteLength);
      const total = sizes.reduce((sum, size) => sum + size);
      return new Response(`${total} bytes, at most ${Math.max(...sizes)} at once`);
    });
    const client = await RawConnection.open(server.url);
    const size = 4 * 1024 * 1024;
    await client.send(`POST / HTTP/1.1\r\nhost: test\r\ncontent-length: ${size}\r\n\r\n`);
    let taken = 0;
    const sending = (async () => {
      for (; taken < size; taken += 65_536) await client.send(new Uint8Array(65_536));
    })();
    await steady(() => taken);
    waits.resolve();
    await sending;
    const answer = /(\d+) bytes, at most (\d+) at once/.exec(await client.receive("at once"))!;
    client.close();
    assert.equal(Number(answer[1]), size);
    assert.ok(Number(answer[2]) > 65_536, answer[0]);
  });
});
