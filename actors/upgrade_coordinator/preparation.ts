/**
 * Keeps track of the preparation of the wanted version, one at a time. What a preparation does is in prepare.ts.
 *
 * @module
 */

import { NO_BLOB } from "../../host/mod.ts";
import type { Release } from "../../rollout/mod.ts";
import { prepare } from "./prepare.ts";
import { type Deps, type Reading, RETRY_TIMER, setWaitingFor, type State } from "./state.ts";

/**
 * Makes sure that a version is prepared, or being prepared.
 *
 * @returns Whether it is prepared. If not, its preparation is under way, or held back for a while after a failure.
 */
export function ensurePrepared(
  state: State,
  reading: Reading,
  want: { version: string; deps: Deps },
): boolean {
  const { version, deps } = want;
  const { options, context } = deps;
  if (state.lastFailed !== null && state.lastFailed !== version) {
    // Another version is wanted now, which has not failed.
    state.lastFailed = null;
    context.timers.cancel(RETRY_TIMER);
  }
  if (state.prepared === version) return !context.timers.isActive(RETRY_TIMER);
  if (state.preparing === version || context.timers.isActive(RETRY_TIMER)) return false;
  const release = findRelease(reading, version, deps);
  if (release === null) {
    setWaitingFor(
      `the release ${version} is neither on offer, nor committed, nor on this host's disk`,
      deps,
    );
    return false;
  }
  state.preparing = version;
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
    ok: (received) => ({ type: "prepared", version, received }),
    error: (error) => ({ type: "not_prepared", version, error }),
  }, { key: "prepare" });
  return false;
}

function findRelease(reading: Reading, version: string, { options }: Deps): Release | null {
  const committed = reading.service?.entry.committed ?? null;
  if (reading.offer?.version === version) return reading.offer;
  if (committed?.version === version) return committed;
  const receipt = options.store.readReceipt(version);
  if (receipt === null) return null;
  const sizeBytes = receipt.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return {
    service: options.service,
    version,
    infoHash: receipt.infoHash === NO_BLOB ? null : receipt.infoHash,
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
