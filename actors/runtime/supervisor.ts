/**
 * Supervisors: actors that do nothing but start children, restart those that end, and give up when
 * that does not help. The rules of when and how long are in restart_policy.ts.
 *
 * @module
 */

import type { Cell } from "./cell.ts";
import { type ActorStatus, type ChildEnd, onChildEnd } from "./control.ts";
import type { ActorDefinition, StopReason } from "./definition.ts";
import { ActorError } from "./errors.ts";
import type { Incarnation } from "./incarnation.ts";
import type { ActorRef, ReplyTo } from "./ref.ts";
import {
  backoffDelayMs,
  type RestartBackoff,
  type RestartIntensity,
  type RestartPolicy,
  restartSettings,
  RestartWindow,
} from "./restart_policy.ts";

/**
 * Who is restarted when one child ends.
 *
 * - `one_for_one`: that child.
 * - `one_for_all`: all children.
 * - `rest_for_one`: that child and those to its right, which were started after it.
 */
export type SupervisorStrategy = "one_for_one" | "one_for_all" | "rest_for_one";

/** How one child is supervised. */
export interface ChildOptions {
  /** Which ends are followed by a restart. Default `permanent`. */
  readonly restart?: RestartPolicy;
  /** How long its `onStop` may take, in milliseconds. Default: what its definition says. */
  readonly stopDeadlineMs?: number;
}

/** Where children are declared, from left to right. */
export interface SupervisorScope {
  /**
   * Adds a child to the right of the others. The reference can be handed to the next child at
   * once; the children start when all are declared.
   *
   * @throws {ActorError} `name_taken`, `invalid_name`.
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
  /** When to give up. Default 5 restarts within 60 000 ms. */
  readonly intensity?: Partial<RestartIntensity>;
  /** How long to wait before a restart. Default 100 ms, doubling up to 30 000 ms. */
  readonly backoff?: Partial<RestartBackoff>;
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

interface Settings {
  readonly strategy: SupervisorStrategy;
  readonly intensity: RestartIntensity;
  readonly backoff: RestartBackoff;
}

/** When a wait is over: for one child, or for the group that is being restarted. */
type OwnMessage =
  | { readonly type: "restart_child"; readonly cell: Cell }
  | { readonly type: "restart_group" };

interface SupervisorDefinition
  extends ActorDefinition<Supervising, SupervisorMessage | OwnMessage> {
  readonly [onChildEnd]: (supervising: Supervising, end: ChildEnd) => Supervising;
}

interface Child {
  readonly cell: Cell;
  /** Restarts since it last ran for long enough. */
  attempts: number;
  /** Whether its group's wait is over, so that it may start as soon as those to its left run. */
  due: boolean;
}

/** The key of the one timer that a group's restart waits for. No child's name has a slash. */
const GROUP_TIMER = "/group";

class Supervising implements SupervisorScope, SupervisorState {
  readonly kind = "supervisor";
  readonly #context: Incarnation;
  readonly #settings: Settings;
  readonly #window: RestartWindow;
  /** Left to right. */
  readonly #children: Child[] = [];
  #declared = false;
  /**
   * While a group is being restarted: its leftmost child, from which on all are stopped right to
   * left, and how long to wait before they start again.
   */
  #group: { from: number; delayMs: number } | undefined;

  constructor(context: Incarnation, settings: Settings) {
    this.#context = context;
    this.#settings = settings;
    this.#window = new RestartWindow(settings.intensity);
  }

  child<S, M>(
    name: string,
    definition: ActorDefinition<S, M>,
    options: ChildOptions = {},
  ): ActorRef<M> {
    const { restart = "permanent", ...rest } = options;
    const cell = this.#context.makeSupervised(name, definition, { restart, ...rest });
    this.#children.push({ cell, attempts: 0, due: false });
    if (this.#declared) this.startAll();
    return cell.ref;
  }

  /** Starts what is new or due, left to right, as far as the strategy lets it. */
  startAll(): void {
    this.#declared = true;
    if (this.#group !== undefined) return;
    for (const child of [...this.#children]) {
      const { cell } = child;
      if (cell.status === "new" || child.due) {
        child.due = false;
        cell.start();
      }
      // Those to the right rely on this one: its end is on the way here, and they go on from there.
      if (cell.status !== "running" && this.#settings.strategy !== "one_for_one") return;
    }
  }

  receive(message: SupervisorMessage | OwnMessage): void {
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
        message.cell.start();
        return;
      case "restart_group":
        for (const child of this.#children.slice(this.#group?.from)) child.due = true;
        this.#group = undefined;
        this.startAll();
        return;
    }
  }

  onChildEnd({ child: cell, reason }: ChildEnd): void {
    const index = this.#children.findIndex((child) => child.cell === cell);
    const child = this.#children[index];
    if (child === undefined) return;
    if (cell.status === "stopped") {
      this.#forget(index);
    } else if (this.#group !== undefined && index >= this.#group.from) {
      // It is to be restarted with its group anyway, whatever it ended of.
      this.#stopGroup();
    } else if (cell.status === "down" && !cell.isClosed) {
      if (cell.uptimeMs >= this.#settings.backoff.resetAfterMs) child.attempts = 0;
      const { clock, random } = this.#context;
      if (!this.#window.allows(clock.monotonicMs())) throw this.#giveUp(cell, reason);
      const delayMs = backoffDelayMs(this.#settings.backoff, child.attempts++, random);
      this.#context.log.warn("restart child", { child: cell.path, reason: reason.kind, delayMs });
      this.#restart(child, { index, delayMs });
    }
  }

  #restart({ cell }: Child, { index, delayMs }: { index: number; delayMs: number }): void {
    if (this.#settings.strategy === "one_for_one") {
      this.#context.timers.after(cell.name, delayMs, { type: "restart_child", cell });
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

  /** Stops the group one by one from the right, then waits, then it starts. */
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

  /** A child that has ended for good. */
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

  #giveUp(cell: Cell, reason: StopReason): ActorError {
    const { maxRestarts, withinMs } = this.#settings.intensity;
    return new ActorError(
      "restart_intensity_exceeded",
      `restart ${cell.path}: expected at most ${maxRestarts} restarts within ${withinMs} ms, this ` +
        "would be one more; see the cause for what keeps failing",
      reason.kind === "failed" ? { cause: reason.error } : undefined,
    );
  }
}
