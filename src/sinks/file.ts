/**
 * `into file`: rows written to a file below the configured folder, whole or not at all.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { encodePieces } from "../batch/ndjson.ts";
import { encodeText } from "../batch/text.ts";
import { RunError } from "../errors.ts";
import { argument } from "../language/arguments.ts";
import type { StageContext } from "../stage.ts";
import { CsvRows } from "./csv_rows.ts";
import {
  type DraftFile,
  type DraftState,
  type FileStart,
  nameFault,
  writeFailed,
} from "./files.ts";
import { defineSink, type Sink, type SinkDefinition } from "./sink.ts";

const options = {
  format: argument.choice(["ndjson", "csv"], {
    description: "How rows are written; by the name's ending unless given: `.csv`, else NDJSON",
    option: true,
  }).optional(),
  append: argument.choice(["yes", "no"], {
    description:
      "Whether rows go behind those of the file that is there, or in its place; `no` unless given",
    option: true,
  }).optional(),
};

/** The sink `file`. */
const file: SinkDefinition<typeof options> = defineSink({
  name: "file",
  summary: "a file below the folder FILES, as NDJSON or CSV, seen when it is whole",
  options,
  check(target) {
    const message = nameFault(target, "file");
    return message === null ? null : { message };
  },
  refusal(_target, { resources }) {
    const { refusal } = resources.files;
    return refusal === null ? null : { message: refusal };
  },
  create(target, { format, append }, context) {
    const csv = (format ?? (/\.csv$/i.test(target) ? "csv" : "ndjson")) === "csv";
    return new FileSink(target, csv, append === "yes", context);
  },
});

export default file;

interface SavedFile {
  readonly draft: DraftState | null;
  readonly rows: number;
  readonly columns: readonly string[] | null;
}

/** Bytes go to the draft as they come, so nothing is kept in memory. */
class FileSink implements Sink {
  #draft: DraftFile | null = null;
  #from: DraftState | null = null;
  /** The draft is gone because a run before this one has finished it: there is nothing to write, only to tell. */
  #written = false;
  #rows = 0;
  #bytes = 0;
  /** The draft that the last state names; another is of no use to anybody. */
  #named: string | null = null;
  #disposed = false;
  readonly #csv: CsvRows | null;

  constructor(
    readonly target: string,
    csv: boolean,
    readonly appends: boolean,
    readonly context: StageContext,
  ) {
    this.#csv = csv ? new CsvRows() : null;
  }

  async write(batch: Batch): Promise<void> {
    try {
      const pieces = this.#csv === null ? encodePieces(batch) : [this.#csv.encode(batch)];
      for (const piece of pieces) await this.#put(piece);
      this.#rows += batch.length;
    } catch (cause) {
      throw this.#failure(cause);
    }
  }

  async finish() {
    try {
      const draft = await this.#open();
      if (draft !== null && this.appends) await draft.append((there) => this.#skipped(there));
      else await draft?.replace();
      this.#named = null;
      return this.#told();
    } catch (cause) {
      throw this.#failure(cause);
    }
  }

  save(): SavedFile {
    this.#draft?.flush();
    const draft = this.#draft === null ? this.#from : { id: this.#draft.id, bytes: this.#bytes };
    this.#named = draft?.id ?? null;
    return { draft, rows: this.#rows, columns: this.#csv?.columns ?? null };
  }

  restore(state: unknown): void {
    const { draft, rows, columns } = state as SavedFile;
    this.#from = draft;
    this.#rows = rows;
    this.#bytes = draft?.bytes ?? 0;
    if (this.#csv !== null) this.#csv.columns = columns;
    this.#named = draft?.id ?? null;
  }

  dispose(): void {
    this.#disposed = true;
    const { signal, resources: { files } } = this.context;
    const named = this.#draft?.id === this.#named;
    this.#draft?.close(named && (files.durable || !signal.aborted));
  }

  async #open(): Promise<DraftFile | null> {
    if (this.#draft !== null || this.#written) return this.#draft;
    const draft = await this.context.resources.files.draft(this.target, this.#from);
    if (this.#disposed) {
      draft?.close(this.#from !== null);
      this.context.signal.throwIfAborted();
    }
    this.#draft = draft;
    this.#written = draft === null;
    return draft;
  }

  async #put(bytes: Uint8Array): Promise<void> {
    this.#bound(this.#bytes + bytes.length);
    await (await this.#open())?.write(bytes);
    this.#bytes += bytes.length;
  }

  #skipped(there: FileStart | null): number {
    const skipped = this.#headInPlace(there);
    this.#bound(this.#bytes - skipped + (there?.bytes ?? 0));
    return skipped;
  }

  #bound(bytes: number): void {
    const { maxBytes } = this.context.resources.files;
    if (bytes <= maxBytes) return;
    throw new RunError(
      "budget_exceeded",
      `The file "${this.target}" would have ${bytes} bytes and MAX_FILE allows ${maxBytes}`,
      { limitBytes: maxBytes },
    );
  }

  /** The bytes of a head that the file which is added to has already. Throws when it has another. */
  #headInPlace(old: FileStart | null): number {
    const head = this.#csv?.head ?? null;
    if (old === null || old.bytes === 0 || head === null) return 0;
    if (old.firstLine === head) return encodeText(`${head}\n`).length;
    throw new Error(`It has the columns ${old.firstLine} and these rows have ${head}`);
  }

  #told() {
    return { name: this.target, rows: this.#rows, bytes: this.#bytes };
  }

  #failure(cause: unknown): RunError {
    return writeFailed(`the file "${this.target}"`, cause, { rows: this.#rows });
  }
}
