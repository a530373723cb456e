/** Peers that sent wrong bytes or broke the protocol on purpose; nobody talks to them again. Pure. */

/** Bounds the list; the oldest are forgotten, and banned again once they lie again. */
const MAX_ENTRIES = 1024;
/** From so many peers of one address that were banned, the address itself is. */
const OFFENCES_PER_HOST = 3;

/** Whom it is about. */
export interface Identity {
  /** 40 hexadecimal digits. */
  readonly peerId: string;
  /** "address:port" on which it listens, as far as it is known. */
  readonly listensOn: string | undefined;
  /** Its address, without the port. */
  readonly host: string;
}

/** See the file's head. */
export class BanList {
  readonly #keys = new Map<string, number>();

  /** Never again: not under that id, not at that port, and not from that address if it has done so before. */
  ban({ peerId, listensOn, host }: Identity): void {
    this.#count(`id ${peerId}`);
    if (listensOn !== undefined) this.#count(`at ${listensOn}`);
    this.#count(`host ${host}`);
  }

  isBanned({ peerId, listensOn, host }: Partial<Identity>): boolean {
    return this.#keys.has(`id ${peerId}`) || this.#keys.has(`at ${listensOn}`) ||
      (this.#keys.get(`host ${host}`) ?? 0) >= OFFENCES_PER_HOST;
  }

  #count(key: string): void {
    const times = (this.#keys.get(key) ?? 0) + 1;
    this.#keys.delete(key);
    this.#keys.set(key, times);
    for (const oldest of this.#keys.keys()) {
      if (this.#keys.size <= MAX_ENTRIES) return;
      this.#keys.delete(oldest);
    }
  }
}
