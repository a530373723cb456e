/** Who takes part in one swarm, and where they stand. Bookkeeping only; it decides nothing. */

/** Where a peer stands; the same rack name in two sites means two racks. */
export interface Place {
  readonly site: string;
  readonly rack: string;
}

/** One peer of a swarm. */
export interface Member {
  /** "address:port", what peers connect to. */
  readonly key: string;
  readonly ip: string;
  readonly port: number;
  /** 40 hexadecimal digits. */
  readonly peerId: string;
  /** Its name, if it told. */
  readonly host: string | undefined;
  /** Undefined if nobody knows: such a peer is outside of everyone. */
  readonly place: Place | undefined;
  /** Order of arrival in the swarm. */
  readonly arrival: number;
  /** Still to fetch; 0 for a seed. Infinity if it did not say. */
  leftBytes: number;
  /** Announces in a row at which `leftBytes` had not become less. */
  announcesWithoutProgress: number;
  /** How often it was replaced as a gateway because it stalled. */
  demotions: number;
  lastSeenMs: number;
  /** When it was told to announce again. */
  intervalMs: number;
}

/** The members of a rack, of a site, or of the whole swarm. */
export interface Group {
  readonly members: ReadonlySet<Member>;
  readonly seeds: ReadonlySet<Member>;
}

interface MutableGroup {
  readonly members: Set<Member>;
  readonly seeds: Set<Member>;
}

const nobody: Group = { members: new Set(), seeds: new Set() };

/** All members of a swarm, by key, by rack and by site. */
export class Members {
  readonly #byKey = new Map<string, Member>();
  readonly #everybody: MutableGroup = { members: new Set(), seeds: new Set() };
  readonly #sites = new Map<string, MutableGroup>();
  readonly #racks = new Map<string, MutableGroup>();
  #largestLeftBytes = 0;

  get size(): number {
    return this.#byKey.size;
  }

  get everybody(): Group {
    return this.#everybody;
  }

  get(key: string): Member | undefined {
    return this.#byKey.get(key);
  }

  site(place: Place): Group {
    return this.#sites.get(place.site) ?? nobody;
  }

  rack(place: Place): Group {
    return this.#racks.get(rackKey(place)) ?? nobody;
  }

  /** The names of the sites with members. */
  get siteNames(): Iterable<string> {
    return this.#sites.keys();
  }

  /** Whether it holds some of the content: it has less to fetch than anybody ever had. */
  hasData(member: Member): boolean {
    return member.leftBytes < this.#largestLeftBytes || member.leftBytes === 0;
  }

  add(member: Member): void {
    this.#byKey.set(member.key, member);
    for (const group of this.#groupsOf(member)) {
      group.members.add(member);
      if (member.leftBytes === 0) group.seeds.add(member);
    }
    this.#noteLeft(member.leftBytes);
  }

  remove(member: Member): void {
    this.#byKey.delete(member.key);
    for (const group of this.#groupsOf(member)) {
      group.members.delete(member);
      group.seeds.delete(member);
    }
    const { place } = member;
    if (place === undefined) return;
    if (this.site(place).members.size === 0) this.#sites.delete(place.site);
    if (this.rack(place).members.size === 0) this.#racks.delete(rackKey(place));
  }

  setLeft(member: Member, leftBytes: number): void {
    member.leftBytes = leftBytes;
    this.#noteLeft(leftBytes);
    for (const group of this.#groupsOf(member)) {
      if (leftBytes === 0) group.seeds.add(member);
      else group.seeds.delete(member);
    }
  }

  #noteLeft(leftBytes: number): void {
    if (Number.isFinite(leftBytes)) {
      this.#largestLeftBytes = Math.max(this.#largestLeftBytes, leftBytes);
    }
  }

  #groupsOf(member: Member): MutableGroup[] {
    if (member.place === undefined) return [this.#everybody];
    return [
      this.#everybody,
      groupIn(this.#sites, member.place.site),
      groupIn(this.#racks, rackKey(member.place)),
    ];
  }
}

/** Names a rack among those of all sites. */
export function rackKey(place: Place): string {
  return JSON.stringify([place.site, place.rack]);
}

/** Whether both stand in the same rack. */
export function sameRack(left: Member, right: Member): boolean {
  return sameSite(left, right) && left.place?.rack === right.place?.rack;
}

/** Whether both stand in the same site; one whose place is unknown stands nowhere. */
export function sameSite(left: Member, right: Member): boolean {
  return left.place !== undefined && left.place.site === right.place?.site;
}

function groupIn(groups: Map<string, MutableGroup>, key: string): MutableGroup {
  const known = groups.get(key);
  if (known !== undefined) return known;
  const made = { members: new Set<Member>(), seeds: new Set<Member>() };
  groups.set(key, made);
  return made;
}
