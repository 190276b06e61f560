/**
 * What the examples of stages reach: hosts that answer from a fixed list, and fixed tables. Nothing leaves the process.
 * @module
 */
import { encodeText } from "../../src/batch/text.ts";
import {
  type HttpAnswer,
  type HttpDoor,
  HttpFailure,
  notListed,
} from "../../src/lookup/http_door.ts";
import { openDatabase } from "../../routes/sqlite.ts";
import type { Database, Files } from "../../src/sinks/files.ts";
import { NamedCaches } from "../../src/lookup/named_caches.ts";
import { readTable, uploadedTable } from "../../src/lookup/read_table.ts";
import { type Resources, SYSTEM_CLOCK } from "../../src/resources.ts";

const COUNTRIES: ReadonlyMap<string, string> = new Map([
  ["192.0.2.1", "NZ"],
  ["192.0.2.2", "PE"],
]);

const HOSTS: Readonly<Record<string, (url: URL) => HttpAnswer>> = {
  "geo.example": ({ pathname }) => {
    const country = COUNTRIES.get(pathname.slice(1));
    return country === undefined ? answer(404) : answer(200, { country });
  },
  "down.example": () => answer(503),
  "alerts.example": () => answer(204),
};

function answer(status: number, json?: unknown): HttpAnswer {
  const text = json === undefined ? "" : JSON.stringify(json);
  return { status, body: encodeText(text) };
}

/** A door behind which the hosts of the examples answer at once. */
const EXAMPLE_DOOR: HttpDoor = {
  refusal: (url) => Object.hasOwn(HOSTS, new URL(url).host) ? null : notListed(new URL(url).host),
  ask({ url }, signal) {
    signal.throwIfAborted();
    const target = new URL(url);
    const host = HOSTS[target.host];
    return host === undefined
      ? Promise.reject(new HttpFailure("refused", notListed(target.host)))
      : Promise.resolve(host(target));
  },
};

const USERS = readTable(encodeText("id,name,team\n7,Ada,red\n8,Bob,blue\n"), "csv", 1e6);

const MOST_BYTES = 1e9;

/** A folder in memory, with a database of each name. */
export function filesInMemory(
  durable = false,
): Files & { readonly texts: ReadonlyMap<string, string> } {
  const texts = new Map<string, string>();
  const drafts = new Map<string, string>();
  const databases = new Map<string, Database>();
  let count = 0;
  return {
    durable,
    texts,
    maxBytes: MOST_BYTES,
    refusal: null,
    draft(name, state) {
      const id = state?.id ?? `draft ${++count}`;
      const known = drafts.get(id);
      if (state !== null && known === undefined) return Promise.resolve(null);
      drafts.set(id, (known ?? "").slice(0, state?.bytes ?? 0));
      const settle = (text: string) => {
        texts.set(name, text);
        drafts.delete(id);
        return Promise.resolve();
      };
      return Promise.resolve({
        id,
        write: (bytes) =>
          Promise.resolve(void drafts.set(id, drafts.get(id)! + new TextDecoder().decode(bytes))),
        replace: () => settle(drafts.get(id)!),
        append: (skip) => {
          const there = texts.get(name) ?? "";
          const start = { bytes: there.length, firstLine: there.split("\n")[0]! };
          const skipped = skip(there === "" ? null : start);
          return settle(there + drafts.get(id)!.slice(skipped));
        },
        flush: () => {},
        close: (keep) => void (keep || drafts.delete(id)),
      });
    },
    database(name) {
      const database = databases.get(name) ?? openDatabase(":memory:", MOST_BYTES);
      databases.set(name, database);
      return Promise.resolve({ ...database, close: () => {} });
    },
  };
}

/** Resources for one run of an example. */
export function exampleResources(): Resources {
  return {
    clock: SYSTEM_CLOCK,
    http: EXAMPLE_DOOR,
    files: filesInMemory(),
    tables: {
      open: (name) =>
        name === "users"
          ? Promise.resolve(USERS)
          : Promise.reject(new Error(`There is no table \`${name}\``)),
    },
    uploaded: uploadedTable(encodeText("code,name\nNZ,New Zealand\n"), "places.csv", 1e6),
    caches: new NamedCaches(16, SYSTEM_CLOCK),
  };
}
