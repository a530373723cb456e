/** Who may ask us for blocks: whoever is interested and gets a slot, in a rack that waits for us only its hosts. */

import type { Distance } from "../locality.ts";
import { RackDuty, type RackState } from "./rack_duty.ts";
import { type SlotChange, UploadSlots } from "./upload_slots.ts";

/** Who takes. */
export interface Taker {
  readonly isInterested: boolean;
  readonly distance: Distance;
}

/** What a second has brought, as far as it is not known here. */
export type SecondState = Omit<RackState, "hasTakers" | "sentBytes" | "sentToRackBytes">;

/** See the file's head. Whatever changes for anybody is told to `apply`. */
export class UploadAdmission<T extends Taker> {
  readonly #slots = new UploadSlots<T>();
  readonly #duty = new RackDuty();
  readonly #apply: (change: SlotChange<T>) => void;
  #sentBytes = 0;
  #sentToRackBytes = 0;

  constructor(apply: (change: SlotChange<T>) => void) {
    this.#apply = apply;
  }

  /** What it wants, or where it stands, may have changed. */
  update(taker: T): void {
    const isAdmitted = taker.isInterested && (!this.#duty.isOwing || taker.distance === "rack");
    this.#tell(isAdmitted ? this.#slots.join(taker) : this.#slots.leave(taker));
  }

  /** It has gone. */
  remove(taker: T): void {
    this.#tell(this.#slots.leave(taker).filter((change) => change.taker !== taker));
  }

  /** So much was sent to it. */
  onSent(taker: T, sizeBytes: number): void {
    this.#sentBytes += sizeBytes;
    if (taker.distance === "rack") this.#sentToRackBytes += sizeBytes;
    this.#tell(this.#slots.onSent(taker, sizeBytes));
  }

  /** Once a second, with everybody who is connected. */
  onTick(state: SecondState, takers: Iterable<T>): void {
    const all = [...takers];
    const wasOwing = this.#duty.isOwing;
    const isOwing = this.#duty.onTick({
      ...state,
      hasTakers: all.some(({ isInterested, distance }) => isInterested && distance === "rack"),
      sentBytes: this.#sentBytes,
      sentToRackBytes: this.#sentToRackBytes,
    });
    this.#sentBytes = this.#sentToRackBytes = 0;
    if (isOwing !== wasOwing) { for (const taker of all) this.update(taker); }
  }

  #tell(changes: readonly SlotChange<T>[]): void {
    for (const change of changes) this.#apply(change);
  }
}
