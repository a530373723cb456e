/**
 * Starts the service without anybody's word, where nothing runs and ZooKeeper is away: a machine that comes back is not to
 * stand still because the ensemble does. What it starts is the release that was the current one before, if its files are as
 * they were verified. It takes no other host down, and whatever the fleet runs by now, the host catches up with once it can
 * ask.
 *
 * @module
 */

import { type ActorRef, ask } from "../runtime/mod.ts";
import type { RunnerMessage, RunnerOutcome } from "../runner/messages.ts";
import type { Deps, State } from "./state.ts";

/** Key of the timer that ends the wait for ZooKeeper. */
const ALONE_TIMER = "alone";

/** A stop that waits for its turn behind another, and a machine that is slow to do anything. */
const START_TIMEOUT_MS = 120_000;

/** Begins the wait for ZooKeeper, unless it has begun. */
export function awaitZooKeeper({ options, context }: Deps): void {
  if (context.timers.isActive(ALONE_TIMER)) return;
  context.timers.after(ALONE_TIMER, options.config.startAloneAfter, { type: "alone" });
}

/** Ends the wait: there is a session. */
export function stopAwaitingZooKeeper({ context }: Deps): void {
  context.timers.cancel(ALONE_TIMER);
}

/** Starts the current release, if nothing runs and there is still no session. */
export function startAlone(state: State, deps: Deps): State {
  const { options, context } = deps;
  if (state.zookeeper !== null) return state;
  awaitZooKeeper(deps);
  if (state.status === null || state.status.wanted !== null || state.change !== null) return state;
  const { store, service, config } = options;
  context.pipeToSelf(
    async (signal) => {
      const version = await store.currentVersion();
      if (version === null) return null;
      const found = await store.isIntact(version);
      if (!found.intact) return `${version} is not as it was verified: ${found.reason}`;
      if (config.pin.mode !== "off") {
        options.pinner.tell({ type: "pin", version, progressTo: null, replyTo: null });
      }
      const outcome = await askRunner(options.runner, version, { ...deps, signal });
      return outcome.ok ? `${version} is started` : `${version} does not start: ${outcome.reason}`;
    },
    {
      ok: (result) => ({ type: "started_alone", result }),
      error: (error) => ({ type: "started_alone", result: String(error) }),
    },
    { key: "alone" },
  );
  context.log.warn("{service}: nothing runs, and there was no ZooKeeper for {seconds} s", {
    service,
    seconds: config.startAloneAfter / 1000,
  });
  return state;
}

async function askRunner(
  runner: ActorRef<RunnerMessage>,
  version: string,
  { context, signal }: Deps & { readonly signal: AbortSignal },
): Promise<RunnerOutcome> {
  return await ask<RunnerMessage, RunnerOutcome>(
    runner,
    (replyTo) => ({ type: "start", version, replyTo }),
    { timeoutMs: START_TIMEOUT_MS, clock: context.clock, signal },
  );
}
