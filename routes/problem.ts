/**
 * Problem documents (RFC 9457): the only file that knows status codes of faults.
 * @module
 */
import { RunError, type RunErrorCode } from "../src/errors.ts";
import { UnsupportedEncoding } from "../src/intake/codings.ts";
import { locate, PipelineError, renderIssue } from "../src/language/diagnostics.ts";
import type { Refusal } from "../src/pipeline/runs.ts";

/** A fault of a request that is found before the head of the answer is sent. */
export class Problem extends Error {
  override readonly name = "Problem";
  constructor(
    readonly status: number,
    readonly title: string,
    detail: string,
    readonly members: Readonly<Record<string, unknown>> = {},
    readonly headers: Readonly<Record<string, string>> = {},
    readonly type = "about:blank",
  ) {
    super(detail);
  }

  toResponse(): Response {
    const document = {
      type: this.type,
      title: this.title,
      status: this.status,
      detail: this.message,
      ...this.members,
    };
    return new Response(JSON.stringify(document, null, 2) + "\n", {
      status: this.status,
      headers: { "content-type": "application/problem+json", ...this.headers },
    });
  }
}

const STATUS_OF_RUN_ERROR: Partial<Record<RunErrorCode, [number, string]>> = {
  bad_encoding: [400, "Body does not decode"],
  inflation_limit: [413, "Body inflates too much"],
  body_too_large: [413, "Body too large"],
  upload_cut: [400, "Upload was cut"],
  stalled: [408, "Upload stalled"],
  cancelled: [409, "Run cancelled"],
  shutdown: [503, "Stopping"],
  budget_exceeded: [422, "Run failed"],
  rejects_exceeded: [422, "Run failed"],
  nothing_parsed: [422, "Run failed"],
  dependency_failed: [502, "Run failed"],
  table_unfit: [422, "Run failed"],
  stale_state: [410, "State is stale"],
};

/** Any fault as a problem: each known kind by its own status, anything else as 500 without its inner text. */
export function toProblem(fault: unknown): Problem {
  if (fault instanceof Problem) return fault;
  if (fault instanceof PipelineError) return pipelineProblem(fault);
  if (fault instanceof UnsupportedEncoding) {
    return new Problem(415, "Unsupported content encoding", fault.message);
  }
  if (fault instanceof RunError) {
    const [status, title] = STATUS_OF_RUN_ERROR[fault.code] ?? [500, "Run failed"];
    return new Problem(status, title, fault.message, { code: fault.code, ...fault.details });
  }
  return new Problem(500, "Internal error", "The server failed at this request; it goes on");
}

function pipelineProblem(fault: PipelineError): Problem {
  return new Problem(400, "Pipeline cannot run", fault.message, {
    issues: fault.issues.map((issue) => {
      const { line, column } = locate(fault.source, issue.at.start);
      return {
        message: issue.message,
        ...(issue.pointer === undefined ? {} : { pointer: issue.pointer }),
        line,
        column,
        length: issue.at.end - issue.at.start,
        ...(issue.hint === undefined ? {} : { hint: issue.hint }),
        rendered: renderIssue(fault.source, issue),
      };
    }),
  });
}

/** Parameters of a request that do not hold, all of them. */
export function badParameters(issues: readonly { parameter: string; message: string }[]): Problem {
  const detail = issues.map(({ parameter, message }) => `${parameter}: ${message}`).join("\n");
  return new Problem(400, "Bad parameters", detail, { issues });
}

/** No place for another run. */
export function noPlace(refusal: Refusal, maxRuns: number): Problem {
  return refusal === "full"
    ? new Problem(
      429,
      "Too many runs",
      `All ${maxRuns} runs are taken; try again in a moment`,
      {},
      {
        "retry-after": "1",
      },
    )
    : new Problem(503, "Stopping", "The server is stopping and takes no new runs", {}, {
      "retry-after": "5",
    });
}

/** Nothing of that name; `near` is what may have been meant. */
export function notFound(what: string, name: string, near: string | null): Problem {
  const hint = near === null ? {} : { hint: `Did you mean \`${near}\`?` };
  return new Problem(404, "Not found", `There is no ${what} \`${name}\``, hint);
}

/** A length told in advance that is over the limit. */
export function tooLarge(found: number, limit: number): Problem {
  return new Problem(
    413,
    "Body too large",
    `The upload has ${found} bytes and MAX_BODY allows ${limit}`,
    { limitBytes: limit },
  );
}

/** A method that a path does not know. */
export function methodNotAllowed(method: string, allowed: string): Problem {
  return new Problem(405, "Method not allowed", `${method} is not known here; use ${allowed}`, {}, {
    allow: allowed,
  });
}
