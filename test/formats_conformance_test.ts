/**
 * Other projects' cases for access logs and JSON, read in place (CONFORMANCE_DIR) through small mappings. Cases that no
 * mapping covers are printed by name with the reason.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { Row } from "../src/batch/column.ts";
import combined from "../stages/combined.ts";
import common from "../stages/common.ts";
import json from "../stages/json.ts";
import { folder, skip, tally, type Verdict } from "./support/conformance.ts";
import { runFormat, utf8 } from "./support/format_run.ts";

function casesOf<Case>(path: string): Case[] {
  const text = readFileSync(new URL(path, folder!), "utf8");
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

function onlyRow(stage: typeof combined, line: string): Row {
  const { rows, rejects } = runFormat(stage, [utf8(line)]);
  assert.deepEqual(rejects, []);
  assert.equal(rows.length, 1);
  return rows[0]!;
}

/** The time of an access log as ISO 8601, by another way than the parser's. */
function isoOf(time: string): string {
  return new Date(time.replace(/\//g, " ").replace(":", " ")).toISOString();
}

const dash = (text: string | undefined) => text === undefined || text === "-" ? null : text;

interface CrowdsecCase {
  readonly test: string;
  readonly parser: string;
  readonly index: number;
  readonly input: string;
  readonly parsed: Readonly<Record<string, string>>;
}

function checkCrowdsec({ parser, input, parsed }: CrowdsecCase): Verdict {
  if (parser !== "crowdsecurity/apache2-logs") {
    return { unmapped: "Caddy's JSON, not an access log line" };
  }
  if (parsed["errorcode"] !== undefined) return { unmapped: "an Apache error log line" };
  if (parsed["target_fqdn"] !== undefined) {
    return { unmapped: "vhost_combined, which is another format; the line is a reject" };
  }
  const whole = parsed["referrer"] !== undefined;
  const row = onlyRow(whole ? combined : common, input);
  const target = [row["path"], row["query"]].filter((part) => part !== null).join("?");
  assert.deepEqual({
    ip: row["ip"],
    ident: row["ident"],
    user: row["user"],
    time: (row["time"] as Date).toISOString(),
    method: row["method"],
    target: target === "" ? null : target,
    protocol: row["protocol"],
    raw: row["method"] === null ? row["request"] : null,
    status: row["status"],
    bytes: row["bytes"],
    referer: row["referer"] ?? null,
    agent: row["agent"] ?? null,
  }, {
    ip: parsed["clientip"],
    ident: dash(parsed["ident"]),
    user: dash(parsed["auth"]),
    time: isoOf(parsed["timestamp"]!),
    method: parsed["verb"] ?? null,
    target: parsed["request"] ?? null,
    protocol: parsed["httpversion"] === undefined ? null : `HTTP/${parsed["httpversion"]}`,
    raw: parsed["rawrequest"] ?? null,
    status: Number(parsed["response"]),
    bytes: Number(parsed["bytes"]),
    referer: dash(parsed["referrer"]),
    agent: dash(parsed["http_user_agent"]),
  });
  return null;
}

interface LogstashCase {
  readonly pattern: string;
  readonly name: string;
  readonly input: string;
  readonly expected: Readonly<Record<string, string | number>>;
  readonly absent?: readonly string[];
}

function checkLogstash({ pattern, input, expected, absent = [] }: LogstashCase): Verdict {
  if (pattern !== "HTTPD_COMBINEDLOG") return { unmapped: "an Apache error log line" };
  const row = onlyRow(combined, input);
  const target = row["query"] === null ? row["path"] : `${row["path"]}?${row["query"]}`;
  const ours: Record<string, unknown> = {
    "http.request.method": row["method"],
    "http.request.referrer": row["referer"],
    "http.response.body.bytes": row["bytes"],
    "http.response.status_code": row["status"],
    "http.version": String(row["protocol"]).replace("HTTP/", ""),
    "source.address": row["ip"],
    "url.original": target,
    "user_agent.original": row["agent"],
    "user.name": row["user"],
    "apache.access.user.identity": row["ident"],
  };
  for (const [key, value] of Object.entries(expected)) assert.equal(ours[key], value, key);
  for (const key of absent) assert.equal(ours[key], null, key);
  return null;
}

interface VrlCase {
  readonly suite: string;
  readonly name: string;
  readonly args: { readonly value: unknown; readonly format?: string };
  readonly want?: Readonly<Record<string, unknown>>;
  readonly err?: string;
  readonly unparsed?: string;
}

/** VRL's names of our fields; nginx' and Apache's differ. */
const VRL_FIELDS: Readonly<Record<string, string>> = {
  host: "ip",
  client: "ip",
  remote_addr: "ip",
  identity: "ident",
  user: "user",
  remote_user: "user",
  message: "request",
  request: "request",
  method: "method",
  path: "path",
  protocol: "protocol",
  status: "status",
  size: "bytes",
  body_bytes_size: "bytes",
  referrer: "referer",
  referer: "referer",
  http_referer: "referer",
  agent: "agent",
  http_user_agent: "agent",
};
/** Fields behind the agent, which `combined` ignores. */
const VRL_IGNORED = new Set(["compression", "http_x_forwarded_for"]);
/** Lines that VRL takes and we refuse, or the other way round, and why. */
const VRL_DIFFERENT: Readonly<Record<string, string>> = {
  "parse_common_log log_line_valid_empty": "a time and request without brackets and quotes",
  "parse_apache_log log_line_valid_empty": "a time and request without brackets and quotes",
  "parse_common_log log_line_valid_with_timestamp_format": "a time format given by the user",
  "parse_apache_log combined_line_missing_fields_valid": "a referer without quotes is a reject",
};

function checkVrlLog({ suite, name, args, want, err, unparsed }: VrlCase): Verdict {
  if (unparsed !== undefined) return { unmapped: "the case is a macro" };
  const format = suite === "parse_common_log" ? "common" : args.format;
  const different = VRL_DIFFERENT[`${suite} ${name}`];
  if (different !== undefined) return { unmapped: different };
  if (format !== "common" && format !== "combined" && format !== "main") {
    return { unmapped: `the format ${format}` };
  }
  const stage = format === "common" ? common : combined;
  if (err !== undefined) {
    assert.equal(runFormat(stage, [utf8(String(args.value))]).rejects.length, 1);
    return null;
  }
  const row = onlyRow(stage, String(args.value));
  for (const [key, value] of Object.entries(want!)) {
    if (key === "timestamp") {
      const { $ts } = value as { $ts: string };
      assert.equal((row["time"] as Date).getTime(), Date.parse($ts));
    } else if (!VRL_IGNORED.has(key)) {
      const field = VRL_FIELDS[key];
      assert.ok(field !== undefined, `no field for ${key}`);
      assert.equal(row[field], dash(value as string), key);
    }
  }
  return null;
}

function checkVrlJson({ args, want, err, unparsed, ...rest }: VrlCase): Verdict {
  if (unparsed !== undefined) return { unmapped: "the case is a macro" };
  const options = Object.entries(args).filter(([key]) => key !== "value");
  if (options.some(([key]) => key === "max_depth")) return { unmapped: "the argument max_depth" };
  if (options.some(([key, value]) => key === "lossy" && value === false) && err !== undefined) {
    return { unmapped: "the argument lossy=false; here broken UTF-8 always reads as U+FFFD" };
  }
  if (rest.name === "no_roundtrip_float_conversion") {
    return { unmapped: "numbers are always read as the nearest double" };
  }
  const hex = (args.value as { $bytes_hex?: string }).$bytes_hex;
  const bytes = hex === undefined
    ? utf8(String(args.value))
    : Uint8Array.from(hex.match(/../g)!, (pair) => parseInt(pair, 16));
  if (typeof want === "string") {
    assert.deepEqual(runFormat(json, [utf8('{"v":'), bytes, utf8("}")]).rows, [{ v: want }]);
  } else {
    assert.deepEqual(runFormat(json, [bytes]).rows, err === undefined ? [want] : []);
  }
  return null;
}

test("crowdsec: http_cases", { skip }, async () => {
  const cases = casesOf<CrowdsecCase>("crowdsec/http_cases.jsonl");
  await tally("crowdsec", cases, (one) => `${one.test} ${one.index}`, checkCrowdsec);
});

test("logstash: httpd_spec_cases", { skip }, async () => {
  const cases = casesOf<LogstashCase>("logstash/httpd_spec_cases.jsonl");
  await tally("logstash", cases, (one) => `${one.pattern} ${one.name}`, checkLogstash);
});

test("vrl: parse_common_log, parse_apache_log, parse_nginx_log", { skip }, async () => {
  const suites = ["parse_common_log", "parse_apache_log", "parse_nginx_log"];
  const cases = casesOf<VrlCase>("vrl/cases.jsonl").filter(({ suite }) => suites.includes(suite));
  await tally("vrl logs", cases, (one) => `${one.suite} ${one.name}`, checkVrlLog);
});

test("vrl: parse_json", { skip }, async () => {
  const cases = casesOf<VrlCase>("vrl/cases.jsonl").filter(({ suite }) => suite === "parse_json");
  await tally("vrl json", cases, (one) => one.name, checkVrlJson);
});

/** Each file as the value of the key `v` in one line. */
function checkJsonFile(name: string): Verdict {
  const file = new Uint8Array(
    readFileSync(new URL(`json_test_suite/test_parsing/${encodeURIComponent(name)}`, folder!)),
  );
  const content = file.at(-1) === 10 ? file.subarray(0, -1) : file;
  if (content.includes(10)) return { unmapped: "holds a line feed, so it is no single line" };
  const line = [utf8('{"v":'), content, utf8("}")];
  const { rows, rejects } = runFormat(json, line);
  for (const key of ["v", "w"]) {
    const some = runFormat(json, line, undefined, new Map([[key, [key]]]));
    assert.deepEqual(some.rejects, rejects);
    assert.deepEqual(some.rows, rows.map((row) => ({ [key]: row[key] ?? null })));
  }
  if (name.startsWith("y_")) assert.deepEqual([rows.length, rejects.length], [1, 0]);
  else if (name.startsWith("n_")) assert.deepEqual([rows.length, rejects.length], [0, 1]);
  else assert.equal(rows.length + rejects.length, 1);
  return null;
}

test("json_test_suite: test_parsing", { skip }, async () => {
  const names = readdirSync(new URL("json_test_suite/test_parsing/", folder!)).sort();
  await tally("json_test_suite", names, (name) => name, checkJsonFile);
});
