/**
 * A client of resumable uploads.
 * @module
 */
import assert from "node:assert/strict";

/** What a test looks at of an answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function answerOf(response: Response): Promise<Answer> {
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Opens an upload for the pipeline `q` on the server at `url`, with further parameters. */
export async function openUpload(
  url: string,
  q: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<UploadClient> {
  const query = new URLSearchParams({ q, ...parameters });
  const answer = await answerOf(await fetch(`${url}/v1/uploads?${query}`, { method: "POST" }));
  assert.equal(answer.status, 201, answer.text);
  return new UploadClient(url, answer.headers.get("location")!);
}

/** One upload, as its client sees it. */
export class UploadClient {
  constructor(public url: string, readonly path: string) {}

  /** Sends a part. */
  async send(part: BodyInit, offset: number, last = false): Promise<Answer> {
    return await answerOf(
      await fetch(`${this.url}${this.path}`, {
        method: "PATCH",
        headers: {
          "content-type": "application/partial-upload",
          "upload-offset": String(offset),
          "upload-complete": last ? "?1" : "?0",
        },
        body: part,
      }),
    );
  }

  async request(method: string, below = ""): Promise<Answer> {
    return await answerOf(await fetch(`${this.url}${this.path}${below}`, { method }));
  }

  /** Where to go on. */
  async offset(): Promise<number> {
    const { status, headers } = await this.request("HEAD");
    assert.equal(status, 204);
    return Number(headers.get("upload-offset"));
  }
}

/** The answer's status and its problem's detail. */
export function problemOf({ status, headers, text }: Answer): readonly [number, string] {
  assert.equal(headers.get("content-type"), "application/problem+json", text);
  return [status, (JSON.parse(text) as { detail: string }).detail];
}
