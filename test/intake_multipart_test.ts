import { test } from "node:test";
import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { RunError } from "../src/errors.ts";
import type { IntakeFigures } from "../src/intake/byte_source.ts";
import { UnsupportedEncoding } from "../src/intake/codings.ts";
import type { IntakeLimits } from "../src/intake/intake.ts";
import { type MultipartUpload, openMultipart } from "../src/intake/multipart.ts";
import { body, cut, type Recorded } from "./support/bodies.ts";

const BOUNDARY = "----WebKitFormBoundaryAbC123";
const CONTENT_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;
const Q = 'Content-Disposition: form-data; name="q"\r\n\r\ncombined | stats count';
const FILE =
  'Content-Disposition: form-data; name="file"; filename="a.log"\r\nContent-Type: text/plain\r\n\r\n';

/** Latin-1, so that every byte can be written as a character. */
function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

function latin1(data: Uint8Array): string {
  return Array.from(data, (byte) => String.fromCharCode(byte)).join("");
}

/** A form of these parts, each headers and content. */
function form(...parts: string[]): Uint8Array {
  return bytes(
    parts.map((part) => `--${BOUNDARY}\r\n${part}\r\n`).join("") + `--${BOUNDARY}--\r\n`,
  );
}

function open(
  source: Recorded,
  options: { contentType?: string | null; contentEncoding?: string; limits?: IntakeLimits } = {},
  figures: IntakeFigures = { wireBytes: 0, bytes: 0 },
): Promise<MultipartUpload> {
  const { contentType = CONTENT_TYPE, contentEncoding = null } = options;
  const limits = options.limits ?? { maxBodyBytes: Infinity };
  return openMultipart(source.stream, { contentType, contentEncoding }, limits, figures);
}

async function drain(
  stream: ReadableStream<Uint8Array>,
): Promise<{ data: Uint8Array; fault?: unknown }> {
  const chunks: Uint8Array[] = [];
  const reader = stream.getReader();
  let ending: { fault?: unknown } = {};
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      chunks.push(read.value);
    }
  } catch (fault) {
    ending = { fault };
  }
  return { data: new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer()), ...ending };
}

/** The form's file as text; throws what the form or the file failed with. */
async function fileOf(source: Recorded, options = {}): Promise<string> {
  const { data, fault } = await drain((await open(source, options)).file.stream);
  if (fault !== undefined) throw fault;
  return latin1(data);
}

/** The RunError with which reading the whole form ends. */
async function faultOf(source: Recorded, options = {}): Promise<RunError> {
  try {
    await fileOf(source, options);
  } catch (fault) {
    assert.ok(fault instanceof RunError, `Expected a RunError, found ${fault}`);
    return fault;
  }
  throw new Error("Expected a RunError, found a clean end");
}

test("fields come first, then the file streams, at every chunk size", async () => {
  const every = 'Content-Disposition: form-data; name="every"\r\n\r\n1s';
  const data = form(Q, every, FILE + "GET /a 200\r\nGET /b 404\n");
  for (let size = 1; size <= data.byteLength; size++) {
    const figures = { wireBytes: 0, bytes: 0 };
    const { fields, file } = await open(body(cut(data, size)), {}, figures);
    assert.deepEqual([...fields], [["q", "combined | stats count"], ["every", "1s"]]);
    assert.equal(file.name, "a.log");
    assert.equal(file.contentType, "text/plain");
    assert.equal(latin1((await drain(file.stream)).data), "GET /a 200\r\nGET /b 404\n");
    assert.deepEqual(figures, { wireBytes: data.byteLength, bytes: 23 });
  }
});

test("names and files as different clients write them", async () => {
  const table: [headers: string, name: string | undefined][] = [
    ["content-disposition:form-data;name=file;filename=a.log", "a.log"],
    [
      'Content-Disposition: form-data; filename="a; name=\\"q\\".log"; name="upload"',
      'a; name="q".log',
    ],
    ['Content-Disposition: form-data; name="f"; filename="a%22b.log"', 'a"b.log'],
    ['Content-Disposition: form-data; name="f"; filename="C:\\logs\\a.log"', "C:\\logs\\a.log"],
    ['Content-Disposition: form-data; name="f"; filename=""', undefined],
    ['Content-Disposition: form-data; name="file"', undefined],
  ];
  for (const [headers, name] of table) {
    const { file } = await open(body([form(`${headers}\r\n\r\ndata`)]));
    assert.equal(file.name, name, headers);
    assert.equal("contentType" in file, false);
    assert.equal(latin1((await drain(file.stream)).data), "data");
  }
});

test("boundaries as different clients write them, with preamble, padding and epilogue", async () => {
  const part = 'Content-Disposition: form-data; name="file"\r\n\r\ndata';
  const types = [
    "multipart/form-data; boundary=b-1",
    'Multipart/Form-Data; charset=utf-8; Boundary="b-1"',
    "multipart/form-data;boundary=b-1; charset=utf-8",
  ];
  for (const contentType of types) {
    const text = `advice for mail readers\r\n--b-1 \t\r\n${part}\r\n--b-1--\r\nepilogue`;
    assert.equal(await fileOf(body(cut(bytes(text), 1)), { contentType }), "data");
    assert.equal(
      await fileOf(body([bytes(`--b-1\r\n${part}\r\n--b-1--`)]), { contentType }),
      "data",
    );
  }
});

test("an empty file and empty fields", async () => {
  const { fields, file } = await open(body([form(Q.replace(/\r\n\r\n.*/, "\r\n\r\n"), FILE)]));
  assert.equal(fields.get("q"), "");
  assert.deepEqual(await drain(file.stream), { data: new Uint8Array(0) });
});

test("a compressed file is decoded by its first bytes, its part's header or the request's", async () => {
  const text = "GET /a 200\n".repeat(1000);
  for (const compress of [gzipSync, zstdCompressSync]) {
    const part = FILE + latin1(compress(bytes(text)));
    assert.equal(await fileOf(body(cut(form(Q, part), 11))), text);
  }
  const declared = "Content-Encoding: gzip\r\n" + FILE + latin1(gzipSync(text));
  assert.equal(await fileOf(body([form(declared)])), text);
  const whole = gzipSync(form(Q, FILE + latin1(gzipSync(text))));
  assert.equal(await fileOf(body(cut(whole, 5)), { contentEncoding: "gzip" }), text);
});

test("file bytes are passed on while the upload stays open", async () => {
  const head = bytes(`--${BOUNDARY}\r\n${FILE}`);
  const { file } = await open(body([head, bytes("1"), bytes("a\r\n--"), bytes("x")], "open"));
  const reader = file.stream.getReader();
  const given: string[] = [];
  for (let i = 0; i < 3; i++) given.push(latin1((await reader.read()).value ?? bytes("")));
  assert.deepEqual(given, ["1", "a", "\r\n--x"]);
  await reader.cancel();
});

test("a form cut or ended at any byte never ends cleanly", async () => {
  const data = form(Q, FILE + "GET /a 200\r\n--GET /b\r\n");
  // The last CR LF is not needed: the closing delimiter is whole before it
  for (let at = 0; at < data.byteLength - 2; at++) {
    const ended = await faultOf(body([data.subarray(0, at)]));
    assert.equal(
      ended.message,
      "Broken multipart body: it ends before its closing delimiter, send the whole body again",
    );
    assert.equal(ended.code, "bad_encoding");
  }
  for (let at = 0; at <= data.byteLength; at++) {
    const cause = new Error("reset");
    const fault = await faultOf(body([data.subarray(0, at)], cause));
    assert.equal(fault.code, "upload_cut");
    assert.equal(fault.cause, cause);
    const own = new RunError("timeout", "Run took longer than 30 s");
    assert.equal(await faultOf(body([data.subarray(0, at)], own)), own);
  }
});

test("broken forms say what is wrong and what would work", async () => {
  const field = (name: string) => `Content-Disposition: form-data; name="${name}"\r\n\r\nv`;
  const table: [data: Uint8Array, message: string][] = [
    [
      form(Q),
      "no file in it, found the fields q, send the data as a part with a filename or named file",
    ],
    [
      bytes(`--${BOUNDARY}--`),
      "no file in it, found no fields, send the data as a part with a filename or named file",
    ],
    [form(Q, Q, FILE), "the field q is given twice"],
    [
      form(FILE + "data", Q),
      "the part q follows the file, put fields before it and send one file a request",
    ],
    [
      form(FILE + "data", FILE + "more"),
      "the part file follows the file, put fields before it and send one file a request",
    ],
    [
      form(...Array.from({ length: 33 }, (_, i) => field(`f${i}`)), FILE),
      "more than 32 fields stand before the file",
    ],
    [
      form(field("q") + "v".repeat(65536), FILE),
      "the field q is longer than 65536 bytes, data goes into a part with a filename or named file",
    ],
    [form(field("q") + "\xff", FILE), "the field q is not UTF-8 text"],
    [
      form("Content-Disposition: attachment\r\n\r\nv"),
      'a part\'s Content-Disposition is "attachment", it must be form-data with a name',
    ],
    [form("\r\nv"), 'a part\'s Content-Disposition is "", it must be form-data with a name'],
    [form("no colon\r\n\r\nv"), 'a part\'s header is "no colon", it needs a name and a colon'],
    [form("A: " + "a".repeat(20_000)), "a part's headers are longer than 16384 bytes"],
    [
      form("Content-Transfer-Encoding: base64\r\n" + FILE + "data"),
      "Content-Transfer-Encoding base64 is not decoded, send the bytes as they are",
    ],
    [bytes(`--${BOUNDARY}junk`), 'found "ju" after a boundary where a line must end'],
    [
      bytes("a".repeat(70_000)),
      "no delimiter in its first 65536 bytes, the boundary in Content-Type must be the one in the body",
    ],
    [
      bytes(latin1(form(FILE)) + "e".repeat(70_000)),
      "more than 65536 bytes follow its closing delimiter, nothing may",
    ],
  ];
  for (const [data, message] of table) {
    // That a form has no file is only known at its end
    const ends = message.startsWith("no file");
    const source = body([data], ends ? undefined : "open");
    const fault = await faultOf(source);
    assert.equal(fault.code, "bad_encoding");
    assert.equal(fault.message, `Broken multipart body: ${message}`);
    assert.deepEqual(source.cancelled, ends ? [] : [fault]);
  }
});

test("a Content-Type without a usable boundary is refused with the body untouched", async () => {
  const tail = ", it must be multipart/form-data with a boundary of 1 to 70 characters";
  const table: [contentType: string | null, found: string][] = [
    [null, "missing"],
    ["text/plain", '"text/plain"'],
    ["multipart/form-data", '"multipart/form-data"'],
    ["multipart/form-data; boundary=", '"multipart/form-data; boundary="'],
    ["multipart/mixed; boundary=b", '"multipart/mixed; boundary=b"'],
    [
      `multipart/form-data; boundary=${"b".repeat(71)}`,
      `"multipart/form-data; boundary=${"b".repeat(71)}"`,
    ],
  ];
  for (const [contentType, found] of table) {
    const source = body([form(FILE)]);
    const fault = await faultOf(source, { contentType });
    assert.equal(fault.message, `Broken multipart body: Content-Type is ${found}${tail}`);
    assert.equal(source.stream.locked, false);
  }
});

test("an unsupported coding is refused, of the request with the body untouched", async () => {
  const untouched = body([form(FILE)]);
  await assert.rejects(open(untouched, { contentEncoding: "compress" }), UnsupportedEncoding);
  assert.equal(untouched.stream.locked, false);
  const part = body([form("Content-Encoding: compress\r\n" + FILE)]);
  await assert.rejects(open(part), UnsupportedEncoding);
  assert.equal(part.cancelled.length, 1);
});

test("the ceilings hold for forms", async () => {
  const source = body([form(Q), form(FILE)]);
  const fault = await faultOf(source, { limits: { maxBodyBytes: 50 } });
  assert.equal(fault.code, "body_too_large");
  assert.deepEqual(source.cancelled, [fault]);
  const bomb = FILE + latin1(gzipSync(new Uint8Array(30_000_000)));
  assert.equal((await faultOf(body(cut(form(bomb), 1000)))).code, "inflation_limit");
});

test("nothing of the file is read before it is asked for, and cancelling reaches the source once", async () => {
  const pieces = [form(FILE).subarray(0, 150), ...cut(new Uint8Array(5_000_000).fill(97), 65536)];
  for (const reads of [0, 1, 5]) {
    const source = body(pieces, "open");
    const reader = (await open(source)).file.stream.getReader();
    for (let i = 0; i < reads; i++) await reader.read();
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(source.pulled <= 200 + reads * 65536, `${source.pulled} after ${reads} reads`);
    const pending = reader.read();
    await reader.cancel("gone");
    await pending;
    assert.deepEqual(source.cancelled, ["gone"]);
  }
});

/** The whole numbers below `below`, the same for the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

test("any content that holds no delimiter comes through any cuts", async () => {
  const fragments = [
    "\r",
    "\n",
    "-",
    "--",
    "\r\n",
    "\r\n-",
    "\r\n--",
    "\0",
    "\xff",
    "a",
    BOUNDARY.slice(0, -1),
  ]
    .concat([`\r\n--${BOUNDARY.slice(0, -1)}`, `--${BOUNDARY}`, "GET /a 200"]);
  for (let round = 0; round < 2000; round++) {
    const seed = 20261121 + round;
    const next = random(seed);
    let content = "";
    for (let i = next(40); i > 0; i--) content += fragments[next(fragments.length)];
    content = content.replaceAll(`\r\n--${BOUNDARY}`, "");
    if (content.includes(`\r\n--${BOUNDARY}`)) continue;
    const data = form(Q, FILE + content);
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < data.byteLength;) {
      const size = 1 + next(next(2) === 0 ? 4 : 60);
      pieces.push(data.subarray(at, at + size));
      at += size;
    }
    assert.equal(await fileOf(body(pieces)), content, `seed ${seed}`);
  }
});
