/**
 * The logger that this library is handed. The library never prints by itself.
 *
 * @module
 */

/** What the client and the server need of a logger; a LogTape logger fits as it is. */
export interface Log {
  /** Details for whoever debugs this library. */
  debug(message: string, properties?: Record<string, unknown>): void;
  /** Normal events that an operator may want to know of: sessions that begin, connections that are lost. */
  info(message: string, properties?: Record<string, unknown>): void;
  /** What an operator should look at: sessions that expired, clients that were disconnected. */
  warn(message: string, properties?: Record<string, unknown>): void;
  /** What should never happen: a listener that threw, a storage that failed. */
  error(message: string, properties?: Record<string, unknown>): void;
}

function ignore(): void {}

/** A logger that drops everything: the default. */
export const silentLog: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
