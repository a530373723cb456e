/**
 * What the program's parts need of a logger. It is a part of LogTape's `Logger`, so one of those can be handed in; only
 * the command line, which sets LogTape up, writes anything.
 *
 * @module
 */

/** Values that go with a message; the message names them in braces, as in `{infoHash}`. */
export type LogProperties = Record<string, unknown>;

/** The four levels used here. */
export interface Log {
  /** For whoever looks into one transfer: peers, pieces, announces. */
  debug(message: string, properties?: LogProperties): void;
  /** What an operator may want to see once per release. */
  info(message: string, properties?: LogProperties): void;
  /** Something failed and is tried again. */
  warn(message: string, properties?: LogProperties): void;
  /** Something failed for good. */
  error(message: string, properties?: LogProperties): void;
}

/** Drops everything: for callers that do not care. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};
