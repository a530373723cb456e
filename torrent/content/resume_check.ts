/**
 * Decides which pieces on disk need not be fetched again. Hashing costs local reads, fetching costs network, and a piece
 * that is wrongly believed costs the whole release: so the journal is believed where nothing contradicts it, pieces in
 * doubt are hashed, and the rest is fetched.
 */

import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { yieldToOthers } from "../../base/clock.ts";
import { segmentsOf } from "./content_layout.ts";
import type { ContentStore } from "./content_store.ts";
import { stoppedError } from "./disk_error.ts";
import { TransferError } from "../errors.ts";
import { PieceSet } from "./piece_set.ts";
import { pieceSizeBytes, type Release } from "../release/mod.ts";
import { type JournalContent, takeReceipt } from "./resume_journal.ts";

const SHA1_BYTES = 20;
/**
 * Pieces that are hashed although the journal is believed. They show a disk that was restored or a file that was replaced,
 * and take moments to read.
 */
const SAMPLED_PIECES = 8;

/** What the decision is based on. */
export interface ResumeCheckOptions {
  readonly release: Release;
  /** Prepared: every file has its full size. */
  readonly store: ContentStore;
  /** Each file's size before it was prepared. */
  readonly formerBytes: readonly number[];
  /** Undefined if there is none; then everything that was on disk is hashed. */
  readonly journal: JournalContent | undefined;
  /** This boot of the machine, see `currentBoot`. */
  readonly boot: string;
  readonly signal: AbortSignal;
}

/** Which pieces count as verified, and what it took to find out. */
export interface ResumeCheck {
  /** The pieces that need not be fetched. */
  readonly verified: PieceSet;
  /** How much was hashed to decide. */
  readonly rehashedBytes: number;
}

/** Decides which pieces on disk need not be fetched again. */
export async function checkResume(options: ResumeCheckOptions): Promise<ResumeCheck> {
  const { release, journal } = options;
  const onDisk = piecesOnDisk(options);
  if (journal === undefined) return await hashPieces(onDisk, options);

  const claimed = onDisk.filter((index) => journal.claimed.has(index));
  const sameBoot = journal.boot === options.boot;
  if (journal.seal === undefined ? !sameBoot : !sameBoot && !journal.seal.synced) {
    // When the machine went down, the journal's bits may have reached the disk before their pieces.
    return await hashPieces(claimed, options);
  }
  const changed = journal.seal === undefined ? new Set<number>() : changedFiles(options);
  const doubtful: number[] = [];
  const believed = new PieceSet(release.pieceCount);
  for (const index of claimed) {
    if (changed.size > 0 && touches(release, index, changed)) doubtful.push(index);
    else believed.add(index);
  }
  const samples = sample([...believed]);
  const sampled = await hashPieces(samples, options);
  if ([...sampled.verified].length < samples.length) return await hashPieces(claimed, options);
  const rehashed = await hashPieces(doubtful, options);
  for (const index of rehashed.verified) believed.add(index);
  return {
    verified: believed,
    rehashedBytes: sampled.rehashedBytes + rehashed.rehashedBytes,
  };
}

/** The pieces of which every byte lay within a file before the files were given their full size. */
function piecesOnDisk(options: ResumeCheckOptions): number[] {
  const { release, formerBytes } = options;
  const indexes: number[] = [];
  for (let index = 0; index < release.pieceCount; index++) {
    const segments = segmentsOf(
      release,
      index * release.pieceLengthBytes,
      pieceSizeBytes(release, index),
    );
    const there = segments.every((segment) =>
      (formerBytes[segment.fileIndex] ?? 0) >= segment.fileOffsetBytes + segment.sizeBytes
    );
    if (there) indexes.push(index);
  }
  return indexes;
}

function changedFiles(options: ResumeCheckOptions): Set<number> {
  const changed = new Set<number>();
  for (const [index, file] of options.release.files.entries()) {
    const then = options.journal?.seal?.files[index];
    const now = takeReceipt(`${options.store.root}/${file.path}`);
    if (then === undefined || now === undefined || then.some((value, at) => value !== now[at])) {
      changed.add(index);
    }
  }
  return changed;
}

function touches(release: Release, pieceIndex: number, files: ReadonlySet<number>): boolean {
  const offset = pieceIndex * release.pieceLengthBytes;
  return segmentsOf(release, offset, pieceSizeBytes(release, pieceIndex))
    .some((segment) => files.has(segment.fileIndex));
}

/** Evenly spread, the first and the last among them. */
function sample(indexes: readonly number[]): number[] {
  if (indexes.length <= SAMPLED_PIECES) return [...indexes];
  const chosen: number[] = [];
  for (let step = 0; step < SAMPLED_PIECES; step++) {
    const index = indexes[Math.round(step * (indexes.length - 1) / (SAMPLED_PIECES - 1))];
    if (index !== undefined) chosen.push(index);
  }
  return chosen;
}

async function hashPieces(
  indexes: readonly number[],
  options: ResumeCheckOptions,
): Promise<ResumeCheck> {
  const { release, store, signal } = options;
  const verified = new PieceSet(release.pieceCount);
  const buffer = new Uint8Array(indexes.length === 0 ? 0 : release.pieceLengthBytes);
  let rehashedBytes = 0;
  for (const index of indexes) {
    if (signal.aborted) throw stoppedError(signal.reason);
    const piece = buffer.subarray(0, pieceSizeBytes(release, index));
    try {
      store.read(index * release.pieceLengthBytes, piece);
      if (pieceMatches(release, index, piece)) verified.add(index);
    } catch (error) {
      // A piece that cannot be read is fetched again; if the disk is broken, writing it will show that.
      if (!(error instanceof TransferError)) throw error;
    }
    rehashedBytes += piece.length;
    await yieldToOthers();
  }
  return { verified, rehashedBytes };
}

/** Whether a SHA-1 (20 bytes) is the one that the release gives for that piece. */
export function hashMatches(release: Release, index: number, digest: Uint8Array): boolean {
  const start = index * SHA1_BYTES;
  const wanted = release.pieceHashes.subarray(start, start + SHA1_BYTES);
  return Buffer.compare(digest, wanted) === 0;
}

/** Whether the bytes match the hash that the release gives for that piece. */
export function pieceMatches(release: Release, index: number, piece: Uint8Array): boolean {
  return hashMatches(release, index, createHash("sha1").update(piece).digest());
}
