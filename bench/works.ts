/**
 * What is measured: each work is a pipeline on an upload, beside what people would use in its place.
 * @module
 */
import type { AnswerRow, AnswerShape } from "./answers.ts";
import type { Input, InputSize } from "./input_file.ts";
import { ACCESS_WORKS } from "./works_access.ts";
import { RECORD_WORKS } from "./works_records.ts";

/** How a rival works on the input: a command on `$1`, SQL with `$file`, or an upload to the baseline server. */
export type Means =
  | { readonly programs: readonly string[]; readonly command: string }
  | { readonly sql: string }
  | { readonly route: string };

/** Something else that does a work, or a part of it. */
export type Rival = Means & {
  readonly name: string;
  /** What exactly it computes. */
  readonly does: string;
  /** For slow ones: measured on an input of this share of the size; MB/s are compared. */
  readonly share?: number;
  /** Columns of the answer that it does not compute, or defines otherwise; `all` when the answer is another. */
  readonly without?: readonly string[] | "all";
};

/** One work. */
export interface Work {
  /** What it is called on the command line. */
  readonly id: string;
  readonly title: string;
  readonly pipeline: string;
  /** PUT unless told. */
  readonly method?: "POST";
  input(size: InputSize): Promise<Input>;
  readonly answer: AnswerShape;
  /** An independent computation of the answer, where it does not take a rival to know it. */
  expected?(input: Input): Promise<readonly AnswerRow[]>;
  readonly rivals: readonly Rival[];
}

/** Every work, the access-log query first. */
export const WORKS: readonly Work[] = [...ACCESS_WORKS, ...RECORD_WORKS];
