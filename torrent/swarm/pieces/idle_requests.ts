/** Whom to ask when there is nothing left to ask a peer for. */

import type { OutstandingRequests } from "./outstanding_requests.ts";
import type { RequestTarget } from "./request_scheduler.ts";

/** What is looked at of a peer, and what it can be made to do. */
export interface Askable {
  readonly download: {
    readonly isOrigin: boolean;
    readonly outstanding: Pick<OutstandingRequests<RequestTarget>, "count">;
    /** We have nothing else to do; whether there is more to ask it for. */
    hurry(): boolean;
  };
  /** Asks for what there is to ask for. */
  pump(): void;
}

/**
 * Origins that were spared because of that one are asked again. And where nobody is asked for anything, one piece of each
 * peer that others were to have first is not left to them, if we are near the end.
 */
export function askOthers(
  idle: Pick<RequestTarget, "isOrigin">,
  peers: ReadonlySet<Askable> | readonly Askable[],
): void {
  if (!idle.isOrigin) {
    for (const peer of peers) if (peer.download.isOrigin && isIdle(peer)) peer.pump();
  }
  // This is asked with most messages, and mostly ends at the first: so nothing is copied.
  if (isAnybodyAsked(peers)) return;
  for (const peer of peers) if (peer.download.hurry()) peer.pump();
}

/** Whether anybody has been asked for anything that has not come yet. */
export function isAnybodyAsked(peers: Iterable<Pick<Askable, "download">>): boolean {
  for (const peer of peers) if (!isIdle(peer)) return true;
  return false;
}

function isIdle({ download }: Pick<Askable, "download">): boolean {
  return download.outstanding.count === 0;
}
