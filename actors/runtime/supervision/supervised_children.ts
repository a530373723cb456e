/**
 * The children of a supervisor: how they are started, restarted alone or as a group, and given up. The
 * rules of when and after how long are in restart_policy.ts.
 *
 * @module
 */

import type { Cell } from "../cell/cell.ts";
import type { ChildEnd } from "../cell/system_messages.ts";
import type { StopReason } from "../stop_reason.ts";
import type { ActorDefinition } from "../actor_definition.ts";
import { ActorError } from "../errors.ts";
import type { Incarnation } from "../cell/incarnation.ts";
import type { ActorRef } from "../ref.ts";
import {
  backoffDelayMs,
  type RestartBackoff,
  RestartCounter,
  type RestartIntensity,
  type RestartRate,
} from "./restart_policy.ts";
import type {
  AutoShutdown,
  ChildOptions,
  SupervisorMessage,
  SupervisorScope,
  SupervisorState,
  SupervisorStrategy,
} from "./supervisor_options.ts";

/** A supervisor's options with every default filled in. */
export interface SupervisorSettings {
  readonly autoShutdown: AutoShutdown;
  readonly strategy: SupervisorStrategy;
  readonly intensity: RestartIntensity;
  readonly backoff: RestartBackoff;
}

/** What a supervisor tells itself when the wait before a restart is over, of one child or of a group. */
export type SupervisorTimerMessage =
  | { readonly type: "restart_child"; readonly child: Child }
  | { readonly type: "restart_group" };

interface Child {
  readonly cell: Cell;
  readonly significant: boolean;
  /** When its last incarnation began, on the monotonic clock. */
  startedAtMs: number;
  /** Restarts since it last ran for long enough. */
  attempts: number;
  /** Whether its group's wait is over: it may start as soon as those to its left run. */
  due: boolean;
}

/** The key of the timer for a group's restart. No child's name has a slash. */
const GROUP_TIMER = "/group";

/** The children of one supervisor, from left to right, and its state. */
export class SupervisedChildren implements SupervisorScope, SupervisorState {
  readonly kind = "supervisor";
  readonly #context: Incarnation;
  readonly #settings: SupervisorSettings;
  readonly #restarts: RestartCounter;
  /** Left to right. */
  readonly #children: Child[] = [];
  #declared = false;
  /**
   * While a group is being restarted: its leftmost child, from which on all are stopped right to
   * left, and how long to wait before they start again.
   */
  #group: { from: number; delayMs: number } | undefined;

  constructor(context: Incarnation, settings: SupervisorSettings) {
    this.#context = context;
    this.#settings = settings;
    this.#restarts = new RestartCounter(settings.intensity);
  }

  /** Adds a child; see {@linkcode SupervisorScope}. */
  child<S, M>(
    name: string,
    definition: ActorDefinition<S, M>,
    options: ChildOptions = {},
  ): ActorRef<M> {
    const { restart = "permanent", significant = false, ...rest } = options;
    if (significant && (restart === "permanent" || this.#settings.autoShutdown === "never")) {
      throw new ActorError(
        "invalid_option",
        `add ${name} to ${this.#context.path}: expected a significant child to be transient or ` +
          `temporary under an autoShutdown, it is ${restart} under "${this.#settings.autoShutdown}"`,
      );
    }
    const cell = this.#context.makeSupervised(name, definition, { restart, ...rest });
    this.#children.push({ cell, significant, startedAtMs: 0, attempts: 0, due: false });
    if (this.#declared) this.startAll();
    return cell.ref;
  }

  /** Starts the children that are new or due, from left to right, as far as the strategy allows. */
  startAll(): void {
    this.#declared = true;
    if (this.#group !== undefined) return;
    for (const child of [...this.#children]) {
      const { cell } = child;
      if (cell.status === "new" || child.due) {
        child.due = false;
        this.#start(child);
      }
      // Those to the right depend on this one. Its end will be handled here, and they start after that.
      if (cell.status !== "running" && this.#settings.strategy !== "one_for_one") return;
    }
  }

  /** Handles a message of the supervisor. */
  receive(message: SupervisorMessage | SupervisorTimerMessage): void {
    switch (message.type) {
      case "start_child":
        message.start(this);
        return;
      case "stop_child": {
        const child = this.#children.find(({ cell }) => cell.name === message.name);
        child?.cell.requestStop();
        message.replyTo?.tell(child !== undefined);
        return;
      }
      case "list_children":
        message.replyTo.tell(this.#children.map(({ cell }) => {
          const { name, path, status, restarts } = cell;
          return { name, path, status, restarts };
        }));
        return;
      case "restart_child":
        this.#start(message.child);
        return;
      case "restart_group":
        for (const child of this.#children.slice(this.#group?.from)) child.due = true;
        this.#group = undefined;
        this.startAll();
        return;
    }
  }

  /**
   * Handles the end of a child's incarnation: restarts it, or its group, as the strategy says.
   *
   * @throws {ActorError} `restart_intensity_exceeded`.
   */
  onChildEnd({ child: cell, reason }: ChildEnd): void {
    const index = this.#children.findIndex((child) => child.cell === cell);
    const child = this.#children[index];
    if (child === undefined) return;
    if (cell.status === "stopped") {
      this.#forget(index);
      if (child.significant) this.#onSignificantEnd(reason);
    } else if (this.#group !== undefined && index >= this.#group.from) {
      // It is restarted with its group in any case, whatever the reason of its end.
      this.#stopGroup();
    } else if (cell.status === "down" && !cell.isClosed) {
      const { clock, random } = this.#context;
      const nowMs = clock.nowMs();
      if (nowMs - child.startedAtMs >= this.#settings.backoff.resetAfterMs) child.attempts = 0;
      const broken = this.#restarts.record(nowMs);
      if (broken !== undefined) throw intensityExceeded(cell, { reason, ...broken });
      const delayMs = backoffDelayMs(this.#settings.backoff, child.attempts++, random);
      this.#context.log.warn("restart child", { child: cell.path, reason: reason.kind, delayMs });
      this.#restart(child, { index, delayMs });
    }
  }

  #start(child: Child): void {
    child.startedAtMs = this.#context.clock.nowMs();
    child.cell.start();
  }

  #restart(child: Child, { index, delayMs }: { index: number; delayMs: number }): void {
    if (this.#settings.strategy === "one_for_one") {
      this.#context.timers.after(child.cell.name, delayMs, { type: "restart_child", child });
      return;
    }
    const from = this.#settings.strategy === "one_for_all" ? 0 : index;
    this.#context.timers.cancel(GROUP_TIMER);
    this.#group = {
      from: Math.min(from, this.#group?.from ?? from),
      delayMs: Math.max(delayMs, this.#group?.delayMs ?? 0),
    };
    this.#stopGroup();
  }

  /** Stops the group one by one from the right, then sets the timer for its restart. */
  #stopGroup(): void {
    const group = this.#group;
    if (group === undefined) return;
    for (const { cell } of this.#children.slice(group.from).reverse()) {
      if (cell.status === "running") cell.requestRestart();
      if (cell.status === "running" || cell.status === "ending") return;
    }
    if (this.#context.timers.isActive(GROUP_TIMER)) return;
    this.#context.timers.after(GROUP_TIMER, group.delayMs, { type: "restart_group" });
  }

  /** Removes a child that has ended for good. */
  #forget(index: number): void {
    const [child] = this.#children.splice(index, 1);
    if (child !== undefined) this.#context.timers.cancel(child.cell.name);
    if (this.#group === undefined) {
      this.startAll();
      return;
    }
    if (index < this.#group.from) this.#group.from--;
    this.#stopGroup();
  }

  /** Stops the supervisor when, as `autoShutdown` says, its significant children have ended. */
  #onSignificantEnd(reason: StopReason): void {
    if (reason.kind !== "normal" && reason.kind !== "failed") return;
    const isLast = !this.#children.some(({ significant }) => significant);
    if (this.#settings.autoShutdown === "any_significant" || isLast) this.#context.stopSelf();
  }
}

function intensityExceeded(
  cell: Cell,
  { reason, maxRestarts, withinMs }: RestartRate & { readonly reason: StopReason },
): ActorError {
  return new ActorError(
    "restart_intensity_exceeded",
    `restart ${cell.path}: expected at most ${maxRestarts} restarts within ${withinMs} ms, this ` +
      "would be one more; see the cause for what keeps failing",
    reason.kind === "failed" ? { cause: reason.error } : undefined,
  );
}
