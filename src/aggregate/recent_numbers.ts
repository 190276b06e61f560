/**
 * The numbers that a table saw lately, with their groups.
 * @module
 */

const PLACES = 256;

/** Of the numbers that came lately, up to 256, each in the place that its value gives it. */
export class RecentNumbers {
  /** What one costs. */
  static readonly bytes = 12 * PLACES;
  readonly #numbers = new Float64Array(PLACES).fill(NaN);
  readonly #groups = new Int32Array(PLACES);
  /** What the numbers are. */
  #tag = -1;
  /** Times come in order, so that a bin of them comes many times, one behind the other. */
  #last = NaN;
  #lastGroup = -1;

  /** Forgets all when the numbers to come are of another type. */
  start(tag: number): void {
    if (tag === this.#tag) return;
    this.#numbers.fill(NaN);
    this.#last = NaN;
    this.#tag = tag;
  }

  /** The group of a number; -1 when it is not known, as NaN never is. */
  find(value: number): number {
    if (value === this.#last) return this.#lastGroup;
    const place = placeOf(value);
    if (this.#numbers[place] !== value) return -1;
    this.#last = value;
    return this.#lastGroup = this.#groups[place]!;
  }

  keep(value: number, group: number): void {
    const place = placeOf(value);
    this.#numbers[place] = value;
    this.#groups[place] = group;
  }
}

function placeOf(value: number): number {
  return Math.imul(value, 0x9e3779b1) >>> 24;
}
