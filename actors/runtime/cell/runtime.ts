/**
 * What all actors of one system share. Internal: made by system.ts, used by the cells.
 *
 * @module
 */

import type { AskCycles } from "./ask_cycle.ts";
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

/** The shared parts of a system. */
export interface Runtime {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: ActorLogger;
  readonly dispatcher: Dispatcher;
  readonly deadlines: Deadlines;
  readonly deadLetters: DeadLetters;
  readonly recorder: FlightRecorder;
  /** Undefined unless a tracer outside wants to follow messages. */
  readonly hooks: MessageHooks | undefined;
  readonly askCircles: AskCycles;
  readonly counters: { -readonly [Name in keyof SystemCounters]: SystemCounters[Name] };
}

/** The key under which a reference of this runtime tells which system it belongs to. Internal. */
export const runtimeOf: unique symbol = Symbol("rollcall.actor.runtimeOf");

/** The runtime that made this reference; undefined for references made elsewhere. */
export function findRuntime(ref: object): Runtime | undefined {
  return runtimeOf in ref ? ref[runtimeOf] as Runtime : undefined;
}

/**
 * Sends a mailbox entry to the dead letters, unless whoever put it there took it back. Says whether
 * it did.
 */
export function deadLetter(
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
