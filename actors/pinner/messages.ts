/**
 * What the pinner hears and says.
 *
 * @module
 */

import type { ReleaseStore } from "../../host/mod.ts";
import type { ServiceConfig } from "../config/agent_config.ts";
import type { ActorRef, Publisher, ReplyTo } from "../runtime/mod.ts";

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
  /** Asks how much of a release of that size would be locked, before anything is fetched. */
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
