/**
 * Options that every stage understands, though no stage declares them.
 * @module
 */
import { type OnReject, REJECT_POLICIES } from "../reject.ts";
import type { AnyStage } from "../stage.ts";
import { z } from "zod";
import { argument } from "./arguments.ts";
import type { PlanStage } from "./syntax.ts";

/** The options by name; their values stand among a stage's arguments. */
export const COMMON_OPTIONS = {
  on_error: argument.choice(REJECT_POLICIES, {
    description: "What happens to a line or row that the stage cannot take",
    option: true,
  }).optional(),
};

/** The options as the builder takes them. */
export type CommonOptions = z.input<z.ZodObject<typeof COMMON_OPTIONS>>;

/** What the plan says of a stage's rejects; undefined where the run decides. */
export function onErrorOf(stage: PlanStage): OnReject | undefined {
  const { data } = COMMON_OPTIONS.on_error.safeParse(stage.arguments["on_error"]);
  return data;
}

/** Whether a stage is to go on without the rows on which it fails. */
export function leavesRowsOut(stage: PlanStage, definition: AnyStage): boolean {
  const policy = stage.arguments["on_error"];
  return definition.kind === "row-local" && (policy === "skip" || policy === "emit");
}

/** Whether the rows that a stage leaves out are shown as a whole, so that formats make all of their fields. */
export function showsRows(stage: PlanStage, definition: AnyStage): boolean {
  return leavesRowsOut(stage, definition) && stage.arguments["on_error"] === "emit";
}

/** Whether a stage can go on without a line or a row: formats, stages that take each row by itself, and those that say so. */
export function mayReject({ kind, rejects, arguments: own }: AnyStage): boolean {
  return kind === "format" || kind === "row-local" || rejects === true ||
    Object.hasOwn(own.shape, "on_error");
}
