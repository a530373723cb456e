/**
 * Carries out a plan of reuse: copies its steps, and hashes each piece as soon as all of it is there and still in memory.
 */

import { yieldToOthers } from "../../base/clock.ts";
import {
  type ContentRange,
  type ContentStore,
  pieceMatches,
  PieceSet,
  stoppedError,
} from "../content/mod.ts";
import { pieceSizeBytes } from "../release/mod.ts";
import { ContentCopier, SourceGoneError, type StoredContent } from "./copy_content.ts";
import type { Log } from "../../base/log.ts";
import type { CopyStep } from "./reuse_plan.ts";

/** What came of a reuse. */
export interface Reuse {
  /** The size of the pieces that are complete and match their hash, and so need not be fetched. */
  readonly reusedBytes: number;
  /** The bytes that were copied or shared; more than `reusedBytes` by those in pieces that are not complete. */
  readonly copiedBytes: number;
}

/** What the work is done with. */
export interface ReuseWorkOptions {
  /** The release that is wanted, and its root. */
  readonly to: StoredContent;
  /** The sources that the steps name by their index. */
  readonly from: readonly StoredContent[];
  /** Prepared, in `to`'s root. */
  readonly store: ContentStore;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Called after every part with the bytes that were copied so far, and how many there are in all. */
  readonly onProgress?: ((copiedBytes: number, totalBytes: number) => void) | undefined;
}

/** Copies the steps of a plan and checks the pieces. To be run once. */
export class ReuseWork {
  /** The pieces that are complete and match their hash. */
  readonly verified: PieceSet;
  /** What was copied, without guesses; in order, neighbours as one range. */
  readonly copied: ContentRange[] = [];
  readonly #options: ReuseWorkOptions;
  readonly #piece: Uint8Array;
  /** The sources that turned out to be gone. */
  readonly #gone = new Set<number>();
  #reusedBytes = 0;
  #copiedBytes = 0;

  constructor(options: ReuseWorkOptions) {
    this.#options = options;
    this.verified = new PieceSet(options.to.release.pieceCount);
    this.#piece = new Uint8Array(options.to.release.pieceLengthBytes);
  }

  /** Copies the steps, which are in the order of the wanted content. Rejects with a {@link TransferError}. */
  async run(steps: readonly CopyStep[]): Promise<Reuse> {
    const { to, signal, onProgress } = this.#options;
    const totalBytes = steps.reduce((sum, step) => sum + step.sizeBytes, 0);
    using copier = new ContentCopier(to, signal);
    const parts = splitSteps(steps);
    // The range that is there without a gap up to the last part.
    let startBytes = 0;
    let endBytes = 0;
    let copying = this.#copyNext(copier, parts);
    try {
      while (copying !== undefined) {
        const { part } = copying;
        const isThere = await copying.done;
        // The kernel copies the next part on another thread while this one is hashed.
        copying = this.#copyNext(copier, parts);
        if (part.toBytes !== endBytes) startBytes = part.toBytes;
        endBytes = part.toBytes + part.sizeBytes;
        if (!isThere) startBytes = endBytes;
        else {
          this.#note(part);
          await this.#verify(startBytes, { partBytes: part.toBytes, endBytes });
          onProgress?.(this.#copiedBytes, totalBytes);
        }
      }
    } finally {
      // The files must not be closed while a copy is under way.
      await copying?.done.catch(() => {});
    }
    return { reusedBytes: this.#reusedBytes, copiedBytes: this.#copiedBytes };
  }

  #copyNext(
    copier: ContentCopier,
    parts: Generator<CopyStep, undefined>,
  ): { readonly part: CopyStep; readonly done: Promise<boolean> } | undefined {
    const { value: part } = parts.next();
    if (part === undefined) return undefined;
    const done = this.#copy(copier, part);
    // It is awaited later; a rejection before that must not end the process.
    done.catch(() => {});
    return { part, done };
  }

  async #copy(copier: ContentCopier, step: CopyStep): Promise<boolean> {
    if (this.#gone.has(step.source)) return false;
    try {
      await copier.copy(this.#options.from[step.source]!, step);
      return true;
    } catch (error) {
      if (!(error instanceof SourceGoneError)) throw error;
      this.#gone.add(step.source);
      this.#options.log.warn("no more is reused from {root}: {message}", {
        root: this.#options.from[step.source]!.root,
        message: error.message,
      });
      return false;
    }
  }

  #note({ toBytes, sizeBytes, isGuess }: CopyStep): void {
    this.#copiedBytes += sizeBytes;
    if (isGuess) return;
    const last = this.copied.at(-1);
    if (last !== undefined && last.startBytes + last.sizeBytes === toBytes) {
      const { startBytes } = last;
      this.copied[this.copied.length - 1] = { startBytes, sizeBytes: last.sizeBytes + sizeBytes };
    } else this.copied.push({ startBytes: toBytes, sizeBytes });
  }

  /** Hashes the pieces that have become complete with a part. */
  async #verify(
    startBytes: number,
    { partBytes, endBytes }: { partBytes: number; endBytes: number },
  ): Promise<void> {
    const { to: { release }, store } = this.#options;
    const { pieceLengthBytes, sizeBytes } = release;
    let index = Math.max(
      Math.ceil(startBytes / pieceLengthBytes),
      Math.floor(partBytes / pieceLengthBytes),
    );
    for (; index < release.pieceCount; index++) {
      const piece = this.#piece.subarray(0, pieceSizeBytes(release, index));
      const offsetBytes = index * pieceLengthBytes;
      if (offsetBytes + piece.length > Math.min(endBytes, sizeBytes)) return;
      if (this.#options.signal.aborted) throw stoppedError(this.#options.signal.reason);
      store.read(offsetBytes, piece);
      if (pieceMatches(release, index, piece) && !this.verified.has(index)) {
        this.verified.add(index);
        this.#reusedBytes += piece.length;
      }
      await yieldToOthers();
    }
  }
}

/** The size of a part: small enough that it is still in memory when it is hashed while the next one is copied. */
const MAX_PART_BYTES = 32 * 1024 * 1024;

function* splitSteps(steps: readonly CopyStep[]): Generator<CopyStep, undefined> {
  for (const step of steps) {
    for (let done = 0; done < step.sizeBytes; done += MAX_PART_BYTES) {
      yield {
        ...step,
        fromBytes: step.fromBytes + done,
        toBytes: step.toBytes + done,
        sizeBytes: Math.min(MAX_PART_BYTES, step.sizeBytes - done),
      };
    }
  }
  return undefined;
}
