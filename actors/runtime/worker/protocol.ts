/**
 * What an actor's reference and the worker that the actor lives in send each other. Both are parts of
 * one program, so nothing is checked.
 *
 * @module
 */

import type { DeadLetterReason } from "../mod.ts";

/** What is sent to the worker. `id` numbers the messages. */
export type ToWorker =
  | { readonly k: "tell"; readonly id: number; readonly message: unknown }
  | {
    readonly k: "ask";
    readonly id: number;
    readonly timeoutMs: number;
    readonly message: object;
  }
  /** The actor is to stop. */
  | { readonly k: "stop" };

/** Why a question has no answer. */
export type WorkerFailure = "ask_timeout" | "ask_overflow" | "ask_stopped" | "ask_rejected";

/** What is sent from the worker. */
export type FromWorker =
  /** These messages have left the mailbox. */
  | { readonly k: "taken"; readonly ids: readonly number[] }
  /** This message was not handled and is a dead letter. */
  | { readonly k: "lost"; readonly id: number; readonly reason: DeadLetterReason }
  | { readonly k: "answer"; readonly id: number; readonly answer: unknown }
  | {
    readonly k: "failed";
    readonly id: number;
    readonly code: WorkerFailure;
    readonly why: string;
  }
  /** The last one: the actor has ended. `error` is what it threw, if it failed. */
  | {
    readonly k: "ended";
    readonly kind: "normal" | "shutdown" | "failed";
    readonly error?: unknown;
  };
