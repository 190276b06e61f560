/**
 * The fields that a scan of JSON looks for, as a tree: what follows a key is found in one step from it.
 * @module
 */
import { MOST_FIELDS } from "./json_tape.ts";
import { encodeText } from "./text.ts";

/** One segment of some paths. */
export interface JsonNode {
  /** The key's UTF-8; empty at the root. */
  readonly name: Uint8Array;
  /** The number of the array item that the segment means as well, or -1. */
  readonly item: number;
  /** The number of the field that ends here, or -1. */
  readonly field: number;
  /** The numbers of the fields that end further inside. */
  readonly below: readonly number[];
  readonly children: readonly JsonNode[];
}

/** A tree of fields; field `n` has the path `paths[n]`. */
export interface JsonTree {
  readonly paths: readonly (readonly string[])[];
  readonly root: JsonNode;
}

interface Branch {
  field: number;
  readonly children: Map<string, Branch>;
}

/** Array items beyond this number are not counted to. */
const MOST_ITEMS = 2 ** 31;

/**
 * The tree of these different paths; null where looking for the bytes of their segments would not find just them, or
 * there are too many.
 */
export function jsonTree(paths: readonly (readonly string[])[]): JsonTree | null {
  if (paths.length > MOST_FIELDS || !paths.every((path) => path.every(isPlain))) return null;
  const root: Branch = { field: -1, children: new Map() };
  paths.forEach((path, field) => {
    let branch = root;
    for (const segment of path) {
      let next = branch.children.get(segment);
      if (next === undefined) {
        branch.children.set(segment, next = { field: -1, children: new Map() });
      }
      branch = next;
    }
    branch.field = field;
  });
  return { paths, root: nodeOf("", root) };
}

/**
 * Whether a key of these bytes is this segment, and this segment no other: a key with a dot is told from a path by whole
 * rows alone, U+FFFD may stand for other bytes, and `007` means the same item as `7`.
 */
function isPlain(segment: string): boolean {
  if (!segment.isWellFormed() || /[.\ufffd]/.test(segment)) return false;
  return !isItem(segment) || (Number(segment) < MOST_ITEMS && String(Number(segment)) === segment);
}

function isItem(segment: string): boolean {
  return /^\d+$/.test(segment);
}

function nodeOf(segment: string, { field, children }: Branch): JsonNode {
  const nodes = Array.from(children, ([name, branch]) => nodeOf(name, branch));
  return {
    name: encodeText(segment),
    item: isItem(segment) ? Number(segment) : -1,
    field,
    below: nodes.flatMap((node) => node.field < 0 ? node.below : [node.field, ...node.below]),
    children: nodes,
  };
}
