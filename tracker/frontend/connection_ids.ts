/**
 * Connection ids of the UDP protocol (BEP 15). They show that a peer receives what is sent to its address, so that nobody
 * can make the tracker send to somebody else. Nothing needs to be kept per peer: an id is a keyed hash of address and time.
 */

import { Buffer } from "node:buffer";
import { createHmac, randomBytes } from "node:crypto";
import type { MonotonicClock } from "../../base/clock.ts";

/** Clients may use an id for one minute, servers take it for two at most (BEP 15). */
const EPOCH_MS = 60_000;
/** Ids of an epoch that are kept, since hashing costs as much as an announce. */
const MAX_REMEMBERED = 65_536;
/** The size of an id. */
const ID_BYTES = 8;
const SECRET_BYTES = 32;

/** Gives out connection ids and recognizes them. */
export class ConnectionIds {
  readonly #clock: MonotonicClock;
  readonly #secret: Uint8Array;
  #epoch = -1;
  #current = new Map<string, bigint>();
  #previous = new Map<string, bigint>();

  /** The secret is random by default; it lives as long as the tracker. */
  constructor(clock: MonotonicClock, secret: Uint8Array = randomBytes(SECRET_BYTES)) {
    this.#clock = clock;
    this.#secret = secret;
  }

  /** The id of an address in this minute. */
  idFor(ip: string): bigint {
    const epoch = this.#turn();
    return this.#idOf(ip, epoch, this.#current);
  }

  /** Whether an id was given to an address in this minute or the one before. */
  isValid(id: bigint, ip: string): boolean {
    const epoch = this.#turn();
    return id === this.#idOf(ip, epoch, this.#current) ||
      id === this.#idOf(ip, epoch - 1, this.#previous);
  }

  #turn(): number {
    const epoch = Math.floor(this.#clock.nowMs() / EPOCH_MS);
    if (epoch !== this.#epoch) {
      this.#previous = epoch === this.#epoch + 1 ? this.#current : new Map();
      this.#current = new Map();
      this.#epoch = epoch;
    }
    return epoch;
  }

  #idOf(ip: string, epoch: number, remembered: Map<string, bigint>): bigint {
    const known = remembered.get(ip);
    if (known !== undefined) return known;
    const hash = createHmac("sha256", this.#secret).update(`${epoch} ${ip}`).digest();
    const id = Buffer.from(hash.buffer, hash.byteOffset, ID_BYTES).readBigUInt64BE();
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(ip, id);
    return id;
  }
}
