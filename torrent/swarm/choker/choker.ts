/** Who may ask us for blocks: whoever is interested and gets a slot; while our own wait for us, they alone. */

import { type Distance, isWithin, type Locality } from "../../../base/locality.ts";
import { type LocalDemand, LocalFirst } from "./local_first.ts";
import { type SlotChange, UploadSlots } from "./upload_slots.ts";

/** Who takes. */
export interface Downloader {
  readonly isInterested: boolean;
  readonly distance: Distance;
  /** Where it stands, if it has said so. */
  readonly locality: Locality | undefined;
}

/** What a second has brought, as far as it is not known here. */
export type SecondState = Omit<LocalDemand, "hasTakers" | "sentBytes" | "sentHomeBytes">;

/** See the file's head. Whatever changes for anybody is told to `apply`. */
export class Choker<T extends Downloader> {
  readonly #slots = new UploadSlots<T>();
  readonly #duty = new LocalFirst();
  readonly #home: "rack" | "site";
  readonly #apply: (change: SlotChange<T>) => void;
  #sentBytes = 0;
  #sentHomeBytes = 0;

  /** `home`: who our own are. */
  constructor(home: "rack" | "site", apply: (change: SlotChange<T>) => void) {
    this.#home = home;
    this.#apply = apply;
  }

  /** What it wants, or where it stands, may have changed. */
  update(taker: T): void {
    const isAdmitted = taker.isInterested && (!this.#duty.isOwing || !this.#isOutside(taker));
    this.#tell(isAdmitted ? this.#slots.join(taker) : this.#slots.leave(taker));
  }

  /** It has gone. */
  remove(taker: T): void {
    this.#tell(this.#slots.leave(taker).filter((change) => change.taker !== taker));
  }

  /** So much was sent to it. */
  onSent(taker: T, sizeBytes: number): void {
    this.#sentBytes += sizeBytes;
    if (this.#isAtHome(taker)) this.#sentHomeBytes += sizeBytes;
    this.#tell(this.#slots.onSent(taker, sizeBytes));
  }

  /** Once a second, with everybody who is connected. */
  onTick(state: SecondState, takers: Iterable<T>): void {
    const all = [...takers];
    const wasOwing = this.#duty.isOwing;
    const isOwing = this.#duty.onTick({
      ...state,
      hasTakers: all.some((taker) => taker.isInterested && this.#isAtHome(taker)),
      sentBytes: this.#sentBytes,
      sentHomeBytes: this.#sentHomeBytes,
    });
    this.#sentBytes = this.#sentHomeBytes = 0;
    if (isOwing !== wasOwing) { for (const taker of all) this.update(taker); }
  }

  #isAtHome({ distance }: T): boolean {
    return isWithin(this.#home, distance);
  }

  /** An origin does not let those wait who do not say where they stand: it may be all that they have. */
  #isOutside(taker: T): boolean {
    return !this.#isAtHome(taker) && (this.#home === "rack" || taker.locality !== undefined);
  }

  #tell(changes: readonly SlotChange<T>[]): void {
    for (const change of changes) this.#apply(change);
  }
}
