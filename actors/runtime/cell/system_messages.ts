/**
 * System messages: what the cells of a tree tell each other, apart from the actors' own messages. They
 * have a queue of their own and are handled first. This file has only types and one key.
 *
 * @module
 */

import type { Cell } from "./cell.ts";
import type { StopReason } from "../stop_reason.ts";
import type { ActorDefinition } from "../actor_definition.ts";
import type { Incarnation } from "./incarnation.ts";
import type { ActorRef } from "../ref.ts";
import type { RestartPolicy } from "../supervision/restart_policy.ts";

/**
 * Where a cell is in its life.
 *
 * `new` → `running` → `ending` → (`down` → `running`)* → `stopped`. Only a supervised actor is ever
 * `down`: between the end of one incarnation and the start of the next.
 */
export type ActorStatus = "new" | "running" | "ending" | "down" | "stopped";

/** How a child is supervised by its parent. */
export interface Supervision {
  /** Which ends are followed by a restart. */
  readonly restart: RestartPolicy;
  /** Replaces the definition's deadline. */
  readonly stopDeadlineMs?: number;
}

/**
 * The key of the function by which a supervisor's definition handles the end of a child. Other
 * definitions do not have it.
 */
export const onChildEnd: unique symbol = Symbol("rollcall.actor.onChildEnd");

/** An incarnation of a child has ended, and for good if the cell is `stopped`. */
export interface ChildEnd {
  readonly kind: "child_end";
  readonly child: Cell;
  readonly reason: StopReason;
}

/** A definition with its types dropped. */
export interface ErasedDefinition extends ActorDefinition<unknown, unknown> {
  readonly [onChildEnd]?: (state: unknown, end: ChildEnd, context: Incarnation) => unknown;
}

/** An actor that this one watches, or is linked to, has ended. */
export interface WatchedEnd {
  readonly kind: "terminated";
  readonly incarnation: Incarnation;
  readonly ref: ActorRef<never>;
  readonly reason: StopReason;
}

/** An actor that this incarnation is linked to has failed. */
export interface LinkedFailure {
  readonly kind: "linked_failure";
  readonly incarnation: Incarnation;
  readonly error: unknown;
}

/**
 * A system message. The queue of a cell is bounded by what its actor has: at most one `end` is in
 * force, two `child_end` per child, one `terminated` per watch, one `linked_failure` per link and two
 * `stop_settled` per incarnation.
 */
export type SystemMessage =
  | { readonly kind: "end"; readonly reason: StopReason }
  | ChildEnd
  /** The incarnation's `onStop` has settled, or was too `late`. */
  | { readonly kind: "stop_settled"; readonly incarnation: Incarnation; readonly late: boolean }
  | WatchedEnd
  | LinkedFailure;
