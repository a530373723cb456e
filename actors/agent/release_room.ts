/**
 * Whether this host has room for a release beside what it has, on its disk and in memory: what it would find out before it
 * fetches it, for an operator who looks at a plan.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import { formatBytes } from "../../base/size.ts";
import type { Releases } from "../../host/mod.ts";
import type { RoomAnswer, RoomQuestion } from "../endpoint/endpoint.ts";
import type { FetcherDisk } from "../fetcher/disk.ts";
import { missingDiskBytes } from "../fetcher/disk_room.ts";
import type { PinnerMessage, PinOutcome } from "../pinner/messages.ts";
import { type ActorRef, ask, type Clock } from "../runtime/mod.ts";

/** How long the pinner may take to answer. It only reads what the system says of memory and limits. */
const ANSWER_TIMEOUT_MS = 2_000;

/** What is asked about one service. */
export interface RoomOf {
  readonly store: Releases;
  readonly disk: FetcherDisk;
  readonly pinner: ActorRef<PinnerMessage>;
}

/** Answers for the services whose actors have been spawned. */
export class ReleaseRoom {
  readonly #services = new Map<string, RoomOf>();

  /** From now on answers for a service, in place of what was there before. */
  set(service: string, of: RoomOf): void {
    this.#services.set(service, of);
  }

  /** The answer; `null`: this host has no such service. */
  async ask(question: RoomQuestion, clock: Clock): Promise<RoomAnswer | null> {
    const { service, version, sizeBytes } = question;
    const of = this.#services.get(service);
    if (of === undefined) return null;
    try {
      const missingBytes = await missingBytesFor(question, of);
      if (missingBytes > 0) {
        return { ok: false, reason: `its disk lacks ${formatBytes(missingBytes)}` };
      }
      const outcome = await ask<PinnerMessage, PinOutcome>(
        of.pinner,
        (replyTo) => ({ type: "check", version, sizeBytes, replyTo }),
        { timeoutMs: ANSWER_TIMEOUT_MS, clock },
      );
      // Where locking is preferred alone, a release that cannot be locked is taken all the same.
      if (outcome.ok || !outcome.required) return { ok: true };
      return { ok: false, reason: outcome.reason };
    } catch (error) {
      return { ok: false, reason: `it cannot tell: ${reasonOf(error)}` };
    }
  }
}

async function missingBytesFor(
  { version, sizeBytes }: RoomQuestion,
  { store, disk }: RoomOf,
): Promise<number> {
  const kept = (await store.list()).find((one) => one.version === version);
  if (kept?.state === "complete") return 0;
  const presentBytes = kept === undefined ? 0 : await disk.usedBytes(store.paths(version).partial);
  const freeBytes = await disk.freeBytes(store.layout.serviceDir);
  return missingDiskBytes({ sizeBytes, presentBytes, freeBytes });
}
