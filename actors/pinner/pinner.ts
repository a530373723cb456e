/**
 * The pinner: keeps one service's releases locked in memory. The pages of each release are locked by a keeper process,
 * which outlives this actor and the agent; this actor starts, adopts, watches and ends keepers. The upgrade coordinator
 * says which versions to lock; what is locked is published as an event.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import { HostError, type Pin, type PinKeepers, thisHost } from "../../host/mod.ts";
import { type ActorContext, type ActorDefinition, sleep } from "../runtime/mod.ts";
import type { PinnerMessage, PinnerOptions, PinOutcome } from "./messages.ts";

interface State {
  locked: ReadonlyMap<string, number>;
  /** The versions that should be locked. */
  readonly wanted: Set<string>;
  /** The requests that wait for a version that is being locked. Several may wait for one keeper. */
  readonly waiting: Map<string, PinRequest[]>;
  /** Keepers that are being started. They must not be lost if the actor ends meanwhile. */
  readonly starting: Set<Promise<unknown>>;
  /** Why a version could not be locked. Logged once, because locking is retried. */
  readonly refusals: Map<string, string>;
}

/** Time between two looks at the keepers: the pages of one that died are unprotected until the next look. */
const LOOK_INTERVAL_MS = 5_000;

/** How long to wait for a new keeper's first status. Less than the deadline of an actor's `onStop`, which waits for it. */
const FIRST_STATUS_MS = 4_000;

/** Time between two looks for the first status. */
const FIRST_STATUS_POLL_MS = 50;

type Context = ActorContext<PinnerMessage>;

type PinRequest = Extract<PinnerMessage, { type: "pin" }>;

/** Makes the pinner actor of one service. */
export function pinnerActor(options: PinnerOptions): ActorDefinition<State, PinnerMessage> {
  return {
    name: "pinner",
    init(context) {
      look(options, context);
      context.timers.every("look", LOOK_INTERVAL_MS, { type: "look_due" });
      return {
        locked: new Map(),
        wanted: new Set(),
        waiting: new Map(),
        starting: new Set(),
        refusals: new Map(),
      };
    },
    summarize: ({ wanted, locked, refusals }) => ({
      wanted: [...wanted],
      lockedBytes: Object.fromEntries(locked),
      refused: refusals.size === 0 ? undefined : Object.fromEntries(refusals),
    }),
    receive(state, message, context) {
      switch (message.type) {
        case "pin":
          if (options.config.mode === "off") {
            message.replyTo?.tell({ ok: true, lockedBytes: 0 });
            return state;
          }
          state.wanted.add(message.version);
          pin(state, message, { options, context });
          return state;
        case "check":
          message.replyTo.tell(check(state, message, options));
          return state;
        case "pinned":
          noteOutcome(state, message, { options, context });
          look(options, context);
          return state;
        case "keep": {
          const { versions, replyTo } = message;
          for (const version of [...state.wanted, ...state.refusals.keys()]) {
            if (versions.includes(version)) continue;
            state.wanted.delete(version);
            state.refusals.delete(version);
          }
          context.pipeToSelf(() => unlockOthers(options, versions), {
            ok: () => ({ type: "kept", error: null, replyTo }),
            error: (error) => ({ type: "kept", error, replyTo }),
          });
          return state;
        }
        case "kept":
          if (message.error !== null) {
            context.log.warn("unlock old releases: {error}", { error: message.error });
          }
          message.replyTo?.tell(null);
          look(options, context);
          return state;
        case "look_due":
          look(options, context);
          return state;
        case "found":
          return onFound(state, message.versions, { options, context });
      }
    },
    async onStop(state) {
      // Once their status is written the next incarnation, or the agent's end, finds them.
      await Promise.allSettled(state.starting);
    },
  };
}

interface Deps {
  readonly options: PinnerOptions;
  readonly context: Context;
}

function pin(state: State, request: PinRequest, { options, context }: Deps): void {
  const { version } = request;
  const waiting = state.waiting.get(version);
  if (waiting !== undefined) {
    waiting.push(request);
    return;
  }
  state.waiting.set(version, [request]);
  const { store, config, keeperCommand, keepers = thisHost.keepers } = options;
  context.pipeToSelf<PinOutcome>(
    async (signal) => {
      const { final: root, pinStatus: statusPath } = store.paths(version);
      const command = [...keeperCommand];
      const { limit: limitBytes, margin: marginBytes } = config;
      const starting = keepers.start({ command, root, statusPath, limitBytes, marginBytes });
      void keepTrack(state, starting, { keepers, context });
      const status = await keepers.locked(await starting, {
        signal,
        onProgress({ lockedBytes, totalBytes }) {
          const progress = totalBytes === 0 ? 1 : lockedBytes / totalBytes;
          for (const { progressTo } of state.waiting.get(version) ?? []) {
            progressTo?.tell({ type: "pin_progress", version, progress });
          }
        },
      });
      return { ok: true, lockedBytes: status.lockedBytes };
    },
    {
      ok: (outcome) => ({ type: "pinned", version, outcome }),
      error: (error) => ({ type: "pinned", version, outcome: refused(error, config) }),
    },
  );
}

/** A keeper is found again by its status file, so it counts as being started until it has written one. */
async function keepTrack(
  state: State,
  starting: Promise<Pin>,
  { keepers, context: { clock } }: { readonly keepers: PinKeepers; readonly context: Context },
): Promise<void> {
  const announced = (async () => {
    const keeper = await starting;
    const deadlineMs = clock.nowMs() + FIRST_STATUS_MS;
    while (keepers.status(keeper.statusPath)?.pid !== keeper.pid && clock.nowMs() < deadlineMs) {
      await sleep(clock, FIRST_STATUS_POLL_MS);
    }
  })().catch(() => {});
  state.starting.add(announced);
  await announced;
  state.starting.delete(announced);
}

function noteOutcome(
  state: State,
  { version, outcome }: Extract<PinnerMessage, { type: "pinned" }>,
  { options, context }: Deps,
): void {
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

function check(
  state: State,
  { version, sizeBytes }: { version: string; sizeBytes: number },
  { service, config, keepers = thisHost.keepers }: PinnerOptions,
): PinOutcome {
  if (config.mode === "off") return { ok: true, lockedBytes: 0 };
  if (state.locked.has(version)) return { ok: true, lockedBytes: sizeBytes };
  try {
    // The sizes of single files are not known before the .torrent is fetched; their sum is.
    keepers.check({
      name: `${service} ${version}`,
      fileSizes: [sizeBytes],
      limitBytes: config.limit,
      marginBytes: config.margin,
    });
    return { ok: true, lockedBytes: sizeBytes };
  } catch (error) {
    return refused(error, config);
  }
}

function refused(
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

/** Reads which keepers live and how many bytes each has locked. */
function look({ store, keepers = thisHost.keepers }: PinnerOptions, context: Context): void {
  context.pipeToSelf(
    async () => {
      const locked = new Map<string, number>();
      for (const { version, state } of await store.list()) {
        if (state !== "complete") continue;
        const status = keepers.status(store.paths(version).pinStatus);
        if (status?.alive === true && status.state === "locked") {
          locked.set(version, status.lockedBytes);
        }
      }
      return locked;
    },
    {
      ok: (versions) => ({ type: "found", versions }),
      error: (error) => {
        context.log.warn("look at locked releases: {error}", { error });
        return { type: "found", versions: new Map() };
      },
    },
    { key: "look" },
  );
}

function onFound(
  state: State,
  versions: ReadonlyMap<string, number>,
  { options, context }: Deps,
): State {
  for (const version of state.locked.keys()) {
    if (versions.has(version) || !state.wanted.has(version)) continue;
    context.log.warn("{service} {version}: its pin keeper is gone, locking again", {
      service: options.service,
      version,
    });
    context.self.tell({ type: "pin", version, progressTo: null, replyTo: null });
  }
  const isSame = versions.size === state.locked.size &&
    [...versions].every(([version, bytes]) => state.locked.get(version) === bytes);
  state.locked = versions;
  for (const version of versions.keys()) state.wanted.add(version);
  if (!isSame) options.events.publish({ type: "pinned_changed", versions });
  return state;
}

async function unlockOthers(
  { store, keepers = thisHost.keepers }: PinnerOptions,
  keep: readonly string[],
): Promise<void> {
  for (const { version } of await store.list()) {
    if (!keep.includes(version)) await keepers.release(store.paths(version).pinStatus);
  }
}
