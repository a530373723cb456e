/**
 * What passes between the cells of a tree apart from messages: the control lane, and how a child
 * stands to its parent. Only types and the key of the hook that supervisors have.
 *
 * @module
 */

import type { Cell } from "./cell.ts";
import type { ActorDefinition, StopReason } from "../actor_definition.ts";
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

/** How an actor stands to its parent. */
export interface Supervision {
  /** Which ends are followed by a restart. */
  readonly restart: RestartPolicy;
  /** Replaces the definition's deadline. */
  readonly stopDeadlineMs?: number;
}

/** What a supervisor's definition does with the end of a child; undefined for other definitions. */
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
 * A message in the control lane. At most one `end` is in force, two `child_end` per child, one
 * `terminated` per watch, one `linked_failure` per link and one `cleaned_up` per incarnation: this is what bounds the lane.
 */
export type SystemMessage =
  | { readonly kind: "end"; readonly reason: StopReason }
  | ChildEnd
  | { readonly kind: "cleaned_up"; readonly incarnation: Incarnation; readonly late: boolean }
  | WatchedEnd
  | LinkedFailure;
