/**
 * The work of reuse: copies what a plan says, and hashes each piece as soon as all of it is there and still in memory.
 */

import { yieldToOthers } from "../../base/clock.ts";
import { type ContentStore, stopped } from "../content/content_store.ts";
import { PieceSet } from "../content/piece_set.ts";
import { pieceSizeBytes } from "../release/release.ts";
import { pieceMatches } from "../content/resume_check.ts";
import { type Content, ContentCopier, SourceGoneError } from "./copy_content.ts";
import type { ContentRange } from "../content/present_blocks.ts";
import type { CopyStep } from "./reuse_plan.ts";
import type { Reuse, ReuseOptions } from "./reuse_release.ts";

/** See the file's head. To be run once. */
export class ReuseWork {
  readonly verified: PieceSet;
  /** Without what was only a guess. In order; neighbours are one range. */
  readonly copied: ContentRange[] = [];
  readonly #to: Content;
  readonly #from: readonly Content[];
  readonly #store: ContentStore;
  readonly #options: ReuseOptions;
  readonly #piece: Uint8Array;
  /** Sources that turned out to be gone. */
  readonly #gone = new Set<number>();
  #reusedBytes = 0;
  #copiedBytes = 0;

  constructor(
    context: { to: Content; from: readonly Content[]; store: ContentStore; options: ReuseOptions },
  ) {
    this.#to = context.to;
    this.#from = context.from;
    this.#store = context.store;
    this.#options = context.options;
    this.verified = new PieceSet(context.to.release.pieceCount);
    this.#piece = new Uint8Array(context.to.release.pieceLengthBytes);
  }

  async run(steps: readonly CopyStep[]): Promise<Reuse> {
    const { signal, onProgress } = this.#options;
    const totalBytes = steps.reduce((sum, step) => sum + step.sizeBytes, 0);
    using copier = new ContentCopier(this.#to, signal);
    const parts = splitSteps(steps);
    /** The content that is there without a gap up to the last part. */
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
      // Its files are not to be closed while it is under way.
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
    // It is awaited later; failing before that must not end the process.
    done.catch(() => {});
    return { part, done };
  }

  async #copy(copier: ContentCopier, step: CopyStep): Promise<boolean> {
    if (this.#gone.has(step.source)) return false;
    try {
      await copier.copy(this.#from[step.source]!, step);
      return true;
    } catch (error) {
      if (!(error instanceof SourceGoneError)) throw error;
      this.#gone.add(step.source);
      this.#options.log.warn("no more is reused from {root}: {message}", {
        root: this.#from[step.source]!.root,
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
    const { release } = this.#to;
    const { pieceLengthBytes, sizeBytes } = release;
    let index = Math.max(
      Math.ceil(startBytes / pieceLengthBytes),
      Math.floor(partBytes / pieceLengthBytes),
    );
    for (; index < release.pieceCount; index++) {
      const piece = this.#piece.subarray(0, pieceSizeBytes(release, index));
      const offsetBytes = index * pieceLengthBytes;
      if (offsetBytes + piece.length > Math.min(endBytes, sizeBytes)) return;
      if (this.#options.signal.aborted) throw stopped(this.#options.signal.reason);
      this.#store.read(offsetBytes, piece);
      if (pieceMatches(release, index, piece) && !this.verified.has(index)) {
        this.verified.add(index);
        this.#reusedBytes += piece.length;
      }
      await yieldToOthers();
    }
  }
}

/** Small enough that what was copied is in memory still when it is hashed, and that two go side by side. */
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
