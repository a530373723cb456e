/**
 * The logger that the runtime writes to. The runtime has none of its own: one is handed in, and the
 * default is silent.
 *
 * @module
 */

/**
 * A structured logger: each record is a constant message with properties. A LogTape logger fits as it
 * is. Errors that the logger throws are swallowed, so that a broken log never takes an actor down.
 */
export interface ActorLogger {
  /** Details for somebody who follows one actor. */
  debug(message: string, properties?: Record<string, unknown>): void;
  /** Ordinary events of interest to an operator. */
  info(message: string, properties?: Record<string, unknown>): void;
  /** Something was dropped, retried or late. */
  warn(message: string, properties?: Record<string, unknown>): void;
  /** A failure. */
  error(message: string, properties?: Record<string, unknown>): void;
}

/** A logger that drops everything: the default, because a library never prints unasked. */
export const silentLogger: ActorLogger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};

/** Wraps a logger so that it adds `properties` to every record and never throws. */
export function scopedLogger(
  logger: ActorLogger,
  properties: Record<string, unknown>,
): ActorLogger {
  function at(level: keyof ActorLogger) {
    return (message: string, more?: Record<string, unknown>): void => {
      try {
        logger[level](message, { ...properties, ...more });
      } catch {
        // There is nowhere left to report a broken logger to.
      }
    };
  }
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
