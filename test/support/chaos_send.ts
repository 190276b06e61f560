/**
 * How a subject of the chaos test is sent to a server, beside other runs, and what is known of its run.
 * @module
 */
import { encodeText } from "../../src/batch/text.ts";
import type { Sluice } from "../../routes/server.ts";
import type { RunReport } from "../../src/pipeline/report.ts";
import { type Conduct, type Exchange, exchange } from "./chaos_client.ts";
import { RUN_TABLE } from "./chaos_places.ts";
import type { Subject } from "./chaos_subject.ts";
import { BYSTANDER, piecesOf, type World } from "./chaos_world.ts";
import { between } from "./random.ts";
import { eventually, runUrl } from "./server.ts";

type Random = () => number;

const FORM_TYPE = "multipart/form-data; boundary=chaos";

/** The upload in pieces; a table that comes with it is the first piece, for before that there is no run. */
export function uploadOf(
  random: Random,
  { plan: { form, input } }: Subject,
): readonly Uint8Array[] {
  if (!form) return piecesOf(random, input);
  const part = (name: string, text: string) =>
    `--chaos\r\ncontent-disposition: form-data; name="${name}"; filename="${name}"\r\n\r\n${text}\r\n`;
  const file = part("file", "").slice(0, -2);
  return [
    encodeText(part("table", RUN_TABLE) + file),
    ...piecesOf(random, `${input}\r\n--chaos--\r\n`),
  ];
}

/** The number of a piece, but that of a table: before it the upload stops. */
export const placeToStop = (
  random: Random,
  { plan: { form } }: Subject,
  pieces: readonly Uint8Array[],
) => between(random, form ? 1 : 0, pieces.length - 1);

/** Sends the subject, and others at the same time. */
export async function send(
  world: World,
  subject: Subject,
  conduct: Conduct,
  random: Random,
  server: Sluice = world.server,
): Promise<Exchange> {
  const url = runUrl(server, subject.plan.text, subject.parameters);
  const headers = subject.plan.form ? { "content-type": FORM_TYPE } : {};
  const [answer] = await Promise.all([
    exchange(url, { ...conduct, headers }),
    world.askBystanders(server, random),
  ]);
  return answer;
}

/** The report of the subject's run, live or ended; null when there is none. */
export function reportOf(world: World, server = world.server): RunReport | null {
  return world.news(server).find(({ pipeline }) => pipeline !== BYSTANDER) ?? null;
}

/** The report of the subject's run when it is over. */
export function endOf(world: World, server?: Sluice): Promise<RunReport> {
  return eventually(() => {
    const report = reportOf(world, server);
    return report !== null && report.state !== "running" ? report : null;
  });
}
