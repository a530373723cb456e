/**
 * All resources that one incarnation may own. They are made at the first use of any of them: most
 * actors of a large system own nothing.
 *
 * @module
 */

import type { AdapterRef } from "./message_adapter.ts";
import type { StopReason } from "../stop_reason.ts";
import type { ActorLogger } from "../logger.ts";
import type { OwnedAsks } from "./owned_asks.ts";
import type { OwnedTasks } from "./owned_tasks.ts";
import type { OwnedTimers } from "./owned_timers.ts";
import type { Links } from "./links.ts";
import type { Stash } from "./stash.ts";
import type { DeathWatch } from "./death_watch.ts";

/** The resources of one incarnation. Each is made at its own first use. */
export class OwnedResources {
  log: ActorLogger | undefined = undefined;
  controller: AbortController | undefined = undefined;
  timers: OwnedTimers | undefined = undefined;
  tasks: OwnedTasks | undefined = undefined;
  asks: OwnedAsks | undefined = undefined;
  watches: DeathWatch | undefined = undefined;
  links: Links | undefined = undefined;
  stash: Stash | undefined = undefined;
  adapters: Set<AdapterRef> | undefined = undefined;

  /** Timers, tasks and asks in flight. */
  get work(): number {
    return (this.timers?.size ?? 0) + (this.tasks?.size ?? 0) + (this.asks?.size ?? 0);
  }

  /** Ends all resources. */
  end(path: string, reason: StopReason): void {
    // First, because what belongs to this incarnation is then taken out of the mailbox again.
    this.stash?.release();
    this.timers?.end();
    this.asks?.end();
    this.watches?.end();
    if (this.adapters !== undefined) {
      for (const adapter of this.adapters) adapter.end({ kind: "normal" });
    }
    this.tasks?.end();
    this.links?.end(path, reason);
    this.controller?.abort();
  }
}
