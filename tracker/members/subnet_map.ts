/** Which subnet is which rack: where an operator keeps such a map, it is believed before a peer is. */

import type { RackLocation } from "../../base/locality.ts";
import ipaddr from "ipaddr.js";

/** One line of the map. */
export interface Subnet {
  /** Such as "10.1.2.0/24" or "fd00:1:2::/48". */
  readonly cidr: string;
  readonly site: string;
  readonly rack: string;
}

/** Looks addresses up; of several subnets that contain one, the longest prefix counts. */
export class SubnetMap {
  readonly #subnets: { range: [ipaddr.IPv4 | ipaddr.IPv6, number]; place: RackLocation }[];

  /** Throws an Error that names the first line that is no subnet. */
  constructor(subnets: readonly Subnet[]) {
    this.#subnets = subnets.map(({ cidr, site, rack }) => {
      if (!ipaddr.isValidCIDR(cidr)) {
        throw new Error(
          `read subnet map: expected a subnet such as "10.1.2.0/24", there was "${cidr}"`,
        );
      }
      return { range: ipaddr.parseCIDR(cidr), place: { site, rack } };
    });
    this.#subnets.sort((left, right) => right.range[1] - left.range[1]);
  }

  /** Where that address stands, or undefined if no subnet contains it. */
  placeOf(ip: string): RackLocation | undefined {
    if (this.#subnets.length === 0 || !ipaddr.isValid(ip)) return undefined;
    const address = ipaddr.process(ip);
    return this.#subnets.find(({ range }) =>
      range[0].kind() === address.kind() && address.match(range)
    )?.place;
  }
}
