/**
 * The way out, over real sockets: which addresses it dials, and which it never does.
 * @module
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { openOutbound } from "../routes/outbound.ts";
import { isAddress, isPublicAddress } from "../src/lookup/address.ts";
import { HostList } from "../src/lookup/host_list.ts";
import { HttpFailure } from "../src/lookup/http_door.ts";
import { CERTIFICATE, PRIVATE_KEY } from "./support/certificate.ts";
import { eventually } from "./support/server.ts";

type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/** Runs `work` with a server on a port of 127.0.0.1; closes all. */
async function withHost(
  handler: Handler,
  work: (port: number, seen: string[]) => Promise<void>,
  secure = false,
): Promise<void> {
  const seen: string[] = [];
  const listener: Handler = (request, response) => {
    seen.push(`${request.method} ${request.headers.host}${request.url}`);
    handler(request, response);
  };
  const server = secure
    ? https.createServer({ key: PRIVATE_KEY, cert: CERTIFICATE }, listener)
    : http.createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await work((server.address() as AddressInfo).port, seen);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
}

interface Setting {
  readonly hosts: string;
  readonly resolve?: (name: string) => Promise<readonly string[]>;
  readonly certificates?: string;
}

/** The answer as `status text`, or the failure as `kind: message`. */
async function get(setting: Setting, url: string, signal = new AbortController().signal) {
  const { hosts, ...rest } = setting;
  const door = openOutbound({ hosts: new HostList(hosts), ...rest });
  try {
    const { status, body } = await door.ask({ method: "GET", url, maxBytes: 1000 }, signal);
    return `${status} ${new TextDecoder().decode(body)}`;
  } catch (fault) {
    if (fault instanceof HttpFailure) return `${fault.kind}: ${fault.message}`;
    throw fault;
  } finally {
    door.close();
  }
}

const hello: Handler = (_request, response) => void response.end("hello");

test("a listed address is asked as it was written, and sockets are used again", async () => {
  const ports = new Set<number | undefined>();
  await withHost((request, response) => {
    ports.add(request.socket.remotePort);
    response.end("hello");
  }, async (port, seen) => {
    const door = openOutbound({ hosts: new HostList(`127.0.0.1:${port}`) });
    const { signal } = new AbortController();
    for (let count = 0; count < 5; count++) {
      const url = `http://127.0.0.1:${port}/a%2Fb/./c?q=%20`;
      await door.ask({ method: "GET", url, maxBytes: 1000 }, signal);
    }
    door.close();
    assert.deepEqual(new Set(seen), new Set([`GET 127.0.0.1:${port}/a%2Fb/./c?q=%20`]));
    assert.equal(ports.size, 1);
  });
});

test("only what is listed is asked: hosts, ports, schemes, and no credentials", async () => {
  await withHost(hello, async (port, seen) => {
    const hosts = `127.0.0.1:${port}`;
    const refused = async (url: string) => await get({ hosts }, url);
    const other = port === 65535 ? port - 1 : port + 1;
    assert.equal(
      await refused(`http://127.0.0.1:${other}/`),
      `refused: Host \`127.0.0.1:${other}\` is not among those that may be asked: set LOOKUP_HOSTS=127.0.0.1:${other}`,
    );
    assert.match(await refused("http://127.0.0.1/"), /^refused: Host `127\.0\.0\.1`/);
    assert.match(await refused(`http://localhost:${port}/`), /^refused: Host `localhost:\d+`/);
    assert.match(await refused(`http://[::1]:${port}/`), /^refused: Host `\[::1\]:\d+`/);
    assert.match(
      await refused(`http://[::ffff:127.0.0.1]:${port}/`),
      /^refused: Host `\[::ffff:7f00:1\]/,
    );
    assert.equal(
      await refused(`http://user:word@127.0.0.1:${port}/`),
      "refused: Credentials are not allowed in an address",
    );
    assert.match(await refused(`http://user@127.0.0.1:${port}/`), /^refused: Credentials/);
    assert.match(await refused("file:///etc/passwd"), /^refused: Expected an address with http/);
    assert.match(await refused(`http:\\\\127.0.0.1:${port}\\`), /^refused: Expected a URL/);
    assert.deepEqual(seen, []);
    assert.equal(await refused(`http://2130706433:${port}/`), "200 hello", "127.0.0.1 in decimal");
    assert.equal(await refused(`http://0x7f.1:${port}/`), "200 hello", "the same again");
    assert.equal((await get({ hosts: "" }, `http://127.0.0.1:${port}/`)).slice(0, 8), "refused:");
  });
});

test("an address in decimal does not pass for a name", async () => {
  const hosts = "geo.example,2130706433.example";
  assert.match(await get({ hosts }, "http://2130706433/"), /^refused: Host `127\.0\.0\.1`/);
  assert.match(await get({ hosts }, "http://0177.0.0.1/"), /^refused: Host `127\.0\.0\.1`/);
});

test("a name that leads to a private address is not dialled, unless it is listed as private", async () => {
  await withHost(hello, async (port, seen) => {
    const url = `http://geo.example:${port}/`;
    const resolve = () => Promise.resolve(["127.0.0.1"]);
    assert.equal(
      await get({ hosts: `geo.example:${port}`, resolve }, url),
      `refused: geo.example leads to the private address 127.0.0.1; list it as geo.example:${port}=private to allow that`,
    );
    const mixed = () => Promise.resolve(["93.184.215.14", "10.0.0.1"]);
    assert.match(await get({ hosts: `geo.example:${port}`, resolve: mixed }, url), /10\.0\.0\.1/);
    assert.deepEqual(seen, []);
    assert.equal(await get({ hosts: `geo.example:${port}=private`, resolve }, url), "200 hello");
    assert.deepEqual(seen, [`GET geo.example:${port}/`]);
  });
});

test("the address that was checked is the one that is dialled: a name is resolved once", async () => {
  await withHost(hello, async (port, seen) => {
    let asked = 0;
    // A name server that first tells a harmless address, and another when it is asked again.
    const resolve = () => Promise.resolve([asked++ === 0 ? "127.0.0.1" : "169.254.169.254"]);
    const hosts = `geo.example:${port}=private`;
    assert.equal(await get({ hosts, resolve }, `http://geo.example:${port}/`), "200 hello");
    assert.deepEqual([asked, seen.length], [1, 1]);
  });
});

test("redirects are followed three times, and each is checked", async () => {
  await withHost((request, response) => {
    const [, kind, rest] = request.url!.split("/");
    const left = Number(rest);
    const location = kind === "far"
      ? "http://169.254.169.254/latest/meta-data"
      : kind === "name"
      ? "http://inner.example/"
      : kind === "file"
      ? "file:///etc/passwd"
      : left === 0
      ? null
      : `/hop/${left - 1}`;
    response.writeHead(location === null ? 200 : 302, location === null ? {} : { location });
    response.end("there");
  }, async (port, seen) => {
    const setting = {
      hosts: `127.0.0.1:${port},inner.example`,
      resolve: () => Promise.resolve(["10.0.0.1"]),
    };
    const at = (path: string) => get(setting, `http://127.0.0.1:${port}/${path}`);
    assert.equal(await at("hop/3"), "200 there");
    assert.match(await at("hop/4"), /^redirects: More than 3 redirects from/);
    const before = seen.length;
    assert.match(await at("far/0"), /^refused: Host `169\.254\.169\.254` is not among/);
    assert.match(
      await at("name/0"),
      /^refused: inner\.example leads to the private address 10\.0\.0\.1/,
    );
    assert.match(await at("file/0"), /^refused: Expected an address with http or https/);
    assert.equal(seen.length, before + 3);
  });
});

test("a certificate is checked against the name, though an address is dialled", async () => {
  await withHost(hello, async (port) => {
    const resolve = () => Promise.resolve(["127.0.0.1"]);
    const hosts = `geo.example:${port}=private,other.example:${port}=private`;
    const trusting = { hosts, resolve, certificates: CERTIFICATE };
    assert.equal(await get(trusting, `https://geo.example:${port}/`), "200 hello");
    assert.match(await get(trusting, `https://other.example:${port}/`), /^connection: .*altnames/);
    assert.match(
      await get({ hosts, resolve }, `https://geo.example:${port}/`),
      /^connection: .*self.signed/,
    );
  }, true);
});

test("an answer is bounded, a cut one is a failure, and nobody there is one too", async () => {
  let port = 0;
  await withHost((request, response) => {
    if (request.url === "/cut") {
      response.writeHead(200, { "content-length": "100" });
      response.write("half");
      return void setImmediate(() => response.destroy());
    }
    response.write("x".repeat(600));
    response.end("x".repeat(600));
  }, async (listening) => {
    port = listening;
    const hosts = `127.0.0.1:${port}`;
    assert.equal(
      await get({ hosts }, `http://127.0.0.1:${port}/`),
      "too_large: The answer is longer than 1000 bytes",
    );
    assert.match(await get({ hosts }, `http://127.0.0.1:${port}/cut`), /^connection: /);
  });
  assert.match(
    await get({ hosts: `127.0.0.1:${port}` }, `http://127.0.0.1:${port}/`),
    /^connection: /,
  );
});

test("aborted while it waits, it lets go of the socket", async () => {
  const closed = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  await withHost((request, response) => {
    response.on("close", () => closed.resolve());
    request.resume();
    arrived.resolve();
  }, async (port) => {
    const abort = new AbortController();
    const reason = new Error("Enough");
    const url = `http://127.0.0.1:${port}/`;
    const asking = get({ hosts: `127.0.0.1:${port}` }, url, abort.signal);
    const told = assert.rejects(asking, reason);
    await arrived.promise;
    abort.abort(reason);
    await told;
    await closed.promise;
  });
});

test("which addresses are public", () => {
  const hidden = [
    ..."0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255"
      .split(" "),
    ..."192.0.0.1 192.168.1.1 198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255".split(" "),
    ..."::1 :: fe80::1 fc00::1 fd12::1 ff02::1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::127.0.0.1".split(
      " ",
    ),
    ..."64:ff9b::7f00:1 2002:7f00:1:: 2001::1 2001:db8::1 fec0::1 nonsense 1.2.3 1.2.3.256 1::2::3"
      .split(" "),
  ];
  assert.deepEqual(hidden.filter(isPublicAddress), []);
  const open = ["1.1.1.1", "93.184.215.14", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::1"];
  assert.deepEqual(open.filter(isPublicAddress), open);
  assert.deepEqual(["1.2.3.4", "::1", "a.example", "1::2::3"].map(isAddress), [
    true,
    true,
    false,
    false,
  ]);
});

test("the list of hosts", () => {
  const list = new HostList(
    " geo.example, api.example:8443 ,[::1]:9000,in.example=private,plain.example:80",
  );
  const find = (url: string) => list.find(new URL(url))?.private;
  assert.equal(find("https://geo.example/"), false);
  assert.equal(find("http://GEO.example/"), false);
  assert.equal(find("http://geo.example:8080/"), undefined);
  assert.equal(find("https://api.example:8443/"), false);
  assert.equal(find("https://api.example/"), undefined);
  assert.equal(find("http://[0:0::1]:9000/"), true);
  assert.equal(find("http://in.example/"), true);
  assert.equal(find("http://plain.example/"), false);
  assert.equal(find("https://plain.example/"), undefined);
  for (
    const wrong of ["http://geo.example", "a b", "user@geo.example", "geo.example/path", "a:b"]
  ) {
    assert.throws(() => new HostList(wrong), {
      message: `Expected hosts such as geo.example or 10.0.0.7:8080, found "${wrong}"`,
    });
  }
});

test("requests that are given up at any moment leave nothing that waits at the host", async () => {
  let waiting = 0;
  await withHost((request, response) => {
    waiting++;
    response.once("close", () => waiting--);
    if (Number(request.url!.slice(1)) % 3 === 1) response.end("hello");
  }, async (port, seen) => {
    const door = openOutbound({ hosts: new HostList(`127.0.0.1:${port}=private`) });
    let count = 0;
    const ask = async (giveUp: (abort: () => void) => void) => {
      const controller = new AbortController();
      giveUp(() => controller.abort(new Error("Given up")));
      const url = `http://127.0.0.1:${port}/${count++}`;
      await door.ask({ method: "GET", url, maxBytes: 1000 }, controller.signal).catch(() => {});
    };
    for (let round = 0; round < 30; round++) {
      await Promise.all(
        Array.from({ length: 15 }, (_, at) => ask((abort) => void setTimeout(abort, at % 10))),
      );
    }
    await eventually(() => waiting === 0);
    assert.ok(seen.length > 0);
    door.close();
  });
});
