/**
 * What this folder needs of a logger. It is a part of LogTape's `Logger`, so one of those can be
 * handed in; nothing here prints by itself.
 */

/** Values that go with a message; the message names them in braces, as in `{address}`. */
export type LogProperties = Record<string, unknown>;

/** The levels used here. */
export interface Log {
  debug(message: string, properties?: LogProperties): void;
  info(message: string, properties?: LogProperties): void;
  warn(message: string, properties?: LogProperties): void;
}
