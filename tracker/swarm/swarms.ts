/**
 * All swarms of a tracker, whatever the announces come by: finds the swarm, makes one for a new info
 * hash where that is allowed, and bounds what strangers can make it keep.
 */

import { Buffer } from "node:buffer";
import type { Announce, Answer, Refusal } from "../members/announce.ts";
import { Swarm, type SwarmOptions } from "./swarm.ts";

/** Releases at once; far more than any fleet rolls out, few enough to look through. */
const MAX_SWARMS = 1000;
/** One address cannot use them all up. */
const MAX_SWARMS_PER_ADDRESS = 250;
/** Over all swarms, some 500 bytes each: a tracker stays below 200 MB. */
const MAX_MEMBERS = 200_000;
/** Empty swarms are looked for as often, and whenever there is no room. */
const SWEEP_INTERVAL_MS = 30_000;

/** What the swarms need. */
export interface SwarmsOptions extends SwarmOptions {
  /** Whether peers may meet for that info hash (40 hexadecimal digits). Default: for any. */
  readonly allow?: ((infoHash: string) => boolean) | undefined;
}

/** What a scrape says of one swarm (BEP 48). */
export interface ScrapeEntry {
  readonly complete: number;
  readonly downloaded: number;
  readonly incomplete: number;
}

const EMPTY: ScrapeEntry = { complete: 0, downloaded: 0, incomplete: 0 };

/** See the file's head. */
export class Swarms {
  readonly #options: SwarmsOptions;
  /** By info hash: 20 bytes, one character each. */
  readonly #byHash = new Map<string, { readonly swarm: Swarm; readonly creator: string }>();
  readonly #perAddress = new Map<string, number>();
  #sweptMs: number;

  constructor(options: SwarmsOptions) {
    this.#options = options;
    this.#sweptMs = options.clock.nowMs();
  }

  /** In the order in which they came. */
  get all(): Swarm[] {
    return [...this.#byHash.values()].map(({ swarm }) => swarm);
  }

  /** The one of that info hash, 40 hexadecimal digits. */
  find(infoHash: string): Swarm | undefined {
    return this.#byHash.get(Buffer.from(infoHash, "hex").toString("latin1"))?.swarm;
  }

  /** Peers in all of them. */
  get members(): number {
    let members = 0;
    for (const { swarm } of this.#byHash.values()) members += swarm.members.size;
    return members;
  }

  /** Takes one announce in and answers it. */
  announce(announce: Announce): Answer | Refusal {
    const known = this.#byHash.get(announce.infoHash)?.swarm;
    if (known !== undefined) return known.announce(announce);
    const made = this.#make(announce);
    return made instanceof Swarm ? made.announce(announce) : made;
  }

  /** What a scrape is told; zeros for a swarm that is not there, as BEP 15 has no other way to say so. */
  scrape(infoHash: string): ScrapeEntry {
    const swarm = this.#byHash.get(infoHash)?.swarm;
    if (swarm === undefined) return EMPTY;
    const { complete, completed, incomplete } = swarm;
    return { complete, downloaded: completed, incomplete };
  }

  /** Forgets silent members, and swarms that nobody is left in or that are no longer allowed. */
  sweep(): void {
    const { clock, allow } = this.#options;
    this.#sweptMs = clock.nowMs();
    for (const [hash, { swarm, creator }] of this.#byHash) {
      if (!swarm.sweep(this.#sweptMs) && (allow?.(swarm.infoHash) ?? true)) continue;
      this.#byHash.delete(hash);
      const others = (this.#perAddress.get(creator) ?? 0) - 1;
      if (others > 0) this.#perAddress.set(creator, others);
      else this.#perAddress.delete(creator);
    }
  }

  #make({ infoHash, ip }: Announce): Swarm | Refusal {
    const { allow, clock } = this.#options;
    const hex = Buffer.from(infoHash, "latin1").toString("hex");
    if (!(allow?.(hex) ?? true)) return { refusal: "this tracker does not serve that info hash" };
    const own = this.#perAddress.get(ip) ?? 0;
    const isDue = clock.nowMs() - this.#sweptMs >= SWEEP_INTERVAL_MS;
    if (isDue || this.#byHash.size >= MAX_SWARMS || own >= MAX_SWARMS_PER_ADDRESS) this.sweep();
    if (this.#byHash.size >= MAX_SWARMS) {
      return { refusal: `this tracker has its ${MAX_SWARMS} swarms already; ask again later` };
    }
    if ((this.#perAddress.get(ip) ?? 0) >= MAX_SWARMS_PER_ADDRESS) {
      return { refusal: `${ip} began ${MAX_SWARMS_PER_ADDRESS} swarms already; ask again later` };
    }
    if (this.members >= MAX_MEMBERS) {
      return { refusal: `this tracker has its ${MAX_MEMBERS} members already; ask again later` };
    }
    const swarm = new Swarm(hex, this.#options);
    this.#byHash.set(infoHash, { swarm, creator: ip });
    this.#perAddress.set(ip, (this.#perAddress.get(ip) ?? 0) + 1);
    return swarm;
  }
}
