/**
 * The actor runtime: typed actors with bounded mailboxes, supervision as in OTP, and time that can
 * be handed in. It knows nothing of the rest of the project. What it guarantees is in
 * `docs/semantics.md`.
 *
 * @module
 */

export { ask, type AskOptions } from "./ask.ts";
export type { ActorStatus } from "./control.ts";
export { type Cancel, type Clock, systemClock } from "./clock.ts";
export type { DeadLetter, DeadLetterReason, DeadLetters } from "./dead_letters.ts";
export {
  type ActorContext,
  type ActorDefinition,
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
export { ActorError, type ActorErrorCode, AskError, type AskErrorCode } from "./errors.ts";
export { type ActorLogger, silentLogger } from "./logger.ts";
export { type Probe, spawnProbe } from "./probe.ts";
export { type Random, seededRandom, systemRandom } from "./random.ts";
export type { ActorRef, Asking, ReplyOf, ReplyTo, TellOutcome } from "./ref.ts";
export {
  DEFAULT_RESTART_BACKOFF,
  DEFAULT_RESTART_INTENSITY,
  type RestartBackoff,
  type RestartIntensity,
  type RestartPolicy,
} from "./restart_policy.ts";
export type { SystemCounters } from "./runtime.ts";
export { sleep } from "./sleep.ts";
export {
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
export {
  type ActorSnapshot,
  ActorSystem,
  type ActorSystemOptions,
  type RootFailure,
} from "./system.ts";
export {
  type Published,
  type Publisher,
  type Subscribable,
  Topic,
  type TopicOptions,
} from "./topic.ts";
export { VirtualClock } from "./virtual_clock.ts";
