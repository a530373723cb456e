/**
 * Locks one release: starts or adopts its keeper, when it is its turn, and waits until that has locked all pages. A release whose
 * keepers die is given up for a while (keeper_deaths.ts).
 *
 * @module
 */

import { formatDurationMs } from "../../base/duration.ts";
import { reasonOf } from "../../base/reason.ts";
import { HostError, type Pin, type PinKeepers, provenBytesOf, thisHost } from "../../host/mod.ts";
import { sleep } from "../runtime/mod.ts";
import {
  DEATHS_MAX,
  DEATHS_WINDOW_MS,
  isForgotten,
  noteDeath,
  restPauseMs,
} from "./keeper_deaths.ts";
import type { PinnerMessage, PinnerOptions, PinOutcome } from "./messages.ts";
import type { Context, Deps, PinRequest, State } from "./state.ts";

/** How long to wait for a new keeper's first status. Less than the deadline of an actor's `onStop`, which waits for it. */
const FIRST_STATUS_MS = 4_000;

/** Time between two looks for the first status. */
const FIRST_STATUS_POLL_MS = 50;

/** Locks a version, and answers when that is done or has failed. Whoever asks meanwhile is answered with it. */
export function lockRelease(state: State, request: PinRequest, { options, context }: Deps): void {
  const { version } = request;
  const waiting = state.waiting.get(version);
  if (waiting !== undefined) {
    waiting.push(request);
    return;
  }
  state.waiting.set(version, [request]);
  const { store, config, keeperCommand, keepers = thisHost.keepers } = options;
  const givenUp = whyGivenUp(state, version, { options, context });
  if (givenUp !== null) {
    const outcome = refused(givenUp, config);
    context.self.tell({ type: "pinned", version, outcome, hasDied: false });
    return;
  }
  const sizeBytes = sizeOf(options, version);
  // One that is locked already takes no memory: before a switch nothing has to wait for what another service prepares.
  const lock = state.locked.has(version) ? null : state.order.add({
    isRunning: version === state.running,
    sizeBytes,
    hasRoom: (owedBytes) => hasRoom({ version, sizeBytes, owedBytes }, options),
  });
  context.pipeToSelf<PinOutcome>(
    async (signal) => {
      try {
        if (lock !== null && lock.turn !== null) {
          await lock.turn(signal);
          if (!state.wanted.has(version)) throw new Error("it is not to be locked any more");
        }
        const { final: root, pinStatus: statusPath } = store.paths(version);
        const command = [...keeperCommand];
        const { limit: limitBytes, margin: marginBytes } = config;
        const starting = keepers.start({ command, root, statusPath, limitBytes, marginBytes });
        void keepTrack(state, starting, { version, keepers, context });
        const status = await keepers.locked(await starting, {
          signal,
          onProgress({ lockedBytes, totalBytes }) {
            lock?.progress(lockedBytes);
            const progress = totalBytes === 0 ? 1 : lockedBytes / totalBytes;
            for (const { progressTo } of state.waiting.get(version) ?? []) {
              progressTo?.tell({ type: "pin_progress", version, progress });
            }
          },
        });
        return { ok: true, lockedBytes: provenBytesOf(status) };
      } finally {
        lock?.end();
      }
    },
    {
      ok: (outcome) => ({ type: "pinned", version, outcome, hasDied: false }),
      error: (error) => ({
        type: "pinned",
        version,
        outcome: refused(error, config),
        hasDied: error instanceof HostError && error.code === "PIN_KEEPER_DIED",
      }),
    },
  );
}

/** Whether a release can be locked beside what others are about to lock. */
function hasRoom(
  { version, sizeBytes, owedBytes }: {
    readonly version: string;
    readonly sizeBytes: number;
    readonly owedBytes: number;
  },
  options: PinnerOptions,
): boolean {
  try {
    expectPinnable({ version, sizeBytes, owedBytes }, options);
    return true;
  } catch {
    // Whatever it is, its keeper says so when it is its turn.
    return false;
  }
}

/**
 * Expects that a release of that size can be locked here.
 *
 * @throws {HostError} as `checkPinnable`.
 */
export function expectPinnable(
  { version, sizeBytes, owedBytes }: {
    readonly version: string;
    readonly sizeBytes: number;
    /** What others are about to lock. */
    readonly owedBytes: number;
  },
  { service, config, keepers = thisHost.keepers }: PinnerOptions,
): void {
  keepers.check({
    name: `${service} ${version}`,
    // The sizes of single files are not known before the .torrent is fetched; their sum is.
    fileSizes: [sizeBytes],
    limitBytes: config.limit,
    marginBytes: config.margin,
    owedBytes,
  });
}

/** The bytes of a release that is on the disk; 0 if that cannot be told. */
function sizeOf({ store }: PinnerOptions, version: string): number {
  return store.readReceipt(version)?.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) ?? 0;
}

/** A keeper is found again by its status file, so it counts as being started until it has written one. */
async function keepTrack(
  state: State,
  starting: Promise<Pin>,
  { version, keepers, context: { clock } }: {
    readonly version: string;
    readonly keepers: PinKeepers;
    readonly context: Context;
  },
): Promise<void> {
  const announced = (async () => {
    const keeper = await starting;
    state.pins.set(version, keeper);
    const deadlineMs = clock.nowMs() + FIRST_STATUS_MS;
    while (keepers.status(keeper.statusPath)?.pid !== keeper.pid && clock.nowMs() < deadlineMs) {
      await sleep(clock, FIRST_STATUS_POLL_MS);
    }
  })().catch(() => {});
  state.starting.add(announced);
  await announced;
  state.starting.delete(announced);
}

/** Answers those who wait for a version, and notes why it could not be locked. */
export function noteOutcome(
  state: State,
  { version, outcome, hasDied }: Extract<PinnerMessage, { type: "pinned" }>,
  { options, context }: Deps,
): void {
  // One that is not wanted any more was ended on purpose.
  if (hasDied && !outcome.ok && state.wanted.has(version)) {
    noteKeeperDeath(state, { version, reason: outcome.reason }, context);
  }
  for (const { replyTo } of state.waiting.get(version) ?? []) replyTo?.tell(outcome);
  state.waiting.delete(version);
  if (outcome.ok) {
    state.refusals.delete(version);
    return;
  }
  state.wanted.delete(version);
  const { reason, advice } = outcome;
  if (state.refusals.get(version) !== reason) {
    context.log.warn("{service} {version}: not locked in memory: {reason}{advice}", {
      service: options.service,
      version,
      reason,
      advice: advice === null ? "" : `\n${advice}`,
    });
  }
  state.refusals.set(version, reason);
}

/** Why no keeper of that version is started for now: too many have died. `null`: one may be. */
export function whyGivenUp(
  state: State,
  version: string,
  { options: { service }, context }: Deps,
): HostError | null {
  const deaths = state.deaths.get(version);
  if (deaths === undefined || restPauseMs(deaths, context.clock.nowMs()) === 0) return null;
  const within = formatDurationMs(DEATHS_WINDOW_MS);
  return new HostError("PIN_KEEPER_DIED", {
    message: `pin ${service} ${version}: make room in memory: its keeper has died ${DEATHS_MAX} ` +
      `times within ${within}, and is not started again before that is over; the last time: ` +
      deaths.reason,
  });
}

/** Notes that a keeper has died. */
export function noteKeeperDeath(
  state: State,
  { version, reason }: { readonly version: string; readonly reason: string },
  { clock }: Context,
): void {
  const nowMs = clock.nowMs();
  for (const [other, deaths] of state.deaths) {
    if (isForgotten(deaths, nowMs)) state.deaths.delete(other);
  }
  state.deaths.set(version, noteDeath(state.deaths.get(version), { reason, nowMs }));
}

/** An error as an outcome. */
export function refused(
  error: unknown,
  config: PinnerOptions["config"],
): Extract<PinOutcome, { ok: false }> {
  return {
    ok: false,
    required: config.mode === "required",
    reason: reasonOf(error),
    advice: error instanceof HostError ? error.advice ?? null : null,
  };
}
