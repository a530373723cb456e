/**
 * Following messages: the trace of a single actor, and hooks through which a tracer outside (say, of
 * OpenTelemetry) learns which message was caused by which. Costs nothing while unused.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Signal } from "../actor_definition.ts";
import type { ActorLogger } from "../logger.ts";
import { Envelope, takenBack, Wrapped } from "../dispatch/mailbox.ts";

/** One message or signal that a traced actor has handled. */
export interface TraceEvent {
  readonly path: string;
  /** When its handling began, on the monotonic clock. */
  readonly atMs: number;
  readonly tookMs: number;
  readonly handled:
    | { readonly type: "message"; readonly message: unknown }
    | { readonly type: "signal"; readonly signal: Signal };
  /** What it threw, if it did. */
  readonly failure?: { readonly error: unknown };
}

/**
 * What a tracer outside does with the flow of messages. Both are called on every message of the
 * system, so they should be quick. What they throw is logged, and the message is handled all the same.
 */
export interface MessageHooks {
  /**
   * Called when a message is told, or an outcome of an actor's own work comes in: what it returns
   * travels along. (The current span, say.) Nobody tells the ticks of a timer: they carry undefined.
   */
  readonly onTell: (told: { readonly to: string; readonly message: unknown }) => unknown;
  /**
   * Called when it is handled, with what {@linkcode onTell} returned, and the message as the actor
   * sees it. It calls `handle` once, within whatever it sets up around it. `handle` does not throw;
   * it returns what the actor threw, if it did.
   */
  readonly onHandle: (
    handling: { readonly by: string; readonly message: unknown; readonly carried: unknown },
    handle: () => HandlingFailure | undefined,
  ) => void;
}

/** What an actor threw while it handled a message. */
export interface HandlingFailure {
  readonly error: unknown;
}

/** A mailbox entry with what a hook had it carry. */
export class Carrying extends Wrapped {
  /** The entry as it would be without hooks. */
  readonly entry: unknown;
  readonly carried: unknown;

  constructor(entry: unknown, carried: unknown) {
    super();
    this.entry = entry;
    this.carried = carried;
  }

  override get content(): unknown {
    return this.entry instanceof Wrapped ? this.entry.content : this.entry;
  }
}

/** Makes an entry carry what the hooks want it to. */
export function wrapForHooks(
  entry: unknown,
  { hooks, to, log }: {
    readonly hooks: MessageHooks;
    readonly to: string;
    readonly log: ActorLogger;
  },
): unknown {
  const message = entry instanceof Wrapped ? entry.shown : entry;
  if (message === takenBack) return entry;
  try {
    return carry(entry, hooks.onTell({ to, message }));
  } catch (error) {
    log.error("message hook threw", { error });
    return entry;
  }
}

/** The entry with that on board. An envelope stays one, or a restart would not find it. */
export function carry(entry: unknown, carried: unknown): unknown {
  if (!(entry instanceof Envelope)) return new Carrying(entry, carried);
  entry.carried = carried;
  return entry;
}

/** What an entry has on board. */
export function carriedBy(entry: unknown): unknown {
  return entry instanceof Carrying || entry instanceof Envelope ? entry.carried : undefined;
}

/** Handles a message within its hook, exactly once whatever the hook does. */
export function handleWithHooks(
  handling: { readonly by: string; readonly message: unknown; readonly carried: unknown },
  { hooks, log, handle }: {
    readonly hooks: MessageHooks;
    readonly log: ActorLogger;
    readonly handle: () => HandlingFailure | undefined;
  },
): void {
  let handled = false;
  function once(): HandlingFailure | undefined {
    if (handled) return undefined;
    handled = true;
    return handle();
  }
  try {
    hooks.onHandle(handling, once);
  } catch (error) {
    log.error("message hook threw", { error });
  }
  once();
}

/** Those who follow one actor. */
export class Tracers {
  readonly #listeners = new Set<(event: TraceEvent) => void>();
  readonly #clock: Clock;
  readonly #log: ActorLogger;

  constructor(clock: Clock, log: ActorLogger) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Whether nobody follows any more. */
  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  /** Adds one; returns the way to end it. */
  add(listener: (event: TraceEvent) => void): () => void {
    const entry = (event: TraceEvent): void => listener(event);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  /** Runs what handles a message or signal, and shows it to all. What it throws goes on. */
  trace(path: string, handled: TraceEvent["handled"], handle: () => void): void {
    const atMs = this.#clock.nowMs();
    let failure: { readonly error: unknown } | undefined;
    try {
      handle();
    } catch (error) {
      failure = { error };
      throw error;
    } finally {
      const tookMs = this.#clock.nowMs() - atMs;
      this.#show({ path, atMs, tookMs, handled, ...failure === undefined ? {} : { failure } });
    }
  }

  #show(event: TraceEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.#log.error("trace listener threw", { error });
      }
    }
  }
}
