/**
 * Prepares a release for a switch on this host: asks the pinner whether it can be locked, the fetcher for its verified
 * files, and the pinner to lock them.
 *
 * @module
 */

import type { Received, Release } from "../../rollout/mod.ts";
import type { FetcherMessage, FetchProgress, PrepareOutcome } from "../fetcher/fetcher.ts";
import type { PinnerMessage, PinOutcome, PinProgress } from "../pinner/messages.ts";
import { type ActorRef, ask, type Clock } from "../runtime/mod.ts";

/** A release could not be prepared. Trying again may help. */
export class PreparationError extends Error {
  /** Stable name of the error. */
  readonly code = "PREPARATION";
  override readonly name = "PreparationError";
}

/** What {@link prepare} works with. */
export interface PreparationTools {
  readonly fetcher: ActorRef<FetcherMessage>;
  readonly pinner: ActorRef<PinnerMessage>;
  readonly progressTo: ActorRef<FetchProgress | PinProgress>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Whether the service runs from the release. */
  readonly isRunning: boolean;
  /** Drops the pages of a version that is not locked from the page cache. It does not reject. */
  readonly dropFromPageCache: (version: string) => Promise<void>;
}

/** Deadline of each part. 200 GiB over a gigabit take half an hour; a day means that something hangs. */
const DEADLINE_MS = 24 * 3_600_000;

/**
 * Prepares a release. Whether it can be locked is checked before the first byte is fetched.
 *
 * @returns Where its bytes came from.
 * @throws {PreparationError} in an operator's words.
 */
export async function prepare(release: Release, tools: PreparationTools): Promise<Received> {
  const { fetcher, pinner, progressTo, clock, signal, isRunning } = tools;
  const options = { timeoutMs: DEADLINE_MS, clock, signal };
  const { version, sizeBytes } = release;

  const allowed = await ask<PinnerMessage, PinOutcome>(
    pinner,
    (replyTo) => ({ type: "check", version, sizeBytes, replyTo }),
    options,
  );
  expectPinned(allowed, version);
  const isPinned = allowed.ok && allowed.lockedBytes > 0;

  const fetched = await ask<FetcherMessage, PrepareOutcome>(
    fetcher,
    (replyTo) => ({ type: "prepare", release, isPinned, isRunning, progressTo, replyTo }),
    options,
  );
  if (!fetched.ok) throw new PreparationError(fetched.reason);

  const pinned = await ask<PinnerMessage, PinOutcome>(
    pinner,
    (replyTo) => ({ type: "pin", version, progressTo, replyTo }),
    options,
  );
  expectPinned(pinned, version);
  if (!pinned.ok || pinned.lockedBytes === 0) await tools.dropFromPageCache(version);
  return fetched.received;
}

/**
 * Expects that a version is locked where that is required.
 *
 * @throws {PreparationError} in an operator's words.
 */
export function expectPinned(outcome: PinOutcome, version: string): void {
  if (outcome.ok || !outcome.required) return;
  // The lines to add are indented below what is said of them.
  const advice = outcome.advice === null
    ? ""
    : `; ${outcome.advice.replaceAll(/\n +/g, " ").replaceAll("\n", "; ")}`;
  throw new PreparationError(`${version} is not locked in memory: ${outcome.reason}${advice}`);
}
