/**
 * What a host is counted by besides its entry.
 *
 * @module
 */

import { covers, isSameRelease, slotTarget } from "../../rollout/mod.ts";
import type { Counted } from "../registrar/messages.ts";
import type { HostNow, Next } from "./machine/next.ts";
import type { Reading } from "./state.ts";

/** The waves that cover the host, and the release that it could switch to, now that it does `next`. */
export function countedBy(
  { host, ready }: HostNow,
  { waves, census }: Reading,
  next: Pick<Next, "kind">,
): Counted {
  // Where its switch has failed, within what the policy allows, the quorum must not become unreachable by that: also if it has
  // got another release ready since, to go back to.
  // By a slot or a record that it gives back it is not counted any more: what says so goes in the same transaction.
  const slot = next.kind === "give_slot_back" ? undefined : census.slots.get(host)?.slot;
  const failed = slot === undefined ? null : slotTarget(slot);
  // It may have another release ready all the same: the one that it went back to.
  const isFailureOfWave = failed !== null && waves.some((wave) => isSameRelease(wave, failed));
  return {
    waves: waves.flatMap((wave) => {
      const { tally, version, infoHash, restart } = wave;
      return tally !== undefined && covers(wave, host)
        ? [{ tally, version, infoHash, restart }]
        : [];
    }),
    staged: isFailureOfWave ? failed : ready,
  };
}
