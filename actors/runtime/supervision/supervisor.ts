/**
 * Supervisors: actors that do nothing but start children, restart those that end, and give up when
 * that does not help. The rules of when and how long are in restart_policy.ts.
 *
 * @module
 */

import { type ActorStatus, type ChildEnd, onChildEnd } from "../cell/system_messages.ts";
import type { ActorDefinition } from "../actor_definition.ts";
import { ActorError } from "../errors.ts";
import type { Incarnation } from "../cell/incarnation.ts";
import type { ActorRef, ReplyTo } from "../ref.ts";
import {
  type RestartBackoff,
  type RestartIntensity,
  type RestartPolicy,
  restartSettings,
} from "./restart_policy.ts";
import { type OwnMessage, type Settings, Supervising } from "./supervisor_state.ts";

/**
 * Who is restarted when one child ends.
 *
 * - `one_for_one`: that child.
 * - `one_for_all`: all children.
 * - `rest_for_one`: that child and those to its right, which were started after it.
 */
export type SupervisorStrategy = "one_for_one" | "one_for_all" | "rest_for_one";

/**
 * When a supervisor whose significant children end by themselves stops, because its work is done.
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

/** One child of a supervisor, as it stands. */
export interface ChildInfo {
  readonly name: string;
  readonly path: string;
  readonly status: ActorStatus;
  /** Incarnations beyond the first. */
  readonly restarts: number;
}

/** What came of starting a child at run time. */
export type StartedChild<M> =
  | { readonly ok: true; readonly ref: ActorRef<M> }
  | { readonly ok: false; readonly error: ActorError };

/** What a supervisor can be told. */
export type SupervisorMessage =
  /** Made by {@linkcode startChild}, which knows the types of the child. */
  | { readonly type: "start_child"; readonly start: (scope: SupervisorScope) => void }
  /** Stops a child for good, whatever its restart policy. Answers whether there was one. */
  | { readonly type: "stop_child"; readonly name: string; readonly replyTo?: ReplyTo<boolean> }
  | { readonly type: "list_children"; readonly replyTo: ReplyTo<readonly ChildInfo[]> };

/**
 * The message that has a supervisor start one more child, to the right of the others. For use with
 * `ask`: `ask(supervisorRef, startChild("one", definition), { timeoutMs: 1_000 })`.
 */
export function startChild<S, M>(
  name: string,
  definition: ActorDefinition<S, M>,
  options: ChildOptions = {},
): (startedTo?: ReplyTo<StartedChild<M>>) => SupervisorMessage {
  return (startedTo) => ({
    type: "start_child",
    start(scope) {
      try {
        startedTo?.tell({ ok: true, ref: scope.child(name, definition, options) });
      } catch (error) {
        if (!(error instanceof ActorError)) throw error;
        startedTo?.tell({ ok: false, error });
      }
    },
  });
}

/** A supervisor's state. It is a machine of its own; nothing outside looks into it. */
export interface SupervisorState {
  readonly kind: "supervisor";
}

/**
 * Makes a supervisor. It starts its children from left to right and stops them from right to left.
 * When there are more restarts than the intensity allows, it stops its children and fails with
 * `restart_intensity_exceeded`, which is then its own supervisor's affair.
 *
 * A child whose `init` throws has failed like any other: with `one_for_all` and `rest_for_one` those
 * to its right start after it does.
 *
 * @throws {ActorError} `invalid_option` if intensity or back-off are out of range.
 */
export function supervisor(
  options: SupervisorOptions,
): ActorDefinition<SupervisorState, SupervisorMessage> {
  const settings: Settings = {
    strategy: options.strategy ?? "one_for_one",
    autoShutdown: options.autoShutdown ?? "never",
    ...restartSettings(options.intensity, options.backoff),
  };
  const definition: SupervisorDefinition = {
    name: options.name ?? "supervisor",
    init(context) {
      // Every context is an incarnation; only the type that authors see says less.
      const supervising = new Supervising(context as unknown as Incarnation, settings);
      options.children?.(supervising);
      supervising.startAll();
      return supervising;
    },
    receive(supervising, message) {
      supervising.receive(message);
      return supervising;
    },
    [onChildEnd](supervising, end) {
      supervising.onChildEnd(end);
      return supervising;
    },
  };
  // The messages that it sends to itself are nobody else's business, nor is its state.
  return definition as unknown as ActorDefinition<SupervisorState, SupervisorMessage>;
}

interface SupervisorDefinition
  extends ActorDefinition<Supervising, SupervisorMessage | OwnMessage> {
  readonly [onChildEnd]: (supervising: Supervising, end: ChildEnd) => Supervising;
}
