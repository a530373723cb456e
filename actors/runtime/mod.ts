/**
 * The actor runtime: typed actors with bounded mailboxes, supervision as in OTP, and time that can
 * be handed in. It knows nothing of the rest of the project. What it guarantees is in
 * `docs/semantics.md`.
 *
 * @module
 */

export { ask, type AskOptions } from "./ask.ts";
export type { AskCircles } from "./ask_circle.ts";
export { type Cancel, type Clock, systemClock } from "./clock.ts";
export type { ActorStatus } from "./control.ts";
export type { DeadLetter, DeadLetterReason, DeadLetters } from "./dead_letters.ts";
export {
  type ActorContext,
  type ActorDefinition,
  type ActorStash,
  type ActorTimers,
  type AskMapping,
  DEFAULT_MAILBOX_CAPACITY,
  DEFAULT_STOP_DEADLINE_MS,
  type MailboxOptions,
  OWNED_WORK_LIMIT,
  type PipeMapping,
  type Signal,
  type StopReason,
} from "./definition.ts";
export type { RunOrder } from "./dispatcher.ts";
export { ActorError, type ActorErrorCode, AskError, type AskErrorCode } from "./errors.ts";
export type { FlightEvent, FlightRecorderOptions, RootFailure } from "./flight_recorder.ts";
export { type ActorLogger, silentLogger } from "./logger.ts";
export { type Probe, spawnProbe } from "./testing/probe.ts";
export { type Random, seededRandom, systemRandom } from "./random.ts";
export { type Listing, Receptionist, type ServiceKey, serviceKey } from "./receptionist.ts";
export type { ActorRef, Asking, ReplyOf, ReplyTo, TellOutcome } from "./ref.ts";
export {
  DEFAULT_RESTART_BACKOFF,
  DEFAULT_RESTART_INTENSITY,
  type RestartBackoff,
  type RestartIntensity,
  type RestartPolicy,
  type RestartRate,
} from "./restart_policy.ts";
export type { SystemCounters } from "./runtime.ts";
export { sleep } from "./sleep.ts";
export { type ActorSnapshot, type Observed, type ObservedActor, Observer } from "./snapshot.ts";
export { DEFAULT_STASH_CAPACITY } from "./stash.ts";
export {
  type MachineDefinition,
  type MachineSpec,
  type MachineState,
  type MachineStep,
  type MachineTools,
  stateMachine,
  type StateSpec,
} from "./state_machine.ts";
export {
  type AutoShutdown,
  type ChildInfo,
  type ChildOptions,
  startChild,
  type StartedChild,
  supervisor,
  type SupervisorMessage,
  type SupervisorOptions,
  type SupervisorScope,
  type SupervisorState,
  type SupervisorStrategy,
} from "./supervisor.ts";
export { ActorSystem, type ActorSystemOptions } from "./system.ts";
export {
  type Published,
  type Publisher,
  type Subscribable,
  Topic,
  type TopicOptions,
} from "./topic.ts";
export type { HandlingFailure, MessageHooks, TraceEvent } from "./tracing.ts";
export { VirtualClock } from "./testing/virtual_clock.ts";
