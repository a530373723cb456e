/**
 * The pinner's messages, events and options.
 *
 * @module
 */

import type { PinKeepers, Releases } from "../../host/mod.ts";
import type { ServiceConfig } from "../config/agent_config.ts";
import type { ActorRef, Publisher, ReplyTo } from "../runtime/mod.ts";
import type { LockOrder } from "./lock_order.ts";

/** The outcome of locking a release, or of asking whether it can be locked. */
export type PinOutcome =
  | { readonly ok: true; readonly lockedBytes: number }
  /** Nothing is locked. `required`: the release must not be staged then. `advice`: what an operator can do about it. */
  | {
    readonly ok: false;
    readonly required: boolean;
    readonly reason: string;
    readonly advice: string | null;
  };

/** Published when the locked bytes have changed. */
export interface PinnedEvent {
  readonly type: "pinned_changed";
  /** Locked bytes by version, as the kernel says; a release that is locked in part only is not among them. */
  readonly versions: ReadonlyMap<string, number>;
}

/** Progress of locking one version. */
export interface PinProgress {
  readonly type: "pin_progress";
  readonly version: string;
  /** Share that is locked, 0 to 1. */
  readonly progress: number;
}

/** The messages of the pinner. */
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
    /** Whether its keeper has died. */
    readonly hasDied: boolean;
  }
  /** A keeper that held its pages was not found to do so. `death`: why it has died; `lost`: what it has lost. */
  | {
    readonly type: "keeper_gone";
    readonly version: string;
    readonly death: string | null;
    readonly lost: string | null;
  }
  | { readonly type: "kept"; readonly error: unknown; readonly replyTo: ReplyTo<null> | undefined }
  | {
    readonly type: "found";
    readonly versions: ReadonlyMap<string, number>;
    /** The version that `current` points at; `null`: there is none, or it could not be read. */
    readonly running: string | null;
  }
  | { readonly type: "look_due" };

/** The pinner's options. */
export interface PinnerOptions {
  readonly service: string;
  readonly store: Releases;
  readonly config: ServiceConfig["pin"];
  /** The program that runs a pin keeper, and its first arguments. */
  readonly keeperCommand: readonly string[];
  /** Where changes of the locked bytes are published. It should replay the last one to new subscribers. */
  readonly events: Publisher<PinnedEvent>;
  /** Where its keepers run. Default: on this machine. */
  readonly keepers?: PinKeepers;
  /** In which order the releases of this host are locked. Default: as if there were no other service. */
  readonly order?: LockOrder;
}
