/** Which subnet is which rack. Where an operator keeps such a map, it is believed rather than the peer. */

import type { RackLocation } from "../../base/locality.ts";
import ipaddr from "ipaddr.js";

/** One line of the map. */
export interface Subnet {
  /** For example "10.1.2.0/24" or "fd00:1:2::/48". */
  readonly cidr: string;
  readonly site: string;
  readonly rack: string;
  /** How many peers of a release may come from one address of it: for hosts behind NAT. Default: 32. */
  readonly peersPerAddress?: number | undefined;
  /** How many releases may begin with an announce of one address of it. Default: 250. */
  readonly releasesPerAddress?: number | undefined;
}

/** What the map says of an address. */
interface MappedSubnet {
  readonly range: [ipaddr.IPv4 | ipaddr.IPv6, number];
  readonly location: RackLocation;
  readonly peersPerAddress: number | undefined;
  readonly releasesPerAddress: number | undefined;
}

/** Looks up addresses; of several subnets that contain one, the longest prefix counts. */
export class SubnetMap {
  readonly #subnets: MappedSubnet[];

  /** Throws an Error that names the first line that is no subnet. */
  constructor(subnets: readonly Subnet[]) {
    this.#subnets = subnets.map(({ cidr, site, rack, peersPerAddress, releasesPerAddress }) => {
      if (!ipaddr.isValidCIDR(cidr)) {
        throw new Error(
          `read subnet map: expected a subnet such as "10.1.2.0/24", there was "${cidr}"`,
        );
      }
      const range = ipaddr.parseCIDR(cidr);
      return { range, location: { site, rack }, peersPerAddress, releasesPerAddress };
    });
    this.#subnets.sort((left, right) => right.range[1] - left.range[1]);
  }

  /** The site and rack of an address; undefined if no subnet contains it. */
  locationOf(ip: string): RackLocation | undefined {
    return this.#find(ip)?.location;
  }

  /** How many peers of a release may come from an address; undefined if the map does not say. */
  peersPerAddress(ip: string): number | undefined {
    return this.#find(ip)?.peersPerAddress;
  }

  /** How many releases one address may begin; undefined if the map does not say. */
  releasesPerAddress(ip: string): number | undefined {
    return this.#find(ip)?.releasesPerAddress;
  }

  #find(ip: string): MappedSubnet | undefined {
    if (this.#subnets.length === 0 || !ipaddr.isValid(ip)) return undefined;
    const address = ipaddr.process(ip);
    return this.#subnets.find(({ range }) =>
      range[0].kind() === address.kind() && address.match(range)
    );
  }
}
