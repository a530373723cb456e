/**
 * Quotas by address that are used up: what the refused peer is told, and, once for each address, the tracker's own log. A
 * fleet that a proxy or NAT hides behind one address uses them up, and its peers cannot be reached there either.
 */

import type { Log } from "../../base/log.ts";

/** Addresses that are told about; more are a flood, of which the first are enough. */
const MAX_TOLD = 1000;

/** The quota that is used up. */
export interface UsedUpQuota {
  /** What is there of the address already. */
  readonly what: string;
  /** The key of the subnet map that raises it. */
  readonly option: "peersPerAddress" | "releasesPerAddress";
}

/** The addresses whose quota is used up, of one release or of the tracker. */
export class FullAddresses {
  readonly #log: Log;
  readonly #told = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** The refusal for a peer at that address. */
  refuse(address: string, { what, option }: UsedUpQuota): string {
    const refusal = `${what} already, as many as one address may; if that is a proxy or NAT with ` +
      `many hosts behind it, the tracker's subnet map (--subnets) needs ${option} for it`;
    if (this.#isNew(`${option} ${address}`)) this.#log.warn("refused: {refusal}", { refusal });
    return refusal;
  }

  /** Tells that so many peers have announced from one address that somebody may stand between. */
  noteMany(
    address: string,
    { peers, ip, infoHash }: {
      readonly peers: number;
      readonly ip: string;
      readonly infoHash: string;
    },
  ): void {
    if (!this.#isNew(`many ${address}`)) return;
    this.#log.warn(
      "{peers} peers of {infoHash} announce from {ip}: behind a proxy or NAT nobody reaches them there; where they are " +
        "meant to share it, peersPerAddress in the subnet map (--subnets) says so",
      { peers, infoHash, ip },
    );
  }

  #isNew(key: string): boolean {
    if (this.#told.has(key) || this.#told.size >= MAX_TOLD) return false;
    this.#told.add(key);
    return true;
  }
}
