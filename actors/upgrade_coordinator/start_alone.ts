/**
 * Starts the service without anybody's word, where nothing runs and the tree cannot be read, be it that ZooKeeper is away,
 * comes and goes, or that somebody has put something into the tree that makes no sense: a machine that comes back is not to
 * stand still for that. What it starts is the release that was the current one before, if its files are as
 * they were verified. It takes no other host down, and whatever the fleet runs by now, the host catches up with once it can
 * ask.
 *
 * @module
 */

import { type ReleaseStore, type StartedService, thisHost } from "../../host/mod.ts";
import { type ActorRef, ask } from "../runtime/mod.ts";
import type { RunnerMessage, RunnerOutcome } from "../runner/messages.ts";
import { beginLock } from "./lock_releases.ts";
import { interruptedSwitch } from "./machine/phase.ts";
import { hasPassed, type Switch } from "./machine/switch.ts";
import type { Deps, State } from "./state.ts";

/** Key of the timer that ends the wait for a reading. */
const ALONE_TIMER = "alone";

/** A stop that waits for its turn behind another, and a machine that is slow to do anything. */
const START_TIMEOUT_MS = 120_000;

/** Begins the wait for a reading of the tree, unless it has begun. */
export function awaitReading({ options, context }: Deps): void {
  if (context.timers.isActive(ALONE_TIMER)) return;
  context.timers.after(ALONE_TIMER, options.config.startAloneAfter, { type: "alone" });
}

/** Ends the wait: the tree was read. A session alone does not do it, since it may end before the reading does. */
export function stopAwaitingReading({ context }: Deps): void {
  context.timers.cancel(ALONE_TIMER);
}

/** Starts the current release, if nothing runs and the tree has still not been read. */
export function startAlone(state: State, deps: Deps): State {
  const { options, context } = deps;
  awaitReading(deps);
  if (state.status === null || state.status.wanted !== null) return state;
  const { phase } = state;
  if (phase.kind !== "idle" && phase.kind !== "interrupted") return state;
  const { store, service, config } = options;
  const interrupted = interruptedSwitch(phase);
  // One that has passed its trial is what is to run here.
  const onTrial = interrupted === null || hasPassed(interrupted) ? null : interrupted;
  // What is read meanwhile is decided on afterwards: else two versions might be started at once.
  state.phase = { kind: "acting", interrupted };
  context.pipeToSelf(
    async (signal) => {
      const version = await chooseVersion(onTrial?.from ?? null, store);
      if (version === null) return null;
      beginLock(version, options);
      const { processes } = options.ports ?? thisHost;
      const recorded = processes.lastStarted(store.layout.processRecord);
      const restart = chooseRestart({ version, onTrial }, recorded);
      const start = () => askRunner(options.runner, { version, restart }, { ...deps, signal });
      const outcome = await startAsCurrent(version, store, start);
      return outcome.ok ? `${version} is started` : `${version} does not start: ${outcome.reason}`;
    },
    {
      ok: (result) => ({ type: "started_alone", result }),
      error: (error) => ({ type: "started_alone", result: String(error) }),
    },
    { key: "alone" },
  );
  context.log.warn("{service}: nothing runs, and the tree was not read for {seconds} s", {
    service,
    seconds: config.startAloneAfter / 1000,
  });
  return state;
}

/**
 * What ran before a switch that the end of the machine has interrupted, else the current release: the version that was on
 * trial may be what took the machine down, and would do so again and again with nobody to count.
 */
export async function chooseVersion(
  before: string | null,
  store: {
    readonly currentVersion: ReleaseStore["currentVersion"];
    readonly isIntact: (version: string) => Promise<{ readonly intact: boolean }>;
  },
): Promise<string | null> {
  if (before !== null && (await store.isIntact(before)).intact) return before;
  return await store.currentVersion();
}

/**
 * Starts a release, and makes it the current one: that is what is started the next time that nobody can be asked. An interrupted
 * switch may have pointed to another one already, and is dropped where the one before it runs. Only once it runs: nothing is to
 * keep a service down that could run, such as a disk on which nothing can be written.
 */
export async function startAsCurrent(
  version: string,
  store: Pick<ReleaseStore, "currentVersion" | "switchCurrent">,
  start: () => Promise<RunnerOutcome>,
): Promise<RunnerOutcome> {
  const outcome = await start();
  if (!outcome.ok || await store.currentVersion() === version) return outcome;
  await store.switchCurrent(version);
  return outcome;
}

/**
 * The restart that the service is started by: that of its last process, if that was of the same version, since nobody asks for an
 * earlier one. Else the host would be of none, and take its service down once more to catch up. What an interrupted switch was
 * on trial with is left to that switch.
 */
export function chooseRestart(
  { version, onTrial }: {
    readonly version: string;
    readonly onTrial: Pick<Switch, "to"> | null;
  },
  recorded: StartedService | null,
): string | undefined {
  if (onTrial !== null || recorded?.version !== version) return undefined;
  return recorded.restart ?? undefined;
}

async function askRunner(
  runner: ActorRef<RunnerMessage>,
  { version, restart }: { readonly version: string; readonly restart: string | undefined },
  { context, signal }: Deps & { readonly signal: AbortSignal },
): Promise<RunnerOutcome> {
  return await ask<RunnerMessage, RunnerOutcome>(
    runner,
    (replyTo) => ({ type: "start", version, restart, replyTo }),
    { timeoutMs: START_TIMEOUT_MS, clock: context.clock, signal },
  );
}
