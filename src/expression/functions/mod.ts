/**
 * The functions of the expression language, listed.
 * @module
 */
import type { FunctionDefinition } from "../function.ts";
import { ADDRESS_FUNCTIONS } from "./address.ts";
import { LOGIC_FUNCTIONS } from "./logic.ts";
import { NUMBER_FUNCTIONS } from "./number.ts";
import { PATTERN_FUNCTIONS } from "./pattern.ts";
import { STRUCTURE_FUNCTIONS } from "./structure.ts";
import { TEXT_FUNCTIONS } from "./text.ts";
import { TIME_FUNCTIONS } from "./time.ts";

/** Every function by its name, in the order of the documentation. */
export const FUNCTIONS: ReadonlyMap<string, FunctionDefinition> = new Map(
  [
    ...LOGIC_FUNCTIONS,
    ...NUMBER_FUNCTIONS,
    ...TEXT_FUNCTIONS,
    ...PATTERN_FUNCTIONS,
    ...TIME_FUNCTIONS,
    ...ADDRESS_FUNCTIONS,
    ...STRUCTURE_FUNCTIONS,
  ].map((definition) => [definition.name, definition]),
);
