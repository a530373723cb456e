/**
 * Ctrl-C and `kill` as an `AbortSignal`, for commands that run until they are told to stop.
 *
 * @module
 */

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Exit status of a process that ended on a second Ctrl-C, as a shell reports SIGINT. */
const EXIT_INTERRUPTED = 130;

/** Listens for the signals that end a program. */
export interface StopSignal extends Disposable {
  /** Aborted at the first signal. */
  readonly signal: AbortSignal;
  /** Resolves at the first signal. */
  readonly stopped: Promise<void>;
}

/** The first signal asks for an orderly stop, the second one ends the process at once. */
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
