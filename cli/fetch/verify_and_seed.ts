/**
 * The part that `rollcall fetch` and `rollcall seed` have in common: checking every file, and seeding until a goal is
 * reached or somebody ends it.
 *
 * @module
 */

import type { Release, Transfer, VerifyOptions } from "../../torrent/mod.ts";
import { isReached, type SeedGoal } from "./seed_goal.ts";
import { sum } from "./progress_view.ts";
import type { ProgressMonitor } from "./progress_monitor.ts";
import type { StopSignal } from "../shared/stop_signal.ts";

/** Checks the SHA-256 of every file, shown as it goes. Rejects with a `ReleaseError` that names the first bad one. */
export async function verifyShown(
  verify: (options: VerifyOptions) => Promise<void>,
  { watch, signal }: { readonly watch: ProgressMonitor; readonly signal: AbortSignal },
): Promise<void> {
  watch.enter("verifying");
  await watch.showUntil(verify({ signal, onProgress: (bytes) => watch.checked(bytes) }));
}

/** What came of the seeding. */
export interface Seeded {
  readonly seconds: number;
  readonly sentBytes: number;
  readonly ratio: number;
}

/** Seeds until the goal is reached, or, without one, until told to stop. */
export async function seedShown(
  release: Release,
  { transfer, watch, until, stop }: {
    readonly transfer: Transfer;
    readonly watch: ProgressMonitor;
    readonly until: SeedGoal | undefined;
    readonly stop: StopSignal;
  },
): Promise<Seeded> {
  watch.enter("seeding");
  const reached = Promise.withResolvers<void>();
  function sentBytes(): number {
    return sum(transfer.progress().sent);
  }
  function look(): void {
    const seedingMs = watch.phaseMs;
    if (
      until !== undefined &&
      isReached(until, { sentBytes: sentBytes(), totalBytes: release.sizeBytes, seedingMs })
    ) reached.resolve();
  }
  const failed = Promise.withResolvers<void>();
  const unsubscribe = transfer.subscribe((event) => {
    if (event.type === "failed") failed.reject(event.error);
  });
  try {
    await watch.showUntil(Promise.race([stop.stopped, reached.promise, failed.promise]), look);
  } finally {
    unsubscribe();
  }
  return {
    seconds: Math.round(watch.phaseMs) / 1_000,
    sentBytes: sentBytes(),
    ratio: release.sizeBytes === 0 ? 0 : sentBytes() / release.sizeBytes,
  };
}
