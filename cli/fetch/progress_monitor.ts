/**
 * Follows one transfer: shows its progress while something is awaited, knows what keeps it from going on, and for how long
 * nothing has arrived.
 *
 * @module
 */

import { sleep, systemClock } from "../../base/clock.ts";
import { totalBytes } from "../../base/locality.ts";
import type { Release, Transfer, TransferEvent, TransferProgress } from "../../torrent/mod.ts";
import type { ProgressDisplay } from "./progress_display.ts";
import type { TransferPhase } from "./progress_view.ts";

/** What to follow, and where to show it. */
export interface ProgressMonitorOptions {
  readonly release: Release;
  /** Undefined while nothing is transferred, as when files are verified before they are seeded. */
  readonly transfer?: Transfer;
  /** The folder of the content, as it is shown to the user. */
  readonly root: string;
  readonly display: ProgressDisplay;
  /** The goal at which seeding ends, in words; undefined: Ctrl-C alone ends it. */
  readonly seedGoal?: string | undefined;
  /** Bytes that were taken from earlier releases on this machine. Default 0. */
  readonly reusedBytes?: number;
}

/** How long a rejected piece is reported. */
const REJECTED_MS = 10_000;

const NO_PROGRESS: TransferProgress = {
  verifiedBytes: 0,
  totalBytes: 0,
  downloadBytesPerSecond: 0,
  uploadBytesPerSecond: 0,
  peers: 0,
  received: { rackBytes: 0, siteBytes: 0, remoteBytes: 0, resumedBytes: 0 },
  sent: { rackBytes: 0, siteBytes: 0, remoteBytes: 0 },
};

/** Follows one transfer and shows its progress. Disposing of it ends the subscription. */
export class ProgressMonitor implements Disposable {
  readonly #options: ProgressMonitorOptions;
  readonly #unsubscribe: () => void;
  #phase: TransferPhase = "fetching";
  #phaseStartedMs = systemClock.nowMs();
  #movedMs = systemClock.nowMs();
  #movedBytes = -1;
  #checkedBytes = 0;
  #waitedFor: string | undefined;
  #trackerProblem: string | undefined;
  #rejected: { readonly message: string; readonly atMs: number } | undefined;

  constructor(options: ProgressMonitorOptions) {
    this.#options = options;
    this.#unsubscribe = options.transfer?.subscribe((event) => this.#onEvent(event)) ?? (() => {});
  }

  /** Milliseconds since a byte has arrived or a piece has been verified. */
  get idleMs(): number {
    const { received, verifiedBytes } = this.#progress();
    const movedBytes = totalBytes(received) + verifiedBytes;
    if (movedBytes !== this.#movedBytes) {
      this.#movedBytes = movedBytes;
      this.#movedMs = systemClock.nowMs();
    }
    return systemClock.nowMs() - this.#movedMs;
  }

  /** Milliseconds since the phase began. */
  get phaseMs(): number {
    return systemClock.nowMs() - this.#phaseStartedMs;
  }

  /** Begins the next phase. */
  enter(phase: TransferPhase): void {
    this.#phase = phase;
    this.#phaseStartedMs = systemClock.nowMs();
  }

  /** Notes how many bytes were reused or verified so far. */
  checked(bytes: number): void {
    this.#checkedBytes = bytes;
  }

  /** Notes what is awaited besides the transfer, in words; `undefined`: nothing any more. */
  waitFor(obstacle: string | undefined): void {
    this.#waitedFor = obstacle;
  }

  /** What keeps the transfer from going on, in a few words; `undefined` when nothing does. */
  get obstacle(): string | undefined {
    const { release } = this.#options;
    if (this.#waitedFor !== undefined) return this.#waitedFor;
    const { peers, paused, obstacle } = this.#progress();
    if (paused !== undefined) return `${paused.message}; it goes on by itself when there is room`;
    if (this.#rejected !== undefined && systemClock.nowMs() - this.#rejected.atMs < REJECTED_MS) {
      return this.#rejected.message;
    }
    if (this.#phase === "verifying" || this.#phase === "reusing") return undefined;
    if (release.sizeBytes === 0) return undefined;
    if (peers === 0 && release.announce.length === 0) {
      return "no tracker is known, and no peer; give --tracker URL";
    }
    if (this.#phase === "fetching") return obstacle;
    return peers > 0 || this.#trackerProblem === undefined
      ? undefined
      : `${this.#trackerProblem}; asked again soon`;
  }

  /**
   * Shows the transfer until the promise settles, and calls `look` each time before it is shown.
   *
   * @returns The promise's value. Rejects as the promise does, or with what `look` throws.
   */
  async showUntil<T>(promise: Promise<T>, look: () => void = () => {}): Promise<T> {
    const { display } = this.#options;
    const settled = new AbortController();
    // Its rejection is handled by the caller; here it only ends the pause.
    promise.then(() => settled.abort(), () => settled.abort());
    while (!settled.signal.aborted) {
      look();
      this.#show();
      await sleep(systemClock, display.intervalMs, settled.signal);
    }
    this.#show();
    return await promise;
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }

  #show(): void {
    const { release, root, display, seedGoal, reusedBytes = 0 } = this.#options;
    display.show({
      name: `${release.service} ${release.version}`,
      fileCount: release.files.length,
      root,
      phase: this.#phase,
      progress: this.#progress(),
      checkedBytes: this.#checkedBytes,
      reusedBytes,
      phaseMs: this.phaseMs,
      obstacle: this.obstacle,
      seedGoal,
    });
  }

  #progress(): TransferProgress {
    const { transfer, release } = this.#options;
    return transfer?.progress() ?? { ...NO_PROGRESS, totalBytes: release.sizeBytes };
  }

  #onEvent(event: TransferEvent): void {
    if (event.type === "announce_failed") this.#trackerProblem = event.message;
    else if (event.type === "announced") this.#trackerProblem = undefined;
    else if (event.type === "piece_rejected") {
      this.#rejected = {
        message: `a piece is fetched again: ${event.message}`,
        atMs: systemClock.nowMs(),
      };
    }
  }
}
