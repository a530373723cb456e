/**
 * The logger that this folder is handed. It never prints by itself.
 *
 * @module
 */

/** What the client and the coordinator need of a logger; a LogTape logger fits as it is. */
export interface Log {
  /** For whoever debugs this folder. */
  debug(message: string, properties?: Record<string, unknown>): void;
  /** What an operator may want to know: sessions begun, connections lost. */
  info(message: string, properties?: Record<string, unknown>): void;
  /** What an operator should look at: sessions expired, clients cut off. */
  warn(message: string, properties?: Record<string, unknown>): void;
  /** What should not have happened: a listener that threw, storage that failed. */
  error(message: string, properties?: Record<string, unknown>): void;
}

function ignore(): void {}

/** Drops everything: the default. */
export const silentLog: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
