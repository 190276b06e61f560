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

/** Rows of any of `schemas`, a field whose types differ being `any`, with further fields behind, in place of known ones. */
export function addedFields(
  schemas: readonly Schema[],
  added: readonly (readonly [name: string, type: FieldType])[],
): Schema {
  const fields = new Map<string, FieldType>();
  for (const schema of schemas) {
    for (const [name, type] of schema.fields) {
      fields.set(name, (fields.get(name) ?? type) === type ? type : "any");
    }
  }
  for (const [name, type] of added) {
    fields.delete(name);
    fields.set(name, type);
  }
  return { fields, open: schemas.some(({ open }) => open) };
}
