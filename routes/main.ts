/**
 * `start`: serves until SIGINT or SIGTERM.
 * @module
 */
import { readSettings, SettingsError } from "../src/settings.ts";
import { VOCABULARY } from "../stages/mod.ts";
import { environment, exit, onSignal, print, printError } from "./serve.ts";
import { startSluice } from "./server.ts";

const say = (line: string) => print(`${line}\n`);

try {
  const variables = environment();
  const settings = readSettings(variables);
  const sluice = await startSluice(
    settings,
    VOCABULARY,
    variables,
    (line) => void printError(`${line}\n`),
  );
  let stopping = false;
  onSignal(["SIGINT", "SIGTERM"], async (signal) => {
    if (stopping) exit(1);
    stopping = true;
    await say(`Stopping on ${signal}: no new runs, running ones may finish; once more to stop now`);
    await sluice.stop();
    exit(0);
  });
  await say(`Sluice listens on ${sluice.url}`);
} catch (fault) {
  await printError(`${fault instanceof Error ? fault.message : fault}\n`);
  exit(fault instanceof SettingsError ? 2 : 1);
}
