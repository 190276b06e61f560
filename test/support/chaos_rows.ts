/**
 * Stages of chaos plans that look at rows alone: filters, fields, aggregates.
 * @module
 */
import type { Grow, Grown, Place, Random } from "./chaos_grown.ts";
import type { Rows } from "./chaos_uploads.ts";
import { between, pickOne } from "./random.ts";

export const anywhere = () => true;
export const inOrder = (rows: Rows) => rows.ordered && rows.numbers.length > 0;
export const timed = (rows: Rows, { depth }: Place) =>
  rows.ordered && rows.time !== null && depth > 0;
export const deep = (_: Rows, { depth }: Place) => depth > 0;
export const numbered = (rows: Rows) => rows.numbers.length > 0;

export const condition = (random: Random, rows: Rows): string => {
  const options: string[] = [];
  for (const name of rows.numbers) options.push(`${name} > ${between(random, 0, 600)}`);
  for (const name of rows.texts) options.push(`${name} contains "${between(random, 0, 9)}"`);
  if (options.length === 0) return "1 == 1";
  const one = pickOne(random, options);
  return random() < 0.3 ? `${one} or ${pickOne(random, options)}` : one;
};

export const by = (random: Random, rows: Rows) =>
  rows.texts.length > 0 && random() < 0.8 ? ` by ${pickOne(random, rows.texts)}` : "";

const plain = (text: string, rows: Rows): Grown => ({ text, rows });

export const where: Grow = (random, rows) => plain(`where ${condition(random, rows)}`, rows);

export const let_: Grow = (random, rows, _place, growth) => {
  if (rows.numbers.length === 0) return plain(`where ${condition(random, rows)}`, rows);
  const name = growth.name("l");
  const text = `let ${name} = ${pickOne(random, rows.numbers)} * 2 + ${between(random, 0, 9)}`;
  return plain(text, { ...rows, numbers: [...rows.numbers, name] });
};

export const select: Grow = (random, rows, place, growth) => {
  const keep = (list: readonly string[]) => list.filter(() => random() < 0.7);
  const numbers = keep(rows.numbers);
  const texts = keep(rows.texts);
  const all = [...new Set([...numbers, ...texts, ...(rows.time === null ? [] : [rows.time])])];
  if (all.length === 0) return where(random, rows, place, growth);
  return plain(`select ${all.join(", ")}`, { ...rows, numbers, texts });
};

export const stats: Grow = (random, rows, _place, growth) => {
  const made: [string, string][] = [["n", "count"]];
  for (const name of rows.numbers.slice(0, 3)) {
    const functions = ["sum", "min", "max", "distinct"];
    if (rows.ordered) functions.push("first", "last", "p50");
    made.push([growth.name("s"), `${pickOne(random, functions)}(${name})`]);
  }
  const key = by(random, rows);
  const calls = made.map(([name, call]) => `${call} as ${name}`).join(", ");
  return {
    text: `stats ${calls}${key}`,
    rows: {
      numbers: made.map(([name]) => name),
      texts: key === "" ? [] : [key.slice(4)],
      time: null,
      ordered: rows.ordered,
    },
    late: true,
  };
};

export const running: Grow = (random, rows, _place, growth) => {
  const name = growth.name("r");
  const call = pickOne(random, ["count", `sum(${pickOne(random, rows.numbers)})`]);
  const numbers = [...rows.numbers, name];
  return plain(`running ${call} as ${name}${by(random, rows)}`, { ...rows, numbers });
};
