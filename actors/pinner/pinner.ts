/**
 * Keeps one service's releases locked in memory. The locks are held by a keeper process for each release, which outlives
 * this actor and the agent; this actor starts, adopts, watches and ends keepers.
 *
 * @module
 */

import {
  awaitPinned,
  checkPinnable,
  HostError,
  pinStatus,
  releasePin,
  type ReleaseStore,
  startPin,
} from "../../host/mod.ts";
import type { ServiceConfig } from "../agent/config.ts";
import type {
  ActorContext,
  ActorDefinition,
  ActorRef,
  Publisher,
  ReplyTo,
} from "../runtime/mod.ts";

/** How much of a release is locked. */
export type PinOutcome =
  | { readonly ok: true; readonly lockedBytes: number }
  /** Nothing is locked; `required`: so the release must not go on. `advice`: what an operator can do about it. */
  | {
    readonly ok: false;
    readonly required: boolean;
    readonly reason: string;
    readonly advice: string | null;
  };

/** What subscribers hear when the locked bytes of all versions together have changed. */
export interface PinnedEvent {
  readonly type: "pinned_changed";
  /** Locked bytes by version. */
  readonly versions: ReadonlyMap<string, number>;
}

/** How far the locking is. */
export interface PinProgress {
  readonly type: "pin_progress";
  readonly version: string;
  /** Share that is locked, 0 to 1. */
  readonly progress: number;
}

/** What the pinner takes. */
export type PinnerMessage =
  | {
    readonly type: "pin";
    readonly version: string;
    readonly progressTo: ActorRef<PinProgress> | null;
    readonly replyTo: ReplyTo<PinOutcome> | null;
  }
  /** Asks whether a release of that size could be locked, before anything is fetched. */
  | {
    readonly type: "check";
    readonly version: string;
    readonly sizeBytes: number;
    readonly replyTo: ReplyTo<PinOutcome>;
  }
  /** Unlocks all versions but these. */
  | {
    readonly type: "keep";
    readonly versions: readonly string[];
    readonly replyTo?: ReplyTo<null>;
  }
  | {
    readonly type: "pinned";
    readonly version: string;
    readonly outcome: PinOutcome;
    readonly replyTo: ReplyTo<PinOutcome> | null;
  }
  | { readonly type: "kept"; readonly error: unknown; readonly replyTo: ReplyTo<null> | undefined }
  | { readonly type: "found"; readonly versions: ReadonlyMap<string, number> }
  | { readonly type: "look_due" };

/** What the pinner works with. */
export interface PinnerOptions {
  readonly service: string;
  readonly store: ReleaseStore;
  readonly config: ServiceConfig["pin"];
  /** How to run a keeper. */
  readonly keeperCommand: readonly string[];
  /** Where changes of what is locked go; it should replay the last one to those who come later. */
  readonly events: Publisher<PinnedEvent>;
}

interface State {
  locked: ReadonlyMap<string, number>;
  /** The versions that should be locked. */
  readonly wanted: Set<string>;
}

/** How often keepers are looked at: one that died leaves its pages unprotected until then. */
const LOOK_INTERVAL_MS = 5_000;

type Context = ActorContext<PinnerMessage>;

/** The pinner actor. */
export function pinnerActor(options: PinnerOptions): ActorDefinition<State, PinnerMessage> {
  return {
    name: "pinner",
    init(context) {
      look(options, context);
      context.timers.every("look", LOOK_INTERVAL_MS, { type: "look_due" });
      return { locked: new Map(), wanted: new Set() };
    },
    receive(state, message, context) {
      switch (message.type) {
        case "pin":
          if (options.config.mode === "off") {
            message.replyTo?.tell({ ok: true, lockedBytes: 0 });
            return state;
          }
          state.wanted.add(message.version);
          pin(message, options, context);
          return state;
        case "check":
          message.replyTo.tell(check(state, message, options));
          return state;
        case "pinned":
          message.replyTo?.tell(message.outcome);
          if (!message.outcome.ok) state.wanted.delete(message.version);
          look(options, context);
          return state;
        case "keep": {
          const { versions, replyTo } = message;
          for (const version of state.wanted) {
            if (!versions.includes(version)) state.wanted.delete(version);
          }
          context.pipeToSelf(() => unlockOthers(options.store, versions), {
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
  };
}

function pin(
  message: Extract<PinnerMessage, { type: "pin" }>,
  options: PinnerOptions,
  context: Context,
): void {
  const { version, progressTo, replyTo } = message;
  const { store, config } = options;
  context.pipeToSelf<PinOutcome>(
    async (signal) => {
      const paths = store.paths(version);
      const keeper = await startPin({
        command: [...options.keeperCommand],
        root: paths.final,
        statusPath: paths.pinStatus,
        limitBytes: config.limit,
      });
      const status = await awaitPinned(keeper, {
        signal,
        onProgress: ({ lockedBytes, totalBytes }) =>
          progressTo?.tell({
            type: "pin_progress",
            version,
            progress: totalBytes === 0 ? 1 : lockedBytes / totalBytes,
          }),
      });
      return { ok: true, lockedBytes: status.lockedBytes };
    },
    {
      ok: (outcome) => ({ type: "pinned", version, outcome, replyTo }),
      error: (error) => {
        const outcome = refused(error, config);
        const { reason, advice } = outcome;
        context.log.warn("{service} {version}: not locked in memory: {reason}{advice}", {
          service: options.service,
          version,
          reason,
          advice: advice === null ? "" : `\n${advice}`,
        });
        return {
          type: "pinned",
          version,
          outcome,
          replyTo,
        };
      },
    },
    { key: `pin ${version}` },
  );
}

function check(
  state: State,
  { version, sizeBytes }: { version: string; sizeBytes: number },
  { service, config }: PinnerOptions,
): PinOutcome {
  if (config.mode === "off" || state.locked.has(version)) return { ok: true, lockedBytes: 0 };
  try {
    // Sizes of single files are known once the .torrent is here; the sum decides what can be asked for now.
    checkPinnable({
      name: `${service} ${version}`,
      fileSizes: [sizeBytes],
      limitBytes: config.limit,
    });
    return { ok: true, lockedBytes: 0 };
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
    reason: error instanceof Error ? error.message : String(error),
    advice: error instanceof HostError ? error.advice ?? null : null,
  };
}

/** Looks which keepers live and what they hold. */
function look({ store }: PinnerOptions, context: Context): void {
  context.pipeToSelf(
    async () => {
      const locked = new Map<string, number>();
      for (const { version, state } of await store.list()) {
        if (state !== "complete") continue;
        const status = pinStatus(store.paths(version).pinStatus);
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
  { options, context }: { options: PinnerOptions; context: Context },
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

async function unlockOthers(store: ReleaseStore, keep: readonly string[]): Promise<void> {
  for (const { version } of await store.list()) {
    if (!keep.includes(version)) await releasePin(store.paths(version).pinStatus);
  }
}
