/**
 * The hosts of a wave, counted by the markers below its nodes. Pure.
 *
 * @module
 */

import type { SlotHost, WaveCounts } from "../census.ts";
import { isSameRelease } from "../release_identity.ts";
import { covers, type FirstWave } from "../service_view.ts";
import { isSkipped, slotTarget } from "../slot.ts";
import { currentPath, donePath, quarantinedPath, readyPath, servicePath } from "../tree.ts";
import { childCountAt, type TreePart } from "./node.ts";

/**
 * Counts the hosts of the first wave by their markers; `null`: it is no wave of this service, or one that is not counted, as of an
 * earlier version.
 */
export function countWave(
  wave: FirstWave | null,
  { service, tree, slots }: {
    readonly service: string;
    readonly tree: TreePart;
    readonly slots: ReadonlyMap<string, SlotHost>;
  },
): WaveCounts | null {
  if (wave === null || wave.service !== service || wave.tally === undefined) return null;
  const ready = tree.node(readyPath(service, wave.tally));
  const done = tree.node(donePath(service, wave.tally));
  if (ready === null || done === null) return null;
  const leftOut = [...slots.values()].filter(({ slot }) =>
    isSkipped(slot) && isSameRelease(slotTarget(slot), wave) && covers(wave, slot.host)
  );
  // Who is online and in no quarantine says itself that it is not waited for.
  const away = leftOut.filter(({ slot }) => tree.node(currentPath(service, slot.host)) === null);
  const quarantined = leftOut.filter(({ entry }) => entry?.quarantined !== undefined);
  const quarantinedCount = childCountAt(tree, quarantinedPath(service));
  return {
    coveredCount: wave.hosts?.length ?? childCountAt(tree, servicePath(service)),
    readyCount: ready.childCount + away.length + quarantined.length,
    doneCount: done.childCount,
    onlineCount: wave.hosts === null
      ? childCountAt(tree, currentPath(service)) - quarantinedCount
      : null,
    quarantinedCount: wave.hosts === null ? Math.max(0, quarantinedCount - quarantined.length) : 0,
  };
}
