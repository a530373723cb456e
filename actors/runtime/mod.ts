/**
 * The actor runtime: typed actors with bounded mailboxes, supervision as in OTP, and a clock that can
 * be handed in. It is a library and knows nothing of the rest of the project. What it guarantees is in
 * `docs/semantics.md`.
 *
 * Its rooms: `cell/` is the inside of one actor, `dispatch/` is what actors run on, `supervision/`
 * restarts them, `observe/` shows them, `patterns/` is built on them. A message goes from a reference
 * into a cell's mailbox, the dispatcher runs the cell, and the cell hands the message to its
 * incarnation. `remote/`, `worker/` and `testing/` are entry points of their own.
 *
 * @module
 */

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
} from "./actor_definition.ts";
export { ask, type AskOptions } from "./ask.ts";
export type { AskCycles, SystemCounters } from "./cell/runtime.ts";
export { DEFAULT_STASH_CAPACITY } from "./cell/stash.ts";
export type { ActorStatus } from "./cell/system_messages.ts";
export { type Cancel, type Clock, systemClock } from "./clock.ts";
export type { RunOrder } from "./dispatch/dispatcher.ts";
export { ActorError, type ActorErrorCode, AskError, type AskErrorCode } from "./errors.ts";
export { type ActorLogger, silentLogger } from "./logger.ts";
export * from "./observe/mod.ts";
export * from "./patterns/mod.ts";
export { type Random, seededRandom, systemRandom } from "./random.ts";
export type { ActorRef, Asking, ReplyOf, ReplyTo, TellOutcome } from "./ref.ts";
export { sleep } from "./sleep.ts";
export type { StopReason } from "./stop_reason.ts";
export * from "./supervision/mod.ts";
export { ActorSystem, type ActorSystemOptions } from "./system.ts";
export { type Probe, spawnProbe } from "./testing/probe.ts";
export { VirtualClock } from "./testing/virtual_clock.ts";
