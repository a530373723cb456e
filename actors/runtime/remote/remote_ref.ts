/**
 * A reference to an actor of another process.
 *
 * @module
 */

import type { ActorRef, DeadLetterReason, StopReason, TellOutcome } from "../mod.ts";
import { onTermination, type TerminationListener, type Watchable } from "../ref.ts";
import { type Runtime, runtimeOf } from "../cell/runtime.ts";
import { TerminationSource } from "../dispatch/termination_source.ts";
import { askBehindOf } from "./ask_behind.ts";
import { type AskFailure, check, CheckedReply, type RemoteContract } from "./contract.ts";

/** Carries the messages of one reference while there is a connection. */
export interface Lane {
  /** Sends a message, unless its credit is used up. */
  tell(message: unknown): TellOutcome | "unfit";
  /** Sends a question; its answer goes to `replyTo`. */
  ask(message: object, replyTo: CheckedReply<unknown>): TellOutcome | "unfit";
}

/** The reference of an actor of another process. It outlives connections, but not its actor or node. */
export class RemoteRef implements ActorRef<unknown>, Watchable {
  readonly path: string;
  readonly contract: RemoteContract<unknown>;
  /** Undefined while there is no connection. */
  lane: Lane | undefined = undefined;
  /** Whether it was ever opened, and so points to an actor of a particular start of its node. */
  wasOpened = false;
  readonly #runtime: Runtime;
  readonly #terminations = new TerminationSource();

  constructor(runtime: Runtime, path: string, contract: RemoteContract<unknown>) {
    this.#runtime = runtime;
    this.path = path;
    this.contract = contract;
  }

  /** The runtime of this process: it keeps the deadlines of asks, and has late answers as dead letters. */
  get [runtimeOf](): Runtime {
    return this.#runtime;
  }

  /** Whether the actor has ended, as far as this process knows. */
  get hasEnded(): boolean {
    return this.#terminations.reason !== undefined;
  }

  tell(message: unknown): TellOutcome {
    if (this.hasEnded) return this.#drop(message, "stopped");
    const checked = check(this.contract.messages, message);
    if (!checked.ok) {
      failAsk(message, "ask_rejected", `expected a message of its schema, ${checked.problem}`);
      return this.#drop(message, "invalid");
    }
    const outcome = this.#send(checked.value);
    if (outcome === "accepted") return outcome;
    if (outcome === "unfit") {
      failAsk(message, "ask_rejected", "expected a message that JSON and one frame can carry");
      return this.#drop(message, "invalid");
    }
    if (outcome === "stopped") {
      failAsk(message, "ask_unreachable", "expected a connection to its node, there is none");
    }
    return this.#drop(message, outcome);
  }

  [onTermination](listener: TerminationListener): () => void {
    return this.#terminations.add(listener);
  }

  /** Turns it into a reference to a stopped actor. */
  end(reason: StopReason): void {
    this.lane = undefined;
    this.#terminations.end(reason);
  }

  #send(message: unknown): TellOutcome | "unfit" {
    if (this.lane === undefined) return "stopped";
    if (typeof message !== "object" || message === null || !("replyTo" in message)) {
      return this.lane.tell(message);
    }
    const { replyTo, ...rest } = message;
    return replyTo instanceof CheckedReply ? this.lane.ask(rest, replyTo) : this.lane.tell(message);
  }

  #drop(message: unknown, reason: DeadLetterReason): TellOutcome {
    this.#runtime.deadLetters.publish({ recipient: this.path, message, reason });
    // A message that cannot be sent counts as one without room: the actor has not stopped.
    return reason === "stopped" ? "stopped" : "overflow";
  }
}

function failAsk(message: unknown, code: AskFailure, what: string): void {
  if (typeof message !== "object" || message === null || !("replyTo" in message)) return;
  const { replyTo } = message;
  if (typeof replyTo === "object" && replyTo !== null) askBehindOf(replyTo)?.fail(code, what);
}
