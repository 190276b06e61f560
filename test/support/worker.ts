/**
 * The module of a worker thread of tests.
 * @module
 */
import { serveSlices } from "../../src/workers/serve_slices.ts";
import type { ThreadPort } from "../../src/workers/thread.ts";
import { onWorkerThread, WORKER_WORDS } from "./worker_words.ts";

onWorkerThread();
serveSlices(WORKER_WORDS, globalThis as unknown as ThreadPort);
