/**
 * Ctrl-C, `kill` and a closed terminal as an `AbortSignal`, for commands that run until they are told to stop.
 *
 * @module
 */

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Exit status after a second signal: 128 + 2, as a shell reports SIGINT. */
const EXIT_INTERRUPTED = 130;

/** A stop that was, or will be, asked for. Disposing of it removes the signal handlers. */
export interface StopSignal extends Disposable {
  /** Aborted at the first signal. */
  readonly signal: AbortSignal;
  /** Resolves at the first signal. */
  readonly stopped: Promise<void>;
}

/** Listens for SIGINT, SIGTERM and SIGHUP. The first signal asks for an orderly stop, the second one ends the process at once. */
export function listenForStop(): StopSignal {
  const controller = new AbortController();
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  function onSignal(): void {
    if (controller.signal.aborted) Deno.exit(EXIT_INTERRUPTED);
    controller.abort();
    resolve();
  }
  for (const name of SIGNALS) Deno.addSignalListener(name, onSignal);
  return {
    signal: controller.signal,
    stopped,
    [Symbol.dispose]() {
      for (const name of SIGNALS) Deno.removeSignalListener(name, onSignal);
    },
  };
}
