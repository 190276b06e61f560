/**
 * The sinks that ship with the server.
 * @module
 */
import type { z } from "zod";
import file from "./file.ts";
import http from "./http.ts";
import type { SinkDefinition } from "./sink.ts";
import sqlite from "./sqlite.ts";

/** A sink with its option types forgotten. */
// deno-lint-ignore no-explicit-any -- the one place where option types are erased; each sink is typed by defineSink
export type AnySink = SinkDefinition<any>;

/** Every sink, by the word behind `into`. */
export const SINKS: readonly [AnySink, ...AnySink[]] = [file, sqlite, http];

/** The options of all sinks, for the arguments of `into`. */
export function sinkOptions(): z.ZodRawShape {
  return Object.assign({}, ...SINKS.map(({ options }) => options));
}
