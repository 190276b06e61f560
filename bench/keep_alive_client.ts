/**
 * A client that posts the same small body over and over, on connections that stay open, one request at a time on each.
 * @module
 */
import { connect, type Socket } from "node:net";

const decoder = new TextDecoder("latin1");

/** Posts in a stretch of time. */
export interface Posts {
  readonly perSecond: number;
  readonly answers: number;
  /** The body of every answer: they are all the same, or {@link post} throws. */
  readonly answer: string;
}

/** Posts `body` to `url` on `connections` connections for `seconds`. Throws when one answer differs from another or is not 200. */
export async function post(
  url: string,
  body: Uint8Array,
  connections: number,
  seconds: number,
): Promise<Posts> {
  const message = requestOf(new URL(url), body);
  const deadline = performance.now() + seconds * 1000;
  const started = performance.now();
  const shared = { answers: 0, answer: null as string | null };
  await Promise.all(
    Array.from({ length: connections }, () => repeat(new URL(url), message, deadline, shared)),
  );
  const elapsed = (performance.now() - started) / 1000;
  const { answers, answer } = shared;
  return { perSecond: answers / elapsed, answers, answer: answer! };
}

function requestOf(url: URL, body: Uint8Array): Uint8Array {
  const head = `POST ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n` +
    `Content-Type: text/plain\r\nContent-Length: ${body.byteLength}\r\n\r\n`;
  const message = new Uint8Array(head.length + body.byteLength);
  message.set(new TextEncoder().encode(head));
  message.set(body, head.length);
  return message;
}

function repeat(
  url: URL,
  message: Uint8Array,
  deadline: number,
  shared: { answers: number; answer: string | null },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(Number(url.port), url.hostname);
    const fail = (fault: Error) => {
      socket.destroy();
      reject(fault);
    };
    let held = "";
    socket.setNoDelay(true);
    socket.on("error", fail);
    socket.on("close", () => fail(new Error(`The server closed a connection: ${held}`)));
    socket.on("connect", () => socket.write(message));
    socket.on("data", (chunk: Uint8Array) => {
      held += decoder.decode(chunk);
      const answer = bodyOf(held);
      if (answer === null) return;
      shared.answer ??= answer;
      if (!held.startsWith("HTTP/1.1 200") || answer !== shared.answer) {
        return fail(new Error(`Expected ${shared.answer}, found ${held}`));
      }
      held = "";
      shared.answers++;
      if (performance.now() < deadline) socket.write(message);
      else {
        resolve();
        socket.destroy();
      }
    });
  });
}

/** The body of an answer that is whole, its chunks joined; null while it is not. Text is one character a byte. */
export function bodyOf(answer: string): string | null {
  const end = answer.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const rest = answer.slice(end + 4);
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer.slice(0, end))?.[1];
  if (length !== undefined) return rest.length < Number(length) ? null : rest;
  let body = "";
  for (let at = 0;;) {
    const line = rest.indexOf("\r\n", at);
    const size = line < 0 ? NaN : parseInt(rest.slice(at, line), 16);
    if (size === 0) return rest.length < line + 4 ? null : body;
    if (!(rest.length >= line + 4 + size)) return null;
    body += rest.slice(line + 2, line + 2 + size);
    at = line + 4 + size;
  }
}
