/**
 * Looks at the keepers now and then, since nobody is told when one has died whose agent has not started it.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import { thisHost } from "../../host/mod.ts";
import { lockRelease, noteKeeperDeath } from "./lock_release.ts";
import type { PinnerMessage, PinnerOptions } from "./messages.ts";
import type { Context, Deps, State } from "./state.ts";

/** Reads which keepers live and how many bytes each has locked. */
export function look({ store, keepers = thisHost.keepers }: PinnerOptions, context: Context): void {
  context.pipeToSelf(
    async () => {
      const locked = new Map<string, number>();
      let running: string | null = null;
      for (const { version, state, current } of await store.list()) {
        if (state !== "complete") continue;
        if (current) running = version;
        const status = keepers.status(store.paths(version).pinStatus);
        if (status?.alive === true && status.state === "locked") {
          locked.set(version, status.lockedBytes);
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
        // It lives if it was only that the releases could not be listed.
        if (keepers.status(statusPath)?.alive === true) return null;
        return await keepers.whyEnded?.(state.pins.get(version) ?? { statusPath }) ?? "it is gone";
      },
      {
        ok: (reason) => ({ type: "keeper_gone", version, reason }),
        error: (error) => ({ type: "keeper_gone", version, reason: reasonOf(error) }),
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

/** Locks a version again whose keeper has died, or was not found. */
export function onKeeperGone(
  state: State,
  { version, reason }: Extract<PinnerMessage, { type: "keeper_gone" }>,
  { options, context }: Deps,
): void {
  if (!state.wanted.has(version)) return;
  if (reason !== null) {
    noteKeeperDeath(state, { version, reason }, context);
    context.log.warn("{service} {version}: its pin keeper is gone ({reason}), locking again", {
      service: options.service,
      version,
      reason,
    });
  }
  if (state.waiting.has(version)) return;
  lockRelease(state, { type: "pin", version, progressTo: null, replyTo: null }, {
    options,
    context,
  });
}
