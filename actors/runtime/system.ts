/**
 * An actor system: the root of one tree, and what all its actors share.
 *
 * @module
 */

import { Cell } from "./cell/cell.ts";
import { CellRef } from "./cell/cell_ref.ts";
import { findCell, stopChild } from "./cell/children.ts";
import { type ActorSnapshot, snapshot } from "./observe/snapshot.ts";
import { type Clock, systemClock } from "./clock.ts";
import { Deadlines } from "./dispatch/deadlines.ts";
import { DeadLetters } from "./observe/dead_letters.ts";
import type { StopReason } from "./stop_reason.ts";
import type { ActorDefinition } from "./actor_definition.ts";
import { Dispatcher, type RunOrder } from "./dispatch/dispatcher.ts";
import { ActorError } from "./errors.ts";
import {
  type FlightEvent,
  FlightRecorder,
  type FlightRecorderOptions,
  type RootFailure,
} from "./observe/flight_recorder.ts";
import { type ActorLogger, scopedLogger, silentLogger } from "./logger.ts";
import { type Random, systemRandom } from "./random.ts";
import type { ActorRef } from "./ref.ts";
import type { AskCycles, Runtime, SystemCounters } from "./cell/runtime.ts";
import { type MessageHooks, type TraceEvent, Tracers } from "./observe/tracing.ts";

/** The options of a new system. */
export interface ActorSystemOptions {
  /** The system's name in logs. */
  readonly name: string;
  /** The clock of the system. Default: the machine's. */
  readonly clock?: Clock;
  /** Where log records go. Default: nowhere. */
  readonly log?: ActorLogger;
  /** The source of randomness. Default: the machine's. */
  readonly random?: Random;
  /**
   * What to do when a top-level actor failed: `stop` the system, or `continue` without that actor.
   * Default: stop, because nobody is left who could repair it; the process should end and be
   * started again. If the function throws, the system stops as well.
   */
  readonly onFailure?: (failure: RootFailure) => "stop" | "continue";
  /** How many of the last events are kept, and who gets them when a failure stops the system. */
  readonly flightRecorder?: FlightRecorderOptions;
  /** What to do about asks that form a cycle. For development. Default `allow`: nothing. */
  readonly askCycles?: AskCycles;
  /** Lets an outside tracer follow messages. Default: none, which costs nothing. */
  readonly messageHooks?: MessageHooks;
  /** Which of the actors that are ready runs next. For tests. Default: the one that waited longest. */
  readonly runOrder?: RunOrder;
}

/**
 * The root of one tree of actors.
 *
 * @example
 * ```ts
 * import { ActorSystem } from "./mod.ts";
 *
 * const system = ActorSystem.create({ name: "example" });
 * const greeter = system.spawn("greeter", {
 *   init: () => 0,
 *   receive: (greeted, _name: string) => greeted + 1,
 * });
 * greeter.tell("world");
 * await system.stop();
 * ```
 */
export class ActorSystem {
  /** The system's name. */
  readonly name: string;
  /** Messages that no actor handled. */
  readonly deadLetters: DeadLetters;
  /** The system's clock. */
  readonly clock: Clock;
  /**
   * Resolves when all actors are gone, with the reason: `shutdown` after {@linkcode stop}, `failed`
   * after a failure that nobody dealt with. Never rejects.
   */
  readonly terminated: Promise<StopReason>;

  readonly #runtime: Runtime;
  readonly #root: Cell;
  readonly #flightSink: FlightRecorderOptions["sink"];
  readonly #onFailure: (failure: RootFailure) => "stop" | "continue";

  private constructor(options: ActorSystemOptions) {
    this.name = options.name;
    this.clock = options.clock ?? systemClock;
    this.#onFailure = options.onFailure ?? (() => "stop");
    const log = scopedLogger(options.log ?? silentLogger, { system: options.name });
    this.deadLetters = new DeadLetters(log);
    const dispatcher = new Dispatcher(this.clock, () => deadlines.arm(), options.runOrder);
    const deadlines = new Deadlines(this.clock, () => dispatcher.noticeTurn());
    this.#runtime = {
      clock: this.clock,
      random: options.random ?? systemRandom,
      log,
      dispatcher,
      deadlines,
      recorder: new FlightRecorder(options.flightRecorder?.capacity),
      hooks: options.messageHooks,
      askCycles: options.askCycles ?? "allow",
      deadLetters: this.deadLetters,
      counters: { actors: 0, spawned: 0, failures: 0, restarts: 0, abandoned: 0, handled: 0 },
    };
    this.#flightSink = options.flightRecorder?.sink;
    this.#root = new Cell(this.#runtime, this.#rootDefinition(), {
      name: "",
      parent: undefined,
      supervision: undefined,
    });
    this.terminated = new Promise((resolve) => {
      this.#root.onTermination(resolve);
    });
    this.#root.start();
  }

  /** Makes a system without actors. */
  static create(options: ActorSystemOptions): ActorSystem {
    return new ActorSystem(options);
  }

  /** What has happened so far. The root that holds the top-level actors does not count. */
  get counters(): SystemCounters {
    const { actors, spawned, ...others } = this.#runtime.counters;
    const root = this.#root.status === "stopped" ? 0 : 1;
    return { ...others, actors: actors - root, spawned: spawned - 1 };
  }

  /**
   * Starts a top-level actor: its `init` has run when this returns.
   *
   * @throws {ActorError} `system_stopped`, `name_taken`, `invalid_name`.
   */
  spawn<S, M>(name: string, definition: ActorDefinition<S, M>): ActorRef<M> {
    if (this.#root.isClosed || this.#root.status !== "running") {
      throw new ActorError(
        "system_stopped",
        `spawn /${name}: expected system ${this.name} to run, it is stopping or has stopped`,
      );
    }
    const child = this.#root.makeChild(name, { definition, supervision: "unsupervised" });
    child.start();
    return child.ref;
  }

  /** Stops a top-level actor for good; of no effect if it has ended. */
  stopActor(ref: ActorRef<never>): void {
    stopChild(this.#root, ref);
  }

  /**
   * Stops all actors, from right to left and children before their parents, and resolves when all
   * have ended. Each has a deadline, so this ends; the bound is in the semantics (G13).
   */
  async stop(): Promise<void> {
    this.#root.requestStop();
    await this.terminated;
  }

  /** The top-level actors with all below them. */
  tree(): readonly ActorSnapshot[] {
    return [...this.#root.children?.values() ?? []].map(snapshot);
  }

  /** The last events of the system, oldest first. */
  flightRecord(): readonly FlightEvent[] {
    return this.#runtime.recorder.events();
  }

  /**
   * Shows each message and signal that an actor handles from now on, also after restarts. The actor
   * is named by its reference or by its path, as the tree shows it; another actor that later has the
   * same path is not shown. Returns the function that ends the trace. Errors of the listener are
   * logged.
   *
   * @throws {ActorError} `not_watchable` if the reference is not one of an actor of this process;
   * `no_such_actor` if there is none at that path.
   */
  trace(target: ActorRef<never> | string, listener: (event: TraceEvent) => void): () => void {
    const cell = typeof target === "string" ? this.#cellAt(target) : cellOf(target);
    const { clock, log } = this.#runtime;
    const tracers = cell.tracers ??= new Tracers(clock, log);
    const end = tracers.add(listener);
    return () => {
      end();
      if (tracers.isEmpty && cell.tracers === tracers) cell.tracers = undefined;
    };
  }

  #cellAt(path: string): Cell {
    const cell = findCell(this.#root, path);
    if (cell !== undefined) return cell;
    throw new ActorError(
      "no_such_actor",
      `trace ${path}: expected the path of an actor of system ${this.name}, as its tree shows it`,
    );
  }

  #rootDefinition(): ActorDefinition<unknown, unknown> {
    return {
      name: "root",
      init: () => undefined,
      receive: (state) => state,
      onSignal: (state, signal) => {
        if (signal.type !== "child_failed") return state;
        const { ref: { path }, error } = signal;
        let decision: "stop" | "continue" = "stop";
        try {
          decision = this.#onFailure({ path, error });
        } finally {
          if (decision === "stop") this.#handOutFlightRecord({ path, error });
        }
        // A throw of its own fails the root, which is a stop as well.
        if (decision === "stop") throw error;
        return state;
      },
    };
  }

  #handOutFlightRecord(failure: RootFailure): void {
    try {
      this.#flightSink?.(this.flightRecord(), failure);
    } catch (error) {
      this.#runtime.log.error("flight recorder's sink threw", { error });
    }
  }
}

function cellOf(ref: ActorRef<never>): Cell {
  const cell = CellRef.cellOf(ref);
  if (cell !== undefined) return cell;
  throw new ActorError(
    "not_watchable",
    `trace ${ref.path}: expected the reference of an actor of this process`,
  );
}
