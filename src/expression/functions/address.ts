/**
 * Functions over URLs and their parts, as they stand in logs: nothing is resolved, and nothing has to be valid.
 * @module
 */
import { toText } from "../compare.ts";
import type { FunctionDefinition } from "../function.ts";
import { nullSafe, ofText } from "./define.ts";

const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i;
/** One percent-encoded UTF-8 sequence, by the length that its first byte announces. */
const ENCODED =
  /%[0-7][0-9a-f]|%[cd][0-9a-f]%[89ab][0-9a-f]|%e[0-9a-f](?:%[89ab][0-9a-f]){2}|%f[0-7](?:%[89ab][0-9a-f]){3}/gi;

/** `url_decode`, `url_host`, `url_path` and `query_param`. */
export const ADDRESS_FUNCTIONS: readonly FunctionDefinition[] = [
  ofText(
    "url_decode",
    "Percent-encoded UTF-8 decoded; what is broken stays as it is, and so does +",
    "text",
    {
      work: decode,
      example: [`url_decode("a%20b%E4%B8%AD%zz")`, `"a b中%zz"`],
    },
  ),
  ofText(
    "url_host",
    "The host of an absolute URL in lower case, without user and port; else null",
    "text",
    {
      work: host,
      example: [`url_host("https://me@Example.com:8080/a?b=1")`, `"example.com"`],
    },
  ),
  ofText(
    "url_path",
    "The path of a URL or of a request target, without query and fragment",
    "text",
    {
      work: path,
      example: [`url_path("https://example.com/a/b?c=1")`, `"/a/b"`],
    },
  ),
  nullSafe({
    name: "query_param",
    signature: "query_param(query, name)",
    summary:
      "The first value of a parameter, decoded, from a query with or without its ?, an absolute URL or a " +
      "target that starts with /; null when it is not there",
    arity: [2, 2],
    result: "text",
    apply: (query = null, name = null) => queryParameter(toText(query), toText(name)),
    example: [`query_param("/find?q=a+b&page=2", "q")`, `"a b"`],
  }),
];

function decode(text: string): string {
  if (!text.includes("%")) return text;
  return text.replace(ENCODED, (sequence) => {
    try {
      return decodeURIComponent(sequence);
    } catch {
      return sequence;
    }
  });
}

function host(text: string): string | null {
  const authority = ORIGIN.exec(text)?.[1];
  if (authority === undefined) return null;
  const place = authority.slice(authority.lastIndexOf("@") + 1).replace(/:\d*$/, "");
  return place === "" ? null : place.toLowerCase();
}

function path(text: string): string {
  const rest = text.slice(ORIGIN.exec(text)?.[0].length ?? 0);
  const end = rest.search(/[?#]/);
  return end < 0 ? rest : rest.slice(0, end);
}

function queryParameter(text: string | null, name: string | null): string | null {
  if (text === null || name === null) return null;
  for (const pair of queryOf(text).split("&")) {
    const equals = pair.indexOf("=");
    const key = equals < 0 ? pair : pair.slice(0, equals);
    if (pair !== "" && decodeForm(key) === name) {
      return equals < 0 ? "" : decodeForm(pair.slice(equals + 1));
    }
  }
  return null;
}

function queryOf(text: string): string {
  const [address] = text.split("#", 1);
  const whole = address!;
  if (!/^[/?]/.test(whole) && !ORIGIN.test(whole)) return whole;
  const mark = whole.indexOf("?");
  return mark < 0 ? "" : whole.slice(mark + 1);
}

function decodeForm(text: string): string {
  return decode(text.replaceAll("+", " "));
}
