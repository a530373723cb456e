/**
 * Makes a share of a campaign's runs in a thread of its own.
 *
 * @module
 */

import { runCampaign } from "./campaign.ts";
import type { FaultKind } from "./faults.ts";
import type { Check } from "./invariants.ts";

/** What a worker is told to do. */
export interface Share {
  readonly seeds: readonly number[];
  readonly hostCount: number | undefined;
  readonly serviceCount: number | undefined;
  readonly kinds: readonly FaultKind[];
  readonly skipped: readonly Check[];
}

/** What a worker says: a run broke an invariant, or the share is done. */
export type Said =
  | { readonly type: "violation"; readonly seed: number; readonly message: string }
  | { readonly type: "done"; readonly figures: Awaited<ReturnType<typeof runCampaign>> };

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<Share>) => void) | null;
  postMessage(said: Said): void;
};

// What is refused is often an error, and nobody looks at where it was made. A replay (`--trace`) does not run here.
Error.stackTraceLimit = 0;

scope.onmessage = async ({ data }) => {
  const figures = await runCampaign({
    ...data,
    onRun(_, { seed, violation }) {
      if (violation !== null) {
        scope.postMessage({ type: "violation", seed, message: violation.message });
      }
      return true;
    },
  });
  scope.postMessage({ type: "done", figures });
};
