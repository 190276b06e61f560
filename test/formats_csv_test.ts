/**
 * `csv` and `tsv`: literal records, a plain reference parser on random ones, and what the framing bounds.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it, test } from "node:test";
import type { Row } from "../src/batch/column.ts";
import { RunError } from "../src/errors.ts";
import csv from "../stages/csv.ts";
import tsv from "../stages/tsv.ts";
import { cutEvery, cutRandomly, runFormat, sharedFolder, utf8 } from "./support/format_run.ts";
import { cut, everyByte, randomCuts, run } from "./support/operators.ts";
import { between, forSeeds, pickOne } from "./support/random.ts";

const rowsOf = (upload: string) => runFormat(csv, [utf8(upload)]).rows;
const rejectsOf = (upload: string) =>
  runFormat(csv, [utf8(upload)]).rejects.map(({ line, offset, reason, text }) => [
    line,
    offset,
    reason,
    text,
  ]);
const fault = (code: string, message: string) => (thrown: unknown) =>
  thrown instanceof RunError && thrown.code === code && thrown.message === message;

describe("csv", () => {
  it("tells an empty field from an empty quoted one", () => {
    assert.deepEqual(rowsOf('a,b,c\n,"",""""\n'), [{ a: null, b: "", c: '"' }]);
  });
  it("takes a quote inside an unquoted field as text", () => {
    assert.deepEqual(rowsOf('a,b\n5" disk,x""y\n'), [{ a: '5" disk', b: 'x""y' }]);
  });
  it("unescapes one column and leaves another's quotes alone", () => {
    const upload = 'a,b\n"x""y",p""q\nplain,"r"\n,""\n';
    assert.deepEqual(rowsOf(upload), [
      { a: 'x"y', b: 'p""q' },
      { a: "plain", b: "r" },
      { a: null, b: "" },
    ]);
  });
  it("skips empty lines and a byte order mark, in pieces of any size", () => {
    const upload = utf8('\ufeff\r\n\n"a",b\r\n\r\n1,2\r\n3,4\r');
    for (let size = 1; size < 6; size++) {
      const { rows, lines } = runFormat(csv, cutEvery(upload, size));
      assert.deepEqual([rows, lines], [[{ a: "1", b: "2" }, { a: "3", b: "4" }], 2]);
    }
    assert.deepEqual(runFormat(csv, [Uint8Array.of(0xef), Uint8Array.of(0xbb)]).rows, []);
  });
  it("names what the header leaves out or repeats, whatever the names", () => {
    assert.deepEqual(
      rowsOf("id,id,,id_2,__proto__\n1,2,3,4,5\n").map((row) => Object.entries(row)),
      [[["id", "1"], ["id_3", "2"], ["c3", "3"], ["id_2", "4"], ["__proto__", "5"]]],
    );
  });
  it("says where a record is wrong and goes on behind it", () => {
    const upload = 'a,b\n1\n"x\ny",2\n1,2,3\n"p"q,"\n5,6\n"open,\n';
    assert.deepEqual(rowsOf(upload), [{ a: "x\ny", b: "2" }, { a: "5", b: "6" }]);
    assert.deepEqual(rejectsOf(upload), [
      [2, 4, "Expected 2 fields, found 1", "1"],
      [5, 14, "Expected 2 fields, found 3", "1,2,3"],
      [6, 20, 'Expected a separator after the closing quote, found "q,""', '"p"q,"'],
      [8, 31, "Expected a closing quote, found the end of the upload", '"open,'],
    ]);
  });
  it("cannot go on without a header", () => {
    assert.throws(
      () => rowsOf('\n"a"b\n1\n'),
      fault(
        "nothing_parsed",
        "Cannot read the header in line 2: " +
          'Expected a separator after the closing quote, found "b"',
      ),
    );
    assert.throws(
      () => rowsOf(",".repeat(10_000)),
      fault("nothing_parsed", "Cannot read a record of 10001 fields; at most 10000 are allowed"),
    );
    assert.throws(
      () => runFormat(csv, [utf8("a".repeat(17))], 16),
      fault("nothing_parsed", "Cannot read the header in line 1: Record of more than 16 bytes"),
    );
  });
  it("passes a header over when the columns are named", async () => {
    const { output } = await run("csv columns=(x, y) header=yes", "a,b,c\n1,2\n");
    assert.equal(output, '{"x":"1","y":"2"}\n');
  });
  it("lets the first record decide the width without names", async () => {
    const { output, rejects } = await run("csv header=no", "1,2\n3\n4,5\n");
    assert.equal(output, '{"c1":"1","c2":"2"}\n{"c1":"4","c2":"5"}\n');
    assert.deepEqual(rejects.map(({ line, reason }) => [line, reason]), [
      [2, "Expected 2 fields, found 1"],
    ]);
  });
  it("takes one ASCII character as separator", async () => {
    await assert.rejects(run('csv separator=";;"', ""), /A separator is one ASCII character/);
    const { output } = await run('csv separator="\\t"', 'a\tb\n"1\t2"\t3\n');
    assert.equal(output, '{"a":"1\\t2","b":"3"}\n');
  });
});

describe("a record that is too long", () => {
  it("is one reject wherever it is cut, and its quotes still count", () => {
    const upload = utf8(`a,b\n1,2\n"${"x\n".repeat(20)}",3\n4,5\n${"y".repeat(17)}\n6,7`);
    const rejects = [
      {
        line: 3,
        offset: 8,
        reason: "Record of more than 16 bytes",
        text: '"x\nx\nx\nx\nx\nx\nx\nx',
      },
      { line: 25, offset: 57, reason: "Record of more than 16 bytes", text: "y".repeat(16) },
    ];
    for (const size of [1, 2, 3, 7, 16, 17, 18, 50, 1000]) {
      const answer = runFormat(csv, cutEvery(upload, size), 16);
      assert.deepEqual(answer.rows, [{ a: "1", b: "2" }, { a: "4", b: "5" }, { a: "6", b: "7" }]);
      assert.deepEqual(answer.rejects, rejects);
      assert.deepEqual([answer.lines, answer.heldAfterwards], [5, 0]);
    }
  });
  it("of 50 MB is never held", () => {
    const chunk = new Uint8Array(64 * 1024).fill(120);
    function* upload() {
      yield utf8('a\n1\n"');
      for (let sent = 0; sent < 800; sent++) yield chunk;
      yield utf8('"\n2\n');
    }
    const answer = runFormat(csv, upload());
    assert.deepEqual(answer.rows, [{ a: "1" }, { a: "2" }]);
    assert.equal(answer.rejects[0]!.reason, "Record of more than 1048576 bytes");
    assert.ok(answer.mostHeld <= 1024 * 1024, `held ${answer.mostHeld}`);
  });
});

/** The same language by another way: character by character over the whole text. */
function reference(text: string): { rows: Row[]; reasons: string[] } {
  const records: { fields: (string | null)[]; broken: string | null }[] = [];
  let at = 0;
  while (at < text.length) {
    const fields: (string | null)[] = [];
    let broken: string | null = null;
    for (let more = true; more;) {
      more = false;
      const quoted = /^"((?:[^"]|"")*)("?)/.exec(text.slice(at));
      const plain = /^[^,\n]*/.exec(text.slice(at))![0];
      at += quoted?.[0].length ?? plain.length;
      if (quoted === null) {
        const value = text[at] === "," ? plain : plain.replace(/\r$/, "");
        fields.push(value === "" ? null : value);
      } else if (quoted[2] === "") {
        broken = "Expected a closing quote";
      } else {
        fields.push(quoted[1]!.replaceAll('""', '"'));
        const rest = /^[^\n]*/.exec(text.slice(at))![0];
        if (rest === "\r") at++;
        else if (rest !== "" && rest[0] !== ",") {
          broken = "Expected a separator";
          at += rest.length;
        }
      }
      if (broken === null && text[at] === ",") {
        at++;
        more = true;
      }
    }
    at++;
    if (broken !== null || fields.length > 1 || fields[0] !== null) {
      records.push({ fields, broken });
    }
  }
  const rows: Row[] = [];
  const reasons: string[] = [];
  for (const { fields, broken } of records) {
    if (broken !== null) reasons.push(broken);
    else if (fields.length === 3) rows.push({ a: fields[0]!, b: fields[1]!, c: fields[2]! });
    else reasons.push(`Expected 3 fields, found ${fields.length}`);
  }
  return { rows, reasons };
}

test("random records, cut anywhere, read as a plain parser reads them", async () => {
  const pieces = [",", ",", ",", "\n", "\n", "\r\n", '"', '"', '""', "x", "é", "12", "\r", '"a,b"'];
  await forSeeds(1500, (random) => {
    const records = Array.from(
      { length: between(random, 0, 12) },
      () =>
        random() < 0.5
          ? 'x,"a\n""b""",\r\n'
          : Array.from({ length: between(random, 0, 14) }, () => pickOne(random, pieces)).join(""),
    );
    const text = records.join("");
    const expected = reference(text);
    const chunks = cutRandomly(utf8(`a,b,c\n${text}`), pickOne(random, [1, 3, 12, 200]), random);
    const answer = runFormat(csv, chunks, pickOne(random, [500, 1 << 20]));
    assert.deepEqual(answer.rows, expected.rows, JSON.stringify(text));
    assert.deepEqual(
      answer.rejects.map(({ reason }, index) => reason.startsWith(expected.reasons[index]!)),
      expected.reasons.map(() => true),
      JSON.stringify(text),
    );
    assert.equal(answer.lines, answer.rows.length + answer.rejects.length);
  });
});

test("every answer is independent of the cuts, bounds of 24 bytes included", async () => {
  const pieces = [",", "\n", "\r\n", '"', '""', "xyz", "é", '"a\nb"', "a,b\n", "longer than that "];
  await forSeeds(400, (random) => {
    const body = Array.from({ length: between(random, 0, 60) }, () => pickOne(random, pieces));
    const bytes = utf8(`${random() < 0.3 ? "\ufeff" : ""}a,b\n${body.join("")}`);
    const { rows, rejects, lines } = runFormat(csv, [bytes], 24);
    for (const cuts of [randomCuts(random, bytes.length), everyByte(bytes.length)]) {
      const other = runFormat(csv, cut(bytes, cuts), 24);
      assert.deepEqual([other.rows, other.rejects, other.lines], [rows, rejects, lines]);
      assert.equal(other.heldAfterwards, 0);
    }
  });
});

test("batches larger than a block, and few rows of many", async () => {
  const lines = Array.from({ length: 60_000 }, (_, index) => `${index},"v ""${index}""",z`);
  const answer = runFormat(csv, cutEvery(utf8(`a,b,c\n${lines.join("\n")}`), 65_536));
  assert.equal(answer.rows.length, 60_000);
  assert.deepEqual(answer.rows[59_999], { a: "59999", b: 'v "59999"', c: "z" });
  const { output } = await run("csv | where a = 4711 or a = 59000", `a,b,c\n${lines.join("\n")}`);
  assert.equal(
    output,
    '{"a":"4711","b":"v \\"4711\\"","c":"z"}\n{"a":"59000","b":"v \\"59000\\"","c":"z"}\n',
  );
});

test("tsv: quotes are text, tabs separate, carriage returns end", () => {
  const { rows } = runFormat(tsv, [utf8('a\tb\r\n"x\t\r\n\t""\n')]);
  assert.deepEqual(rows, [{ a: '"x', b: null }, { a: null, b: '""' }]);
});

const data = sharedFolder("DATA_DIR", "shared/data");
const skip = data === null && "no DATA_DIR";

/** Runs `pipeline` over a file and compares group counts with Miller's, whose keys are column numbers. */
async function compare(
  pipeline: string,
  file: string,
  expected: string,
  without: string | null = null,
) {
  const bytes = new Uint8Array(readFileSync(new URL(file, data!)));
  const cuts = Array.from(
    { length: Math.floor(bytes.length / 65_536) },
    (_, i) => (i + 1) * 65_536,
  );
  const { rows, rejects } = await run(pipeline, bytes, { cuts });
  const told = readFileSync(new URL(`expected/${expected}`, data!), "utf8").trim().split("\n")
    .map((line) => JSON.parse(line)).filter((row) => row["5"] !== without);
  const counts = (list: readonly (readonly [unknown, unknown])[]) =>
    list.map(([key, count]) => `${key ?? ""} ${count}`).sort();
  assert.deepEqual(
    counts(rows.map((row) => [row["c5"], row["count"]])),
    counts(told.map((row) => [row["5"], row["count"]])),
  );
  return rejects.map(({ line, reason }) => [line, reason]);
}

test("Miller's counts of zip codes by state", { skip }, async () => {
  // Miller pads the one ragged record, in which a typographic quote stands for a field's end; here it is a reject.
  const rejects = await compare(
    "csv header=no | stats count by c5",
    "usfec_zip_codes.csv",
    "mlr_zip_by_state.ndjson",
    "SAN FRANCISCO",
  );
  assert.deepEqual(rejects, [[39_808, "Expected 7 fields, found 6"]]);
});

test("Miller's counts of places by state", { skip }, async () => {
  const rejects = await compare(
    "tsv header=no | stats count by c5",
    "geonames_US.tsv",
    "mlr_geonames_by_state.ndjson",
  );
  assert.deepEqual(rejects, []);
});
