/**
 * The pinner: keeps one service's releases locked in memory. The pages of each release are locked by a keeper process,
 * which outlives this actor and the agent; this actor starts, adopts, watches and ends keepers. The upgrade coordinator
 * says which versions to lock; what is locked is published as an event.
 *
 * @module
 */

import { thisHost } from "../../host/mod.ts";
import type { ActorDefinition } from "../runtime/mod.ts";
import { expectPinnable, lockRelease, noteOutcome, refused, whyGivenUp } from "./lock_release.ts";
import { LockOrder } from "./lock_order.ts";
import { look, onFound, onKeeperGone } from "./look.ts";
import type { PinnerMessage, PinnerOptions, PinOutcome } from "./messages.ts";
import type { Deps, State } from "./state.ts";

/** Time between two looks at the keepers: the pages of one that died are unprotected until the next look. */
const LOOK_INTERVAL_MS = 5_000;

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
        running: null,
        order: options.order ?? new LockOrder(),
        pins: new Map(),
        deaths: new Map(),
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
          lockRelease(state, message, { options, context });
          return state;
        case "check":
          message.replyTo.tell(check(state, message, { options, context }));
          return state;
        case "keeper_gone":
          onKeeperGone(state, message, { options, context });
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
            state.pins.delete(version);
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
          return onFound(state, message, { options, context });
      }
    },
    async onStop(state) {
      // Once their status is written the next incarnation, or the agent's end, finds them.
      await Promise.allSettled(state.starting);
    },
  };
}

function check(
  state: State,
  { version, sizeBytes }: { version: string; sizeBytes: number },
  deps: Deps,
): PinOutcome {
  const { config } = deps.options;
  if (config.mode === "off") return { ok: true, lockedBytes: 0 };
  if (state.locked.has(version)) return { ok: true, lockedBytes: sizeBytes };
  const givenUp = whyGivenUp(state, version, deps);
  if (givenUp !== null) return refused(givenUp, config);
  try {
    const owedBytes = version === state.running ? 0 : state.order.owedBytes;
    expectPinnable({ version, sizeBytes, owedBytes }, deps.options);
    return { ok: true, lockedBytes: sizeBytes };
  } catch (error) {
    return refused(error, config);
  }
}

async function unlockOthers(
  { store, keepers = thisHost.keepers }: PinnerOptions,
  keep: readonly string[],
): Promise<void> {
  for (const { version } of await store.list()) {
    if (!keep.includes(version)) await keepers.release(store.paths(version).pinStatus);
  }
}
