/**
 * Third-party suites, read in place (CONFORMANCE_DIR).
 * @module
 */
import assert from "node:assert/strict";
import { sharedFolder } from "./format_run.ts";

/** Where the suites are; null when they are not here. */
export const folder = sharedFolder("CONFORMANCE_DIR", "shared/conformance");
/** Why a test that needs them is skipped, or false. */
export const skip = folder === null && "no CONFORMANCE_DIR";

/** Passed, or why this is not for us. Fails by throwing. */
export type Verdict = { readonly unmapped: string } | null;

/** Checks every case of a suite, prints the counts and each case that is not mapped, and fails when one failed. */
export async function tally<Case>(
  suite: string,
  cases: readonly Case[],
  name: (one: Case) => string,
  check: (one: Case) => Verdict | Promise<Verdict>,
): Promise<void> {
  const failures: string[] = [];
  let unmapped = 0;
  for (const one of cases) {
    try {
      const verdict = await check(one);
      if (verdict === null) continue;
      unmapped++;
      console.log(`${suite}: not mapped: ${name(one)}: ${verdict.unmapped}`);
    } catch (fault) {
      failures.push(`${name(one)}: ${fault instanceof Error ? fault.message : fault}`);
    }
  }
  const passed = cases.length - unmapped - failures.length;
  console.log(`${suite}: ${passed} passed, ${failures.length} failed, ${unmapped} not mapped`);
  assert.deepEqual(failures, []);
}
