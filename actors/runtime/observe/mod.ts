/**
 * What a system shows of itself: snapshots of its tree, dead letters, traces and the flight recorder.
 * Cells and the dispatcher report to these files; listeners, operators' tools and tests read them.
 * Nothing that is observed here changes what an actor does, and no error of a listener reaches one.
 *
 * @module
 */

export type { DeadLetter, DeadLetterReason, DeadLetters } from "./dead_letters.ts";
export type { FlightEvent, FlightRecorderOptions, RootFailure } from "./flight_recorder.ts";
export { type ActorSnapshot, type Observed, type ObservedActor, Observer } from "./snapshot.ts";
export type { HandlingFailure, MessageHooks, TraceEvent } from "./tracing.ts";
