/**
 * How a supervisor is told what to supervise, and what it can be asked at run time. Only types; what
 * it does with them is in supervised_children.ts.
 *
 * @module
 */

import type { ActorStatus } from "../cell/system_messages.ts";
import type { ActorDefinition } from "../actor_definition.ts";
import type { ActorError } from "../errors.ts";
import type { ActorRef, ReplyTo } from "../ref.ts";
import type { RestartBackoff, RestartIntensity, RestartPolicy } from "./restart_policy.ts";

/**
 * Who is restarted when one child ends.
 *
 * - `one_for_one`: that child.
 * - `one_for_all`: all children.
 * - `rest_for_one`: that child and those to its right, which were started after it.
 */
export type SupervisorStrategy = "one_for_one" | "one_for_all" | "rest_for_one";

/**
 * When a supervisor stops because its significant children have ended by themselves.
 *
 * - `never`: it goes on without them.
 * - `any_significant`: with the first of them.
 * - `all_significant`: with the last of them.
 */
export type AutoShutdown = "never" | "any_significant" | "all_significant";

/** How one child is supervised. */
export interface ChildOptions {
  /** Which ends are followed by a restart. Default `permanent`. */
  readonly restart?: RestartPolicy;
  /** How long its `onStop` may take, in milliseconds. Default: what its definition says. */
  readonly stopDeadlineMs?: number;
  /**
   * Whether its end, if it is for good and not asked for by the supervisor, counts for the
   * supervisor's `autoShutdown`. Default false. Only for `transient` and `temporary` children: a
   * permanent one does not end for good by itself.
   */
  readonly significant?: boolean;
}

/** Where children are declared, from left to right. */
export interface SupervisorScope {
  /**
   * Adds a child to the right of the others. The reference can be handed to the next child at
   * once; the children start when all are declared.
   *
   * @throws {ActorError} `name_taken`, `invalid_name`, `invalid_option` if it is significant where
   * that has no meaning.
   */
  child<S, M>(
    name: string,
    definition: ActorDefinition<S, M>,
    options?: ChildOptions,
  ): ActorRef<M>;
}

/** What a supervisor supervises, and how. */
export interface SupervisorOptions {
  /** What kind of actor this is, for people who look at the tree. Default `supervisor`. */
  readonly name?: string;
  /** Who is restarted when one child ends. Default `one_for_one`. */
  readonly strategy?: SupervisorStrategy;
  /** When to give up. Default 5 restarts within 60 000 ms, without a second bound. */
  readonly intensity?: Partial<RestartIntensity>;
  /** How long to wait before a restart. Default 100 ms, doubling up to 30 000 ms. */
  readonly backoff?: Partial<RestartBackoff>;
  /** When to stop because significant children have ended. Default `never`. */
  readonly autoShutdown?: AutoShutdown;
  /** Declares the children; called again when the supervisor itself is restarted. */
  readonly children?: (scope: SupervisorScope) => void;
}

/** The state of one child of a supervisor. */
export interface ChildInfo {
  /** Its name among the children. */
  readonly name: string;
  /** Its path. */
  readonly path: string;
  /** Where it is in its life. */
  readonly status: ActorStatus;
  /** Incarnations beyond the first. */
  readonly restarts: number;
}

/** The outcome of starting a child at run time. */
export type StartedChild<M> =
  | { readonly ok: true; readonly ref: ActorRef<M> }
  | { readonly ok: false; readonly error: ActorError };

/** The messages of a supervisor. */
export type SupervisorMessage =
  /** Starts a child. Made by {@linkcode startChild}, which knows the child's types. */
  | { readonly type: "start_child"; readonly start: (scope: SupervisorScope) => void }
  /** Stops a child for good, whatever its restart policy. Answers whether there was one. */
  | { readonly type: "stop_child"; readonly name: string; readonly replyTo?: ReplyTo<boolean> }
  | { readonly type: "list_children"; readonly replyTo: ReplyTo<readonly ChildInfo[]> };

/** A supervisor's state. Nothing outside of the runtime looks into it. */
export interface SupervisorState {
  /** Says what this is, for those who meet it in a type. */
  readonly kind: "supervisor";
}
