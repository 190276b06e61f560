/**
 * The wanted fields as the JSON kernel reads them.
 * @module
 */
import type { JsonNode } from "../batch/json_paths.ts";

/** The offsets in a node, as `json_memory.kernel.ts` explains them. */
const WORD = 0;
const MASK = 8;
const LENGTHS = 16;
const LENGTH = 24;
const NAME = 28;
const ITEM = 32;
const FIELD = 36;
const CHILDREN = 40;
const CHILDREN_END = 44;
const BELOW = 48;
const NODE_BYTES = 64;
/** Names of so many bytes and more share the last bit. */
const LONGEST = 63;

/** Writes the tree of that root into a part of the kernel's memory; false when it does not fit, with nothing usable. */
export function writeJsonTree(root: JsonNode, memory: DataView): boolean {
  const writer = new TreeWriter(memory);
  const place = writer.take(NODE_BYTES);
  return place === 0 && writer.node(root, place);
}

class TreeWriter {
  #used = 0;

  constructor(readonly memory: DataView) {}

  /** The offset of so many more bytes, of which some follow unused; -1 when there are not as many. */
  take(size: number): number {
    const place = this.#used;
    this.#used += (size + 7) & ~7;
    return this.#used > this.memory.byteLength ? -1 : place;
  }

  node(node: JsonNode, place: number): boolean {
    const { memory } = this;
    const { name, children, below } = node;
    const namePlace = this.take(name.length);
    const childrenPlace = this.take(children.length * NODE_BYTES);
    if (namePlace < 0 || childrenPlace < 0) return false;
    name.forEach((byte, index) => memory.setUint8(namePlace + index, byte));
    for (let index = 0; index < 8; index++) {
      memory.setUint8(place + WORD + index, name[index] ?? 0);
      memory.setUint8(place + MASK + index, index < name.length ? 0xff : 0);
    }
    memory.setBigUint64(place + LENGTHS, lengthsOf(children), true);
    memory.setInt32(place + LENGTH, name.length, true);
    memory.setInt32(place + NAME, this.#address(namePlace), true);
    memory.setInt32(place + ITEM, node.item, true);
    memory.setInt32(place + FIELD, node.field, true);
    memory.setInt32(place + CHILDREN, this.#address(childrenPlace), true);
    memory.setInt32(
      place + CHILDREN_END,
      this.#address(childrenPlace + children.length * NODE_BYTES),
      true,
    );
    memory.setBigUint64(place + BELOW, bitsOf(below), true);
    return children.every((child, index) => this.node(child, childrenPlace + index * NODE_BYTES));
  }

  #address(place: number): number {
    return this.memory.byteOffset + place;
  }
}

/** The lengths of the children's names as bits. */
function lengthsOf(children: readonly JsonNode[]): bigint {
  return bitsOf(children.map(({ name }) => Math.min(name.length, LONGEST)));
}

function bitsOf(numbers: readonly number[]): bigint {
  return numbers.reduce((bits, number) => bits | 1n << BigInt(number), 0n);
}
