/**
 * Looks after services that the config has no more: an agent does not end what it does not know, so their processes and pin
 * keepers run on, and nobody watches them. This actor says so in the log, and ends them after a while if the config says so.
 *
 * @module
 */

import type { RemovedService } from "../../host/mod.ts";
import type { ActorDefinition } from "../runtime/mod.ts";

/** What the actor works with. */
export interface RemovedOptions {
  readonly host: string;
  /** How long after the start of the agent they are ended, in ms; undefined: never. */
  readonly stopAfterMs: number | undefined;
  /** Finds what runs of services that the config does not have. */
  readonly find: () => readonly RemovedService[];
  /** Ends what runs of a service. */
  readonly end: (service: string) => Promise<void>;
}

/** The messages of the actor. */
export type RemovedMessage =
  | { readonly type: "stop_due" }
  | { readonly type: "ended"; readonly service: string; readonly error: unknown };

/** Makes the actor. */
export function removedActor(options: RemovedOptions): ActorDefinition<null, RemovedMessage> {
  const { host, stopAfterMs, find, end } = options;
  return {
    name: "removed",
    init(context) {
      const found = find();
      for (const { service, running, locked } of found) {
        const what = [
          ...running === null ? [] : [`${running.version}, pid ${running.pid}`],
          ...locked.length === 0 ? [] : [`locked: ${locked.join(", ")}`],
        ];
        context.log.warn(
          "{service} is not in the config any more, and runs on unwatched ({what}); {next}; if it does not come back: " +
            "rollcall hosts forget {host} --service {service}",
          {
            service,
            what: what.join("; "),
            host,
            next: stopAfterMs === undefined
              ? "put it back, or set stopRemovedAfter to have it ended"
              : `it is ended in ${Math.round(stopAfterMs / 1000)} s, unless it is put back`,
          },
        );
      }
      if (stopAfterMs !== undefined && found.length > 0) {
        context.timers.after("stop", stopAfterMs, { type: "stop_due" });
      }
      return null;
    },
    receive(state, message, context) {
      if (message.type === "stop_due") {
        for (const { service } of find()) {
          context.pipeToSelf(() => end(service), {
            ok: () => ({ type: "ended", service, error: null }),
            error: (error) => ({ type: "ended", service, error: error ?? "unknown" }),
          });
        }
        return state;
      }
      const { service, error } = message;
      if (error === null) {
        context.log.info("{service}: ended, since the config does not have it any more", {
          service,
        });
      } else context.log.error("{service}: not ended: {error}", { service, error });
      return state;
    },
    summarize: () =>
      find().map(({ service, running }) => `${service} ${running?.version ?? "locked"}`),
  };
}
