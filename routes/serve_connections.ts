/**
 * The connections of a server, and what happens when a client ends its side of one.
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** How long a client that sends no more of its upload may wait for how that ends, as it may be gone. */
const LAST_WORDS_MS = 50;

/**
 * Calls `cut` when the client ends its side in the middle of its upload, and closes the connection soon after; only where
 * the server lets connections be half open.
 */
export function watchUpload(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  cut: () => void,
): void {
  let grace: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    if (incoming.complete) return;
    cut();
    grace = setTimeout(() => incoming.socket.destroy(), LAST_WORDS_MS);
  };
  incoming.socket.once("end", end);
  outgoing.once("close", () => {
    clearTimeout(grace);
    incoming.socket.off("end", end);
  });
}

/**
 * The open connections and how many requests each has in hand. `closeIdleConnections` will not do: it
 * leaves a connection on which nothing was ever asked, and one that turns idle after the call.
 */
export class Connections {
  readonly #requests = new Map<Socket, number>();
  readonly #latest = new WeakMap<Socket, IncomingMessage>();
  #dismissed = false;

  add(socket: Socket): void {
    if (!this.#requests.has(socket)) this.#requests.set(socket, 0);
    socket.once("close", () => this.#requests.delete(socket));
    // Only a client in the middle of its upload is told how that ended; any other that ends has left.
    socket.once("end", () => (this.#latest.get(socket)?.complete ?? true) && socket.end());
  }

  enter(socket: Socket, incoming: IncomingMessage): void {
    this.#latest.set(socket, incoming);
    this.#requests.set(socket, (this.#requests.get(socket) ?? 0) + 1);
  }

  leave(socket: Socket): void {
    const requests = this.#requests.get(socket);
    if (requests === undefined) return;
    this.#requests.set(socket, requests - 1);
    if (this.#dismissed && requests === 1) socket.destroySoon();
  }

  /** Closes the idle ones now and the others when their requests are over. */
  dismiss(): void {
    this.#dismissed = true;
    for (const [socket, requests] of this.#requests) if (requests === 0) socket.destroySoon();
  }

  destroy(): void {
    for (const socket of this.#requests.keys()) socket.destroy();
  }
}
