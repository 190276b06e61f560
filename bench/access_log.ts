/**
 * A made-up access log in the combined format: seeded, so the same lines every time; lengths and mixture as in real ones.
 * @module
 */
import { seeded } from "../test/support/random.ts";

const PATHS = [
  "/",
  "/index.html",
  "/favicon.ico",
  "/robots.txt",
  "/about",
  "/api/users",
  "/api/users/42",
  "/api/data",
  "/api/upload",
  "/api/login",
  "/assets/site.css",
  "/assets/app.js",
  "/images/logo.png",
  "/images/hero.jpg",
  "/blog/",
  "/blog/streams-all-the-way-down",
  "/blog/what-backpressure-is-for",
  "/search",
  "/feed.xml",
  "/admin",
];
const AGENTS = [
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0",
  "curl/8.10.1",
  "ExampleBot/2.1 (+http://bot.example/about)",
];
const STATUSES: readonly [number, number][] = [[200, 86], [304, 93], [404, 97], [500, 98.2], [
  503,
  98.8,
], [302, 100]];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Lines without their newline, one after the other in time, about 180 bytes each. */
export function* accessLogLines(lines: number, seed = 1): Generator<string> {
  const random = seeded(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() ** 1.5 * list.length)]!;
  let time = Date.UTC(2026, 9, 1, 8, 0, 0);
  for (let line = 0; line < lines; line++) {
    time += random() * 800;
    const host = `10.${Math.floor(random() * 4)}.${Math.floor(random() * 256)}.${
      Math.floor(random() * 256)
    }`;
    const share = random() * 100;
    const status = STATUSES.find(([, below]) => share < below)![0];
    const path = pick(PATHS) + (random() < 0.15 ? `?page=${Math.floor(random() * 50)}` : "");
    const bytes = status === 304 ? "-" : String(Math.floor(200 + random() ** 3 * 200_000));
    const referer = random() < 0.5 ? "-" : `https://www.example.com${pick(PATHS)}`;
    yield `${host} - - [${stamp(new Date(time))}] "${
      random() < 0.9 ? "GET" : "POST"
    } ${path} HTTP/1.1" ` +
      `${status} ${bytes} "${referer}" "${pick(AGENTS)}"`;
  }
}

function stamp(time: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(time.getUTCDate())}/${MONTHS[time.getUTCMonth()]}/${time.getUTCFullYear()}:` +
    `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())} +0000`;
}
