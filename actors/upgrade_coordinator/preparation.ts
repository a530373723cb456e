/**
 * Keeps track of the preparation of the wanted version, one at a time. What a preparation does is in prepare.ts.
 *
 * @module
 */

import { infoHashOf } from "../../host/mod.ts";
import { isSameRelease, type Release, type ReleaseIdentity } from "../../rollout/mod.ts";
import { prepare } from "./prepare.ts";
import { type Deps, type Reading, RETRY_TIMER, setWaitingFor, type State } from "./state.ts";

/**
 * Makes sure that a release is prepared, or being prepared.
 *
 * @returns Whether it is prepared. If not, its preparation is under way, or held back for a while after a failure.
 */
export function ensurePrepared(
  state: State,
  reading: Reading,
  want: ReleaseIdentity & { version: string; deps: Deps },
): boolean {
  const { version, deps } = want;
  const { options, context } = deps;
  if (state.lastFailed !== null && state.lastFailed !== version) {
    // Another version is wanted now, which has not failed.
    state.lastFailed = null;
    context.timers.cancel(RETRY_TIMER);
  }
  if (state.prepared !== null && isSameRelease(state.prepared, want)) {
    return !context.timers.isActive(RETRY_TIMER);
  }
  const isUnderWay = state.preparing !== null && isSameRelease(state.preparing, want);
  if (isUnderWay || context.timers.isActive(RETRY_TIMER)) return false;
  const release = findRelease(reading, want, deps);
  if (release === null) {
    setWaitingFor(
      `the release ${version} is neither on offer, nor committed, nor on this host's disk`,
      deps,
    );
    return false;
  }
  state.preparing = release;
  setWaitingFor(null, deps);
  const tools = {
    fetcher: options.fetcher,
    pinner: options.pinner,
    progressTo: context.self,
    clock: context.clock,
    isRunning: state.status?.wanted === version,
    async dropFromPageCache(fetched: string) {
      try {
        await options.store.dropFromPageCache(fetched);
      } catch (error) {
        context.log.warn("{version}: not dropped from the page cache: {error}", {
          version: fetched,
          error,
        });
      }
    },
  };
  context.pipeToSelf((signal) => prepare(release, { ...tools, signal }), {
    ok: (received) => ({ type: "prepared", release, received }),
    error: (error) => ({ type: "not_prepared", release, error }),
  }, { key: "prepare" });
  return false;
}

function findRelease(
  { offer, service }: Reading,
  wanted: ReleaseIdentity & { readonly version: string },
  { options }: Deps,
): Release | null {
  const { version } = wanted;
  const committed = service?.entry.committed ?? null;
  if (offer !== null && isSameRelease(offer, wanted)) return offer;
  if (committed !== null && isSameRelease(committed, wanted)) return committed;
  const receipt = options.store.readReceipt(version);
  if (receipt === null) return null;
  const sizeBytes = receipt.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return {
    service: options.service,
    version,
    infoHash: infoHashOf(receipt),
    sizeBytes,
    torrentUrl: null,
  };
}

/** Cancels the preparation that is under way, because its version is not wanted any more. */
export function giveUpPreparation(state: State, { options, context }: Deps): void {
  if (state.preparing === null) return;
  context.cancelTask("prepare");
  options.fetcher.tell({ type: "cancel" });
  state.preparing = null;
}
