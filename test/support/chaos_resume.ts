/**
 * Resumable uploads in the chaos test.
 * @module
 */
import assert from "node:assert/strict";
import type { Sluice } from "../../routes/server.ts";
import { type Conduct, type Exchange, exchange, type Leaving } from "./chaos_client.ts";
import { endsEarly, expectRight, makeSubject, struck } from "./chaos_subject.ts";
import { BYSTANDER, piecesOf, type Play, type Story } from "./chaos_world.ts";
import { between, pickOne } from "./random.ts";

/** A client that does as it is told needs far fewer, though half of its parts break off. */
const MOST_REQUESTS = 300;

/** A resumable upload whose parts break off, until it is complete. */
export const resumed: Play = async (world, random, story) => {
  const allowed = { throwing: random() < 0.4, risks: false };
  const subject = await makeSubject(world, random, story, allowed);
  const place = await open(world.server, subject.plan.text);
  const bytes = Buffer.from(subject.plan.input);
  for (let requests = 0;; requests++) {
    assert.ok(requests < MOST_REQUESTS, `${requests} requests did not complete the upload`);
    const [answer] = await Promise.all([
      goOn(place, bytes, random, story),
      world.askBystanders(world.server, random),
    ]);
    // A stage that throws fails its part, and no other.
    if (answer.status !== 200 || (answer.cut && struck(subject))) continue;
    expectRight(subject, answer);
    break;
  }
  const { text } = await exchange(place, { method: "GET", pieces: [], whole: true });
  const { lines } = JSON.parse(text) as { lines: number };
  // A last line without a line feed is one when the results are asked for.
  const unended = subject.plan.input.endsWith("\n") ? 0 : 1;
  if (!endsEarly(subject)) assert.equal(lines, subject.reference!.policy.lines - unended, "lines");
  // Each report is that of one part, and what a part's end gives came in with others.
  for (const { id } of world.news().filter(({ pipeline }) => pipeline !== BYSTANDER)) {
    world.seen.add(id);
  }
  world.complete = true;
  await exchange(place, { method: "DELETE", pieces: [], whole: true });
};

async function open({ url }: Sluice, q: string): Promise<string> {
  const query = new URLSearchParams({ q });
  const opened = await exchange(`${url}/v1/uploads?${query}`, { pieces: [], whole: true });
  assert.equal(opened.status, 201, opened.text);
  return url + opened.headers.get("location")!;
}

/** Sends a next part; when all bytes have come, but an end that failed, only the results are asked for again. */
async function goOn(
  place: string,
  bytes: Buffer,
  random: () => number,
  story: Story,
): Promise<Exchange> {
  const head = await exchange(place, { method: "HEAD", pieces: [], whole: true });
  if (head.headers.get("upload-complete") === "?1") {
    story.details += " result";
    return await exchange(`${place}/result`, { method: "GET", pieces: [], whole: true });
  }
  const offset = Number(head.headers.get("upload-offset"));
  const end = random() < 0.4 ? bytes.length : between(random, offset, bytes.length);
  const pieces = piecesOf(random, bytes.subarray(offset, end).toString("latin1"));
  const last = end === bytes.length;
  return await sendPart(place, { offset, last, pieces }, random, story);
}

interface Part extends Pick<Conduct, "pieces"> {
  readonly offset: number;
  readonly last: boolean;
}

function sendPart(
  place: string,
  { offset, last, pieces }: Part,
  random: () => number,
  story: Story,
): Promise<Exchange> {
  const leave = random() < 0.5 ? pickOne<Leaving>(random, ["close", "reset", "half-close"]) : null;
  const before = between(random, 0, Math.max(0, pieces.length - 1));
  story.details += ` ${offset}${last ? " last" : ""}${
    leave === null ? "" : ` ${leave} at ${before}`
  }`;
  return exchange(place, {
    method: "PATCH",
    headers: {
      "content-type": "application/partial-upload",
      "upload-offset": String(offset),
      "upload-complete": last ? "?1" : "?0",
    },
    pieces,
    stop: { before, until: () => Promise.resolve(), leave },
  });
}
