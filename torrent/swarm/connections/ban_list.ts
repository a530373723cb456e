/** The peers that sent wrong bytes on purpose: no connection with them is kept or dialled. Pure. */

/** Bound of the list: the oldest entries are forgotten, and are banned again once they lie again. */
const MAX_ENTRIES = 1024;
/** After this many bans of peers at one address the address itself is banned. */
const OFFENCES_PER_HOST = 3;

/** What identifies a peer. */
export interface Identity {
  /** Its peer id (BEP 3), 40 hexadecimal digits. */
  readonly peerId: string;
  /** "address:port" on which it listens, as far as it is known. */
  readonly listensOn: string | undefined;
  /** Its address, without the port. */
  readonly host: string;
}

/** Bans by peer id, by listening address, and by address after several bans. */
export class BanList {
  readonly #keys = new Map<string, number>();

  /** Bans the peer's id and its listening address, and counts an offence of its address. */
  ban({ peerId, listensOn, host }: Identity): void {
    this.#count(`id ${peerId}`);
    if (listensOn !== undefined) this.#count(`at ${listensOn}`);
    this.#count(`host ${host}`);
  }

  /** Whether a peer is banned, by what is known of it so far. */
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
