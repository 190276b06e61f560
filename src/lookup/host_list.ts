/**
 * The hosts that may be asked, as the setting LOOKUP_HOSTS lists them.
 * @module
 */
import { isAddress } from "./address.ts";
import { notListed } from "./http_door.ts";

/** Marks an entry whose name may lead to a private address. */
const PRIVATE = "=private";

/** A listed host. */
export interface ListedHost {
  /** Whether its address may be a private one: it is listed by address, or marked so. */
  readonly private: boolean;
}

/**
 * Entries with commas between: `geo.example` (the port of its scheme), `geo.example:8443`, `127.0.0.1:9000`,
 * `[::1]:9000`, and `geo.internal=private` for a name whose address is private. Throws TypeError for anything else.
 */
export class HostList {
  readonly #hosts = new Map<string, ListedHost>();

  constructor(setting: string) {
    for (const entry of setting.split(",").map((part) => part.trim())) {
      if (entry !== "") this.#add(entry);
    }
  }

  #add(entry: string): void {
    const marked = entry.endsWith(PRIVATE);
    const host = marked ? entry.slice(0, -PRIVATE.length) : entry;
    const url = `http://${host}`;
    if (/[/?#@\s\\]/.test(host) || !URL.canParse(url)) {
      throw new TypeError(`Expected hosts such as geo.example or 10.0.0.7:8080, found "${entry}"`);
    }
    const { hostname, port } = new URL(url);
    // A port of 80 is left out by URL, but an entry that names it means it.
    const named = port === "" && /:0*80$/.test(host) ? "80" : port;
    const listed = { private: marked || isAddress(hostname.replace(/^\[|\]$/g, "")) };
    this.#hosts.set(named === "" ? hostname : `${hostname}:${named}`, listed);
  }

  /** The entry for the host of `url`; undefined when there is none. */
  find(url: URL): ListedHost | undefined {
    const standard = url.protocol === "https:" ? "443" : "80";
    const { hostname, port } = url;
    const withPort = this.#hosts.get(`${hostname}:${port === "" ? standard : port}`);
    return withPort ?? (port === "" ? this.#hosts.get(hostname) : undefined);
  }

  /** Why `text` may not be asked; null when it may. */
  refusal(text: string): string | null {
    if (!URL.canParse(text) || /[\s\\]/.test(text)) {
      return `Expected a URL, found \`${text.slice(0, 200)}\``;
    }
    const url = new URL(text);
    if (url.protocol !== "http:" && url.protocol !== "https:") {
      return `Expected an address with http or https, found \`${url.protocol}\``;
    }
    if (url.username !== "" || url.password !== "") {
      return "Credentials are not allowed in an address";
    }
    return this.find(url) === undefined ? notListed(url.host) : null;
  }
}
