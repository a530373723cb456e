/** Builds members and swarms for the tests of the tracker's policy, without a network. */

import { electGateways, type Gateways, noGateways } from "../../../tracker/gateways.ts";
import { type Member, Members, type Place } from "../../../tracker/members.ts";
import { defaultPolicy } from "../../../tracker/policy.ts";
import { type Selection, selectPeers } from "../../../tracker/selection.ts";

/** What every host has to fetch. */
export const SIZE_BYTES = 1000;

/** Always the first of what is left: choices are then the same in every run. */
export const noChance = () => 0;

/** A swarm that is announced to by name. */
export class SwarmModel {
  readonly members = new Members();
  gateways: Gateways = noGateways;
  nowMs = 0;
  #arrivals = 0;

  /** Adds a member at "site/rack", or at no known place. */
  join(host: string, options: { at?: string; leftBytes?: number } = {}): Member {
    const member: Member = {
      key: `10.0.0.${this.#arrivals}:6881`,
      ip: `10.0.0.${this.#arrivals}`,
      port: 6881,
      peerId: String(this.#arrivals).padStart(40, "0"),
      host,
      place: placeAt(options.at),
      arrival: this.#arrivals++,
      leftBytes: options.leftBytes ?? SIZE_BYTES,
      announcesWithoutProgress: 0,
      demotions: 0,
      lastSeenMs: this.nowMs,
      intervalMs: defaultPolicy.hungryIntervalMs,
    };
    this.members.add(member);
    this.elect(member);
    return member;
  }

  /** Lets the next interval pass for a member: with less to fetch, or without progress. */
  report(member: Member, leftBytes = member.leftBytes): void {
    member.announcesWithoutProgress = leftBytes < member.leftBytes
      ? 0
      : member.announcesWithoutProgress + 1;
    this.members.setLeft(member, leftBytes);
    member.lastSeenMs = this.nowMs;
    this.elect(member);
  }

  leave(member: Member): void {
    this.members.remove(member);
    this.elect(member);
  }

  /** What the member would be answered. */
  select(member: Member, wanted = 50): Selection {
    return selectPeers(member, {
      members: this.members,
      gateways: this.gateways,
      policy: defaultPolicy,
      wanted,
      nowMs: this.nowMs,
      random: noChance,
    });
  }

  /** The names of whom the member would be given. */
  peersOf(member: Member): Set<string | undefined> {
    return new Set(this.select(member).peers.map((peer) => peer.host));
  }

  elect(member: Member): void {
    if (member.place === undefined) return;
    const election = electGateways(member.place, {
      members: this.members,
      former: this.gateways,
      policy: defaultPolicy,
      nowMs: this.nowMs,
    });
    this.gateways = election.gateways;
    for (const one of election.demoted) one.demotions++;
    for (const one of election.elected) one.announcesWithoutProgress = 0;
  }
}

function placeAt(at: string | undefined): Place | undefined {
  if (at === undefined) return undefined;
  const [site = "", rack = ""] = at.split("/");
  return { site, rack };
}
