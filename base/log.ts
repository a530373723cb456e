/**
 * The logger that the parts of the program are given. It is a subset of LogTape's `Logger`, so that one of those can be handed
 * in. Only the command line, which configures LogTape, decides where messages go.
 *
 * @module
 */

/** Values that belong to a message, which refers to them in braces, as in `{infoHash}`. */
export type LogProperties = Record<string, unknown>;

/** A logger with the four levels that are used. */
export interface Log {
  /** Details for a developer, such as the peers, pieces and announces of one transfer. */
  debug(message: string, properties?: LogProperties): void;
  /** What an operator may want to see once per release. */
  info(message: string, properties?: LogProperties): void;
  /** Something failed and is tried again. */
  warn(message: string, properties?: LogProperties): void;
  /** Something failed and is not tried again. */
  error(message: string, properties?: LogProperties): void;
}

/** A logger that drops everything. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};
