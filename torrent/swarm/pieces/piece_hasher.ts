/**
 * Compares pieces with their hashes. Hashing takes more than half of a fetcher's time, so while that is what limits it,
 * some are hashed on other threads while the caller's goes on receiving; the rest at once on the caller's, which so never
 * waits. Figures: docs/decisions/018-own-swarm-engine.md.
 */

import { type BackgroundSha1, backgroundSha1 } from "../../../ffi/mod.ts";
import { hashMatches, pieceMatches } from "../../content/resume_check.ts";
import type { Release } from "../../release/release.ts";
import type { CpuSaturation } from "./cpu_saturation.ts";

/**
 * Smaller ones are not worth the call: handed over at all times they cost a swarm of nine processes a twentieth more
 * processor time with 512 KiB, a fiftieth with this.
 */
const MIN_BYTES = 1024 * 1024;
/**
 * At a time. With few the other threads stand still until the event loop comes round: from host to host pieces of 2 MiB
 * were 3 % faster with two than with none, 14 % with three or four, 10 % with six or eight, which leave the processor's cache.
 */
const MAX_PIECES = 4;
/** At a time, so that large pieces leave the desk (`request_scheduler.ts`) room for those that are being fetched. */
const MAX_BYTES = 32 * 1024 * 1024;

/** See the file's head. */
export class PieceHasher {
  readonly #release: Release;
  readonly #open: () => BackgroundSha1 | undefined;
  readonly #use: Pick<CpuSaturation, "isFull">;
  readonly #running = new Set<Promise<void>>();
  #runningBytes = 0;

  /**
   * @param options the release, whether this process has use for another thread, and how to get at a SHA-1 there, which is
   *   first asked for when a piece is to be handed over. Default: that of libcrypto. Where there is none all is hashed on
   *   the caller's thread.
   */
  constructor(
    options: {
      readonly release: Release;
      readonly use: Pick<CpuSaturation, "isFull">;
      readonly open?: () => BackgroundSha1 | undefined;
    },
  ) {
    this.#release = options.release;
    this.#use = options.use;
    this.#open = options.open ?? backgroundSha1;
  }

  /**
   * Tells whether the bytes are what the release says of that piece: now, or later, in which case they must not be changed
   * until then. Pieces need not be told of in the order in which they were given.
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

  /** Resolves when all that was given has been told. */
  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #isHandedOver(sizeBytes: number): boolean {
    return sizeBytes >= MIN_BYTES && this.#use.isFull && this.#running.size < MAX_PIECES &&
      this.#runningBytes + sizeBytes <= MAX_BYTES;
  }

  async #matches(sha1: BackgroundSha1, index: number, bytes: Uint8Array): Promise<boolean> {
    // Without a digest (no thread to be had, the library does not make SHA-1 any more) nobody is to blame.
    const digest = await sha1(bytes).catch(() => undefined);
    return digest === undefined
      ? pieceMatches(this.#release, index, bytes)
      : hashMatches(this.#release, index, digest);
  }
}
