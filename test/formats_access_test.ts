/**
 * Access logs: literal lines, real ones, and a plain twin of the scanner on random ones.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it, test } from "node:test";
import {
  BYTES_END,
  IDENT_END,
  IP_END,
  LINE_END,
  LINE_START,
  REQUEST_END,
  scanAccessLog,
  STRIDE,
  TIME_END,
  USER_END,
} from "../src/batch/access_scan.ts";
import { accessLog } from "../src/batch/access_log.ts";
import type { Row } from "../src/batch/column.ts";
import { parseAccessTime, writeInstant } from "../src/batch/timestamp.ts";
import combined from "../stages/combined.ts";
import common from "../stages/common.ts";
import { cutEvery, runFormat, sharedFolder, utf8 } from "./support/format_run.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

const HEAD = "10.0.0.1 - frank [17/May/2015:10:05:03 +0000]";

const rowOf = (line: string): Row => {
  const { rows, rejects } = runFormat(combined, [utf8(line)]);
  assert.deepEqual(rejects, []);
  return rows[0]!;
};
const reasonOf = (line: string, stage = combined): string =>
  runFormat(stage, [utf8(line)]).rejects[0]!.reason;

describe("combined", () => {
  it("reads all fields", () => {
    assert.deepEqual(rowOf(`${HEAD} "GET /a/b?c=1&d=2?e HTTP/1.1" 404 12 "http://r/" "Agent 1"`), {
      ip: "10.0.0.1",
      ident: null,
      user: "frank",
      time: new Date("2015-05-17T10:05:03Z"),
      method: "GET",
      path: "/a/b",
      query: "c=1&d=2?e",
      protocol: "HTTP/1.1",
      status: 404,
      bytes: 12,
      referer: "http://r/",
      agent: "Agent 1",
      request: "GET /a/b?c=1&d=2?e HTTP/1.1",
    });
  });
  it("reads a dash as null in every field", () => {
    const row = rowOf('- - - [-] "-" - - "-" "-"');
    assert.deepEqual(new Set(Object.values(row)), new Set([null]));
    assert.equal(Object.keys(row).length, 13);
  });
  it("keeps a request that is not METHOD TARGET PROTOCOL whole", () => {
    const requests = [
      "\\x16\\x03\\x01",
      "\\x16\\x03\\x01\\x01 \\x02",
      "GET",
      "GET /",
      "GET  HTTP/1.1",
      " / HTTP/1.1",
      "GET / HTTP/",
      "GET / HTTP",
      "G\\x01T / HTTP/1.1",
      "",
      "HTTP/1.1",
    ];
    for (const request of requests) {
      const row = rowOf(`${HEAD} "${request}" 400 0 "-" "-"`);
      const { method, path, query, protocol } = row;
      assert.deepEqual({ method, path, query, protocol }, {
        method: null,
        path: null,
        query: null,
        protocol: null,
      }, request);
      assert.equal(row["request"], request);
    }
  });
  it("splits requests of any method and protocol, spaces in the target too", () => {
    const parts = (request: string) => {
      const row = rowOf(`${HEAD} "${request}" 200 0 "-" "-"`);
      return [row["method"], row["path"], row["query"], row["protocol"]];
    };
    assert.deepEqual(parts("M-SEARCH * HTTP/1.0"), ["M-SEARCH", "*", null, "HTTP/1.0"]);
    assert.deepEqual(parts("GET /a b?c d HTTP/2"), ["GET", "/a b", "c d", "HTTP/2"]);
    assert.deepEqual(parts("OPTIONS rtsp://h/ RTSP/1.0"), [
      "OPTIONS",
      "rtsp://h/",
      null,
      "RTSP/1.0",
    ]);
    assert.deepEqual(parts("GET ? HTTP/1.1"), ["GET", "", "", "HTTP/1.1"]);
  });
  it("does not end a field at an escaped quote", () => {
    const row = rowOf(`${HEAD} "GET /\\"a\\\\ HTTP/1.1" 200 0 "r\\"" "say \\"hi\\""`);
    assert.deepEqual([row["path"], row["referer"], row["agent"]], [
      '/\\"a\\\\',
      'r\\"',
      'say \\"hi\\"',
    ]);
  });
  it("takes what a cut line has of referer and agent", () => {
    const tails = ['"', '"http://r', '"http://r"', '"http://r" ', '"http://r" "', '"r" "Age'];
    const found = tails.map((tail) => {
      const row = rowOf(`${HEAD} "GET / HTTP/1.1" 200 5 ${tail}`);
      return [row["referer"], row["agent"]];
    });
    assert.deepEqual(found, [
      ["", null],
      ["http://r", null],
      ["http://r", null],
      ["http://r", null],
      ["http://r", ""],
      ["r", "Age"],
    ]);
  });
  it("ignores what follows the agent", () => {
    assert.equal(rowOf(`${HEAD} "GET / HTTP/1.1" 200 5 "-" "a" "1.2.3.4" 0.05`)["agent"], "a");
  });
  it("reads addresses, host names and user names with spaces", () => {
    const row = rowOf('2001:db8::1 - john doe [17/May/2015:10:05:03 +0000] "-" 200 5 "-" "-"');
    assert.deepEqual([row["ip"], row["user"]], ["2001:db8::1", "john doe"]);
  });
  it("reads a time that is none as null", () => {
    for (const time of ["1234", "", "31/Feb/2015:10:05:03 +0000", "17/May/2015:24:05:03 +0000"]) {
      assert.equal(rowOf(`1.1.1.1 - - [${time}] "-" 200 5 "-" "-"`)["time"], null, time);
    }
  });
  it("says what is wrong with a line", () => {
    const cases: [string, string][] = [
      [
        "not a log line",
        'Expected an address, an identity, a user and a time in brackets, found "not a log line"',
      ],
      [
        'h 1.2.3.4 - - [17/May/2015:10:05:03 +0000] "-" 200 5 "-" "-"',
        "Expected three fields before the time, found more of them in " +
        '"h 1.2.3.4 - - [17/May/2015:10:05:03 +000..."',
      ],
      [
        `${HEAD} GET / 200`,
        'Expected a request in quotes after the time, found "[17/May/2015:10:05:03 +0000] GET / 200"',
      ],
      [
        `${HEAD} "GET / HTTP/1.1`,
        'Expected a closing quote after the request, found none after "GET / HTTP/1.1"',
      ],
      [`${HEAD} "-" 20x 5 "-" "-"`, 'Expected a status of three digits, found "20x"'],
      [`${HEAD} "-"`, "Expected a status of three digits, found the end of the line"],
      [`${HEAD} "-" 200`, 'Expected a status of three digits, found "200"'],
      [`${HEAD} "-" 200 5k "-" "-"`, 'Expected a size in bytes, found "5k"'],
      [`${HEAD} "-" 200 5 - -`, 'Expected a referer in quotes after the size, found "- -"'],
    ];
    for (const [line, reason] of cases) assert.equal(reasonOf(line), reason);
  });
});

describe("common", () => {
  it("reads lines with and without more behind the size", () => {
    for (const tail of ["", " ", ' "-" "-"', " 0.05 ms"]) {
      const { rows } = runFormat(common, [utf8(`${HEAD} "GET / HTTP/1.1" 200 5${tail}\n`)]);
      assert.deepEqual([rows[0]!["bytes"], "referer" in rows[0]!], [5, false]);
    }
  });
  it("does not read the end of a short time in the next line", () => {
    const line = 'a b c [12/Mar/15] "" - 5\n';
    const { rows, rejects } = runFormat(common, [utf8(`${line}12345678] "`)]);
    assert.deepEqual([rows.length, rejects.length], [1, 1]);
    assert.equal(rows[0]!["bytes"], 5);
  });
  it("rejects a size with something behind it", () => {
    const reason = 'Expected a size in bytes, found "5k"';
    assert.equal(reasonOf(`${HEAD} "GET / HTTP/1.1" 200 5k`, common), reason);
  });
});

const LINE = /^(.*?)\r?$/s;
/** The line as the documentation has it; look-aheads keep a group from being read a second way. */
const PLAIN = new RegExp(
  String
    .raw`^([^ ]+) ([^ ]+) (?=((?:(?! \[).)*))\3 (?=\[((?:../.../.{19}|[^\]]*)(?=\] ")))\[\4\] ` +
    String.raw`"(?=((?:[^"\\]|\\.)*))\5" (\d\d\d|-) (?=(\d+|-))\7( .*)?$`,
  "s",
);

/** The twin of scanAccessLog: a regular expression for each line of Latin-1 text. */
function scanPlainly(text: string, referer: boolean): (number[] | null)[] {
  const results: (number[] | null)[] = [];
  let start = 0;
  for (const whole of text.split("\n")) {
    const line = LINE.exec(whole)![1]!;
    if (line !== "") {
      const match = PLAIN.exec(line);
      const [ip, ident, user, time, request, status, bytes] = match?.slice(1) ?? [];
      const rest = match?.[8] ?? "";
      if (match === null || /^- /.test(user!) || (referer && !rest.startsWith(' "'))) {
        results.push(null);
      } else {
        const ipEnd = start + ip!.length;
        const identEnd = ipEnd + 1 + ident!.length;
        const userEnd = identEnd + 1 + user!.length;
        const timeEnd = userEnd + 2 + time!.length;
        const requestEnd = timeEnd + 3 + request!.length;
        const bytesEnd = requestEnd + 2 + status!.length + 1 + bytes!.length;
        results.push([
          start,
          ipEnd,
          identEnd,
          userEnd,
          timeEnd,
          requestEnd,
          bytesEnd,
          start + line.length,
        ]);
      }
    }
    start += whole.length + 1;
  }
  return results;
}

function scanned(bytes: Uint8Array, referer: boolean): (number[] | null)[] {
  const scan = scanAccessLog(bytes, 0, bytes.length, referer);
  const slots = [LINE_START, IP_END, IDENT_END, USER_END, TIME_END, REQUEST_END];
  slots.push(BYTES_END, LINE_END);
  const results: { at: number; offsets: number[] | null }[] = scan.faults.map((fault) => ({
    at: fault.start,
    offsets: null,
  }));
  for (let row = 0; row < scan.rows; row++) {
    const offsets = slots.map((slot) => scan.tape[row * STRIDE + slot]!);
    results.push({ at: offsets[0]!, offsets });
  }
  assert.equal(scan.rows + scan.faults.length + scan.empty, scan.lines);
  assert.equal(scan.next, bytes.length);
  return results.sort((left, right) => left.at - right.at).map((result) => result.offsets);
}

const SEEDS = [
  `${HEAD} "GET /a?b HTTP/1.1" 200 5 "-" "Mozilla/5.0 (X11; \\"q\\")"`,
  '::1 - - [-] "\\x16\\x03" - - "" "" "extra"',
  'a b c d [x] y [17/May/2015:10:05:03 +0000] "GET / HTTP/1.0" 404 - "r',
  '127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 2326',
  "\r",
];
const MUTATIONS = utf8(' "\\[]-/:0aé\r\n');

function mutated(random: () => number): Uint8Array {
  let text = "";
  for (let count = between(random, 1, 4); count > 0; count--) {
    text += SEEDS[between(random, 0, SEEDS.length - 1)]! + (random() < 0.5 ? "\n" : "\r\n");
  }
  let bytes = [...utf8(text)];
  for (let count = between(random, 0, 4); count > 0; count--) {
    const at = between(random, 0, bytes.length - 1);
    const kind = between(random, 1, 3);
    const byte = MUTATIONS[between(random, 0, MUTATIONS.length - 1)]!;
    if (kind === 1) bytes[at] = byte;
    else if (kind === 2) bytes.splice(at, between(random, 1, 5));
    else bytes.splice(at, 0, byte);
    if (bytes.length === 0) bytes = [10];
  }
  return Uint8Array.from(bytes);
}

test("the scanner and its plain twin agree on mutated lines", () =>
  forSeeds(4000, (random) => {
    const bytes = mutated(random);
    const text = String.fromCharCode(...bytes);
    for (const referer of [true, false]) {
      assert.deepEqual(scanned(bytes, referer), scanPlainly(text, referer), JSON.stringify(text));
    }
  }));

test("columns are the same in whatever order they are asked for", () =>
  forSeeds(300, (random) => {
    const bytes = mutated(random);
    const format = accessLog("combined");
    const whole = format.parse(bytes, 0, bytes.length).batch;
    const names = whole === null ? [] : [...whole.names];
    const expected = whole === null ? [] : [...whole.toRows()];
    names.sort(() => random() - 0.5);
    for (const name of names) {
      const single = format.parse(bytes, 0, bytes.length).batch!;
      expected.forEach((row, at) => assert.deepEqual(single.column(name)!.value(at), row[name]));
    }
  }));

describe("times", () => {
  const parse = (text: string) => parseAccessTime(utf8(text), 0, utf8(text).length);
  const instants: [string, string][] = [
    ["17/May/2015:10:05:03 +0000", "2015-05-17T10:05:03.000Z"],
    ["10/Oct/2000:13:55:36 -0700", "2000-10-10T20:55:36.000Z"],
    ["01/Jan/2020:00:30:00 +0545", "2019-12-31T18:45:00.000Z"],
    ["29/Feb/2024:23:59:60 +0000", "2024-03-01T00:00:00.000Z"],
    ["31/dec/1969:23:59:59 +0000", "1969-12-31T23:59:59.000Z"],
    ["01/MAR/0000:00:00:00 +0000", "0000-03-01T00:00:00.000Z"],
  ];
  for (const [text, iso] of instants) {
    it(text, () => assert.equal(new Date(parse(text)).toISOString(), iso));
  }
  const none = [
    "29/Feb/2023:00:00:00 +0000",
    "00/May/2015:10:05:03 +0000",
    "17/Mai/2015:10:05:03 +0000",
    "17/May/2015:10:60:03 +0000",
    "17/May/2015:10:05:61 +0000",
    "17/May/2015:10:05:03 +2400",
    "17/May/2015:10:05:03 +0060",
    "17/May/2015:10:05:03  0000",
    "17/May/2015:10:05:03 +000",
    "1x/May/2015:10:05:03 +0000",
    "17/May/20 5:10:05:03 +0000",
  ];
  for (const text of none) it(`${text} is none`, () => assert.equal(parse(text), NaN));
  it("of lines one after the other are those of each alone", () =>
    forSeeds(300, (random) => {
      const texts = Array.from({ length: between(random, 2, 40) }, () => {
        const minute = pickOne(random, [
          "17/May/2015:10:05:",
          "17/May/2015:10:06:",
          "17/may/2015:10:05:",
        ]);
        const second = pickOne(random, ["00", "07", "59", "60", "61", "5x", "x5", "-1"]);
        const zone = pickOne(random, [" +0000", " +0000", " -0700", " +2400", ""]);
        return random() < 0.1 ? pickOne(random, none) : minute + second + zone;
      });
      const lines = texts.map((text) => `- - - [${text}] "GET / HTTP/1.1" 200 1 "-" "-"\n`).join(
        "",
      );
      const { batch } = accessLog("combined").parse(utf8(lines), 0, utf8(lines).length);
      const times = batch!.column("time")!;
      texts.forEach((text, row) => {
        assert.deepEqual(Number(times.value(row) ?? NaN), parse(text), `${text} in row ${row}`);
      });
    }));
  it("print as Date.toISOString prints them", () =>
    forSeeds(500, (random) => {
      const milliseconds = between(random, -62_167_219_200_000, 253_402_300_799_999);
      const target = new Uint8Array(24);
      assert.equal(writeInstant(target, 0, milliseconds), true);
      assert.equal(new TextDecoder().decode(target), new Date(milliseconds).toISOString());
    }));
});

const data = sharedFolder("DATA_DIR", "shared/data");
test("totals of a real log are GoAccess's", { skip: data === null && "no DATA_DIR" }, () => {
  const log = new Uint8Array(readFileSync(new URL("apache_logs.log", data!)));
  const { rows, rejects, lines } = runFormat(combined, cutEvery(log, 60_000));
  assert.deepEqual([rows.length, rejects.length, lines], [10_000, 0, 10_000]);
  assert.equal(rows.filter((row) => row["status"] === 200).length, 9126);
  assert.equal(rows.reduce((sum, row) => sum + Number(row["bytes"]), 0), 2_747_282_740);
  const pattern =
    /^(\S+) (\S+) (\S+) \[([^\]]+)\] "(\S+) (\S+) (\S+)" (\d+) (\d+|-) "([^"]*)" "(.*)"$/;
  let compared = 0;
  new TextDecoder().decode(log).split("\n").forEach((line, index) => {
    const match = pattern.exec(line);
    if (match === null) return;
    const [ip, , , , method, target, protocol, , , referer, agent] = match.slice(1);
    const row = rows[index]!;
    const path = target!.split("?")[0];
    const dash = (text: string | undefined) => text === "-" ? null : text;
    assert.deepEqual(
      [row["ip"], row["method"], row["path"], row["protocol"], row["referer"], row["agent"]],
      [ip, method, path, protocol, dash(referer), dash(agent)],
    );
    compared++;
  });
  assert.ok(compared > 9_900, `compared ${compared}`);
});
