/**
 * What all actors of one system share: clock, dispatcher, dead letters, counters. Internal: system.ts
 * makes it, and the cells use it.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { DeadLetterReason, DeadLetters } from "../observe/dead_letters.ts";
import type { Dispatcher } from "../dispatch/dispatcher.ts";
import type { FlightRecorder } from "../observe/flight_recorder.ts";
import type { ActorLogger } from "../logger.ts";
import type { Random } from "../random.ts";
import type { Deadlines } from "../dispatch/deadlines.ts";
import type { MessageHooks } from "../observe/tracing.ts";
import { takenBack, Wrapped } from "../dispatch/mailbox.ts";

/** What has happened in a system since it was made. */
export interface SystemCounters {
  /** Actors that exist now. */
  readonly actors: number;
  /** Actors that were ever spawned. */
  readonly spawned: number;
  /** Failures: each throw of an `init`, `receive` or `onSignal`, and each escalation. */
  readonly failures: number;
  /** Incarnations beyond an actor's first. */
  readonly restarts: number;
  /** Actors whose `onStop` missed its deadline. */
  readonly abandoned: number;
  /** Messages and signals that were handled. */
  readonly handled: number;
}

/** The parts of a system that all its actors share. */
export interface Runtime {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: ActorLogger;
  readonly dispatcher: Dispatcher;
  readonly deadlines: Deadlines;
  readonly deadLetters: DeadLetters;
  readonly recorder: FlightRecorder;
  /** Undefined unless an outside tracer follows messages. */
  readonly hooks: MessageHooks | undefined;
  readonly askCycles: AskCycles;
  readonly counters: { -readonly [Name in keyof SystemCounters]: SystemCounters[Name] };
}

/** The key under which references of this runtime give access to it. Internal. */
export const runtimeOf: unique symbol = Symbol("rollcall.actor.runtimeOf");

/** The runtime that has made this reference; undefined for references made elsewhere. */
export function findRuntime(ref: object): Runtime | undefined {
  return runtimeOf in ref ? ref[runtimeOf] as Runtime : undefined;
}

/**
 * Makes a dead letter of a mailbox entry, unless its content was taken back in the meantime. Returns
 * whether it did.
 */
export function sendToDeadLetters(
  runtime: Runtime,
  letter: {
    readonly recipient: { readonly path: string };
    readonly entry: unknown;
    readonly reason: DeadLetterReason;
  },
): boolean {
  const { recipient, entry, reason } = letter;
  const message = entry instanceof Wrapped ? entry.content : entry;
  if (message === takenBack) return false;
  runtime.recorder.record("dead_letter", recipient, runtime.dispatcher.turnBeganMs, reason);
  runtime.deadLetters.publish({ recipient: recipient.path, message, reason });
  return true;
}

/**
 * What to do about asks that go in a cycle.
 *
 * - `allow`: nothing. The default.
 * - `report`: log a warning with the actors in the cycle.
 * - `refuse`: the ask that would close the cycle fails with `ask_circular`.
 */
export type AskCycles = "allow" | "report" | "refuse";
