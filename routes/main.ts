/**
 * `start`: serves until SIGINT, SIGTERM or SIGQUIT.
 * @module
 */
import type { Shutdown } from "../src/pipeline/stopping.ts";
import { readSettings, SettingsError } from "../src/settings.ts";
import { VOCABULARY } from "../stages/mod.ts";
import { environment, exit, onSignal, print, printError } from "./serve.ts";
import { startSluice } from "./server.ts";

const say = (line: string) => print(`${line}\n`);

const STOPPING: Readonly<Record<Shutdown, string>> = {
  graceful: "no new runs, running ones may finish; once more to cut them",
  hybrid: "no new runs, running ones may finish within the grace; once more to cut them",
  abrupt: "runs are cut, resumable uploads are saved",
};

try {
  const variables = environment();
  const settings = readSettings(variables);
  const sluice = await startSluice(
    settings,
    VOCABULARY,
    variables,
    (line) => void printError(`${line}\n`),
  );
  let signals = 0;
  onSignal(["SIGINT", "SIGTERM", "SIGQUIT"], async (signal) => {
    if (++signals > 2) exit(1);
    const now = signals === 2 || signal === "SIGQUIT";
    const shutdown = now ? "abrupt" : settings.SHUTDOWN;
    await say(`Stopping on ${signal}: ${STOPPING[shutdown]}`);
    await sluice.stop(shutdown);
    exit(0);
  });
  await say(`Sluice listens on ${sluice.url}`);
} catch (fault) {
  await printError(`${fault instanceof Error ? fault.message : fault}\n`);
  exit(fault instanceof SettingsError ? 2 : 1);
}
