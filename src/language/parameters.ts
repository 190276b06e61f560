/**
 * The parameters that a named pipeline leaves open.
 * @module
 */
import { tokenize } from "./tokens.ts";

/** A `$name` in a pipeline; without a default it must be supplied. */
export interface Parameter {
  readonly name: string;
  /** As written in `${name:-default}`. */
  readonly default?: string;
}

/**
 * The parameters that a pipeline names, in order of first use, each once, with the first default written for it. In a
 * pipeline given as JSON every string is searched. Never throws: what cannot be read has no parameters.
 */
export function findParameters(source: string): Parameter[] {
  const found = new Map<string, Parameter>();
  const seen = (name: string, fallback: string | undefined) => {
    const known = found.get(name);
    if (known?.default !== undefined || (known !== undefined && fallback === undefined)) return;
    found.set(name, fallback === undefined ? { name } : { name, default: fallback });
  };
  for (const text of pipelineTexts(source)) {
    tokenize(text, { parameters: new Map(), report() {}, seen });
  }
  return [...found.values()];
}

function pipelineTexts(source: string): string[] {
  if (!/^\s*[{[]/.test(source)) return [source];
  const texts: string[] = [];
  try {
    JSON.parse(source, (_key, value: unknown) => {
      if (typeof value === "string") texts.push(value);
      return value;
    });
  } catch {
    return [];
  }
  return texts;
}
