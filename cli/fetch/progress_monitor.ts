/**
 * Follows one transfer: shows it while something is waited for, knows what keeps it from going on, and for how long
 * nothing has moved.
 *
 * @module
 */

import { sleep, systemClock } from "../../base/clock.ts";
import type { Release, Transfer, TransferEvent, TransferProgress } from "../../torrent/mod.ts";
import type { ProgressDisplay } from "./progress_display.ts";
import { sum, type TransferPhase } from "./progress_view.ts";

/** What is followed, and where it is shown. */
export interface ProgressMonitorOptions {
  readonly release: Release;
  /** Missing while nothing is transferred: the files are looked at first. */
  readonly transfer?: Transfer;
  /** Where the content lies, in the user's words. */
  readonly root: string;
  readonly display: ProgressDisplay;
  /** When seeding ends, in words. */
  readonly until?: string | undefined;
  /** Taken from earlier releases on this machine. Default 0. */
  readonly reusedBytes?: number;
}

/** Everybody who is there is usually found within this time; before it, having no peers is not worth a word. */
const QUIET_MS = 2_000;
/** A rejected piece is told for so long. */
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

/** See the file's head. */
export class ProgressMonitor implements Disposable {
  readonly #options: ProgressMonitorOptions;
  readonly #unsubscribe: () => void;
  #phase: TransferPhase = "fetching";
  #phaseStartedMs = systemClock.nowMs();
  #movedMs = systemClock.nowMs();
  #movedBytes = -1;
  #checkedBytes = 0;
  #obstacle: string | undefined;
  #trackerProblem: string | undefined;
  #rejected: { readonly message: string; readonly atMs: number } | undefined;

  constructor(options: ProgressMonitorOptions) {
    this.#options = options;
    this.#unsubscribe = options.transfer?.subscribe((event) => this.#onEvent(event)) ?? (() => {});
  }

  /** How long no byte has arrived and no piece been verified, in milliseconds. */
  get idleMs(): number {
    const { received, verifiedBytes } = this.#progress();
    const movedBytes = sum(received) + verifiedBytes;
    if (movedBytes !== this.#movedBytes) {
      this.#movedBytes = movedBytes;
      this.#movedMs = systemClock.nowMs();
    }
    return systemClock.nowMs() - this.#movedMs;
  }

  /** Since the phase began. */
  get phaseMs(): number {
    return systemClock.nowMs() - this.#phaseStartedMs;
  }

  /** The next thing is done with the release. */
  enter(phase: TransferPhase): void {
    this.#phase = phase;
    this.#phaseStartedMs = systemClock.nowMs();
  }

  /** While reusing or verifying. */
  checked(bytes: number): void {
    this.#checkedBytes = bytes;
  }

  /** Something that is waited for besides the transfer, in words; `undefined`: nothing any more. */
  waitFor(obstacle: string | undefined): void {
    this.#obstacle = obstacle;
  }

  /** Why nothing arrives, in a few words; `undefined` when nothing is wrong. */
  get trouble(): string | undefined {
    const { release } = this.#options;
    if (this.#obstacle !== undefined) return this.#obstacle;
    const { peers, paused } = this.#progress();
    if (paused !== undefined) return `${paused.message}; it goes on by itself when there is room`;
    if (this.#rejected !== undefined && systemClock.nowMs() - this.#rejected.atMs < REJECTED_MS) {
      return this.#rejected.message;
    }
    if (this.#phase === "verifying" || this.#phase === "reusing") return undefined;
    if (peers > 0 || release.sizeBytes === 0) return undefined;
    if (this.#trackerProblem !== undefined) return `${this.#trackerProblem}; asked again soon`;
    if (release.announce.length === 0) {
      return "no tracker is known, and no peer; give --tracker URL";
    }
    if (this.#phase === "seeding" || this.phaseMs < QUIET_MS) return undefined;
    return "no peers yet; the tracker is asked again and again";
  }

  /**
   * Shows the transfer until the promise settles, calling `look` before each time.
   *
   * @returns What the promise gives. Rejects as it does, or with what `look` throws.
   */
  async showUntil<T>(promise: Promise<T>, look: () => void = () => {}): Promise<T> {
    const { display } = this.#options;
    const settled = new AbortController();
    // Its rejection is the caller's; here it only ends the pause.
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
    const { release, root, display, until, reusedBytes = 0 } = this.#options;
    display.show({
      name: `${release.service} ${release.version}`,
      fileCount: release.files.length,
      root,
      phase: this.#phase,
      progress: this.#progress(),
      checkedBytes: this.#checkedBytes,
      reusedBytes,
      phaseMs: this.phaseMs,
      trouble: this.trouble,
      until,
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
