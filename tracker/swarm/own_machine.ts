/**
 * Peers on the tracker's own machine, such as the publisher beside it, announce from a loopback address where the machine's
 * name leads there (127.0.1.1 in /etc/hosts). Others get them, and name them, under the address at which they have reached
 * the tracker.
 */

import { formatAddress, isLoopback } from "../../base/ip_address.ts";
import { type Announce, Member, type Members } from "../members/mod.ts";

/**
 * The address of this machine for a peer that announces; undefined if the peer is on this machine itself, or nobody knows.
 *
 * @param publicAddress what the operator says that it is; else it is where the announce came in.
 */
export function ownAddressFor(
  { ip, family, reachedAt }: Announce,
  publicAddress: string | undefined,
): string | undefined {
  const address = publicAddress ?? reachedAt;
  if (address === undefined || isLoopback(ip) || isLoopback(address)) return undefined;
  if (family !== undefined && (address.includes(":") ? 6 : 4) !== family) return undefined;
  return address;
}

/** The peers as they are reached by somebody for whom this machine has that address. */
export function asReachedAt(peers: readonly Member[], address: string): readonly Member[] {
  if (!peers.some((peer) => peer.isLoopback)) return peers;
  return peers.map((peer) => {
    if (!peer.isLoopback) return peer;
    const { port, peerId, host, location, leftBytes, arrivedMs: nowMs, intervalMs } = peer;
    const [ip, key] = [address, formatAddress(address, port)];
    return new Member({ key, ip, port, peerId, host, location, leftBytes, nowMs, intervalMs });
  });
}

/** The member that somebody names by its key, for whom this machine has that address. */
export function findNamed(
  members: Members,
  key: string,
  address: string | undefined,
): Member | undefined {
  const named = members.get(key);
  if (named !== undefined || address === undefined) return named;
  const host = formatAddress(address, 0).slice(0, -1);
  if (!key.startsWith(host)) return undefined;
  const port = Number(key.slice(host.length));
  return members.get(formatAddress("127.0.0.1", port)) ?? members.get(formatAddress("::1", port));
}
