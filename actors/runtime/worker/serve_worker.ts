/**
 * The worker's side: the module that a worker runs calls {@linkcode serveWorker} with the definition of
 * the actor that is to live there.
 *
 * @module
 */

import {
  type ActorDefinition,
  type ActorRef,
  ActorSystem,
  type ActorSystemOptions,
  ask,
  AskError,
  type DeadLetter,
  type StopReason,
} from "../mod.ts";
import { Arrived } from "../remote/arrived.ts";
import type { FromWorker, ToWorker, WorkerFailure } from "./protocol.ts";

/** Options of {@linkcode serveWorker}. */
export interface ServeWorkerOptions {
  /** Options of the actor system in the worker. */
  readonly system?: Partial<ActorSystemOptions>;
  /** The parts of an answer that are transferred instead of copied. Default: none. */
  readonly transfer?: (answer: unknown) => readonly Transferable[];
}

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  postMessage(message: FromWorker, transfer: Transferable[]): void;
  close(): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
}

/** Runs an actor in this worker. To be called once, at the top level of the worker's module. */
export function serveWorker<S, M>(
  definition: ActorDefinition<S, M>,
  options: ServeWorkerOptions = {},
): void {
  const scope = globalThis as unknown as WorkerScope;
  new ServedActor(scope, definition, options).start();
}

class ServedActor<S, M> {
  readonly #scope: WorkerScope;
  readonly #options: ServeWorkerOptions;
  readonly #system: ActorSystem;
  readonly #actor: ActorRef<unknown>;
  /** Messages that left the mailbox in this turn. */
  #taken: { readonly id: number; readonly message: unknown }[] = [];
  #failure: { readonly error: unknown } | undefined;

  constructor(
    scope: WorkerScope,
    definition: ActorDefinition<S, M>,
    options: ServeWorkerOptions,
  ) {
    this.#scope = scope;
    this.#options = options;
    const name = definition.name ?? "actor";
    this.#system = ActorSystem.create({
      name,
      ...options.system,
      onFailure: ({ error }) => {
        this.#failure = { error };
        return "stop";
      },
    });
    // Messages come from the reference, whose type accepts the actor's protocol only.
    this.#actor = this.#system.spawn(name, definition) as unknown as ActorRef<unknown>;
  }

  start(): void {
    this.#system.deadLetters.subscribe((letter) => this.#onDeadLetter(letter));
    this.#scope.onmessage = ({ data }) => this.#take(data);
    void this.#end();
  }

  #take(frame: ToWorker): void {
    switch (frame.k) {
      case "tell": {
        const { id, message } = frame;
        this.#actor.tell(new Arrived(message, () => this.#onTaken(id, message)));
        return;
      }
      case "ask":
        void this.#ask(frame);
        return;
      case "stop":
        this.#system.stopActor(this.#actor);
        return;
    }
  }

  /** Reports all messages that leave the mailbox in one turn together. */
  #onTaken(id: number, message: unknown): void {
    this.#taken.push({ id, message });
    if (this.#taken.length === 1) this.#system.clock.nextTurn(() => this.#reportTaken());
  }

  #reportTaken(): void {
    const ids = this.#taken.map(({ id }) => id);
    this.#taken = [];
    if (ids.length > 0) this.#post({ k: "taken", ids });
  }

  /** Reports a dead letter. Its message has just left the mailbox, so it is the last one taken. */
  #onDeadLetter({ recipient, message, reason }: DeadLetter): void {
    const last = this.#taken.at(-1);
    if (last === undefined || last.message !== message || recipient !== this.#actor.path) return;
    this.#taken.pop();
    this.#post({ k: "lost", id: last.id, reason });
  }

  async #ask({ id, timeoutMs, message }: ToWorker & { readonly k: "ask" }): Promise<void> {
    let answer: unknown;
    try {
      answer = await ask<unknown, unknown>(
        this.#actor,
        (replyTo) => ({ ...message, replyTo }),
        { timeoutMs },
      );
    } catch (error) {
      this.#post({ k: "failed", id, ...failureOf(error) });
      return;
    }
    try {
      this.#post({ k: "answer", id, answer }, this.#options.transfer?.(answer));
    } catch (error) {
      this.#post({ k: "failed", id, code: "ask_rejected", why: String(error) });
    }
  }

  /** Waits for the actor's end, and ends the worker. */
  async #end(): Promise<void> {
    const reason = await new Promise<StopReason>((resolve) => {
      this.#system.spawn<null, never>("end", {
        init: (context) => {
          context.watch(this.#actor);
          return null;
        },
        receive: (state) => state,
        onSignal(state, signal) {
          if (signal.type === "terminated") resolve(signal.reason);
          return state;
        },
      });
      void this.#system.terminated.then(resolve);
    });
    const kind = reason.kind === "sibling_failed" ? "shutdown" : reason.kind;
    await this.#system.stop();
    this.#reportTaken();
    if (kind !== "failed") this.#post({ k: "ended", kind });
    else this.#postFailure(this.#failure?.error ?? ("error" in reason ? reason.error : undefined));
    this.#scope.close();
  }

  /** Sends the error itself if it can be copied, else its text. */
  #postFailure(error: unknown): void {
    try {
      this.#post({ k: "ended", kind: "failed", error });
    } catch {
      this.#post({ k: "ended", kind: "failed", error: String(error) });
    }
  }

  #post(frame: FromWorker, transfer: readonly Transferable[] = []): void {
    this.#scope.postMessage(frame, [...transfer]);
  }
}

function failureOf(error: unknown): { code: WorkerFailure; why: string } {
  const why = error instanceof Error ? error.message : String(error);
  if (error instanceof AskError) {
    switch (error.code) {
      case "ask_timeout":
      case "ask_overflow":
      case "ask_stopped":
        return { code: error.code, why };
      default:
    }
  }
  return { code: "ask_rejected", why };
}
