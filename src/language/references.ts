/**
 * References among the pipelines of a JSON plan: `{"ref": "name"}` stands for the pipeline of that name in the whole's
 * `"pipelines"`.
 * @module
 */
import { nearest } from "./diagnostics.ts";

/** The pipelines that may be referred to, and the references that were followed to get here. */
export class References {
  readonly #named: ReadonlyMap<string, unknown>;

  constructor(json: unknown, readonly way: readonly string[] = []) {
    const named = isRecord(json) && isRecord(json["pipelines"]) ? json["pipelines"] : {};
    this.#named = new Map(Object.entries(named));
  }

  /** The pipeline of that name with what it may refer to itself; else what is wrong: no such name, or a loop, named. */
  find(
    name: string,
  ): { readonly json: unknown; readonly within: References } | { message: string; hint: string } {
    const loop = this.way.indexOf(name);
    if (loop >= 0) {
      const way = [...this.way.slice(loop), name].join(" -> ");
      const hint = "A plan is a tree: take one of these references out";
      return { message: `Pipelines refer to each other in a loop: ${way}`, hint };
    }
    if (!this.#named.has(name)) {
      const near = nearest(name, this.#named.keys());
      const hint = near === null ? `Define it in "pipelines"` : `Did you mean \`${near}\`?`;
      return { message: `Unknown pipeline \`${name}\``, hint };
    }
    const within = new References({ pipelines: Object.fromEntries(this.#named) }, [
      ...this.way,
      name,
    ]);
    return { json: this.#named.get(name), within };
  }
}

/** Whether JSON is a reference. */
export function isReference(json: unknown): json is { readonly ref: string } {
  return isRecord(json) && typeof json["ref"] === "string" && Object.keys(json).length === 1;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
