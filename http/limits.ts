/**
 * What a server grants to strangers. Anybody who reaches the port can open connections, so each limit bounds what one
 * address, or all of them together, can take from the process.
 *
 * @module
 */

/** The limits of a server. */
export interface HttpLimits {
  /** Connections in all. The server takes fewer where the process may not open twice as many files. */
  readonly maxConnections: number;
  /** Connections from one address (of IPv6: one /64 network, which is what one customer is given). */
  readonly maxConnectionsPerAddress: number;
  /** The longest request line with its headers, in bytes. */
  readonly maxHeadBytes: number;
  /** How long a client may take to send the head of a request, from the connection or the head's first byte on. */
  readonly headTimeoutMs: number;
  /** How long a connection is kept open between two requests. */
  readonly idleTimeoutMs: number;
  /** How long a client may take to accept 64 KiB of a response. */
  readonly writeTimeoutMs: number;
}

/** The limits that hold where none are given. */
export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  // Twice the hosts of the largest fleet in one tracker's simulation would need 20,000 kept connections; those that are idle
  // give way to others, so that fewer are only slower. Each takes some 8 KiB.
  maxConnections: 8_192,
  // Many hosts may stand behind one address; those beyond it take turns, since the longest idle connection gives way.
  maxConnectionsPerAddress: 256,
  // Announces of at most 8 KiB, with headers.
  maxHeadBytes: 16_384,
  // A head is one packet; on the worst of lines it is sent again a few times.
  headTimeoutMs: 10_000,
  // Hosts that have all their peers announce every 20 to 30 s, and keep their connection.
  idleTimeoutMs: 75_000,
  // 2 KiB a second, which the slowest link that a fleet may have exceeds.
  writeTimeoutMs: 30_000,
};
