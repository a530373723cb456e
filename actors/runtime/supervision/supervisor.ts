/**
 * Makes supervisors. What a supervisor does with its children is in supervised_children.ts.
 *
 * @module
 */

import { type ChildEnd, onChildEnd } from "../cell/system_messages.ts";
import type { ActorDefinition } from "../actor_definition.ts";
import { ActorError } from "../errors.ts";
import type { Incarnation } from "../cell/incarnation.ts";
import type { ReplyTo } from "../ref.ts";
import { restartSettings } from "./restart_policy.ts";
import {
  SupervisedChildren,
  type SupervisorSettings,
  type SupervisorTimerMessage,
} from "./supervised_children.ts";
import {
  type ChildOptions,
  type StartedChild,
  type SupervisorMessage,
  type SupervisorOptions,
  type SupervisorState,
} from "./supervisor_options.ts";

/**
 * Makes the message by which a supervisor starts one more child, to the right of the others. For use with
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
  const settings: SupervisorSettings = {
    strategy: options.strategy ?? "one_for_one",
    autoShutdown: options.autoShutdown ?? "never",
    ...restartSettings(options.intensity, options.backoff),
  };
  const definition: SupervisorDefinition = {
    name: options.name ?? "supervisor",
    init(context) {
      // Every context is an incarnation; the type that authors see does not say so.
      const children = new SupervisedChildren(context as unknown as Incarnation, settings);
      options.children?.(children);
      children.startAll();
      return children;
    },
    receive(children, message) {
      children.receive(message);
      return children;
    },
    [onChildEnd](children, end) {
      children.onChildEnd(end);
      return children;
    },
  };
  // Its state, and the messages that it sends to itself, are internal.
  return definition as unknown as ActorDefinition<SupervisorState, SupervisorMessage>;
}

interface SupervisorDefinition
  extends ActorDefinition<SupervisedChildren, SupervisorMessage | SupervisorTimerMessage> {
  readonly [onChildEnd]: (children: SupervisedChildren, end: ChildEnd) => SupervisedChildren;
}
