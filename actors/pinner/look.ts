/**
 * Looks at the keepers now and then, since nobody is told when one has died whose agent has not started it.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import { type ObservedPin, provenBytesOf, thisHost } from "../../host/mod.ts";
import { lockRelease, noteKeeperDeath } from "./lock_release.ts";
import type { PinnerMessage, PinnerOptions } from "./messages.ts";
import type { Context, Deps, State } from "./state.ts";

/** Reads which keepers live and hold all of their releases, and how many bytes that is, as the kernel says. */
export function look({ store, keepers = thisHost.keepers }: PinnerOptions, context: Context): void {
  context.pipeToSelf(
    async () => {
      const locked = new Map<string, number>();
      let running: string | null = null;
      for (const { version, state, current } of await store.list()) {
        if (state !== "complete") continue;
        if (current) running = version;
        const status = keepers.status(store.paths(version).pinStatus);
        if (status?.alive !== true || status.state !== "locked") continue;
        const provenBytes = provenBytesOf(status);
        if (provenBytes >= status.totalBytes) {
          locked.set(version, provenBytes);
          keepers.rank?.(status.pid, { isRunning: current });
        }
      }
      return { locked, running };
    },
    {
      ok: ({ locked, running }) => ({ type: "found", versions: locked, running }),
      error: (error) => {
        context.log.warn("look at locked releases: {error}", { error });
        return { type: "found", versions: new Map(), running: null };
      },
    },
    { key: "look" },
  );
}

/** Publishes what is locked if that has changed, and sees to it that what has lost its keeper is locked again. */
export function onFound(
  state: State,
  { versions, running }: Extract<PinnerMessage, { type: "found" }>,
  { options, context }: Deps,
): State {
  const { store, keepers = thisHost.keepers } = options;
  state.running = running;
  for (const version of state.locked.keys()) {
    if (versions.has(version) || !state.wanted.has(version)) continue;
    const { pinStatus: statusPath } = store.paths(version);
    context.pipeToSelf(
      async () => {
        const status = keepers.status(statusPath);
        // It may be only that the releases could not be listed.
        if (status?.alive === true) return { lost: whatIsLost(status), death: null };
        const death = status?.failure?.message ??
          await keepers.whyEnded?.(state.pins.get(version) ?? { statusPath });
        return { lost: null, death: death ?? "it is gone" };
      },
      {
        ok: (end) => ({ type: "keeper_gone", version, ...end }),
        error: (error) => ({ type: "keeper_gone", version, lost: null, death: reasonOf(error) }),
      },
    );
  }
  const isSame = versions.size === state.locked.size &&
    [...versions].every(([version, bytes]) => state.locked.get(version) === bytes);
  state.locked = versions;
  for (const version of versions.keys()) state.wanted.add(version);
  if (!isSame) options.events.publish({ type: "pinned_changed", versions });
  return state;
}

/** What a keeper that lives does not hold any more; `null`: it holds everything. */
function whatIsLost(status: ObservedPin): string | null {
  const missingBytes = status.totalBytes - provenBytesOf(status);
  if (missingBytes <= 0) return null;
  return `${missingBytes} of ${status.totalBytes} bytes are not locked in memory any more`;
}

/** Locks a version again whose keeper has died, has lost pages, or was not found. */
export function onKeeperGone(
  state: State,
  { version, death, lost }: Extract<PinnerMessage, { type: "keeper_gone" }>,
  { options, context }: Deps,
): void {
  if (!state.wanted.has(version)) return;
  if (lost !== null) {
    context.log.warn("{service} {version}: {lost}: locking again", {
      service: options.service,
      version,
      lost,
    });
  }
  if (death !== null) {
    noteKeeperDeath(state, { version, reason: death }, context);
    context.log.warn("{service} {version}: its pin keeper is gone ({reason}), locking again", {
      service: options.service,
      version,
      reason: death,
    });
  }
  if (state.waiting.has(version)) return;
  lockRelease(state, { type: "pin", version, progressTo: null, replyTo: null }, {
    options,
    context,
  });
}
