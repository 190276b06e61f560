/**
 * `node:http` with a listener that drains and answers a constant: the least that a small upload costs on it.
 * @module
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const server = createServer((incoming, outgoing) => {
  let bytes = 0;
  incoming.on("data", (chunk: Uint8Array) => bytes += chunk.byteLength);
  incoming.on("end", () => {
    const answer = bytes > 0 ? "drained\n" : "nothing\n";
    outgoing.writeHead(200, { "content-type": "text/plain", "content-length": answer.length });
    outgoing.end(answer);
  });
});
server.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
