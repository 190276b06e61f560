/**
 * Short access-log lines for tests.
 * @module
 */

/** One combined line. */
export function logLine(path: string, status: number, bytes = 10): string {
  return `10.0.0.1 - - [01/Oct/2026:08:00:00 +0000] "GET ${path} HTTP/1.1" ${status} ${bytes} "-" "test"\n`;
}

/** The six lines of the log analyzer's exercise. */
export const ANALYZER_LOG = `GET /api/users 200 12ms
POST /api/login 401 5ms
GET /api/data 500 1502ms
GET /api/users 200 8ms
GET /api/data 503 30000ms
POST /api/upload 500 250ms
`;

/** Each line of NDJSON as a value. */
export function jsonLines(text: string): unknown[] {
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}
