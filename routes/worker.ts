/**
 * The module of a worker thread: brings the vocabulary of the server.
 * @module
 */
import { serveSlices } from "../src/workers/serve_slices.ts";
import type { ThreadPort } from "../src/workers/thread.ts";
import { VOCABULARY } from "../stages/mod.ts";

serveSlices(VOCABULARY, globalThis as unknown as ThreadPort);
