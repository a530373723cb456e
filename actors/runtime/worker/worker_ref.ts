/**
 * The reference of an actor that lives in a worker. It stays valid across restarts of the worker.
 *
 * @module
 */

import type { ActorRef, DeadLetterReason, StopReason, TellOutcome } from "../mod.ts";
import { onTermination, type TerminationListener, type Watchable } from "../ref.ts";
import { askBehindOf } from "../remote/ask_behind.ts";
import { DEFAULT_ANSWER_MS } from "../remote/outbound.ts";
import { type Runtime, runtimeOf } from "../cell/runtime.ts";
import { TerminationSource } from "../dispatch/termination_source.ts";
import type { FromWorker, ToWorker, WorkerFailure } from "./protocol.ts";

/** Posts a frame to the worker. Throws if the frame cannot be copied. */
export type Post = (frame: ToWorker, transfer: readonly Transferable[]) => void;

/** What a reference works with. */
export interface WorkerRefOptions {
  /** Messages that may be under way. */
  readonly window: number;
  /** The parts of a message that are transferred instead of copied. */
  readonly transfer: (message: unknown) => readonly Transferable[];
}

/** A message that is under way; with the reference for its answer, if it asks. */
interface UnderWay {
  readonly message: unknown;
  readonly replyTo: ActorRef<unknown> | undefined;
}

/** The reference of an actor in a worker. */
export class WorkerRef implements ActorRef<unknown>, Watchable {
  readonly #options: WorkerRefOptions;
  readonly #terminations = new TerminationSource();
  /** At most `window` messages. */
  readonly #underWay = new Map<number, UnderWay>();
  /** Those of them that wait for the next worker. */
  #unsent: number[] = [];
  #nextId = 0;
  #post: Post | undefined;
  #runtime: Runtime | undefined;
  #path = "(worker not started)";

  constructor(options: WorkerRefOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#path;
  }
  get [runtimeOf](): Runtime | undefined {
    return this.#runtime;
  }
  /** Messages under way: sent or waiting, and not yet handled. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /** Tells the reference which keeper it belongs to. */
  attachToKeeper(runtime: Runtime | undefined, path: string): void {
    this.#runtime = runtime;
    this.#path = path;
  }

  tell(message: unknown): TellOutcome {
    if (this.#terminations.reason !== undefined) return this.#drop(message, "stopped");
    if (this.#underWay.size >= this.#options.window) return this.#drop(message, "overflow");
    const id = this.#nextId++;
    this.#underWay.set(id, { message, replyTo: replyToOf(message) });
    if (this.#post === undefined) this.#unsent.push(id);
    else if (!this.#send(id, this.#post)) return "overflow";
    return "accepted";
  }

  [onTermination](listener: TerminationListener): () => void {
    return this.#terminations.add(listener);
  }

  /** Connects the reference with a new worker, and sends the messages that wait. */
  connect(post: Post): void {
    this.#post = post;
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const id of unsent) this.#send(id, post);
  }

  /** Called when the worker has ended: the messages that it had not handled are lost. */
  disconnect(): void {
    if (this.#post === undefined) return;
    this.#post = undefined;
    for (const id of [...this.#underWay.keys()]) {
      this.#lose(id, "failed", "expected an answer, its worker ended without one");
    }
  }

  /** Turns it into a reference to a stopped actor. */
  end(reason: StopReason): void {
    this.#post = undefined;
    for (const id of [...this.#underWay.keys()]) {
      this.#lose(id, "stopped", "expected an answer, the actor ended without one");
    }
    this.#unsent = [];
    this.#terminations.end(reason);
  }

  /** Handles what the worker reports of a message. */
  take(frame: FromWorker & { readonly k: "taken" | "lost" | "answer" | "failed" }): void {
    switch (frame.k) {
      case "taken":
        for (const id of frame.ids) this.#underWay.delete(id);
        return;
      case "lost":
        this.#lose(frame.id, frame.reason, "expected an answer, the question was dropped");
        return;
      case "answer":
        this.#settle(frame.id)?.tell(frame.answer);
        return;
      case "failed": {
        const replyTo = this.#settle(frame.id);
        // The asker has its own timer for that.
        if (replyTo !== undefined && frame.code !== "ask_timeout") {
          failAsk(replyTo, frame.code, `its worker says: ${frame.why}`);
        }
        return;
      }
    }
  }

  #settle(id: number): ActorRef<unknown> | undefined {
    const replyTo = this.#underWay.get(id)?.replyTo;
    this.#underWay.delete(id);
    return replyTo;
  }

  #send(id: number, post: Post): boolean {
    const entry = this.#underWay.get(id);
    if (entry === undefined) return false;
    const { message, replyTo } = entry;
    try {
      const transfer = this.#options.transfer(message);
      if (replyTo === undefined) post({ k: "tell", id, message }, transfer);
      else {
        const { replyTo: _, ...question } = message as { readonly replyTo: unknown };
        const timeoutMs = askBehindOf(replyTo)?.timeoutMs ?? DEFAULT_ANSWER_MS;
        post({ k: "ask", id, timeoutMs, message: question }, transfer);
      }
      return true;
    } catch (error) {
      this.#underWay.delete(id);
      if (replyTo !== undefined) {
        failAsk(replyTo, "ask_rejected", `expected what can be copied: ${String(error)}`);
      }
      this.#drop(message, "invalid");
      return false;
    }
  }

  #lose(id: number, reason: DeadLetterReason, what: string): void {
    const entry = this.#underWay.get(id);
    if (entry === undefined) return;
    this.#underWay.delete(id);
    if (entry.replyTo !== undefined) failAsk(entry.replyTo, "ask_stopped", what);
    this.#drop(entry.message, reason);
  }

  #drop(message: unknown, reason: DeadLetterReason): TellOutcome {
    this.#runtime?.deadLetters.publish({ recipient: this.path, message, reason });
    return reason === "stopped" ? "stopped" : "overflow";
  }
}

function replyToOf(message: unknown): ActorRef<unknown> | undefined {
  if (typeof message !== "object" || message === null || !("replyTo" in message)) return undefined;
  const { replyTo } = message;
  const isRef = typeof replyTo === "object" && replyTo !== null && "tell" in replyTo;
  return isRef ? replyTo as ActorRef<unknown> : undefined;
}

function failAsk(replyTo: object, code: WorkerFailure, what: string): void {
  askBehindOf(replyTo)?.fail(code, what);
}
