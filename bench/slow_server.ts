/**
 * A server with one more word, `slow`, which waits 50 ms over each batch: for memory under backpressure.
 * @module
 */
import { z } from "zod";
import { environment, onSignal, print, printError } from "../routes/serve.ts";
import { startSluice } from "../routes/server.ts";
import type { Batch } from "../src/batch/batch.ts";
import { readSettings } from "../src/settings.ts";
import { defineStage } from "../src/stage.ts";
import { DEFAULT_STAGES, vocabularyOf } from "../stages/mod.ts";

const WAIT_MS = 50;

const slow = defineStage({
  name: "slow",
  kind: "ordered",
  summary: "Waits over each batch",
  description: "For measurements only.",
  arguments: z.object({}),
  examples: [],
  create: () => ({
    async push(batch: Batch) {
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
      return [batch];
    },
  }),
});

const vocabulary = vocabularyOf([...DEFAULT_STAGES, slow]);
const sluice = await startSluice(
  readSettings(environment()),
  vocabulary,
  environment(),
  printError,
);
onSignal(["SIGTERM"], () => void sluice.stop());
await print(`Listens on ${sluice.url}\n`);
