/** Which peers to ask for more when one has nothing left that it could be asked for. */

import type { RequestTarget } from "./pieces/request_target.ts";
import type { SwarmPeer } from "./swarm_peer.ts";

/** What idle requests need of a peer: its state, and the means to ask it for more. */
export type RequestablePeer = Pick<SwarmPeer, "requestMore"> & {
  readonly download: Pick<RequestTarget, "joinedAsSeed" | "offerDeferred"> & {
    readonly outstanding: { readonly count: number };
  };
};

/**
 * A leecher is idle: seeds that were spared because of it are asked again. And where no request is outstanding at all,
 * one deferred piece of each peer may be asked for if the end of the release is near.
 */
export function requestFromOthers(
  idle: Pick<RequestTarget, "joinedAsSeed">,
  peers: ReadonlySet<RequestablePeer> | readonly RequestablePeer[],
): void {
  if (!idle.joinedAsSeed) {
    for (const peer of peers) if (peer.download.joinedAsSeed && isIdle(peer)) peer.requestMore();
  }
  // This runs after most messages and mostly ends at the first peer, so nothing is copied.
  if (isAnyRequestOutstanding(peers)) return;
  for (const peer of peers) if (peer.download.offerDeferred()) peer.requestMore();
}

/** Whether any peer has been asked for something that has not come yet. */
export function isAnyRequestOutstanding(
  peers: Iterable<Pick<RequestablePeer, "download">>,
): boolean {
  for (const peer of peers) if (!isIdle(peer)) return true;
  return false;
}

function isIdle({ download }: Pick<RequestablePeer, "download">): boolean {
  return download.outstanding.count === 0;
}
