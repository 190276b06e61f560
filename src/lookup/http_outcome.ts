/**
 * What comes of asking a host for a row.
 * @module
 */
import { type Value, ValueColumn } from "../batch/column.ts";
import { MAX_JSON_DEPTH, nestsDeeper } from "../batch/json_fault.ts";
import { decodeText } from "../batch/text.ts";
import { HttpFailure } from "./http_door.ts";

/** What came of one address: a value, or why there is none. */
export type Outcome = { readonly value: Value } | { readonly error: string };

/** Whether there is no value, and why. */
export function isError(outcome: Outcome | undefined): outcome is { readonly error: string } {
  return outcome !== undefined && "error" in outcome;
}

/** The reasons, null for rows that have a value. */
export function errorsOf(outcomes: readonly (Outcome | undefined)[]): ValueColumn {
  return new ValueColumn(outcomes.map((outcome) => isError(outcome) ? outcome.error : null));
}

/** The JSON of an answer. Throws {@link HttpFailure} when it is none. */
export function valueOf(body: Uint8Array): Value {
  const text = decodeText(body, 0, body.length);
  try {
    if (nestsDeeper(text, MAX_JSON_DEPTH)) throw new SyntaxError("too deep");
    return JSON.parse(text);
  } catch (cause) {
    throw new HttpFailure("refused", "The answer is not JSON", { cause });
  }
}
