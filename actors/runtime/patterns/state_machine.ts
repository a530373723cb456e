/**
 * State machines: actors whose behaviour depends on their state, written as a table, as with OTP's
 * gen_statem. The table says which states there are, which may follow which, and what each does with
 * each message; what it does not allow does not compile. The product does not use it; it is for the
 * library's users.
 *
 * @module
 */

import type { ActorContext, ActorDefinition } from "../actor_definition.ts";
import { ActorError } from "../errors.ts";

/** The states of a machine, whichever they are: the type of each state's data, by the state's name. */
// deno-lint-ignore no-explicit-any -- an index signature would refuse interfaces
export type MachineStates = Record<string, any>;

/** A message of a machine's protocol. */
export interface MachineMessage {
  /** Which message it is. */
  readonly type: string;
}

/** The current state of a machine, with the data of that state. */
export type MachineState<States> = {
  readonly [S in keyof States & string]: { readonly state: S; readonly data: States[S] };
}[keyof States & string];

/** The key of {@linkcode MachineStep}'s type parameter. It exists only in the types. */
export declare const machineStepBrand: unique symbol;

/** What a handler decides, made by {@linkcode MachineTools}. `Next` are the states that it may lead to. */
export interface MachineStep<Next> {
  /** Only in the types. */
  readonly [machineStepBrand]: Next;
}

/** What the handlers of one state work with. */
export interface MachineTools<States, M, S extends keyof States, Next extends keyof States> {
  /** The actor's context. */
  readonly context: ActorContext<M>;
  /** Stays in this state, with other data if given. The state's time-out goes on. */
  stay(data?: States[S]): MachineStep<S>;
  /**
   * Goes to a state that may follow this one. Its `enter` runs, its time-out begins, and postponed
   * messages come back, ahead of those that wait.
   */
  to<N extends Next>(state: N, data: States[N]): MachineStep<N>;
  /** Stays in this state. The current message comes back in the next state. */
  postpone(): MachineStep<S>;
}

/** Handles one kind of message in one state. */
export type StateHandler<
  States,
  M,
  T extends MachineMessage,
  S extends keyof States,
  Next extends keyof States,
> = (
  data: States[S],
  message: T,
  tools: MachineTools<States, M, S, Next>,
) => MachineStep<S | Next>;

/** One state: what it does with each message, on entry, and at its time-out. */
export interface StateSpec<
  States,
  M extends MachineMessage,
  S extends keyof States,
  Next extends keyof States,
> {
  /** Runs when the state is entered, also as the first state. */
  readonly enter?: (data: States[S], context: ActorContext<M>) => void;
  /** What happens when the machine is still in this state after a time. */
  readonly timeout?: {
    /** The time-out in milliseconds, counted from the entry. */
    readonly afterMs: number | ((data: States[S]) => number);
    /** What to do then. */
    readonly then: (
      data: States[S],
      tools: Omit<MachineTools<States, M, S, Next>, "postpone">,
    ) => MachineStep<S | Next>;
  };
  /** For every message of the protocol: a handler, or what becomes of the message. */
  readonly on: {
    readonly [T in M["type"]]:
      | StateHandler<States, M, Extract<M, { readonly type: T }>, S, Next>
      | "ignore"
      | "postpone";
  };
}

/** The table of a machine. */
export interface MachineSpec<
  States,
  M extends MachineMessage,
  Edges extends { readonly [S in keyof States]: readonly (keyof States)[] },
> extends Pick<ActorDefinition<never, M>, "name" | "mailbox" | "stopDeadlineMs" | "stashCapacity"> {
  /** Which states may follow which. */
  readonly transitions: Edges;
  /** Makes the first state, also at every restart. */
  readonly init: (context: ActorContext<M>) => MachineState<States>;
  /** The states. */
  readonly states: {
    readonly [S in keyof States]: StateSpec<States, M, S, Edges[S][number]>;
  };
  /** See `ActorDefinition.summarize`. Default: the name of the state. */
  readonly summarize?: (current: MachineState<States>) => unknown;
}

/** The definition of an actor that is a machine: spawn it like any other. */
export type MachineDefinition<States, M> = ActorDefinition<MachineState<States>, M>;

/**
 * Makes the definition of an actor from a table. Called in two steps, so that states and messages
 * are given and the transitions are inferred.
 *
 * @example
 * ```ts
 * import { ActorSystem, stateMachine } from "../mod.ts";
 *
 * const door = stateMachine<
 *   { locked: { code: string }; open: { code: string } },
 *   { type: "unlock"; code: string } | { type: "lock" }
 * >()({
 *   transitions: { locked: ["open"], open: ["locked"] },
 *   init: () => ({ state: "locked", data: { code: "1234" } }),
 *   states: {
 *     locked: {
 *       on: {
 *         unlock: (data, { code }, { to, stay }) => code === data.code ? to("open", data) : stay(),
 *         lock: "ignore",
 *       },
 *     },
 *     open: {
 *       timeout: { afterMs: 10_000, then: (data, { to }) => to("locked", data) },
 *       on: { unlock: "ignore", lock: (data, _message, { to }) => to("locked", data) },
 *     },
 *   },
 * });
 * const system = ActorSystem.create({ name: "house" });
 * system.spawn("door", door).tell({ type: "unlock", code: "1234" });
 * await system.stop();
 * ```
 */
export function stateMachine<States extends MachineStates, M extends MachineMessage>(): <
  const Edges extends { readonly [S in keyof States]: readonly (keyof States)[] },
>(
  spec: MachineSpec<States, M, Edges>,
) => MachineDefinition<States, M> {
  return (spec) => define(spec as unknown as ErasedSpec<M>) as MachineDefinition<States, M>;
}

/** A table with the types of its states dropped: they were checked where it was written. */
interface ErasedSpec<M extends MachineMessage> extends
  Omit<
    MachineSpec<MachineStates, M, Record<string, string[]>>,
    "states"
  > {
  readonly states: Record<string, StateSpec<MachineStates, M, string, string>>;
}

interface ErasedState {
  readonly state: string;
  readonly data: unknown;
}

/** What a step is at run time. */
class Step implements MachineStep<never> {
  declare readonly [machineStepBrand]: never;

  constructor(
    readonly kind: "stay" | "to" | "postpone",
    readonly state: string,
    readonly data: unknown,
  ) {}
}

/** The message that a machine sends itself at a state's time-out. */
class StateTimeout {
  readonly type = "state_timeout";
}
const TIMEOUT = new StateTimeout();
/** The key of the timer. Handlers should not use keys that begin with a slash. */
const TIMEOUT_KEY = "/state";

function define<M extends MachineMessage>(spec: ErasedSpec<M>): ActorDefinition<ErasedState, M> {
  function enter(current: ErasedState, context: ActorContext<M>): ErasedState {
    const { enter, timeout } = specOf(current);
    context.timers.cancel(TIMEOUT_KEY);
    if (timeout !== undefined) {
      const { afterMs } = timeout;
      const delayMs = typeof afterMs === "number" ? afterMs : afterMs(current.data);
      // `receive` takes it out again, before any handler sees it.
      context.timers.after(TIMEOUT_KEY, delayMs, TIMEOUT as unknown as M);
    }
    enter?.(current.data, context);
    return current;
  }

  function specOf({ state }: ErasedState): StateSpec<MachineStates, M, string, string> {
    const found = spec.states[state];
    if (found === undefined) {
      throw new ActorError("invalid_option", `enter state "${state}": expected one of the table`);
    }
    return found;
  }

  function follow(current: ErasedState, step: Step, context: ActorContext<M>): ErasedState {
    switch (step.kind) {
      case "stay":
        return { state: current.state, data: step.data };
      case "postpone":
        context.stash.hold();
        return current;
      case "to": {
        const entered = enter({ state: step.state, data: step.data }, context);
        context.stash.release();
        return entered;
      }
    }
  }

  function tools({ state, data }: ErasedState, context: ActorContext<M>) {
    return {
      context,
      // `stay(undefined)` is for states without data, where it is the same as `stay()`.
      stay: (other?: unknown) => new Step("stay", state, other === undefined ? data : other),
      to: (target: string, other: unknown) => new Step("to", target, other),
      postpone: () => new Step("postpone", state, data),
    };
  }

  const { name, mailbox, stopDeadlineMs, stashCapacity } = spec;
  return {
    ...name === undefined ? {} : { name },
    ...mailbox === undefined ? {} : { mailbox },
    ...stopDeadlineMs === undefined ? {} : { stopDeadlineMs },
    ...stashCapacity === undefined ? {} : { stashCapacity },
    init: (context) => enter(spec.init(context), context),
    receive(current, message, context) {
      if (message instanceof StateTimeout) {
        const step = specOf(current).timeout?.then(current.data, tools(current, context));
        return step === undefined ? current : follow(current, step as Step, context);
      }
      const handler = specOf(current).on[message.type as M["type"]];
      if (handler === "ignore") return current;
      if (handler === "postpone") return follow(current, new Step("postpone", "", null), context);
      const step = handler(
        current.data,
        message as Extract<M, { readonly type: M["type"] }>,
        tools(current, context),
      );
      return follow(current, step as Step, context);
    },
    summarize: (current) => spec.summarize === undefined ? current.state : spec.summarize(current),
  };
}
