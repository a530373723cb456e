/**
 * Actors whose behaviour depends on the state that they are in, written as a table, as with OTP's
 * gen_statem: which states there are, which may follow which, what each does with each message. What
 * the table does not allow does not compile.
 *
 * @module
 */

import type { ActorContext, ActorDefinition } from "../actor_definition.ts";
import { ActorError } from "../errors.ts";

/** The states of a machine: the type of the data that belongs to each, by name. */
// deno-lint-ignore no-explicit-any -- an index signature would refuse interfaces
type AnyStates = Record<string, any>;

/** A message of a machine's protocol. */
interface Tagged {
  readonly type: string;
}

/** Where a machine is, with the data of that state. */
export type MachineState<States> = {
  readonly [S in keyof States & string]: { readonly state: S; readonly data: States[S] };
}[keyof States & string];

declare const next: unique symbol;

/** What a handler decides. Made by the tools that the handler is given; `Next` is where it may lead. */
export interface MachineStep<Next> {
  /** Only in the types. */
  readonly [next]: Next;
}

/** What the handlers of one state work with. */
export interface MachineTools<States, M, S extends keyof States, Next extends keyof States> {
  readonly context: ActorContext<M>;
  /** Stays, with other data if given. The state's time-out goes on. */
  stay(data?: States[S]): MachineStep<S>;
  /**
   * Goes to a state that may follow this one. Its `enter` runs, its time-out begins, and what was
   * postponed comes back, ahead of the messages that wait.
   */
  to<N extends Next>(state: N, data: States[N]): MachineStep<N>;
  /** Stays, and has the message in hand come back in the next state. */
  postpone(): MachineStep<S>;
}

type Handler<States, M, T extends Tagged, S extends keyof States, Next extends keyof States> = (
  data: States[S],
  message: T,
  tools: MachineTools<States, M, S, Next>,
) => MachineStep<S | Next>;

/** One state: what it does with each message, on entry, and after too long. */
export interface StateSpec<
  States,
  M extends Tagged,
  S extends keyof States,
  Next extends keyof States,
> {
  /** Runs when the state is entered, also as the first one. */
  readonly enter?: (data: States[S], context: ActorContext<M>) => void;
  /** What happens when the machine is still in this state after a time. */
  readonly timeout?: {
    /** In milliseconds, counted from the entry. */
    readonly afterMs: number | ((data: States[S]) => number);
    readonly then: (
      data: States[S],
      tools: Omit<MachineTools<States, M, S, Next>, "postpone">,
    ) => MachineStep<S | Next>;
  };
  /** Every message of the protocol: a handler, or what becomes of it. */
  readonly on: {
    readonly [T in M["type"]]:
      | Handler<States, M, Extract<M, { readonly type: T }>, S, Next>
      | "ignore"
      | "postpone";
  };
}

/** A whole machine. */
export interface MachineSpec<
  States,
  M extends Tagged,
  Edges extends { readonly [S in keyof States]: readonly (keyof States)[] },
> extends Pick<ActorDefinition<never, M>, "name" | "mailbox" | "stopDeadlineMs" | "stashCapacity"> {
  /** Which states may follow which. */
  readonly transitions: Edges;
  /** Where it begins; again at every restart. */
  readonly init: (context: ActorContext<M>) => MachineState<States>;
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
export function stateMachine<States extends AnyStates, M extends Tagged>(): <
  const Edges extends { readonly [S in keyof States]: readonly (keyof States)[] },
>(
  spec: MachineSpec<States, M, Edges>,
) => MachineDefinition<States, M> {
  return (spec) => define(spec as unknown as ErasedSpec<M>) as MachineDefinition<States, M>;
}

/** A table with the types of its states dropped: the typed one has checked them. */
interface ErasedSpec<M extends Tagged> extends
  Omit<
    MachineSpec<AnyStates, M, Record<string, string[]>>,
    "states"
  > {
  readonly states: Record<string, StateSpec<AnyStates, M, string, string>>;
}

interface ErasedState {
  readonly state: string;
  readonly data: unknown;
}

/** What a step really is. */
class Step implements MachineStep<never> {
  declare readonly [next]: never;

  constructor(
    readonly kind: "stay" | "to" | "postpone",
    readonly state: string,
    readonly data: unknown,
  ) {}
}

/** The time-out of a state, as the actor tells it itself. */
class StateTimeout {
  readonly type = "state_timeout";
}
const TIMEOUT = new StateTimeout();
/** No timer of a machine's author has a slash at the front, by the same habit as names of actors. */
const TIMEOUT_KEY = "/state";

function define<M extends Tagged>(spec: ErasedSpec<M>): ActorDefinition<ErasedState, M> {
  function enter(current: ErasedState, context: ActorContext<M>): ErasedState {
    const { enter, timeout } = specOf(current);
    context.timers.cancel(TIMEOUT_KEY);
    if (timeout !== undefined) {
      const { afterMs } = timeout;
      const delayMs = typeof afterMs === "number" ? afterMs : afterMs(current.data);
      // It is taken out again in `receive`, before any handler sees it.
      context.timers.after(TIMEOUT_KEY, delayMs, TIMEOUT as unknown as M);
    }
    enter?.(current.data, context);
    return current;
  }

  function specOf({ state }: ErasedState): StateSpec<AnyStates, M, string, string> {
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
