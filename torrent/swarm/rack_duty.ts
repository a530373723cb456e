/**
 * When a gateway sends to its own rack alone. What it fetches across the border is new to its rack, and
 * nobody else can bring it there; other racks have other helpers. So if the rack falls behind, those outside
 * wait, unless the rack does not take what it could have. Pure; fed once a second.
 */

/** What is looked at. */
export interface RackState {
  /** Whether we fetch across the border of the rack, and are not done. */
  readonly isGateway: boolean;
  /** Whether a peer of the rack lacks something that we have. */
  readonly hasTakers: boolean;
  /** What we hold and no peer of the rack does. */
  readonly owedBytes: number;
  readonly pieceBytes: number;
  readonly downloadBytesPerSecond: number;
  /** Sent in this second, to the rack and to everybody. */
  readonly sentToRackBytes: number;
  readonly sentBytes: number;
  readonly seconds: number;
}

/** So much of our download the rack may be behind: what is on its way at any time is less. */
const BEHIND_SECONDS = 0.5;
/** The same in pieces, for small rates. */
const BEHIND_PIECES = 4;
/** With less than this part of what our link has shown, the rack does not take what it could have. */
const TAKEN_PART = 0.2;
/** So many seconds of that are no chance. */
const FUTILE_TICKS = 5;
/** Until the rack gets its next chance. */
const PAUSE_TICKS = 30;
/** Per second: a link that has become slower is known as such within a minute. */
const FORGETTING = 0.98;

/** See the file's head. */
export class RackDuty {
  #isOwing = false;
  #bestBytesPerSecond = 0;
  #futileTicks = 0;
  #pauseTicks = 0;

  /** Whether only the rack is to be sent to. */
  get isOwing(): boolean {
    return this.#isOwing;
  }

  /** So it stands now; returns `isOwing`. */
  onTick(state: RackState): boolean {
    const { sentToRackBytes, sentBytes, seconds } = state;
    this.#bestBytesPerSecond = Math.max(this.#bestBytesPerSecond * FORGETTING, sentBytes / seconds);
    const isTaking = sentToRackBytes / seconds >= TAKEN_PART * this.#bestBytesPerSecond;
    this.#futileTicks = this.#isOwing && !isTaking ? this.#futileTicks + 1 : 0;
    if (this.#futileTicks >= FUTILE_TICKS) this.#pauseTicks = PAUSE_TICKS;
    else if (this.#pauseTicks > 0) this.#pauseTicks--;
    this.#isOwing = state.isGateway && state.hasTakers && this.#pauseTicks === 0 &&
      state.owedBytes > this.#limitBytes(state);
    return this.#isOwing;
  }

  /** Half of it ends what all of it began, so that nobody is choked and let in again every second. */
  #limitBytes({ downloadBytesPerSecond, pieceBytes }: RackState): number {
    const limitBytes = Math.max(
      BEHIND_SECONDS * downloadBytesPerSecond,
      BEHIND_PIECES * pieceBytes,
    );
    return this.#isOwing ? limitBytes / 2 : limitBytes;
  }
}
