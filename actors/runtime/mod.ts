/**
 * The actor runtime: typed actors with bounded mailboxes, supervision as in OTP, and time that can
 * be handed in. It knows nothing of the rest of the project. What it guarantees is in
 * `docs/semantics.md`.
 *
 * @module
 */

export { ask, type AskOptions } from "./ask.ts";
export type { AskCycles } from "./cell/ask_cycle.ts";
export { type Cancel, type Clock, systemClock } from "./clock.ts";
export type { ActorStatus } from "./cell/system_messages.ts";
export type { DeadLetter, DeadLetterReason, DeadLetters } from "./observe/dead_letters.ts";
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
} from "./actor_definition.ts";
export type { RunOrder } from "./dispatch/dispatcher.ts";
export { ActorError, type ActorErrorCode, AskError, type AskErrorCode } from "./errors.ts";
export type { FlightEvent, FlightRecorderOptions, RootFailure } from "./observe/flight_recorder.ts";
export { type ActorLogger, silentLogger } from "./logger.ts";
export { type Probe, spawnProbe } from "./testing/probe.ts";
export { type Random, seededRandom, systemRandom } from "./random.ts";
export {
  type Listing,
  Receptionist,
  type ServiceKey,
  serviceKey,
} from "./patterns/receptionist.ts";
export type { ActorRef, Asking, ReplyOf, ReplyTo, TellOutcome } from "./ref.ts";
export {
  DEFAULT_RESTART_BACKOFF,
  DEFAULT_RESTART_INTENSITY,
  type RestartBackoff,
  type RestartIntensity,
  type RestartPolicy,
  type RestartRate,
} from "./supervision/restart_policy.ts";
export type { SystemCounters } from "./cell/runtime.ts";
export { sleep } from "./sleep.ts";
export {
  type ActorSnapshot,
  type Observed,
  type ObservedActor,
  Observer,
} from "./observe/snapshot.ts";
export { DEFAULT_STASH_CAPACITY } from "./cell/stash.ts";
export {
  type MachineDefinition,
  type MachineSpec,
  type MachineState,
  type MachineStep,
  type MachineTools,
  stateMachine,
  type StateSpec,
} from "./patterns/state_machine.ts";
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
} from "./supervision/supervisor.ts";
export { ActorSystem, type ActorSystemOptions } from "./system.ts";
export {
  type Published,
  type Publisher,
  type Subscribable,
  Topic,
  type TopicOptions,
} from "./patterns/topic.ts";
export type { HandlingFailure, MessageHooks, TraceEvent } from "./observe/tracing.ts";
export { VirtualClock } from "./testing/virtual_clock.ts";
