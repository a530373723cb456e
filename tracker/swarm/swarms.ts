/**
 * All swarms of a tracker, for HTTP and UDP alike: finds the swarm of an announce, makes one for a new info hash where that
 * is allowed, and bounds the memory that anybody can make the tracker use.
 */

import { Buffer } from "node:buffer";
import type { Announce, Answer, Refusal } from "../members/mod.ts";
import { addressKey, isLoopback } from "../../base/ip_address.ts";
import { FullAddresses } from "./full_addresses.ts";
import { Swarm, type SwarmOptions } from "./swarm.ts";

/** Releases at once: far more than any fleet rolls out, few enough to look through all of them. */
const MAX_SWARMS = 1000;
/** Swarms that one address may begin, so that it cannot use them all up, unless the subnet map says otherwise. */
const MAX_SWARMS_PER_ADDRESS = 250;
/** Members of all swarms together, some 500 bytes each: a tracker stays below 200 MB. */
const MAX_MEMBERS = 200_000;
/** How often empty swarms are looked for; besides whenever there is no room. */
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

const NO_SWARM: ScrapeEntry = { complete: 0, downloaded: 0, incomplete: 0 };

/** The swarms of a tracker. */
export class Swarms {
  readonly #options: SwarmsOptions;
  /** By info hash: 20 bytes, one character each. */
  readonly #byHash = new Map<string, { readonly swarm: Swarm; readonly creator: string }>();
  /** How many swarms each address has begun, by its key. */
  readonly #perAddress = new Map<string, number>();
  readonly #fullAddresses: FullAddresses;
  #sweptMs: number;

  constructor(options: SwarmsOptions) {
    this.#options = options;
    this.#sweptMs = options.clock.nowMs();
    this.#fullAddresses = new FullAddresses(options.log);
  }

  /** All of them, in the order in which they began. */
  get all(): Swarm[] {
    return [...this.#byHash.values()].map(({ swarm }) => swarm);
  }

  /** The swarm of an info hash (40 hexadecimal digits). */
  find(infoHash: string): Swarm | undefined {
    return this.#byHash.get(Buffer.from(infoHash, "hex").toString("latin1"))?.swarm;
  }

  /** The number of members of all swarms together. */
  get members(): number {
    let members = 0;
    for (const { swarm } of this.#byHash.values()) members += swarm.members.size;
    return members;
  }

  /** Accepts one announce and answers it. */
  announce(announce: Announce): Answer | Refusal {
    const known = this.#byHash.get(announce.infoHash)?.swarm;
    if (known !== undefined) return known.announce(announce);
    const made = this.#make(announce);
    return made instanceof Swarm ? made.announce(announce) : made;
  }

  /** The answer to a scrape; zeros for a swarm that is not there, since BEP 15 has no other way to say so. */
  scrape(infoHash: string): ScrapeEntry {
    const swarm = this.#byHash.get(infoHash)?.swarm;
    if (swarm === undefined) return NO_SWARM;
    const { complete, completed, incomplete } = swarm;
    return { complete, downloaded: completed, incomplete };
  }

  /** Forgets members that are due, swarms that are empty, and swarms that are no longer allowed. */
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
    const address = addressKey(ip);
    const limit = isLoopback(ip)
      ? MAX_SWARMS
      : this.#options.subnets.releasesPerAddress(ip) ?? MAX_SWARMS_PER_ADDRESS;
    const isFull = () => (this.#perAddress.get(address) ?? 0) >= limit;
    const isDue = clock.nowMs() - this.#sweptMs >= SWEEP_INTERVAL_MS;
    if (isDue || this.#byHash.size >= MAX_SWARMS || isFull()) this.sweep();
    if (this.#byHash.size >= MAX_SWARMS) {
      return { refusal: `this tracker has its ${MAX_SWARMS} releases already; ask again later` };
    }
    if (isFull()) {
      return {
        refusal: this.#fullAddresses.refuse(address, {
          what: `${limit} releases began with an announce of ${ip}`,
          option: "releasesPerAddress",
        }),
      };
    }
    if (this.members >= MAX_MEMBERS) {
      return { refusal: `this tracker has its ${MAX_MEMBERS} peers already; ask again later` };
    }
    const swarm = new Swarm(hex, this.#options);
    this.#byHash.set(infoHash, { swarm, creator: address });
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
    return swarm;
  }
}
