/**
 * The One Billion Row Challenge (https://github.com/gunnarmorling/1brc): rows `station;temperature`, asked for the least, mean and
 * greatest temperature of each station.
 * @module
 */
import { createReadStream } from "node:fs";
import { between, seeded } from "../test/support/random.ts";

/**
 * The challenge as a pipeline. Means are rounded half up to a tenth, as the challenge wants it: temperatures have one
 * decimal, so the sum in tenths is a whole number, and a tie stays a tie.
 */
export const CHALLENGE = 'csv columns=(station, temperature) header=no separator=";" ' +
  "| stats min(temperature) as min, sum(temperature) as sum, count, max(temperature) as max by station " +
  "| let mean = floor(round(sum * 10) / count + 0.5) / 10 " +
  "| select station, min, mean, max | sort station";

/** What the challenge asks of one station. */
export interface StationAnswer {
  readonly station: string;
  readonly min: number;
  readonly mean: number;
  readonly max: number;
}

/** The same by a plain loop over the file in whole tenths, sorted: what answers are held to. */
export async function plainAnswer(path: string): Promise<StationAnswer[]> {
  const stations = new Map<string, { min: number; max: number; sum: number; count: number }>();
  for await (const rows of textLines(path)) {
    for (const row of rows) {
      const separator = row.lastIndexOf(";");
      const tenths = Number(row.slice(separator + 1).replace(".", ""));
      const name = row.slice(0, separator);
      const known = stations.get(name);
      if (known === undefined) {
        stations.set(name, { min: tenths, max: tenths, sum: tenths, count: 1 });
      } else {
        known.min = Math.min(known.min, tenths);
        known.max = Math.max(known.max, tenths);
        known.sum += tenths;
        known.count++;
      }
    }
  }
  return [...stations].sort(([left], [right]) => left < right ? -1 : 1).map((
    [station, { min, max, sum, count }],
  ) => ({
    station,
    min: min / 10,
    mean: Math.floor(sum / count + 0.5) / 10,
    max: max / 10,
  }));
}

async function* textLines(path: string): AsyncGenerator<string[]> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield lines;
  }
  if (rest !== "") yield [rest];
}

const STATIONS = 413;
const SYLLABLES = "ba da ka lo mi no ra sa to vi zu é an en or ür st burg ton ville ã ó".split(" ");
const PIECE_ROWS = 100_000;

/** Rows in pieces: 413 stations, each with a mean of its own, normally distributed around it by 10 degrees. */
export function* measurements(rows: number, seed = 1): Generator<string> {
  const random = seeded(seed);
  const stations = [...stationNames(random)].map((name) => ({ name, mean: random() * 50 - 15 }));
  for (let written = 0; written < rows; written += PIECE_ROWS) {
    let piece = "";
    for (let row = written; row < Math.min(rows, written + PIECE_ROWS); row++) {
      const { name, mean } = stations[Math.floor(random() * STATIONS)]!;
      const temperature = Math.max(-99.9, Math.min(99.9, mean + 10 * normal(random)));
      piece += `${name};${temperature.toFixed(1)}\n`;
    }
    yield piece;
  }
}

function stationNames(random: () => number): Set<string> {
  const names = new Set<string>();
  while (names.size < STATIONS) {
    let name = "";
    for (let part = between(random, 2, 5); part > 0; part--) {
      name += SYLLABLES[Math.floor(random() * SYLLABLES.length)];
    }
    names.add(name[0]!.toUpperCase() + name.slice(1));
  }
  return names;
}

/** A number from the standard normal distribution (Box and Muller, 1958). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
