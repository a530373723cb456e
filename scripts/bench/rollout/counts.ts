/**
 * What is counted of the traffic between hosts and ZooKeeper.
 *
 * @module
 */

/** Counts since the beginning; pings and their replies are in none of them but their own. */
export interface Counts {
  /** Requests, those that begin and end sessions included. */
  readonly requests: number;
  /** What was asked for: each operation in a `multi` counts. */
  readonly operations: number;
  /** Notifications of watches. */
  readonly notifications: number;
  /** Bytes of all requests, with their length fields. */
  readonly requestBytes: number;
  /** Bytes of replies and notifications. */
  readonly replyBytes: number;
  readonly pings: number;
}

/** Nothing counted. */
export const NO_COUNTS: Counts = {
  requests: 0,
  operations: 0,
  notifications: 0,
  requestBytes: 0,
  replyBytes: 0,
  pings: 0,
};

/** What has been counted between two readings. */
export function countsBetween(before: Counts, after: Counts): Counts {
  const names = Object.keys(NO_COUNTS) as (keyof Counts)[];
  const differences = names.map((name) => [name, after[name] - before[name]]);
  return Object.fromEntries(differences) as unknown as Counts;
}
