/**
 * Named pipelines: text files, those that ship and those of the user's own directory.
 * @module
 */
import { readdir, readFile } from "node:fs/promises";
import { PipelineError } from "../src/language/diagnostics.ts";
import { findParameters, parsePipeline } from "../src/plan.ts";
import type { Vocabulary } from "../src/vocabulary.ts";

/** A pipeline with a name. */
export interface NamedPipeline {
  readonly name: string;
  /** The comment at the head of its file. */
  readonly summary: string;
  readonly text: string;
  /** What `$name` in its text stands for; without a default it must be given. */
  readonly parameters: readonly { readonly name: string; readonly default?: string }[];
}

const FILE_PATTERN = /^([a-z0-9][a-z0-9_-]{0,63})\.txt$/;
const SHIPPED = new URL("../pipelines/", import.meta.url);

/**
 * Reads every `NAME.txt` of the shipped directory and then of `directory`, when given, whose names win. Throws when one
 * cannot be read or is not a pipeline: found at start, not by a user.
 */
export async function loadPipelines(
  directory: string,
  vocabulary: Vocabulary,
): Promise<ReadonlyMap<string, NamedPipeline>> {
  const pipelines = new Map<string, NamedPipeline>();
  for (const place of directory === "" ? [SHIPPED] : [SHIPPED, directory]) {
    for (const file of (await readdir(place)).sort()) {
      const name = FILE_PATTERN.exec(file)?.[1];
      if (name === undefined) continue;
      const path = typeof place === "string" ? `${place}/${file}` : new URL(file, place);
      pipelines.set(name, parseFile(name, await readFile(path, "utf8"), vocabulary));
    }
  }
  return pipelines;
}

function parseFile(name: string, source: string, vocabulary: Vocabulary): NamedPipeline {
  const lines = source.split("\n");
  const head = lines.findIndex((line) => !line.startsWith("#"));
  const summary = lines.slice(0, head).map((line) => line.slice(1).trim()).join(" ");
  const text = lines.slice(head).join("\n").trim();
  try {
    const parameters = findParameters(text);
    // Any value will do: this asks whether the pipeline is sound, and every run checks the values it gets.
    const samples = new Map(
      parameters.map(({ name, default: standard }) => [name, standard ?? "1"]),
    );
    parsePipeline(text, vocabulary, samples);
    return { name, summary, text, parameters };
  } catch (fault) {
    if (!(fault instanceof PipelineError)) throw fault;
    throw new Error(`The named pipeline ${name} cannot run:\n${fault.message}`, { cause: fault });
  }
}
