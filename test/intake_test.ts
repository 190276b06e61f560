import { test } from "node:test";
import assert from "node:assert/strict";
import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import { RunError } from "../src/errors.ts";
import type { IntakeFigures } from "../src/intake/byte_source.ts";
import { recognise, UnsupportedEncoding } from "../src/intake/codings.ts";
import { type IntakeLimits, openBody } from "../src/intake/intake.ts";
import { body, cut, type Recorded } from "./support/bodies.ts";

const TEXT = "GET /a 200\nGET /b 404\nGET /a 200\nGET /a 200\n";
const UNLIMITED: IntakeLimits = { maxBodyBytes: Infinity };
const SKIPPABLE = new Uint8Array([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

/** At its default quality brotli takes seconds for what is tested here. */
function brotli(data: Uint8Array): Uint8Array {
  return brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } });
}

const ENCODINGS: [encoding: string, compress: (data: Uint8Array) => Uint8Array][] = [
  ["gzip", gzipSync],
  ["X-GZip", gzipSync],
  ["br", brotli],
  ["zstd", zstdCompressSync],
  ["deflate", deflateSync],
  ["deflate", deflateRawSync],
  ["gzip, br", (data) => brotli(gzipSync(data))],
  ["deflate , identity,ZSTD", (data) => zstdCompressSync(deflateRawSync(data))],
];

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

function figures(): IntakeFigures {
  return { wireBytes: 0, bytes: 0 };
}

/** Everything the stream gives, and what it failed with, if it did. A slow reader lets `turnsBetween` its reads go by. */
async function drain(
  stream: ReadableStream<Uint8Array>,
  turnsBetween = 0,
): Promise<{ data: Uint8Array; fault?: unknown }> {
  const chunks: Uint8Array[] = [];
  const reader = stream.getReader();
  let ending: { fault?: unknown } = {};
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      chunks.push(read.value);
      await turns(turnsBetween);
    }
  } catch (fault) {
    ending = { fault };
  }
  return { data: new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer()), ...ending };
}

async function text(stream: ReadableStream<Uint8Array>): Promise<string> {
  const { data, fault } = await drain(stream);
  if (fault !== undefined) throw fault;
  return new TextDecoder().decode(data);
}

function open(
  source: Recorded,
  contentEncoding: string | null,
  limits: IntakeLimits = UNLIMITED,
  counted: IntakeFigures = figures(),
): ReadableStream<Uint8Array> {
  return openBody(source.stream, { contentEncoding }, limits, counted);
}

function runError(fault: unknown): RunError {
  assert.ok(fault instanceof RunError, `Expected a RunError, found ${fault}`);
  return fault;
}

/** Lets pending work of streams and zlib's threads go on for a while, without a timer. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Bytes that do not compress, the same in every run. */
function noise(size: number, seed = 7): Uint8Array {
  const data = new Uint8Array(size);
  for (let i = 0, state = seed; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state >>> 24;
  }
  return data;
}

/** About 2.4 MB of lines, every one different. */
function manyLines(): Uint8Array {
  const lines = Array.from(
    { length: 50_000 },
    (_, i) => `${i} GET /path/${(i * 7919) % 5003} 200 some more text\n`,
  );
  return bytes(lines.join(""));
}

test("plain bodies pass as the very chunks that came", async () => {
  for (const encoding of [null, "", "identity"]) {
    const pieces = [bytes("one\n"), bytes("two\n")];
    const counted = figures();
    const reader = open(body(pieces), encoding, UNLIMITED, counted).getReader();
    assert.equal((await reader.read()).value, pieces[0]);
    assert.equal((await reader.read()).value, pieces[1]);
    assert.deepEqual(await reader.read(), { done: true, value: undefined });
    assert.deepEqual(counted, { wireBytes: 8, bytes: 8 });
  }
});

test("an empty plain body is an empty stream, and empty chunks are dropped", async () => {
  assert.equal(await text(open(body([]), null)), "");
  assert.equal(await text(open(body([bytes(""), bytes("a"), bytes("")]), null)), "a");
});

test("every coding decodes, however the body is cut", async () => {
  for (const [encoding, compress] of ENCODINGS) {
    const data = compress(bytes(TEXT));
    for (const size of [1, 2, 3, 7, 20, data.byteLength]) {
      const counted = figures();
      const decoded = await text(open(body(cut(data, size)), encoding, UNLIMITED, counted));
      assert.equal(decoded, TEXT, `${encoding} in chunks of ${size}`);
      assert.deepEqual(counted, { wireBytes: data.byteLength, bytes: TEXT.length });
    }
  }
});

test("every coding decodes megabytes to the same bytes", async () => {
  const data = manyLines();
  for (const [encoding, compress] of ENCODINGS) {
    const result = await drain(open(body(cut(compress(data), 50_000)), encoding));
    assert.equal(result.fault, undefined);
    assert.ok(equal(result.data, data), encoding);
  }
});

function equal(left: Uint8Array, right: Uint8Array): boolean {
  return left.byteLength === right.byteLength && left.every((byte, i) => byte === right[i]);
}

test("further gzip members and zstd frames are decoded, at every cut", async () => {
  const bodies: [string, Uint8Array][] = [
    [
      "gzip",
      concat(
        gzipSync("GET /a 200\nGET /b 404\n"),
        gzipSync(""),
        gzipSync("GET /a 200\nGET /a 200\n"),
      ),
    ],
    [
      "zstd",
      concat(
        SKIPPABLE,
        zstdCompressSync("GET /a 200\nGET /b 404\n"),
        zstdCompressSync(""),
        SKIPPABLE,
        zstdCompressSync("GET /a 200\nGET /a 200\n"),
        SKIPPABLE,
      ),
    ],
  ];
  for (const [coding, data] of bodies) {
    for (const encoding of [coding, null]) {
      for (let at = 0; at <= data.byteLength; at++) {
        const source = body([data.subarray(0, at), data.subarray(at)]);
        assert.equal(await text(open(source, encoding)), TEXT, `${encoding} cut at ${at}`);
      }
      assert.equal(await text(open(body(cut(data, 1)), encoding)), TEXT);
    }
  }
});

test("large zstd frames one behind the other lose nothing", async () => {
  const half = manyLines();
  const frame = zstdCompressSync(half);
  const { data } = await drain(open(body([concat(frame, frame)]), "zstd"));
  assert.equal(data.byteLength, half.byteLength * 2);
  assert.ok(equal(data.subarray(half.byteLength), half));
});

test("without Content-Encoding the first bytes decide", () => {
  const table: [head: number[], verdict: string][] = [
    [[], "unsure"],
    [[0x1f], "unsure"],
    [[0x1f, 0x8b], "unsure"],
    [[0x1f, 0x8b, 0x08], "gzip"],
    [[0x1f, 0x8b, 0x07], "plain"],
    [[0x28], "unsure"],
    [[0x28, 0xb5, 0x2f], "unsure"],
    [[0x28, 0xb5, 0x2f, 0xfd], "zstd"],
    [[0x28, 0x61], "plain"],
    [[0x50, 0x2a, 0x4d, 0x18], "zstd"],
    [[0x5f, 0x2a, 0x4d, 0x18], "zstd"],
    [[0x60], "plain"],
    [[0x50, 0x4b], "plain"],
    [[0x78], "unsure"],
    [[0x78, 0x01], "deflate"],
    [[0x78, 0x9c], "deflate"],
    [[0x78, 0xda, 0x00, 0x00, 0x00], "deflate"],
    [[0x78, 0x5e], "plain"],
    [[0x78, 0x3d], "plain"],
    [[0x7b], "plain"],
    [[0x31], "plain"],
    [[0x0a], "plain"],
    [[0xef, 0xbb, 0xbf], "plain"],
  ];
  for (const [head, verdict] of table) {
    assert.equal(recognise(new Uint8Array(head)), verdict, head.join(" "));
  }
});

test("recognised bodies decode from chunks of one byte, one level only", async () => {
  for (const compress of [gzipSync, zstdCompressSync, deflateSync]) {
    const data = compress(bytes(TEXT));
    assert.equal(await text(open(body(cut(data, 1)), null)), TEXT);
    const twice = compress(data);
    assert.ok(equal((await drain(open(body([twice]), null))).data, data));
  }
  // Under a header the inside is not looked into, and identity means the bytes themselves
  const inner = gzipSync(TEXT);
  assert.ok(equal((await drain(open(body([gzipSync(inner)]), "gzip"))).data, inner));
  assert.ok(equal((await drain(open(body([inner]), "identity"))).data, inner));
});

test("text that only begins like a magic stays text, also when it is cut or fails there", async () => {
  for (const sample of ["x", "x^2 + y^2\n", "(", "(a)\n", "P*M", "_", "P*Mx", "\x1f", "\x1fa"]) {
    assert.equal(await text(open(body(cut(bytes(sample), 1)), null)), sample);
    const { data, fault } = await drain(
      open(body(cut(bytes(sample), 1), new Error("reset")), null),
    );
    assert.equal(new TextDecoder().decode(data), sample);
    assert.equal(runError(fault).code, "upload_cut");
  }
});

test("the first plain byte is passed on while the upload stays open", async () => {
  const reader = open(body([bytes("1")], "open"), null).getReader();
  assert.deepEqual((await reader.read()).value, bytes("1"));
  await reader.cancel();
  const doubtful = open(body([bytes("x"), bytes("=")], "open"), null).getReader();
  assert.deepEqual((await doubtful.read()).value, bytes("x="));
  await doubtful.cancel();
});

test("decoded bytes are passed on while the upload stays open", async () => {
  const data = gzipSync(TEXT);
  const reader = open(body([data.subarray(0, -4)], "open"), "gzip").getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), TEXT);
  await reader.cancel();
});

test("an unsupported coding is refused with the body untouched", () => {
  const cases: [string, string][] = [
    [
      "compress",
      'Content-Encoding "compress" is not supported, supported are gzip, deflate, br, zstd, identity',
    ],
    [
      "gzip, LZ4",
      'Content-Encoding "lz4" is not supported, supported are gzip, deflate, br, zstd, identity',
    ],
    [
      "gzip,gzip,gzip,gzip,gzip",
      "Content-Encoding has 5 codings where at most 4 are decoded, supported are gzip, deflate, br, zstd, identity",
    ],
  ];
  for (const [encoding, message] of cases) {
    const source = body([bytes(TEXT)]);
    assert.throws(() => open(source, encoding), (fault) => {
      assert.ok(fault instanceof UnsupportedEncoding);
      assert.equal(fault.message, message);
      assert.deepEqual(fault.supported, ["gzip", "deflate", "br", "zstd", "identity"]);
      return true;
    });
    assert.equal(source.stream.locked, false);
    assert.equal(source.pulled, 0);
  }
});

test("a body truncated at any byte never ends cleanly", async () => {
  for (const [encoding, compress] of ENCODINGS) {
    const data = compress(bytes(TEXT));
    for (let at = 0; at < data.byteLength; at++) {
      for (const pieces of [[data.subarray(0, at)], cut(data.subarray(0, at), 1)]) {
        const { data: given, fault } = await drain(open(body(pieces), encoding));
        assert.equal(runError(fault).code, "bad_encoding", `${encoding} ended at ${at}`);
        assert.match(runError(fault).message, /^Truncated \w+ body: ended after \d+ bytes/);
        assert.ok(TEXT.startsWith(new TextDecoder().decode(given)));
      }
    }
  }
});

test("a second member or frame truncated at any byte never ends cleanly", async () => {
  for (const [coding, compress] of [["gzip", gzipSync], ["zstd", zstdCompressSync]] as const) {
    const whole = compress(bytes(TEXT));
    for (let at = 1; at < whole.byteLength; at++) {
      const { fault } = await drain(open(body([concat(whole, whole.subarray(0, at))]), coding));
      assert.equal(runError(fault).code, "bad_encoding", `${coding} ended at ${at}`);
    }
  }
});

test("a truncated body says where it ended and what would tell more", async () => {
  const { fault } = await drain(open(body([gzipSync(TEXT).subarray(0, 25)]), "gzip"));
  assert.deepEqual(runError(fault).toJSON(), {
    code: "bad_encoding",
    message:
      "Truncated gzip body: ended after 25 bytes, before the end of the compressed data, test the file with gzip -t",
    coding: "gzip",
    compressedBytes: 25,
  });
});

test("a corrupt body says what was found", async () => {
  const plain = await drain(open(body([bytes("this is no gzip")]), "gzip"));
  assert.equal(
    runError(plain.fault).message,
    "Corrupt gzip body near byte 15: incorrect header check, the body begins with 74 68 69 73, test the file with gzip -t",
  );
  const zstd = await drain(open(body([bytes("this is no zstd")]), "zstd"));
  assert.equal(
    runError(zstd.fault).message,
    "Corrupt zstd body: no frame begins at byte 0, found 74 68 69 73, a frame begins with 28 b5 2f fd",
  );
  const checksum = gzipSync(TEXT);
  checksum[checksum.byteLength - 6]! ^= 1;
  assert.match(
    runError((await drain(open(body([checksum]), "gzip"))).fault).message,
    /incorrect data check/,
  );
});

test("after the last gzip member zeros are ignored and data is a fault; other codings take neither", async () => {
  const zeros = new Uint8Array(20);
  for (const size of [1, 1000]) {
    const padded = cut(concat(gzipSync(TEXT), zeros), size);
    assert.equal(await text(open(body(padded), "gzip")), TEXT);
    for (const [encoding, compress] of ENCODINGS.slice(0, 6)) {
      const tails = compress === gzipSync
        ? [bytes("junk"), concat(zeros, bytes("junk"))]
        : [bytes("junk"), zeros];
      for (const tail of tails) {
        const pieces = cut(concat(compress(bytes(TEXT)), tail), size);
        const { fault } = await drain(open(body(pieces), encoding));
        assert.equal(runError(fault).code, "bad_encoding", encoding);
        assert.match(runError(fault).message, /^Corrupt/);
      }
    }
  }
  const { fault } = await drain(open(body([concat(deflateSync(TEXT), bytes("junk"))]), "deflate"));
  assert.equal(
    runError(fault).message,
    "Corrupt deflate body: data goes on after its end with 6a 75 6e 6b",
  );
});

test("what came before a fault is given out, to a fast reader and to a slow one", async () => {
  const data = manyLines();
  for (const [encoding, compress] of ENCODINGS.slice(0, 6)) {
    const compressed = compress(data);
    const half = compressed.subarray(0, compressed.byteLength >> 1);
    const lengths: number[] = [];
    for (
      const [ending, code] of [[new Error("reset"), "upload_cut"], [undefined, "bad_encoding"]]
    ) {
      for (const turnsBetween of [0, 20]) {
        const pieces = cut(half, 20_000);
        const given = await drain(open(body(pieces, ending), encoding), turnsBetween);
        assert.equal(runError(given.fault).code, code);
        assert.ok(equal(given.data, data.subarray(0, given.data.byteLength)), encoding);
        lengths.push(given.data.byteLength);
      }
    }
    assert.equal(new Set(lengths).size, 1, `${encoding} gave ${lengths}`);
    assert.ok(lengths[0]! > data.byteLength / 4, `${encoding} gave ${lengths}`);
  }
});

test("data before a corrupt place is given out but for the piece it lies in", async () => {
  const data = noise(1_000_000);
  const compressed = gzipSync(data);
  compressed[compressed.byteLength - 5]! ^= 1;
  for (const turnsBetween of [0, 20]) {
    const { data: given, fault } = await drain(open(body([compressed]), "gzip"), turnsBetween);
    assert.equal(runError(fault).code, "bad_encoding");
    assert.ok(given.byteLength >= data.byteLength - 40_000, `gave ${given.byteLength}`);
    assert.ok(equal(given, data.subarray(0, given.byteLength)));
  }
});

test("a zstd window over 8 MiB is refused by its header", async () => {
  const frame = new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0x00, (27 - 10) << 3, 1, 0, 0]);
  const { fault } = await drain(open(body([frame]), null));
  assert.equal(
    runError(fault).message,
    "Zstd frame asks for a window of 134217728 bytes where at most 8388608 are given, compress with level 19 or lower and without --long",
  );
});

test("the body ceiling counts wire bytes while they arrive", async () => {
  const exact = body([bytes("12345"), bytes("67890")]);
  assert.equal(await text(open(exact, null, { maxBodyBytes: 10 })), "1234567890");
  const source = body([bytes("12345"), bytes("67890"), bytes("1"), bytes("never read")]);
  const { data, fault } = await drain(open(source, null, { maxBodyBytes: 10 }));
  assert.equal(new TextDecoder().decode(data), "1234567890");
  assert.deepEqual(runError(fault).toJSON(), {
    code: "body_too_large",
    message:
      "Body is larger than the limit of 10 bytes: 11 bytes had arrived when reading stopped, send less at a time or raise the limit",
    limitBytes: 10,
    receivedBytes: 11,
  });
  assert.equal(source.pulled, 11);
  assert.equal(source.cancelled.length, 1);
  assert.equal(source.cancelled[0], fault);
});

test("small files compress as well as they like, bombs are stopped early", async () => {
  const limits = { maxBodyBytes: Infinity, maxInflationRatio: 100 };
  const small = new Uint8Array(1024 * 1024);
  assert.equal((await drain(open(body([gzipSync(small)]), "gzip", limits))).fault, undefined);
  const zeros = new Uint8Array(40_000_000);
  for (const [encoding, compress] of ENCODINGS.slice(0, 7)) {
    const source = body([compress(zeros)], "open");
    const { data, fault } = await drain(open(source, encoding, limits));
    assert.equal(runError(fault).code, "inflation_limit", encoding);
    assert.ok(data.byteLength < 20_000_000, `${encoding} gave ${data.byteLength}`);
    assert.equal(source.cancelled.length, 1);
    assert.equal(source.cancelled[0], fault);
  }
});

test("an endless bomb is stopped by the default limit, telling ratio, limit and bytes", async () => {
  const member = gzipSync(new Uint8Array(20_000_000), { level: 9 });
  const source = body(Array.from({ length: 500 }, () => member));
  const { fault } = await drain(open(source, null));
  const { message, details } = runError(fault);
  assert.match(
    message,
    /^Decoding gzip stopped: \d+ bytes gave \d+ bytes, over 10\d\d to 1 where the limit is 1000 to 1/,
  );
  assert.deepEqual(Object.keys(details), [
    "coding",
    "ratio",
    "limitRatio",
    "compressedBytes",
    "decodedBytes",
  ]);
  assert.ok(source.pulled <= member.byteLength * 2);
});

test("stacked codings share one inflation limit", async () => {
  const bomb = gzipSync(gzipSync(new Uint8Array(100_000_000), { level: 9 }), { level: 9 });
  const { data, fault } = await drain(open(body([bomb]), "gzip, gzip"));
  assert.equal(runError(fault).code, "inflation_limit");
  assert.ok(data.byteLength < 3_000_000);
});

test("an upload cut at any byte is one fault whatever the runtime throws, a RunError passes unchanged", async () => {
  const plain = (data: Uint8Array) => data;
  for (const [encoding, compress] of [[null, plain], ["identity", plain], ...ENCODINGS] as const) {
    const data = compress(bytes(TEXT));
    for (let at = 0; at <= data.byteLength; at++) {
      const cause = new TypeError("whatever the runtime says");
      const source = body([data.subarray(0, at)], cause);
      const { fault } = await drain(open(source, encoding));
      assert.deepEqual(runError(fault).toJSON(), {
        code: "upload_cut",
        message:
          `Upload was cut after ${at} bytes: the connection closed before the body ended, send the whole body again`,
        receivedBytes: at,
      }, `${encoding} cut at ${at}`);
      assert.equal(runError(fault).cause, cause);
      assert.equal(source.cancelled.length, 0);
      const own = new RunError("cancelled", "Run was cancelled");
      assert.equal((await drain(open(body([data.subarray(0, at)], own), encoding))).fault, own);
    }
  }
});

test("a slow consumer bounds what is taken from the source", async () => {
  const data = noise(6_000_000);
  const cases: [string | null, Uint8Array, number][] = [
    [null, data, 0],
    ["gzip", gzipSync(data, { level: 1 }), 600_000],
    ["br", brotli(data), 600_000],
    ["zstd", zstdCompressSync(data), 1_000_000],
    ["gzip, gzip", gzipSync(gzipSync(data, { level: 1 }), { level: 1 }), 1_000_000],
  ];
  for (const [encoding, compressed, ahead] of cases) {
    const source = body(cut(compressed, 64 * 1024));
    const reader = open(source, encoding).getReader();
    await turns(30);
    assert.equal(source.pulled, 0, "nothing is read before it is asked for");
    let given = 0;
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      given += read.value.byteLength;
      if (given < 3_000_000) await turns(10);
      assert.ok(
        source.pulled <= given * 1.01 + ahead,
        `${encoding}: ${source.pulled} for ${given}`,
      );
    }
    assert.equal(given, data.byteLength);
  }
});

test("cancelling reaches the source once, at any time", async () => {
  const data = noise(2_000_000);
  const cases: [string | null, Uint8Array][] = [
    [null, data],
    ["identity", data],
    ["gzip", gzipSync(data)],
    ["br", brotli(data)],
    ["zstd", zstdCompressSync(data)],
    ["deflate", deflateSync(data)],
    ["gzip, gzip", gzipSync(gzipSync(data))],
  ];
  for (const [encoding, compressed] of cases) {
    for (const reads of [0, 1, 3]) {
      for (const pending of [false, true]) {
        const source = body(cut(compressed, 64 * 1024));
        const reader = open(source, encoding).getReader();
        for (let i = 0; i < reads; i++) await reader.read();
        const read = pending ? reader.read() : undefined;
        const reason = { why: "head was satisfied" };
        await reader.cancel(reason);
        assert.deepEqual(source.cancelled, [reason], `${encoding} after ${reads}`);
        assert.equal(source.cancelled[0], reason);
        await read;
        await turns(5);
        assert.equal(source.cancelled.length, 1);
      }
    }
  }
});

test("cancelling works while the source is silent, and does nothing after the end", async () => {
  for (const encoding of [null, "identity", "gzip", "deflate", "br", "zstd"]) {
    const silent = body([], "open");
    const reader = open(silent, encoding).getReader();
    const read = reader.read();
    await turns(2);
    await reader.cancel("gone");
    assert.deepEqual(silent.cancelled, ["gone"]);
    assert.equal((await read).done, true);
  }
  const ended = body([bytes("a")]);
  const reader = open(ended, null).getReader();
  await reader.read();
  await reader.read();
  await reader.cancel("late");
  assert.deepEqual(ended.cancelled, []);
});
