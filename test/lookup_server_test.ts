/**
 * Lookups, tables, caches and sinks through a real server: what is refused before the upload is read, what came with the run,
 * and a service over real sockets that fails three times in ten.
 * @module
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { seeded } from "./support/random.ts";
import { endedRun, eventually, runUrl, withServer } from "./support/server.ts";

interface Service {
  readonly host: string;
  requests: number;
  mostUnderWay: number;
  down: boolean;
  readonly bodies: string[];
  readonly keys: (string | undefined)[];
}

/** A service that answers each request after `delayMs`, but fails `failing` of them. */
async function withService(
  { delayMs, failing }: { delayMs: number; failing: number },
  work: (service: Service) => Promise<void>,
): Promise<void> {
  const random = seeded(11);
  let underWay = 0;
  const server = http.createServer(async (request, response) => {
    service.requests++;
    service.mostUnderWay = Math.max(service.mostUnderWay, ++underWay);
    let body = "";
    for await (const chunk of request) body += chunk;
    service.keys.push(request.headers["idempotency-key"]?.toString());
    const fails = service.down || random() < failing;
    setTimeout(() => {
      underWay--;
      if (!fails && body !== "") service.bodies.push(body);
      response.statusCode = fails ? 503 : 200;
      response.end(JSON.stringify({ path: request.url }));
    }, delayMs);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const service: Service = {
    host: `127.0.0.1:${port}`,
    requests: 0,
    mostUnderWay: 0,
    down: false,
    bodies: [],
    keys: [],
  };
  try {
    await work(service);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
}

async function withTables(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-tables-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function post(url: string, body: BodyInit): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { method: "POST", body });
  return { status: response.status, text: await response.text() };
}

function rowsOf(text: string): Record<string, unknown>[] {
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

function ips(count: number, distinct: number): string {
  return Array.from({ length: count }, (_, at) => `{"ip":"10.0.0.${at % distinct}"}\n`).join("");
}

test("a service that fails three times in ten: sixteen at once, each key once, every row answered", async () => {
  await withService({ delayMs: 20, failing: 0.3 }, async (service) => {
    await withServer({ LOOKUP_HOSTS: service.host }, async (server) => {
      const pipeline = `json | lookup http "http://${service.host}/{ip}" as geo concurrency=16 ` +
        "timeout=5s retries=10 backoff=1ms";
      const { status, text } = await post(runUrl(server, pipeline), ips(1000, 100));
      assert.equal(status, 200);
      const rows = rowsOf(text);
      assert.equal(rows.length, 1000);
      for (const { ip, geo } of rows) assert.deepEqual(geo, { path: `/${ip}` });
      const facts = (await endedRun(server)).stages[1]!.facts;
      assert.equal(service.requests, facts["asked"]);
      assert.equal(facts["misses"], 100);
      assert.equal(Number(facts["asked"]) - Number(facts["retries"]), 100);
      assert.ok(service.requests < 250, `${service.requests} requests for 100 keys`);
      assert.ok(service.mostUnderWay > 8 && service.mostUnderWay <= 16, `${service.mostUnderWay}`);
    });
  });
});

test("while the service is down the breaker spares it, and the fallback flows", async () => {
  await withService({ delayMs: 0, failing: 0 }, async (service) => {
    service.down = true;
    await withServer({ LOOKUP_HOSTS: service.host }, async (server) => {
      const pipeline = `json | lookup http "http://${service.host}/{ip}" as geo concurrency=4 ` +
        'retries=1 backoff=1ms breaker=5/1h fallback="unknown" | stats count by geo';
      const { text } = await post(runUrl(server, pipeline), ips(200, 200));
      assert.equal(text, '{"geo":"unknown","count":200}\n');
      const report = await endedRun(server);
      assert.equal(report.stages[1]!.facts["breaker"], "open");
      assert.ok(service.requests >= 5 && service.requests < 5 + 4, `${service.requests} requests`);
      assert.deepEqual(report.events.map(({ name }) => name), ["breaker_open"]);
    });
  });
});

test("what the server does not allow is told before a byte of the upload is read", async () => {
  await withServer({}, async (server) => {
    const told = async (pipeline: string) => {
      const response = await fetch(runUrl(server, pipeline), { method: "POST", body: "{}\n" });
      const { issues } = await response.json() as { issues: { message: string }[] };
      const check = await fetch(`${server.url}/v1/check?${new URLSearchParams({ q: pipeline })}`);
      return [response.status, check.status, issues[0]!.message];
    };
    assert.deepEqual(await told('json | lookup http "https://geo.example/{ip}" as geo'), [
      400,
      400,
      "Host `geo.example` is not among those that may be asked: set LOOKUP_HOSTS=geo.example",
    ]);
    assert.deepEqual(await told('json | into http "http://127.0.0.1:1/x"'), [
      400,
      400,
      "Host `127.0.0.1:1` is not among those that may be asked: set LOOKUP_HOSTS=127.0.0.1:1",
    ]);
    assert.deepEqual(await told("json | lookup csv users on id"), [
      400,
      400,
      "There is no table `users`: set TABLES=DIRECTORY",
    ]);
    assert.deepEqual(await told("json | tee (lookup table on id) (head 1)"), [
      400,
      200,
      "No table came with the run",
    ]);
  });
});

test("tables of the folder: found, read again when changed, bounded, and nowhere else", async () => {
  await withTables(async (folder) => {
    const settings = { TABLES: folder, TABLE_SIZE: "2000B" };
    await writeFile(join(folder, "users.csv"), "id,name\n7,Ada\n8,Bob\n");
    await writeFile(join(folder, "sites.ndjson"), '{"host":"a","owner":{"name":"x"}}\n');
    await writeFile(join(folder, "broken.csv"), "id,name\n7\n");
    await writeFile(join(folder, "large.csv"), `id,name\n${"7,Ada\n".repeat(500)}`);
    await withServer(settings, async (server) => {
      const ask = async (stage: string, input: string) => {
        const { text } = await post(runUrl(server, `json | ${stage}`), input);
        return text.startsWith("{") && !text.includes('"issues"')
          ? text
          : JSON.parse(text).issues[0].message;
      };
      assert.equal(
        await ask("lookup csv users on user key=id", '{"user":7}\n{"user":"9"}\n'),
        '{"user":7,"name":"Ada"}\n{"user":"9","name":null}\n',
      );
      assert.equal(
        await ask("lookup csv sites on host as site", '{"host":"a"}\n'),
        '{"host":"a","site":{"owner":{"name":"x"}}}\n',
      );
      await writeFile(join(folder, "users.csv"), "id,name\n7,Eve\n8,Bob\n");
      await utimes(join(folder, "users.csv"), 1, 1);
      assert.equal(
        await ask("lookup csv users on id", '{"id":7}\n'),
        '{"id":7,"name":"Eve"}\n',
      );
      assert.equal(
        await ask("lookup csv none on id", "{}\n"),
        "There is no table `none`: the folder TABLES has none of none.csv, none.tsv, none.ndjson",
      );
      assert.equal(
        await ask('lookup csv "../users" on id', "{}\n"),
        'Expected a table\'s name of letters, digits, - and _, found "../users"',
      );
      assert.equal(
        await ask("lookup csv broken on id", "{}\n"),
        "Cannot read table `broken`: line 2: Expected 2 fields, found 1",
      );
      assert.equal(
        await ask("lookup csv large on id", "{}\n"),
        "Table `large` has 3008 bytes and TABLE_SIZE allows 2000",
      );
    });
  });
});

test("a table that comes with the run, before the file", async () => {
  await withServer({ MAX_STATE: "100kB" }, async (server) => {
    const send = async (stage: string, table: string, name = "places.csv") => {
      const form = new FormData();
      form.append("q", `json | ${stage}`);
      form.append("table", new File([table], name));
      form.append("file", new File(['{"code":"NZ"}\n{"code":"XX"}\n'], "log"));
      return await post(`${server.url}/v1/run`, form);
    };
    const joined = '{"code":"NZ","name":"New Zealand"}\n{"code":"XX","name":null}\n';
    assert.equal((await send("lookup table", "code,name\nNZ,New Zealand\n")).text, joined);
    assert.equal((await send("lookup table", "code\tname\nNZ\tNew Zealand\n", "x")).text, joined);
    assert.equal(
      (await send("lookup table", '{"code":"NZ","name":"New Zealand"}\n', "x")).text,
      joined,
    );
    assert.equal(
      (await send("lookup table on lower(code) key=iso as place", "name,iso\nOne,nz\n")).text,
      '{"code":"NZ","place":{"name":"One"}}\n{"code":"XX","place":null}\n',
    );
    await assert.rejects(send("lookup table on code key=iso", "code,name\nNZ,New Zealand\n"));
    const failed = await eventually(() =>
      server.runs.reports().find(({ state }) => state === "failed") ?? null
    );
    assert.deepEqual([failed.error?.code, failed.error?.message], [
      "table_unfit",
      "Table `table` has no column `iso`; it has code, name",
    ]);
    const large = await send("lookup table", "x".repeat(100_001));
    assert.deepEqual([large.status, JSON.parse(large.text).detail], [
      422,
      "The part table is larger than the 100000 bytes that a run may hold",
    ]);
  });
});

test("named caches: shared by runs, listed, forgotten whole or by key, warmed from a table", async () => {
  await withTables(async (folder) => {
    await writeFile(join(folder, "known.csv"), "ip,geo\n10.0.0.0,kept\n");
    await withService({ delayMs: 0, failing: 0 }, async (service) => {
      const settings = { LOOKUP_HOSTS: service.host, TABLES: folder, CACHES: "1" };
      await withServer(settings, async (server) => {
        const pipeline = (name: string, path = "") =>
          `json | cache (lookup http "http://${service.host}${path}/{ip}" as geo) by ip name=${name} warm=known`;
        const ask = async (count: number) =>
          rowsOf((await post(runUrl(server, pipeline("geo")), ips(count, count))).text)
            .map(({ geo }) => geo);
        assert.deepEqual(await ask(2), ["kept", { path: "/10.0.0.1" }]);
        assert.deepEqual(await ask(2), ["kept", { path: "/10.0.0.1" }]);
        assert.equal(service.requests, 1);
        const { caches } = await (await fetch(`${server.url}/v1/caches`)).json() as {
          caches: Record<string, unknown>[];
        };
        const { name, entries, hits, misses, size } = caches[0]!;
        assert.deepEqual([name, entries, hits, misses, size], ["geo", 2, 3, 1, 10_000]);
        const refusals = [pipeline("other"), pipeline("geo", "/v2")].map(async (text) =>
          JSON.parse((await post(runUrl(server, text), "{}\n")).text).issues[0].message
        );
        const [full, foreign] = await Promise.all(refusals);
        assert.match(full, /^All 1 named caches are there, raise CACHES or remove one by DELETE/);
        assert.match(foreign, /^Cache `geo` holds answers of another pipeline, `\(lookup http /);
        const forget = async (path: string) =>
          (await fetch(`${server.url}/v1/caches/${path}`, { method: "DELETE" })).status;
        assert.deepEqual(
          [await forget("geo/10.0.0.1"), await forget("geo/10.0.0.1"), await forget("none")],
          [204, 404, 404],
        );
        await ask(2);
        assert.equal(service.requests, 2);
        assert.deepEqual([await forget("geo"), await forget("geo")], [204, 404]);
        assert.deepEqual(await ask(2), ["kept", { path: "/10.0.0.1" }]);
        assert.equal(service.requests, 3);
      });
    });
  });
});

test("rows that are sent: in requests of a size, again when they fail, under one key", async () => {
  await withService({ delayMs: 0, failing: 0.3 }, async (service) => {
    await withServer({ LOOKUP_HOSTS: service.host }, async (server) => {
      const pipeline =
        `json | into http "http://${service.host}/rows" batch=30 retries=20 backoff=1ms`;
      const { text } = await post(runUrl(server, pipeline), ips(100, 100));
      assert.equal(text, '{"into":"http","rows":100,"requests":4,"failed":0}\n');
      assert.equal(service.bodies.join(""), ips(100, 100));
      assert.deepEqual(service.bodies.map((body) => body.split("\n").length - 1), [30, 30, 30, 10]);
      assert.equal(new Set(service.keys).size, 4, "one key for all tries of a request");
    });
  });
});

test("rows that cannot be sent fail the run, or are counted", async () => {
  await withService({ delayMs: 0, failing: 1 }, async (service) => {
    await withServer({ LOOKUP_HOSTS: service.host }, async (server) => {
      const pipeline =
        `json | into http "http://${service.host}/rows" batch=10 retries=1 backoff=1ms`;
      const failed = await fetch(runUrl(server, pipeline), { method: "POST", body: ips(20, 20) });
      const text = await failed.text().catch(() => "");
      const report = await eventually(() =>
        server.runs.reports().find(({ state }) => state === "failed") ?? null
      );
      assert.deepEqual([report.error?.code, report.error?.message], [
        "dependency_failed",
        "Cannot send rows: The host answered 503",
      ]);
      assert.equal(text.includes('"into"'), false);
      const skipped = await post(runUrl(server, `${pipeline} on_error=skip`), ips(20, 20));
      assert.equal(skipped.text, '{"into":"http","rows":0,"requests":2,"failed":20}\n');
    });
  });
});
