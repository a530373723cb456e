/**
 * Why nothing arrives at a transfer that lacks pieces, in words for an operator: what is missing, and what is tried next. Pure.
 *
 * @module
 */

import type { AnnounceStanding } from "../announce/mod.ts";

/** What a swarm knows of where the missing pieces could come from. */
export interface Supply {
  /** How many connected peers have a piece that is missing here, at any distance. */
  readonly offeringCount: number;
  /** How many addresses of peers are known that are not connected. */
  readonly unconnectedCount: number;
  /** The first attempt to connect that has failed since a peer was connected; left out: none has. */
  readonly failedDial?: { readonly address: string; readonly reason: string };
}

/** What is known of a transfer that lacks pieces. */
export interface ObstacleView {
  /** For how long no piece has come, in ms. */
  readonly idleMs: number;
  /** How many peers are connected. */
  readonly peers: number;
  /** Addresses of peers that are banned, since they sent wrong bytes. */
  readonly bannedPeers: readonly string[];
  /** Asked only if nothing has come for a while. Left out where an engine does not tell. */
  readonly supply?: (() => Supply) | undefined;
  /** How the trackers answer; `null`: none is asked. */
  readonly tracker: AnnounceStanding | null;
  /** The URLs of trackers in the .torrent, also of those that cannot be asked. */
  readonly announce: readonly string[];
}

/** So long nothing has to come before that is said: pieces of a slow link, and peers that are being found, come within it. */
const QUIET_MS = 5_000;
/** The same where nobody is known who could send anything, and nobody who would name one. */
const HOPELESS_MS = 1_000;
/** So many names stand in a sentence. */
const NAMES_MAX = 3;

/** Why nothing arrives; `undefined` while something does, or may come soon. */
export function describeObstacle(view: ObstacleView): string | undefined {
  const isHopeless = view.peers === 0 && (view.tracker === null || view.tracker.kind === "failing");
  if (view.idleMs < (isHopeless ? HOPELESS_MS : QUIET_MS)) return undefined;
  const parts = [peersPart(view), ...bannedPart(view), trackerPart(view)];
  const said = parts.filter((part) => part !== undefined).join("; ");
  return said === "" ? "no peer stays connected: the tracker is asked for others" : said;
}

function peersPart({ peers, supply: ask }: ObstacleView): string | undefined {
  const supply = ask?.();
  if (peers > 0) {
    const of = peers === 1 ? "1 peer is connected" : `${peers} peers are connected`;
    if (supply === undefined) return `${of}, and nothing comes`;
    if (supply.offeringCount === 0) {
      return `${of}, and ${
        peers === 1 ? "it has nothing" : "none has anything"
      } that is missing here`;
    }
    return `${of}, ${supply.offeringCount} with pieces that are missing here, and nothing comes: ` +
      "they are asked again";
  }
  if (supply?.failedDial !== undefined) {
    const { address, reason } = supply.failedDial;
    return `no peer can be reached, such as ${address} (${reason}): all are tried again`;
  }
  return supply !== undefined && supply.unconnectedCount > 0
    ? "no peer answers yet: they are tried again"
    : undefined;
}

function bannedPart({ bannedPeers }: ObstacleView): string[] {
  if (bannedPeers.length === 0) return [];
  const named = bannedPeers.slice(0, NAMES_MAX).join(", ");
  const more = bannedPeers.length - NAMES_MAX;
  const others = more > 0 ? ` and ${more} more` : "";
  return [`${named}${others} sent wrong bytes, and will be asked again in some minutes`];
}

function trackerPart({ tracker, announce, peers, bannedPeers }: ObstacleView): string | undefined {
  if (tracker === null) {
    return announce.length === 0
      ? "the release names no tracker: nobody can be asked for peers"
      : `the release names no tracker that can be asked, http and https can: ${
        announce.slice(0, NAMES_MAX).join(", ")
      }`;
  }
  switch (tracker.kind) {
    case "asking":
      return `${tracker.url} is asked for peers, and has not answered yet`;
    case "failing":
      return `no tracker answers since ${clockTime(tracker.sinceWallMs)}: ${tracker.message}; ` +
        "asked again within seconds";
    case "answered":
      if (peers > 0 || bannedPeers.length > 0) return undefined;
      return tracker.peerCount === 0
        ? `the tracker ${tracker.url} knows nobody who has it: is its build machine seeding?`
        : undefined;
  }
}

/** What this machine's clock shows, to the second: the log has it as well. */
function clockTime(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(11, 19)} UTC`;
}
