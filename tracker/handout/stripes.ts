/**
 * Deals the stripes of the import (`base/stripes.ts`): in a rack each to one host, in a site each to one rack, whose host for
 * it then fetches beyond the site as well. So each import is shared by as many links as there are hosts, and nobody brings in
 * what somebody else does. As few are moved as can be when hosts come and go. A stripe moves only in the answer to the host
 * that gives it away, or when that one has gone, has timed out, stalls or is slow: two who both believed it to be theirs
 * would bring in everything twice. Only hosts that obey stripes are dealt any.
 */

import { STRIPE_COUNT, type StripeDuty } from "../../base/stripes.ts";
import { BucketRange, type Group, type Member, type Members, Rank } from "../members/mod.ts";
import { isMoving, isTimedOut } from "./gateway_election.ts";
import type { HandoutSettings } from "./handout_settings.ts";

/** What the dealing is based on. */
export interface DealOptions {
  readonly members: Members;
  readonly settings: HandoutSettings;
  readonly nowMs: number;
}

/** A host that brings in less than all of its rack does: the rest of its link is its neighbours'. */
const HOST_WEIGHT = 4;

/** A duty, and whether it may become larger as soon as others hear of it. */
export interface DealtDuty extends StripeDuty {
  readonly isDue: boolean;
}

/** Deals the stripes of a member's rack and site anew where there is need, and says which are its own. */
export function dealStripes(member: Member, options: DealOptions): DealtDuty {
  const { site, rack } = member;
  const { members } = options;
  if (site !== undefined && rack !== undefined) {
    members.changeImporters(rack, () => dealInRack(rack, member, options));
    dealInSite(site, member, options);
  }
  const own: number[] = [];
  const ofSite: number[] = [];
  const loads = new Map<Member, number>();
  for (const [stripe, owner] of (rack?.stripeOwners ?? []).entries()) {
    if (owner !== undefined) loads.set(owner, (loads.get(owner) ?? 0) + 1);
    if (owner !== member) continue;
    own.push(stripe);
    if (site?.stripeRacks[stripe] === rack) ofSite.push(stripe);
  }
  return {
    rack: own,
    site: ofSite,
    sparesSeeds:
      members.racksWithImporters > Math.max(1, members.fleet.count(BucketRange.ConfirmedSeeds)),
    isDue: Math.max(0, ...loads.values()) > own.length + 1,
  };
}

/** Whether a member brings in any. */
export function ownsStripes(member: Member): boolean {
  return member.rack?.stripeOwners.includes(member) ?? false;
}

/** Who brings something into a rack or a site: its gateways, and the owners of its stripes. */
export function importersOf({ gateways, stripeOwners, stripeRacks }: Group): readonly Member[] {
  const importers = new Set([...gateways, ...stripeOwners]);
  for (const [stripe, rack] of stripeRacks.entries()) importers.add(rack?.stripeOwners[stripe]);
  return [...importers].filter((one) => one !== undefined);
}

/** Lets a member keep the stripes that it had before the tracker forgot them, as far as nobody else has them by now. */
export function claimStripes(member: Member, stripes: readonly number[]): void {
  const owners = member.rack?.stripeOwners;
  if (owners === undefined || member.rank === Rank.Seed) return;
  for (const stripe of stripes) owners[stripe] ??= member;
}

function isFit(member: Member, options: DealOptions): boolean {
  return !member.isGone && member.rank !== Rank.Seed && isMoving(member, options);
}

/** Whether it holds up those who wait for its share. A host that was found to be so is not judged again. */
function isSlow(member: Member, { settings }: DealOptions): boolean {
  return member.demotions === 0 && member.announcesAsGateway >= settings.slowAnnounces &&
    member.bytesPerMs < (member.site?.usualBytesPerMs ?? 0) * settings.slowShare;
}

function dealInRack(rack: Group, asker: Member, options: DealOptions): void {
  const owners = rack.stripeOwners;
  if (rack.count(BucketRange.ConfirmedSeeds) > 0) {
    owners.fill(undefined);
    return;
  }
  const loads = new Map<Member, number>();
  const unfit = new Set<Member>();
  for (const owner of owners) {
    if (owner === undefined) continue;
    if (!isFit(owner, options) || isSlow(owner, options)) unfit.add(owner);
    else loads.set(owner, (loads.get(owner) ?? 0) + 1);
  }
  for (const member of unfit) {
    if (member.isGone || member.rank === Rank.Seed || isTimedOut(member, options)) continue;
    options.members.noteDemotion(member);
    member.announcesWithoutProgress = 0;
  }
  for (let stripe = 0; stripe < STRIPE_COUNT; stripe++) {
    const owner = owners[stripe];
    if (owner !== undefined && !unfit.has(owner)) continue;
    const next = leastLoaded(rack, loads, options);
    owners[stripe] = next;
    if (next !== undefined) loads.set(next, (loads.get(next) ?? 0) + 1);
  }
  for (let own = loads.get(asker) ?? 0; own > 1; own--) {
    const next = leastLoaded(rack, loads, options);
    if (next === undefined || (loads.get(next) ?? 0) + 1 >= own) return;
    // Who was slow gets some again only where all others are gone.
    if (options.members.demotionsAt(next) > options.members.demotionsAt(asker)) return;
    owners[owners.lastIndexOf(asker)] = next;
    loads.set(asker, own - 1);
    loads.set(next, (loads.get(next) ?? 0) + 1);
  }
}

/** The host that brings in the fewest; the one that arrived first among equals. Visits the rack. */
function leastLoaded(
  rack: Group,
  loads: ReadonlyMap<Member, number>,
  options: DealOptions,
): Member | undefined {
  let best: Member | undefined;
  let bestKey = Infinity;
  const end = rack.end(BucketRange.Leechers);
  for (let slot = rack.begin(BucketRange.Leechers); slot < end; slot++) {
    const member = rack.list[slot];
    if (member === undefined || !member.obeysStripes || !isFit(member, options)) continue;
    const key = options.members.demotionsAt(member) * STRIPE_COUNT + (loads.get(member) ?? 0);
    if (key < bestKey || key === bestKey && member.arrival < (best?.arrival ?? Infinity)) {
      [best, bestKey] = [member, key];
    }
  }
  return best;
}

/** Each host brings in as many of the site's stripes as any other, and each rack: one is moved where that evens them out. */
function dealInSite(site: Group, asker: Member, options: DealOptions): void {
  const { stripeRacks } = site;
  const hosts = new Map<Member, number>();
  const racks = new Map<Group, number>();
  const ownerIn = (rack: Group | undefined, stripe: number) => {
    const owner = rack?.stripeOwners[stripe];
    return owner !== undefined && isFit(owner, options) ? owner : undefined;
  };
  const count = (rack: Group, owner: Member, by: number) => {
    hosts.set(owner, (hosts.get(owner) ?? 0) + by);
    racks.set(rack, (racks.get(rack) ?? 0) + by);
  };
  // Whoever was slow, or stalled, brings something into its site only where all others were.
  const cost = (rack: Group, owner: Member) =>
    ((hosts.get(owner) ?? 0) + options.members.demotionsAt(owner) * STRIPE_COUNT) * HOST_WEIGHT +
    (racks.get(rack) ?? 0);
  for (let stripe = 0; stripe < STRIPE_COUNT; stripe++) {
    const rack = stripeRacks[stripe];
    const owner = ownerIn(rack, stripe);
    if (rack !== undefined && owner !== undefined) count(rack, owner, 1);
  }
  for (let stripe = STRIPE_COUNT - 1; stripe >= 0; stripe--) {
    const rack = stripeRacks[stripe];
    const owner = ownerIn(rack, stripe);
    if (owner !== undefined && owner !== asker) continue;
    let best: { readonly rack: Group; readonly owner: Member } | undefined;
    let bestCost = Infinity;
    if (rack !== undefined && owner !== undefined) {
      count(rack, owner, -1);
      best = { rack, owner };
      // It stays where it is unless that evens something out.
      bestCost = cost(rack, owner) - 1;
    }
    for (const other of site.children.values()) {
      const theirs = other === rack ? undefined : ownerIn(other, stripe);
      if (theirs === undefined) continue;
      const theirCost = cost(other, theirs);
      if (theirCost < bestCost) [best, bestCost] = [{ rack: other, owner: theirs }, theirCost];
    }
    stripeRacks[stripe] = best?.rack;
    if (best !== undefined) count(best.rack, best.owner, 1);
  }
}
