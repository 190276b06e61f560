/**
 * What a plan knows of the rows on an edge before any row exists: names and types.
 * @module
 */

/** The type of a field as the plan knows it; `any` where only the data tells. */
export type FieldType = "text" | "number" | "time" | "boolean" | "any";

/** The fields of the rows on one edge, in output order. `open` rows may have further fields that only the data tells. */
export interface Schema {
  readonly fields: ReadonlyMap<string, FieldType>;
  readonly open: boolean;
}

/** A closed schema from literal pairs. */
export function schemaOf(fields: Readonly<Record<string, FieldType>>): Schema {
  return { fields: new Map(Object.entries(fields)), open: false };
}

/** Rows of which nothing is known. */
export const OPEN_SCHEMA: Schema = { fields: new Map(), open: true };
