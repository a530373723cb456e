/** Builds members and swarms for the tests of the handout, without a network. */

import type { RackLocation } from "../../../../base/locality.ts";
import { applyElection, electGateways } from "../../../../tracker/handout/gateway_election.ts";
import { Member } from "../../../../tracker/members/member.ts";
import { Members } from "../../../../tracker/members/members.ts";
import { defaultHandoutSettings } from "../../../../tracker/handout/handout_settings.ts";
import { type Selection, selectPeers } from "../../../../tracker/handout/peer_selection.ts";

/** What every host has to fetch. */
export const SIZE_BYTES = 1000;

/** Always the first of what is left: choices are then the same in every run. */
export const noChance = () => 0;

/** How a member begins. */
export interface JoinOptions {
  /** "site/rack". Default: nobody knows. */
  readonly at?: string;
  /** Default: everything. */
  readonly leftBytes?: number;
  /** Default: yes, as hosts of ours do. */
  readonly keepsReach?: boolean;
}

/** A swarm that is announced to by name. */
export class SwarmModel {
  readonly members = new Members({ maxHelped: defaultHandoutSettings.maxHelped });
  nowMs = 0;
  #arrivals = 0;

  /** Adds a member. */
  join(host: string, options: JoinOptions = {}): Member {
    const ip = `10.0.${this.#arrivals >> 8}.${this.#arrivals & 255}`;
    const member = new Member({
      key: `${ip}:6881`,
      ip,
      port: 6881,
      peerId: String(this.#arrivals++).padStart(20, "0"),
      host,
      location: placeAt(options.at),
      keepsReach: options.keepsReach ?? true,
      leftBytes: options.leftBytes ?? SIZE_BYTES,
      nowMs: this.nowMs,
      intervalMs: defaultHandoutSettings.hungryIntervalMs,
    });
    this.members.add(member);
    this.elect(member);
    return member;
  }

  /** Lets the next interval pass for a member: with less to fetch, or without progress. */
  report(member: Member, leftBytes = member.leftBytes): void {
    member.announcesWithoutProgress = leftBytes < member.leftBytes
      ? 0
      : member.announcesWithoutProgress + 1;
    this.members.setProgress(member, { leftBytes, isUnverifiedSeed: false });
    member.lastSeenMs = this.nowMs;
    this.elect(member, member);
  }

  leave(member: Member): void {
    this.members.remove(member);
    this.elect(member);
  }

  /** What the member would be answered. */
  select(member: Member, wanted = 50): Selection {
    const selection = selectPeers(member, {
      members: this.members,
      settings: defaultHandoutSettings,
      wanted,
      nowMs: this.nowMs,
      random: noChance,
    });
    this.members.setHelpers(member, selection.helpers);
    return selection;
  }

  /** The names of whom the member would be given. */
  peersOf(member: Member): Set<string | undefined> {
    return new Set(this.select(member).peers.map((peer) => peer.host));
  }

  elect(member: Member, asker?: Member): void {
    const elections = electGateways(member, {
      members: this.members,
      settings: defaultHandoutSettings,
      nowMs: this.nowMs,
      ...(asker === undefined ? {} : { asker }),
    });
    for (const election of elections) applyElection(election, this.members);
  }
}

function placeAt(at: string | undefined): RackLocation | undefined {
  if (at === undefined) return undefined;
  const [site = "", rack = ""] = at.split("/");
  return { site, rack };
}

/** The build machine in the north, four hosts each in north and south. */
export function fleet() {
  const swarm = new SwarmModel();
  const builder = swarm.join("builder", { at: "north/build", leftBytes: 0 });
  const join = (host: string, at: string) => swarm.join(host, { at });
  return {
    swarm,
    builder,
    northA1: join("north-a1", "north/a"),
    northA2: join("north-a2", "north/a"),
    northB1: join("north-b1", "north/b"),
    southA1: join("south-a1", "south/a"),
    southA2: join("south-a2", "south/a"),
    southB1: join("south-b1", "south/b"),
    southB2: join("south-b2", "south/b"),
  };
}
