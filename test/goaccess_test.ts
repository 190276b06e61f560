/**
 * A real log, uploaded: what the server counts against what GoAccess 1.7 counts (DATA_DIR, read in place).
 *
 * Line 8899 of the log is cut inside its user agent. GoAccess counts it, and so do we: a row, with the agent that is there.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { sharedFolder } from "./support/format_run.ts";
import { jsonLines } from "./support/logs.ts";
import { curl, runUrl, withServer } from "./support/server.ts";

interface Item {
  readonly hits: { readonly count: number };
  readonly bytes: { readonly count: number };
  readonly data: string;
  readonly method: string;
  readonly protocol: string;
}

interface Panel {
  readonly data: readonly (Item & { readonly items?: readonly Item[] })[];
}

interface GoAccess {
  readonly general: { readonly valid_requests: number; readonly bandwidth: number };
  readonly hosts: Panel;
  readonly status_codes: Panel;
  readonly requests: Panel;
  readonly static_requests: Panel;
  readonly not_found: Panel;
}

type Row = Record<string, string | number | boolean | null>;

const data = sharedFolder("DATA_DIR", "shared/data");

describe("apache_logs.log", { skip: data === null && "no DATA_DIR" }, () => {
  const expected = (): GoAccess =>
    JSON.parse(readFileSync(new URL("expected/goaccess_apache_logs.json", data!), "utf8"));

  async function answer(query: string): Promise<Row[]> {
    let rows: Row[] = [];
    await withServer({}, async (server) => {
      const file = new URL("apache_logs.log", data!).pathname;
      const { code, output } = await curl(["-T", file, runUrl(server, query)]);
      assert.equal(code, 0);
      rows = jsonLines(output) as Row[];
    });
    return rows;
  }

  it("has GoAccess's requests and bytes", async () => {
    const { valid_requests, bandwidth } = expected().general;
    assert.deepEqual(await answer("combined | stats count, sum(bytes) as bytes"), [
      { count: valid_requests, bytes: bandwidth },
    ]);
    assert.deepEqual([valid_requests, bandwidth], [10_000, 2_747_282_740]);
  });

  it("has GoAccess's statuses, with their bytes", async () => {
    const theirs = expected().status_codes.data.flatMap((panel) => panel.items ?? [])
      .map((item) => [Number.parseInt(item.data), item.hits.count, item.bytes.count]);
    const ours = await answer("combined | stats count, sum(bytes) as bytes by status");
    assert.deepEqual(
      ours.map((row) => [row["status"], row["count"], row["bytes"] ?? 0]).sort(),
      theirs.sort(),
    );
    assert.ok(ours.some((row) => row["status"] === 200 && row["count"] === 9126));
  });

  it("has GoAccess's top hosts, with their bytes", async () => {
    const theirs = expected().hosts.data.map((
      item,
    ) => [item.data, item.hits.count, item.bytes.count]);
    const ours = await answer("combined | stats count, sum(bytes) as bytes by ip | sort -count");
    const known = new Map(
      ours.map((row) => [row["ip"], [row["ip"], row["count"], row["bytes"] ?? 0]]),
    );
    assert.deepEqual(theirs.map(([ip]) => known.get(ip as string)), theirs);
    const least = theirs.at(-1)![1] as number;
    const above = ours.filter((row) => Number(row["count"]) > least).map((row) => row["count"]);
    assert.deepEqual(
      above,
      theirs.map(([, count]) => count).filter((count) => Number(count) > least),
    );
  });

  it("has GoAccess's requests by method, target and protocol", async () => {
    const { requests, static_requests, not_found } = expected();
    const theirs = (panels: readonly Panel[]) =>
      panels.flatMap((panel) => panel.data)
        .map((
          item,
        ) => [`${item.method} ${item.data} ${item.protocol}`, item.hits.count, item.bytes.count]);
    // GoAccess shows targets decoded and trimmed.
    const ours = await answer(
      "combined | let target = trim(url_decode(if(query == null, path, concat(path, '?', query)))) " +
        "| stats count, sum(bytes) as bytes by status == 404 as missing, method, target, protocol",
    );
    const known = new Map(ours.map((row) => [
      `${row["missing"]} ${row["method"]} ${row["target"]} ${row["protocol"]}`,
      [row["count"], row["bytes"] ?? 0],
    ]));
    const compare = (missing: boolean, panels: readonly Panel[]) => {
      const list = theirs(panels);
      assert.deepEqual(list.map(([key]) => [key, ...known.get(`${missing} ${key}`) ?? []]), list);
      return list.length;
    };
    assert.equal(compare(false, [requests, static_requests]), 732);
    assert.equal(compare(true, [not_found]), 70);
    assert.equal(ours.filter((row) => row["missing"] === true).length, 70);
  });
});
