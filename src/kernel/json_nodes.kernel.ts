/**
 * Which values are wanted: the node of each key and item.
 * @module
 */
import {
  NODE_BYTES,
  NODE_CHILDREN,
  NODE_CHILDREN_END,
  NODE_FIELD,
  NODE_ITEM,
  NODE_LENGTH,
  NODE_LENGTHS,
  NODE_MASK,
  NODE_NAME,
  TREE,
} from "./json_memory.kernel";
import { COLON, OPEN_ARRAY, QUOTE } from "./json_bytes.kernel";
import { escaped, stringEnd, Text } from "./json_text.kernel";

/** The node of the key last read, or 0. */
export let wanted: usize = 0;

/** What begins a line is the root. */
export function beginLine(): void {
  wanted = TREE;
}

/** From a member or item at `at` to its value, of which it sets the node; 0 for no key. */
export function member(at: usize, depth: usize, node: usize, bracket: u8): usize {
  if (bracket != OPEN_ARRAY) return keyEnd(at, node);
  wanted = node == 0 ? 0 : itemOf(node, depth - 16);
  return at;
}

/** From a key at `at` to its value, of which it sets the node; 0 for no key. */
function keyEnd(at: usize, node: usize): usize {
  wanted = 0;
  if (load<u8>(at) != QUOTE) return 0;
  const end = Text.stringEnd(at);
  if (end == 0) return 0;
  const lengths: u64 = node == 0 ? 0 : load<u64>(node, NODE_LENGTHS);
  if (lengths != 0) {
    if (escaped) return 0;
    const length = end - at - 2;
    if ((lengths >> min<usize>(length, 63)) & 1) wanted = childOf(node, at + 1, length);
  }
  const colon = Text.space(end);
  return load<u8>(colon) == COLON ? Text.space(colon + 1) : 0;
}

/** Opens a bracket. */
export function push(entry: usize, node: usize, at: usize, bracket: u8): void {
  store<usize>(entry, node);
  store<usize>(entry, at, 4);
  store<i32>(entry, 0, 8);
  store<u8>(entry, bracket, 12);
}

/** The child that means the next item of the array whose stack entry is given, or 0. */
function itemOf(node: usize, entry: usize): usize {
  const item = load<i32>(entry, 8);
  store<i32>(entry, item + 1, 8);
  const end = load<usize>(node, NODE_CHILDREN_END);
  for (let child = load<usize>(node, NODE_CHILDREN); child < end; child += NODE_BYTES) {
    if (load<i32>(child, NODE_ITEM) == item) return child;
  }
  return 0;
}

/** The child whose name is the `length` bytes at `at`, or 0. */
function childOf(node: usize, at: usize, length: usize): usize {
  const word = load<u64>(at);
  const end = load<usize>(node, NODE_CHILDREN_END);
  for (let child = load<usize>(node, NODE_CHILDREN); child < end; child += NODE_BYTES) {
    if (
      load<usize>(child, NODE_LENGTH) == length &&
      (word & load<u64>(child, NODE_MASK)) == load<u64>(child) && restIs(child, at, length)
    ) return child;
  }
  return 0;
}

function restIs(child: usize, at: usize, length: usize): bool {
  const name = load<usize>(child, NODE_NAME);
  for (let index: usize = 8; index < length; index++) {
    if (load<u8>(name + index) != load<u8>(at + index)) return false;
  }
  return true;
}

/** The node's field as a bit, or 0. */
export function fieldBit(node: usize): u64 {
  const field = load<i32>(node, NODE_FIELD);
  return field < 0 ? 0 : <u64> 1 << field;
}
