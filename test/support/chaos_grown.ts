/**
 * What chaos plans are grown with: the place of a stage, what a grown piece gives, what the whole plan needs.
 * @module
 */
import type { Rows } from "./chaos_uploads.ts";
import { pickOne } from "./random.ts";

/** Numbers in [0, 1). */
export type Random = () => number;

/** Where a stage stands. */
export interface Place {
  readonly depth: number;
  /** A throw here is one that a restart can mend: it happens while an outer stage is pushed. */
  readonly mendable: boolean;
  /** The pipeline runs once, so rows may leave it for a place with a name, and rejects have one way. */
  readonly once: boolean;
  /** Inside lanes, which may hold other words of trouble. */
  readonly lanes: boolean;
}

/** A piece of a pipeline. */
export interface Grown {
  readonly text: string;
  readonly rows: Rows;
  /** Rows may come out at the end only, where nothing is supervised. */
  readonly late?: boolean;
}

/** Grows a stage for `rows`. */
export type Grow = (random: Random, rows: Rows, place: Place, growth: Growth) => Grown;

/** A stage that may be grown. */
export interface Growable {
  /** Not there, not grown. */
  readonly word?: string;
  readonly fits: (rows: Rows, place: Place, growth: Growth) => boolean;
  readonly grow: Grow;
}

/** Where a plan writes to. */
export interface PlannedSink {
  readonly kind: "file" | "sqlite" | "http";
  /** A name below FILES, or a path of the host. */
  readonly name: string;
  /** Rows are written in an order that the input alone decides. */
  readonly ordered: boolean;
  /** A row that comes twice is there once. */
  readonly keyed: boolean;
}

/** What a plan must not have. */
export interface Without {
  /** Stages that end the run by plan, lose rows, or need a form. */
  readonly risks: boolean;
}

/** What is known of the plan as a whole while it grows. */
export class Growth {
  readonly sinks: PlannedSink[] = [];
  /** Rows may be dropped as time would have it. */
  lossy = false;
  /** A table comes with the run. */
  form = false;
  #names = 0;

  /** `host` answers lookups, `key` tells this plan's requests and files from those of others. */
  constructor(
    readonly host: string,
    readonly key: string,
    readonly trouble: (place: Place) => string | null,
    readonly without: Without,
  ) {}

  /** A name that the plan has not yet. */
  name(letter: string): string {
    return `${letter}${this.#names++}`;
  }
}

/** One of the texts, to be asked for. */
export const textField = (random: Random, { texts }: Rows) => pickOne(random, texts);
/** There is a text to be asked for. */
export const withTexts = ({ texts }: Rows) => texts.length > 0;
