/**
 * What the pinner keeps in mind.
 *
 * @module
 */

import type { Pin } from "../../host/mod.ts";
import type { ActorContext } from "../runtime/mod.ts";
import type { KeeperDeaths } from "./keeper_deaths.ts";
import type { LockOrder } from "./lock_order.ts";
import type { PinnerMessage, PinnerOptions } from "./messages.ts";

/** The state of one service's pinner. */
export interface State {
  locked: ReadonlyMap<string, number>;
  /** The versions that should be locked. */
  readonly wanted: Set<string>;
  /** The requests that wait for a version that is being locked. Several may wait for one keeper. */
  readonly waiting: Map<string, PinRequest[]>;
  /** The version that `current` points at, as the last look has found it. */
  running: string | null;
  readonly order: LockOrder;
  /** The keepers that this incarnation has started or adopted. */
  readonly pins: Map<string, Pin>;
  /** How keepers have died lately. */
  readonly deaths: Map<string, KeeperDeaths>;
  /** Keepers that are being started. They must not be lost if the actor ends meanwhile. */
  readonly starting: Set<Promise<unknown>>;
  /** Why a version could not be locked. Logged once, because locking is retried. */
  readonly refusals: Map<string, string>;
}

/** The context of a pinner. */
export type Context = ActorContext<PinnerMessage>;

/** A request to lock a version. */
export type PinRequest = Extract<PinnerMessage, { type: "pin" }>;

/** What the parts of a pinner work with. */
export interface Deps {
  readonly options: PinnerOptions;
  readonly context: Context;
}
