/**
 * A client of bytes over one TCP connection: for tests about what really crosses the socket, where `fetch` would help out
 * too much. Waiting is on conditions with a deadline, never for a time.
 *
 * @module
 */
import { connect, type Socket } from "node:net";

/** How a connection ended: `end` for an orderly close by the server, `reset` for a reset, `local` when cut from here. */
export type Ending = "end" | "reset" | "local";

const deadlineMs = 10_000;
const mebibyte = 1024 * 1024;

/** One client connection. Received bytes are kept as latin1 text, so that one character is one byte. */
export class RawConnection {
  /** What was received and not yet taken: at most the last MiB, older text is dropped. */
  text = "";
  /** Settles once, when nothing more can be received. */
  readonly ended: Promise<Ending>;
  readonly #socket: Socket;
  #ending: Ending | undefined;
  #cutHere = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Uint8Array) => {
      this.text = (this.text + Buffer.from(bytes).toString("latin1")).slice(-mebibyte);
    });
    this.ended = new Promise((resolve) => {
      const settle = (ending: Ending) => {
        this.#ending ??= this.#cutHere ? "local" : ending;
        resolve(this.#ending);
      };
      socket.once("end", () => settle("end"));
      socket.once("error", () => settle("reset"));
      socket.once("close", () => settle("end"));
    });
  }

  /** Connects to the host and port of `url`. @throws the socket's error when nobody listens there. */
  static open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const host = hostname.replace(/^\[|\]$/g, "");
      // Half-open, so that the end of the response does not end the upload: curl goes on sending too.
      const socket = connect({ host, port: Number(port), allowHalfOpen: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new RawConnection(socket));
      });
    });
  }

  /** Sends text or bytes; resolves when the kernel has taken them, rejects when the connection is gone. */
  send(data: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(data, (error) => error ? reject(error) : resolve());
    });
  }

  /** Sends one chunk of a chunked upload. */
  sendChunk(data: string): Promise<void> {
    return this.send(`${data.length.toString(16)}\r\n${data}\r\n`);
  }

  /**
   * Sends up to `offeredBytes` of chunked upload in pieces of 256 KiB and stops when one piece is not taken within `quietMs`
   * (the connection is blocked) or the connection breaks. Returns how many bytes were taken, `offeredBytes` when all were.
   */
  async push(offeredBytes: number, quietMs = 500): Promise<number> {
    const piece = Buffer.from(`40000\r\n${"x".repeat(0x3ffff)}\n\r\n`);
    for (let taken = 0; taken < offeredBytes; taken += 0x40000) {
      if (!await within(quietMs, this.send(piece))) return taken;
    }
    return offeredBytes;
  }

  /** Waits until the received text contains `part`; takes and returns everything up to its end. */
  async receive(part: string): Promise<string> {
    await until(
      () => this.text.includes(part) || this.#ending !== undefined,
      () =>
        `Waited for ${JSON.stringify(part)}, received ${JSON.stringify(this.text.slice(0, 500))}`,
    );
    const at = this.text.indexOf(part);
    if (at < 0) {
      throw new Error(`Connection over (${this.#ending}) after ${JSON.stringify(this.text)}`);
    }
    const taken = this.text.slice(0, at + part.length);
    this.text = this.text.slice(taken.length);
    return taken;
  }

  /** Stops (true) or restarts (false) taking bytes from the socket. */
  hold(stop: boolean): void {
    if (stop) this.#socket.pause();
    else this.#socket.resume();
  }

  /** Closes the sending side in order: FIN. */
  finish(): void {
    this.#socket.end();
  }

  /** Closes both sides: FIN, and a reset to whatever the server still sends. */
  close(): void {
    this.#cutHere = true;
    this.#socket.destroy();
  }

  /** Resets the connection: RST. */
  reset(): void {
    this.#cutHere = true;
    this.#socket.resetAndDestroy();
  }
}

/** Waits for a condition; rejects with `describe()` when it does not hold in time. */
export async function until(condition: () => boolean, describe: () => string): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(describe());
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** True when `promise` fulfils within the time; false when it takes longer or rejects. */
export function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    promise.then(() => resolve(true), () => resolve(false)).finally(() => clearTimeout(timer));
  });
}

/** Resolves with the value of `read` once it has not changed for `quietMs`; rejects when it never rests. */
export async function steady(read: () => number, quietMs = 300): Promise<number> {
  let last = read();
  let since = performance.now();
  await until(() => {
    if (read() !== last) [last, since] = [read(), performance.now()];
    return performance.now() - since >= quietMs;
  }, () => `Waited for a value to rest, still changing at ${read()}`);
  return last;
}
