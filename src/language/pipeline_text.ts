/**
 * Pipelines in text: reading, with recovery at the next `|` of the same depth, and canonical printing.
 * @module
 */
import type { AnyStage } from "../stage.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { completeArguments } from "./complete.ts";
import { Cursor } from "./cursor.ts";
import { type Issue, nearest } from "./diagnostics.ts";
import { parseArguments } from "./parse_stage.ts";
import { propertiesOf, reservedOf } from "./properties.ts";
import type { Plan, PlanStage, Span } from "./syntax.ts";
import { type Token, tokenize } from "./tokens.ts";
import { KINDS, type KindSyntax, type Printer } from "./value.ts";
import { guarded } from "./value_json.ts";

/** The most stages of a pipeline, nested ones included. */
const MAX_STAGES = 256;

/** What reading a pipeline needs and leaves behind. */
export interface ReadScope {
  readonly vocabulary: Vocabulary;
  readonly parameters: ReadonlyMap<string, string>;
  report(issue: Issue): void;
  /** Stages that stand in the plan in place of what could not be read; their fault is reported. */
  readonly faulty: Set<PlanStage>;
  /** How many stages were read so far. */
  stages: number;
}

/**
 * Reads pipeline text, positions counting from `base`. Reports every fault; the plan is then incomplete. Linear but for
 * nesting, at most 100 deep.
 */
export function readText(source: string, scope: ReadScope, base = 0): Plan {
  const tokens = tokenize(source, scope, base);
  const at = { start: base + source.length, end: base + source.length };
  const last: Token = { kind: "end", text: "the end of the pipeline", at };
  const nested = (inside: Cursor) => readStages(inside, scope);
  if (tokens.length === 0) return { stages: [] };
  return readStages(new Cursor(tokens, 0, tokens.length, last, nested), scope);
}

/** The definition of a stage, or null when there is none, which is reported. */
export function findStage(name: string, at: Span, scope: ReadScope): AnyStage | null {
  const found = scope.vocabulary.stages.get(name);
  if (found !== undefined) return found;
  const near = nearest(name, scope.vocabulary.stages.keys());
  const hint = near === null
    ? `Stages are ${[...scope.vocabulary.stages.keys()].join(", ")}`
    : `Did you mean \`${near}\`?`;
  scope.report({ message: `Unknown stage \`${name}\``, at, hint });
  return null;
}

/** Counts one more stage; false when that is one too many, which is reported once. */
export function countStage(at: Span, scope: ReadScope): boolean {
  scope.stages++;
  if (scope.stages === MAX_STAGES + 1) {
    scope.report({ message: `A pipeline has at most ${MAX_STAGES} stages`, at });
  }
  return scope.stages <= MAX_STAGES;
}

/** The canonical text of a plan; reading it gives an equal plan. */
export function printPlan(plan: Plan, vocabulary: Vocabulary): string {
  return plan.stages.map((stage) => printStage(stage, vocabulary)).join(" | ");
}

/** The canonical text of one stage. Throws TypeError when the vocabulary does not have it. */
export function printStage(stage: PlanStage, vocabulary: Vocabulary): string {
  const definition = vocabulary.stages.get(stage.stage);
  if (definition === undefined) throw new TypeError(`Unknown stage \`${stage.stage}\``);
  const printer: Printer = {
    reserved: reservedOf(definition),
    plan: (nested) => printPlan(nested, vocabulary),
  };
  const words = [stage.stage];
  for (const { name, syntax } of propertiesOf(definition)) {
    const value = stage.arguments[name];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    const kind: KindSyntax<unknown> = KINDS[syntax.kind];
    const text = kind.print(value, printer).join(kind.separator ?? ", ");
    if (syntax.option) words.push(`${name}=${kind.tree ? `(${text})` : text}`);
    else words.push(...(syntax.keyword === undefined ? [] : [syntax.keyword]), text);
  }
  return words.join(" ");
}

function readStages(cursor: Cursor, scope: ReadScope): Plan {
  const stages: PlanStage[] = [];
  for (let start = cursor.position; start <= cursor.end;) {
    const end = takesRest(cursor, start, scope) ? cursor.end : stageEnd(cursor, start);
    const bar = cursor.tokens[end];
    const last: Token = end < cursor.end && bar !== undefined
      ? { kind: "end", text: "`|`", at: bar.at }
      : cursor.last;
    const inside = new Cursor(cursor.tokens, start, end, last, cursor.nested, cursor.nesting);
    if (!countStage(inside.peek().at, scope)) break;
    stages.push(readStage(inside, scope));
    start = end + 1;
  }
  return { stages };
}

/** Whether the stage at `start` has all behind it as its nested pipeline, none being in parentheses. */
function takesRest(cursor: Cursor, start: number, scope: ReadScope): boolean {
  const name = cursor.tokens[start];
  if (start >= cursor.end || name?.kind !== "name") return false;
  const definition = scope.vocabulary.stages.get(name.text);
  if (!definition || !propertiesOf(definition).some(({ syntax }) => syntax.kind === "rest")) {
    return false;
  }
  for (let index = start + 1; index < stageEnd(cursor, start); index++) {
    const [token, next] = [cursor.tokens[index]!, cursor.tokens[index + 1]];
    const apart = token.at.start > cursor.tokens[index - 1]!.at.end;
    const opens = token.kind === "sign" && token.text === "(" && apart;
    if (opens && next?.kind === "name" && scope.vocabulary.stages.has(next.text)) return false;
  }
  return true;
}

/** The index of the `|` that ends the stage, or the cursor's end. */
function stageEnd(cursor: Cursor, start: number): number {
  let depth = 0;
  for (let index = start; index < cursor.end; index++) {
    const token = cursor.tokens[index]!;
    if (token.kind !== "sign") continue;
    if (token.text === "(") depth++;
    if (token.text === ")" && depth > 0) depth--;
    if (token.text === "|" && depth === 0) return index;
  }
  return cursor.end;
}

function readStage(cursor: Cursor, scope: ReadScope): PlanStage {
  const token = cursor.peek();
  const name = token.kind === "name" ? token.text : "";
  const whole = {
    start: token.at.start,
    end: cursor.done ? token.at.end : cursor.tokens[cursor.end - 1]!.at.end,
  };
  const report = (issue: Issue) => scope.report(issue);
  const read = guarded(report, () => {
    if (token.kind !== "name" || token.quoted) {
      const doubled = token.kind === "end" && token.text === "`|`" &&
        cursor.behind === token.at.start;
      cursor.fail("a stage", doubled ? "Conditions are joined with `or`" : undefined);
    }
    const definition = findStage(name, token.at, scope);
    if (definition === null) return null;
    cursor.take();
    const written = parseArguments(cursor, definition);
    return completeArguments(definition, written, token.at, report);
  });
  const stage: PlanStage = { stage: name, arguments: read ?? {}, at: whole };
  if (read === null || read === undefined) scope.faulty.add(stage);
  return stage;
}
