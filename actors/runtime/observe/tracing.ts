/**
 * Tracing: the trace of a single actor, and hooks through which an outside tracer (say, of
 * OpenTelemetry) learns which message caused which. Both cost nothing while unused.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Signal } from "../actor_definition.ts";
import type { ActorLogger } from "../logger.ts";
import { Envelope, takenBack, Wrapped } from "../dispatch/mailbox.ts";

/** One message or signal that a traced actor has handled. */
export interface TraceEvent {
  /** The path of the actor. */
  readonly path: string;
  /** When its handling began, on the monotonic clock. */
  readonly atMs: number;
  /** How long it took, in milliseconds. */
  readonly tookMs: number;
  /** The message or signal. */
  readonly handled:
    | { readonly type: "message"; readonly message: unknown }
    | { readonly type: "signal"; readonly signal: Signal };
  /** What it threw, if it did. */
  readonly failure?: { readonly error: unknown };
}

/**
 * What an outside tracer does at each message. Both functions are called for every message of the
 * system, so they should be quick. Their errors are logged, and the message is handled all the same.
 */
export interface MessageHooks {
  /**
   * Called when a message is told, or an outcome of an actor's own work comes in. What it returns (the
   * current span, say) is attached to the message. Ticks of timers have undefined attached.
   */
  readonly onTell: (told: { readonly to: string; readonly message: unknown }) => unknown;
  /**
   * Called when the message is handled, with what {@linkcode onTell} has returned and the message as
   * the actor sees it. It must call `handle` once, within whatever it sets up around it. `handle` does
   * not throw; it returns what the actor threw, if it did.
   */
  readonly onHandle: (
    handling: { readonly by: string; readonly message: unknown; readonly carried: unknown },
    handle: () => HandlingFailure | undefined,
  ) => void;
}

/** The failure of an actor while it handled a message. */
export interface HandlingFailure {
  /** What it threw. */
  readonly error: unknown;
}

/** A mailbox entry with what a message hook attached to it. */
export class Carrying extends Wrapped {
  /** The entry without the attachment. */
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

/** Calls `onTell` for a mailbox entry, and attaches what it returns. */
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

/** Attaches something to an entry. An envelope stays an envelope, because restarts look for those. */
export function carry(entry: unknown, carried: unknown): unknown {
  if (!(entry instanceof Envelope)) return new Carrying(entry, carried);
  entry.carried = carried;
  return entry;
}

/** What is attached to an entry. */
export function carriedBy(entry: unknown): unknown {
  return entry instanceof Carrying || entry instanceof Envelope ? entry.carried : undefined;
}

/** Handles a message within the hook `onHandle`, exactly once whatever the hook does. */
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

  /** Whether there is no listener left. */
  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  /** Adds a listener; returns the function that removes it. */
  add(listener: (event: TraceEvent) => void): () => void {
    const entry = (event: TraceEvent): void => listener(event);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  /** Runs `handle`, and shows the message or signal to all listeners. Errors of `handle` are rethrown. */
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
