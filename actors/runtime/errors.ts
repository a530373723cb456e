/**
 * The errors of the actor runtime. An error that an actor itself throws is never wrapped: it travels
 * as it is in failures and stop reasons.
 *
 * @module
 */

import type { StopReason } from "./stop_reason.ts";
/**
 * Stable names of what can go wrong in the use of the runtime.
 *
 * - `invalid_name`, `name_taken`: a child's name cannot be used.
 * - `invalid_option`: a number or setting is out of its range.
 * - `not_a_child`: an actor tried to stop an actor that it did not spawn.
 * - `no_such_actor`: there is no actor at that path.
 * - `not_watchable`: death watch on a reference that this runtime did not make.
 * - `death_pact`: a watched actor ended and the watcher has no `onSignal`.
 * - `child_failed`: a child failed and its parent, not a supervisor, has no `onSignal`.
 * - `restart_intensity_exceeded`: a supervisor gave up; the cause is the last failure.
 * - `linked_failed`: an actor that this one is linked to has failed; the cause is its failure.
 * - `stash_full`: more messages than the stash may hold.
 * - `no_current_message`: there is no message to stash.
 * - `too_much_owned_work`: more timers, tasks and asks in flight than an actor may own.
 * - `system_stopped`: the system has stopped or is stopping.
 */
export type ActorErrorCode =
  | "invalid_name"
  | "name_taken"
  | "invalid_option"
  | "not_a_child"
  | "no_such_actor"
  | "not_watchable"
  | "death_pact"
  | "child_failed"
  | "restart_intensity_exceeded"
  | "linked_failed"
  | "stash_full"
  | "no_current_message"
  | "too_much_owned_work"
  | "system_stopped";

/** A use of the runtime that is not possible, or a failure that was escalated up the tree. */
export class ActorError extends Error {
  /** Always `ActorError`. */
  override readonly name = "ActorError";
  /** What went wrong, stable across versions. */
  readonly code: ActorErrorCode;

  /** Makes an error with a stable code and a message for people. */
  constructor(code: ActorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The failure of an actor that watches another, has no `onSignal`, and learns of the other's end. */
export function deathPact(watcher: string, watched: string, reason: StopReason): ActorError {
  return new ActorError(
    "death_pact",
    `watch ${watched} from ${watcher}: expected onSignal to handle its end, there is none`,
    reason.kind === "failed" ? { cause: reason.error } : undefined,
  );
}

/** The failure of an actor whose child has failed and that has no `onSignal`. */
export function childFailed(parent: string, child: string, cause: unknown): ActorError {
  return new ActorError(
    "child_failed",
    `supervise ${child}: expected it to run, it failed; spawn it under a supervisor, or handle the ` +
      `signal child_failed in ${parent}`,
    { cause },
  );
}

/**
 * Why an ask has no answer.
 *
 * - `ask_timeout`: the deadline passed. The message may have been handled all the same.
 * - `ask_overflow`: the target's mailbox is full; the message was not taken.
 * - `ask_stopped`: the target has ended, before the message or while the answer was awaited.
 * - `ask_aborted`: the asker's signal was aborted.
 * - `ask_unreachable`: the connection to the target's process is lost. The message may have been
 *   handled all the same.
 * - `ask_rejected`: the question or its answer does not match the schema that both sides agreed on, or
 *   cannot be sent between processes.
 * - `ask_circular`: the target itself waits for an answer that may depend on this one. Only in systems
 *   with the option `askCycles: "refuse"`.
 */
export type AskErrorCode =
  | "ask_timeout"
  | "ask_overflow"
  | "ask_stopped"
  | "ask_aborted"
  | "ask_unreachable"
  | "ask_rejected"
  | "ask_circular";

/** An ask that ended without an answer. */
export class AskError extends Error {
  /** Always `AskError`. */
  override readonly name = "AskError";
  /** Why there is no answer, stable across versions. */
  readonly code: AskErrorCode;
  /** The path of the actor that was asked. */
  readonly target: string;

  /** Makes an error for the ask of the actor at the path `target`. */
  constructor(code: AskErrorCode, target: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.target = target;
  }
}
