/**
 * IP addresses that are nobody's in public: what a name on the list must not lead to.
 * @module
 */

/** Ranges that are not globally reachable (IANA special-purpose registries), and those that carry an IPv4 address. */
const NOT_PUBLIC: readonly string[] = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
];

/** Of IPv6 only global unicast is public, less what tunnels, documents or maps other addresses. */
const GLOBAL_UNICAST = "2000::/3";
const NOT_PUBLIC_V6: readonly string[] = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

interface Network {
  readonly bits: bigint;
  readonly shift: bigint;
}

const V4 = NOT_PUBLIC.map((range) => network(range, 32n, parseV4));
const V6 = NOT_PUBLIC_V6.map((range) => network(range, 128n, parseV6));
const GLOBAL = network(GLOBAL_UNICAST, 128n, parseV6);

/** Whether an IP address is reachable from anywhere; false for private ones, and for what is no address. */
export function isPublicAddress(address: string): boolean {
  const v4 = parseV4(address);
  if (v4 !== null) return !V4.some((range) => holds(range, v4));
  const v6 = parseV6(address);
  return v6 !== null && holds(GLOBAL, v6) && !V6.some((range) => holds(range, v6));
}

/** Whether a text is an IP address, IPv6 without brackets. */
export function isAddress(text: string): boolean {
  return parseV4(text) !== null || parseV6(text) !== null;
}

function network(range: string, width: bigint, parse: (text: string) => bigint | null): Network {
  const [address = "", prefix] = range.split("/");
  const shift = width - BigInt(prefix!);
  return { bits: parse(address)! >> shift, shift };
}

function holds({ bits, shift }: Network, address: bigint): boolean {
  return address >> shift === bits;
}

function parseV4(text: string): bigint | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) {
    return null;
  }
  return parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
}

function parseV6(text: string): bigint | null {
  const [address = ""] = text.split("%");
  if (!/^[0-9a-fA-F:.]{2,45}$/.test(address)) return null;
  const halves = address.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map(groupsOf);
  if (head === null || head === undefined || tail === null) return null;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail ?? []];
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(group), 0n);
}

/** The 16-bit groups of one side of `::`; null when there is something else. */
function groupsOf(side: string): number[] | null {
  if (side === "") return [];
  const groups: number[] = [];
  const parts = side.split(":");
  for (const [index, part] of parts.entries()) {
    const v4 = index === parts.length - 1 ? parseV4(part) : null;
    if (v4 !== null) groups.push(Number(v4 >> 16n), Number(v4 & 0xffffn));
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(parseInt(part, 16));
    else return null;
  }
  return groups;
}
