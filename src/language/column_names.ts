/**
 * The arguments `columns` and `header` of formats whose columns the data or the user names.
 * @module
 */
import { OPEN_SCHEMA, type Schema } from "../schema.ts";
import type { CheckContext } from "../stage.ts";
import { argument } from "./arguments.ts";
import type { FieldReference } from "./syntax.ts";

/** The options themselves, for the shape of such a format. */
export const COLUMN_OPTIONS = {
  columns: argument.fields({
    description: "Names of all columns, for an upload without a header",
    option: true,
  }).optional(),
  header: argument.choice(["yes", "no"], {
    description: "Whether the first record holds names; default `no` with `columns`, else `yes`",
    option: true,
  }).optional(),
};

/** The names to use, and whether the first record is a header; without names it is one unless the user says no. */
export function namedColumns(
  columns: readonly FieldReference[] | undefined,
  header: string | undefined,
): { readonly names: readonly string[] | null; readonly header: boolean } {
  const names = columns?.map(({ path }) => path.join(".")) ?? null;
  return { names, header: header === undefined ? names === null : header === "yes" };
}

/** The rows that come out: exactly these columns as text, or without them rows that only the data tells. */
export function textSchema(
  columns: readonly FieldReference[] | undefined,
  check: CheckContext,
): Schema {
  if (columns === undefined) return OPEN_SCHEMA;
  const fields = new Map<string, "text">();
  for (const { path, at } of columns) {
    const name = path.join(".");
    if (fields.has(name)) {
      check.issue({
        message: `Two columns named \`${name}\``,
        at,
        hint: "Give one of them another name",
      });
    }
    fields.set(name, "text");
  }
  return { fields, open: false };
}
