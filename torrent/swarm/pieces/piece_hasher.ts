/**
 * Compares pieces with their hashes. Hashing takes more than half of a leecher's processor time, so while that is the
 * bottleneck, some pieces are hashed on other threads while the caller's thread goes on receiving. The others are hashed at
 * once on the caller's thread, which therefore never waits. Figures: docs/history/swarm-engine.md.
 */

import { type BackgroundSha1, backgroundSha1 } from "../../../ffi/mod.ts";
import { hashMatches, pieceMatches } from "../../content/resume_check.ts";
import type { Release } from "../../release/release.ts";
import type { CpuSaturation } from "./cpu_saturation.ts";

/**
 * Smaller pieces are not worth the hand-over: when all pieces were handed over, a swarm of nine processes took a
 * twentieth more processor time with pieces of 512 KiB, a fiftieth with this size.
 */
const MIN_BYTES = 1024 * 1024;
/**
 * Pieces that are hashed on other threads at a time. With few of them those threads stand still until the event loop
 * comes round: from host to host, pieces of 2 MiB were 3 % faster with two than with none, 14 % with three or four, and
 * 10 % with six or eight, which no longer fit the processor's cache.
 */
const MAX_PIECES = 4;
/**
 * The same in bytes, so that large pieces leave room in memory for those that are being fetched
 * (`request_scheduler.ts`).
 */
const MAX_BYTES = 32 * 1024 * 1024;

/** Hashes the pieces of one release, on this thread or others. */
export class PieceHasher {
  readonly #release: Release;
  readonly #open: () => BackgroundSha1 | undefined;
  readonly #saturation: Pick<CpuSaturation, "isFull">;
  readonly #running = new Set<Promise<void>>();
  #runningBytes = 0;

  /**
   * @param options the release; whether this process has use for another thread; and `open`, which gives a SHA-1 that
   * runs on other threads and is first called when a piece is to be handed over. Default: that of libcrypto. If there
   * is none, all pieces are hashed on the caller's thread.
   */
  constructor(
    options: {
      readonly release: Release;
      readonly saturation: Pick<CpuSaturation, "isFull">;
      readonly open?: () => BackgroundSha1 | undefined;
    },
  ) {
    this.#release = options.release;
    this.#saturation = options.saturation;
    this.#open = options.open ?? backgroundSha1;
  }

  /**
   * Calls `onKnown` with whether the bytes match that piece's hash: now, or later, in which case they must not be
   * changed until then. The order of the calls need not be that of the pieces.
   */
  check(index: number, bytes: Uint8Array, onKnown: (matches: boolean) => void): void {
    const sha1 = this.#isHandedOver(bytes.length) ? this.#open() : undefined;
    if (sha1 === undefined) return onKnown(pieceMatches(this.#release, index, bytes));
    this.#runningBytes += bytes.length;
    const running = this.#matches(sha1, index, bytes).then((matches) => {
      this.#running.delete(running);
      this.#runningBytes -= bytes.length;
      onKnown(matches);
    });
    this.#running.add(running);
  }

  /** Resolves when `onKnown` was called for every piece. */
  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #isHandedOver(sizeBytes: number): boolean {
    return sizeBytes >= MIN_BYTES && this.#saturation.isFull && this.#running.size < MAX_PIECES &&
      this.#runningBytes + sizeBytes <= MAX_BYTES;
  }

  async #matches(sha1: BackgroundSha1, index: number, bytes: Uint8Array): Promise<boolean> {
    // There may be no digest (no thread to be had, or the library makes no SHA-1 any more): then it is made here.
    const digest = await sha1(bytes).catch(() => undefined);
    return digest === undefined
      ? pieceMatches(this.#release, index, bytes)
      : hashMatches(this.#release, index, digest);
  }
}
