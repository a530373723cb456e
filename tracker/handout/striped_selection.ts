/**
 * Chooses the peers of a host that obeys stripes: across a border those who bring in the same stripes elsewhere, and its
 * rack. A seed gets the owners of its site's stripes, and everybody of its rack. Pure, like `peer_selection.ts`, whose
 * rules hold for all others.
 */

import { pickRandom } from "../../base/random.ts";
import { BucketRange, type Group, type Member, type Members, Rank } from "../members/mod.ts";
import type { PeerSample, PeerSampleOptions } from "./peer_sample.ts";
import type { DealtDuty } from "./stripes.ts";

/**
 * Owners of a stripe in other racks of the site that are known to its owner. With fewer, in the simulation, an owner that is
 * behind holds up several racks.
 */
const OWNERS_PER_STRIPE = 8;
/**
 * The same in other sites. In the simulation of 240 hosts the last one takes 1.02 of the bound with eight, 1.09 with four, and
 * 1.11 with two; as many copies cross.
 */
const REMOTE_OWNERS_PER_STRIPE = 8;
/** Peers across borders, but for one for each stripe: more would leave no room for the rack, on either side. */
const MAX_ACROSS = 32;
/**
 * Hosts that know an owner across borders, but for those that know no other of their stripe: the only host of a rack owns all
 * of its stripes, and would be known to half of the fleet.
 */
const MAX_KNOWN_TO = 32;
/** Seeds of the site for those who may fetch from them. */
const SITE_SEEDS = 2;
/** Owners of other stripes that a seed is given once there are as many seeds as racks. */
const OWNERS_OF_SEED = 16;

interface Search {
  readonly sample: PeerSample;
  readonly options: PeerSampleOptions & { readonly members: Members };
  readonly duty: DealtDuty;
}

/** Draws the owners that a seed may serve; its rack is drawn by the caller. */
export function chooseOwnersForSeed(asker: Member, { sample, options, duty }: Search): void {
  const { site } = asker;
  if (site === undefined) return;
  for (const [stripe, rack] of site.stripeRacks.entries()) {
    const owner = rack?.stripeOwners[stripe];
    if (owner !== undefined) sample.add(owner);
  }
  if (duty.sparesSeeds) return;
  const owners = new Set<Member>();
  for (const { stripeOwners } of site.children.values()) {
    for (const owner of stripeOwners) if (owner !== undefined) owners.add(owner);
  }
  for (const owner of pickRandom(owners, OWNERS_OF_SEED, options.random)) sample.add(owner);
}

/** Draws whom a leecher fetches its stripes from. */
export function chooseForStripes(asker: Member, search: Search): void {
  const { sample, options, duty } = search;
  const { members, random } = options;
  const { site, rack } = asker;
  if (site === undefined || rack === undefined || duty.rack.length === 0) return;
  const mayUseSeeds = !duty.sparesSeeds || duty.site.length > 0;
  const known = new KnownOwners(asker, duty);
  // Those that it was given last time stay, as long as they are of use: new ones at each announce would fill up the
  // connections of both sides.
  for (const member of asker.helpers) {
    if (member.isGone || member.rack === rack) continue;
    if (member.site !== site && duty.site.length === 0) continue;
    const isUseful = member.rank === Rank.Seed ? mayUseSeeds : known.ownsOneOf(member);
    if (isUseful && sample.add(member)) known.add(member);
  }
  if (mayUseSeeds) {
    sample.take(site, BucketRange.ConfirmedSeeds, { count: SITE_SEEDS, outsideOf: rack });
    sample.take(site, BucketRange.UnconfirmedSeeds, { count: SITE_SEEDS, outsideOf: rack });
  }
  if (duty.site.length > 0) {
    const elsewhere = [...members.fleet.children.values()].filter((other) => other !== site)
      .flatMap((other) => [...other.children.values()]);
    const limit = REMOTE_OWNERS_PER_STRIPE;
    fill(pickRandom(elsewhere, elsewhere.length, random), {
      ...search,
      known,
      limit,
      isRemote: true,
    });
    // A seed serves its own site, which passes on what it gets; another site's is asked only where nobody does.
    if (known.remoteCount === 0 && site.seeds === 0) {
      const count = 1;
      const confirmed = sample.take(members.fleet, BucketRange.ConfirmedSeeds, {
        count,
        outsideOf: site,
      });
      if (confirmed === 0) {
        sample.take(members.fleet, BucketRange.UnconfirmedSeeds, {
          count: options.settings.triedSeeds,
          outsideOf: site,
        });
      }
    }
  }
  const nearby = pickRandom(site.children.values(), site.children.size, random)
    .filter((other) => other !== rack);
  fill(nearby, { ...search, known, limit: OWNERS_PER_STRIPE, isRemote: false });
}

/** Draws owners of the asker's stripes in these racks, one for each stripe before a second for any. */
function fill(
  racks: readonly Group[],
  { sample, duty, known, limit, isRemote }: Search & {
    readonly known: KnownOwners;
    readonly limit: number;
    readonly isRemote: boolean;
  },
): void {
  const stripes = isRemote ? duty.site : duty.rack;
  const drawFor = (stripe: number, depth: number, isSpared: (owner: Member) => boolean) => {
    for (const { stripeOwners } of racks) {
      if (known.countOf(stripe, isRemote) >= depth) return;
      const owner = stripeOwners[stripe];
      if (owner !== undefined && !isSpared(owner) && sample.add(owner)) known.add(owner);
    }
  };
  const isKnownEnough = ({ helped }: Member) => helped >= MAX_KNOWN_TO;
  for (let depth = 1; depth <= limit; depth++) {
    for (const stripe of stripes) {
      if (depth > 1 && known.count >= MAX_ACROSS) return;
      drawFor(stripe, depth, isKnownEnough);
      if (depth === 1) drawFor(stripe, depth, () => false);
    }
  }
}

/** How many owners of each of a host's stripes are in its sample, in its site and elsewhere. */
class KnownOwners {
  readonly #asker: Member;
  readonly #duty: DealtDuty;
  readonly #inSite = new Map<number, number>();
  readonly #remote = new Map<number, number>();
  count = 0;
  remoteCount = 0;

  constructor(asker: Member, duty: DealtDuty) {
    this.#asker = asker;
    this.#duty = duty;
  }

  ownsOneOf(member: Member): boolean {
    return this.#duty.rack.some((stripe) => member.rack?.stripeOwners[stripe] === member);
  }

  add(member: Member): void {
    this.count++;
    const isRemote = member.site !== this.#asker.site;
    if (isRemote) this.remoteCount++;
    const counts = isRemote ? this.#remote : this.#inSite;
    for (const stripe of this.#duty.rack) {
      if (member.rank !== Rank.Seed && member.rack?.stripeOwners[stripe] !== member) continue;
      counts.set(stripe, (counts.get(stripe) ?? 0) + 1);
    }
  }

  countOf(stripe: number, isRemote: boolean): number {
    return (isRemote ? this.#remote : this.#inSite).get(stripe) ?? 0;
  }
}
