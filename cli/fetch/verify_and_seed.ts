/**
 * What `rollcall fetch` and `rollcall seed` have in common: verifying every file, and seeding until a goal is reached or the
 * user ends it. Both show their progress.
 *
 * @module
 */

import { totalBytes } from "../../base/locality.ts";
import type { Release, Transfer, VerifyOptions } from "../../torrent/mod.ts";
import { isReached, type SeedGoal } from "./seed_goal.ts";
import type { ProgressMonitor } from "./progress_monitor.ts";
import type { StopSignal } from "../shared/stop_signal.ts";

/** Verifies the SHA-256 of every file and shows the progress. @throws {ReleaseError} that names the first bad file. */
export async function verifyWithProgress(
  verify: (options: VerifyOptions) => Promise<void>,
  { monitor, signal }: { readonly monitor: ProgressMonitor; readonly signal: AbortSignal },
): Promise<void> {
  monitor.enter("verifying");
  await monitor.showUntil(verify({ signal, onProgress: (bytes) => monitor.checked(bytes) }));
}

/** How the seeding went. */
export interface SeedingResult {
  /** How long it lasted. */
  readonly seconds: number;
  readonly sentBytes: number;
  /** Bytes sent for each byte of the release; 0 for a release without content. */
  readonly ratio: number;
}

/** Seeds until the goal is reached or the user stops it, and shows the progress. Rejects when the transfer fails. */
export async function seedWithProgress(
  release: Release,
  { transfer, monitor, until, stop }: {
    readonly transfer: Transfer;
    readonly monitor: ProgressMonitor;
    readonly until: SeedGoal | undefined;
    readonly stop: StopSignal;
  },
): Promise<SeedingResult> {
  monitor.enter("seeding");
  const reached = Promise.withResolvers<void>();
  function sentBytes(): number {
    return totalBytes(transfer.progress().sent);
  }
  function look(): void {
    const seedingMs = monitor.phaseMs;
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
    await monitor.showUntil(Promise.race([stop.stopped, reached.promise, failed.promise]), look);
  } finally {
    unsubscribe();
  }
  return {
    seconds: Math.round(monitor.phaseMs) / 1_000,
    sentBytes: sentBytes(),
    ratio: release.sizeBytes === 0 ? 0 : sentBytes() / release.sizeBytes,
  };
}
