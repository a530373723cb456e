/**
 * When a host sends to its own alone: a gateway to its rack, an origin to its site. What it holds and they do not,
 * nobody else can bring there; others have other helpers, or get it from those who get it now. So while they are
 * behind, everybody outside waits, unless they do not take what they could have. Pure; fed once a second.
 */

/** What is looked at. */
export interface LocalDemand {
  /** Whether it depends on us what they get: we fetch across the rack's border and are not done, or are the origin. */
  readonly isSource: boolean;
  /** Whether one of them lacks something that we have. */
  readonly hasTakers: boolean;
  /** What we hold and none of them does. */
  readonly owedBytes: number;
  readonly pieceBytes: number;
  readonly downloadBytesPerSecond: number;
  /** Sent in this second, to them and to everybody. */
  readonly sentHomeBytes: number;
  readonly sentBytes: number;
  readonly seconds: number;
}

/** So much of our download they may be behind: what is on its way at any time is less. */
const BEHIND_SECONDS = 0.5;
/** The same in pieces, for small rates. */
const BEHIND_PIECES = 4;
/** With less than this part of what our link has shown, they do not take what they could have. */
const TAKEN_PART = 0.2;
/** So many seconds of that are no chance. */
const FUTILE_TICKS = 5;
/** Until they get their next chance. */
const PAUSE_TICKS = 30;
/** After so many seconds for them alone there is one for everybody: else what the link can do would never show. */
const PROBE_TICKS = 20;
/** Per second: a link that has become slower is known as such within a minute. */
const FORGETTING = 0.98;

/** See the file's head. */
export class LocalFirst {
  #isOwing = false;
  #bestBytesPerSecond = 0;
  #owingTicks = 0;
  #futileTicks = 0;
  #pauseTicks = 0;

  /** Whether nobody else is to be sent to. */
  get isOwing(): boolean {
    return this.#isOwing;
  }

  /** So it stands now; returns `isOwing`. */
  onTick(state: LocalDemand): boolean {
    const { sentHomeBytes, sentBytes, seconds } = state;
    this.#bestBytesPerSecond = Math.max(this.#bestBytesPerSecond * FORGETTING, sentBytes / seconds);
    const isTaking = sentHomeBytes / seconds >= TAKEN_PART * this.#bestBytesPerSecond;
    this.#futileTicks = this.#isOwing && !isTaking ? this.#futileTicks + 1 : 0;
    if (this.#futileTicks >= FUTILE_TICKS) this.#pauseTicks = PAUSE_TICKS;
    else if (this.#pauseTicks > 0) this.#pauseTicks--;
    const isBehind = state.isSource && state.hasTakers && this.#pauseTicks === 0 &&
      state.owedBytes > this.#limitBytes(state);
    this.#owingTicks = isBehind ? (this.#owingTicks + 1) % PROBE_TICKS : 0;
    this.#isOwing = isBehind && this.#owingTicks !== 0;
    return this.#isOwing;
  }

  /** Half of it ends what all of it began, so that nobody is choked and let in again every second. */
  #limitBytes({ downloadBytesPerSecond, pieceBytes }: LocalDemand): number {
    const limitBytes = Math.max(
      BEHIND_SECONDS * downloadBytesPerSecond,
      BEHIND_PIECES * pieceBytes,
    );
    return this.#owingTicks > 0 ? limitBytes / 2 : limitBytes;
  }
}
