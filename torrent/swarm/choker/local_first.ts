/**
 * When to serve local peers alone: a gateway its rack, a seed its site. What we hold and no local peer has, nobody else
 * can bring there; peers elsewhere have other helpers, or get it from the local ones later. So while the local peers
 * are behind, all others wait, unless the local ones do not make use of it. Pure; called once a second.
 */

/** What the decision of one second is made from. */
export interface LocalDemand {
  /** Whether local peers depend on us: we fetch across the rack's border and are not done, or we are a seed. */
  readonly isSource: boolean;
  /** Whether a local peer lacks something that we have. */
  readonly hasLocalDownloaders: boolean;
  /** Size of the pieces that we have and no local peer has. */
  readonly missingLocallyBytes: number;
  /** The release's piece length. */
  readonly pieceBytes: number;
  /** What we download ourselves. */
  readonly downloadBytesPerSecond: number;
  /** Sent in this second to local peers. */
  readonly sentLocallyBytes: number;
  /** Sent in this second to all peers. */
  readonly sentBytes: number;
  /** Length of this second; not exactly one if the process was held up. */
  readonly seconds: number;
}

/** Local peers count as behind when they lack more than this many seconds of our download: less is always under way. */
const BEHIND_SECONDS = 0.5;
/** The same as a number of pieces, for downloads so slow that the time above is less than that. */
const BEHIND_PIECES = 4;
/** Local peers that take less than this part of the best rate that our link has shown do not use their priority. */
const USED_PART = 0.2;
/** After this many seconds in a row of not using their priority, the local peers lose it. */
const FUTILE_TICKS = 5;
/** How many seconds the priority is suspended, after which the local peers get another chance. */
const SUSPENDED_TICKS = 30;
/** One second in this many all peers are served: otherwise it would never show what the link can carry. */
const PROBE_TICKS = 20;
/** Factor per second on the best rate seen: a link that has become slower is known as such within a minute. */
const DECAY = 0.98;

/** Decides once a second whether local peers alone are served. */
export class LocalFirst {
  #isActive = false;
  #bestBytesPerSecond = 0;
  #activeTicks = 0;
  #futileTicks = 0;
  #suspendedTicks = 0;

  /** Whether local peers alone are served at present. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** Decides for the next second; returns {@link isActive}. */
  onTick(state: LocalDemand): boolean {
    const { sentLocallyBytes, sentBytes, seconds } = state;
    this.#bestBytesPerSecond = Math.max(this.#bestBytesPerSecond * DECAY, sentBytes / seconds);
    const isUsed = sentLocallyBytes / seconds >= USED_PART * this.#bestBytesPerSecond;
    this.#futileTicks = this.#isActive && !isUsed ? this.#futileTicks + 1 : 0;
    if (this.#futileTicks >= FUTILE_TICKS) this.#suspendedTicks = SUSPENDED_TICKS;
    else if (this.#suspendedTicks > 0) this.#suspendedTicks--;
    const isBehind = state.isSource && state.hasLocalDownloaders && this.#suspendedTicks === 0 &&
      state.missingLocallyBytes > this.#limitBytes(state);
    this.#activeTicks = isBehind ? (this.#activeTicks + 1) % PROBE_TICKS : 0;
    this.#isActive = isBehind && this.#activeTicks !== 0;
    return this.#isActive;
  }

  /**
   * The priority ends at half the backlog at which it began, so that peers are not choked and unchoked every second.
   */
  #limitBytes({ downloadBytesPerSecond, pieceBytes }: LocalDemand): number {
    const limitBytes = Math.max(
      BEHIND_SECONDS * downloadBytesPerSecond,
      BEHIND_PIECES * pieceBytes,
    );
    return this.#activeTicks > 0 ? limitBytes / 2 : limitBytes;
  }
}
