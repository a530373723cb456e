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

/** What carries messages while there is a connection. */
export interface Lane {
  tell(message: unknown): TellOutcome | "unfit";
  ask(message: object, replyTo: CheckedReply<unknown>): TellOutcome | "unfit";
}

/** See {@linkcode ActorRef}. It outlives connections, not the actor nor the node that it points to. */
export class RemoteRef implements ActorRef<unknown>, Watchable {
  readonly path: string;
  readonly contract: RemoteContract<unknown>;
  /** Undefined while there is no connection. */
  lane: Lane | undefined = undefined;
  /** Whether it has led to an actor of some life of its node. */
  wasOpened = false;
  readonly #runtime: Runtime;
  readonly #terminations = new TerminationSource();

  constructor(runtime: Runtime, path: string, contract: RemoteContract<unknown>) {
    this.#runtime = runtime;
    this.path = path;
    this.contract = contract;
  }

  /** Its asks take their time from this process, and their late answers are its dead letters. */
  get [runtimeOf](): Runtime {
    return this.#runtime;
  }

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

  /** From here on it is a reference to a stopped actor. */
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
    // A message that fits nowhere finds no room, but the actor is there.
    return reason === "stopped" ? "stopped" : "overflow";
  }
}

function failAsk(message: unknown, code: AskFailure, what: string): void {
  if (typeof message !== "object" || message === null || !("replyTo" in message)) return;
  const { replyTo } = message;
  if (typeof replyTo === "object" && replyTo !== null) askBehindOf(replyTo)?.fail(code, what);
}
