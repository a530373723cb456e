/**
 * This room limits bandwidth: `rate_schedule.ts` says which rates hold at a time of day, this file keeps them with
 * token buckets for the whole host (in all and by distance, each direction for itself), and `peer_allowance.ts` is one
 * peer's use of them. Who sends what, and to whom, is not decided here.
 */

import { type Clock, sleep, systemClock } from "../../../base/clock.ts";
import type { Distance } from "../../../base/locality.ts";
import {
  type BandwidthLimits,
  type Direction,
  isLimiting,
  limitsAt,
  type Rates,
} from "./rate_schedule.ts";
import { TokenBucket } from "./token_bucket.ts";

/**
 * How often the schedule is looked up: a limit begins or ends at most this late, also on a machine whose clock is set
 * right meanwhile.
 */
const SCHEDULE_INTERVAL_MS = 10_000;

/** The longest sleep at a time, so that a waiter notices soon that a limit was lifted. */
const LONGEST_SLEEP_MS = 1_000;

/** Added to a sleep, which may end early by less than this: else a waiter could sleep again for a rounding error. */
const TIMER_SLACK_MS = 1;

/** What {@link RateLimits} is made from. */
export interface RateLimitsOptions {
  /** Default: no limits. */
  readonly limits?: BandwidthLimits;
  /** Default: the system's. The schedule uses its wall time in the local time zone. */
  readonly clock?: Clock;
}

interface Buckets {
  readonly total: TokenBucket;
  readonly classes: Readonly<Record<Distance, TokenBucket>>;
}

/**
 * The limits of one host, shared by all its transfers. Bytes are spent from two buckets, the total one and the one of
 * their distance, and may go when both have enough. Waiters form a queue: what was spent first goes first, so that a
 * large request is not overtaken for ever by small ones.
 */
export class RateLimits {
  readonly #limits: BandwidthLimits;
  readonly #clock: Clock;
  readonly #up: Buckets;
  readonly #down: Buckets;
  #nextLookMs = -Infinity;

  /** Whether there is any limit at any time. False: {@link wait} need not be called. */
  readonly isLimiting: boolean;

  constructor({ limits = {}, clock = systemClock }: RateLimitsOptions = {}) {
    this.#limits = limits;
    this.#clock = clock;
    this.isLimiting = isLimiting(limits);
    const nowMs = clock.nowMs();
    this.#up = newBuckets(nowMs);
    this.#down = newBuckets(nowMs);
    this.#follow();
  }

  /**
   * How many bytes may go now without a wait: Infinity without a limit, 0 or less while others wait. Costs one
   * comparison if the host has no limits.
   */
  allowance(direction: Direction, distance: Distance): number {
    if (!this.isLimiting) return Infinity;
    const nowMs = this.#follow();
    const { total, classes } = this.#bucketsOf(direction);
    return Math.min(total.level(nowMs), classes[distance].level(nowMs));
  }

  /** Counts bytes that go now, whether or not the allowance covers them; what exceeds it delays later ones. */
  spend(direction: Direction, distance: Distance, sizeBytes: number): void {
    if (!this.isLimiting) return;
    const nowMs = this.#follow();
    const { total, classes } = this.#bucketsOf(direction);
    total.spend(sizeBytes, nowMs);
    classes[distance].spend(sizeBytes, nowMs);
  }

  /**
   * Spends the bytes and resolves with true when they may go. When the signal is aborted before that, the bytes are
   * given back and the result is false. Returns undefined, without a promise, if they may go now.
   */
  wait(
    direction: Direction,
    distance: Distance,
    options: { readonly sizeBytes: number; readonly signal?: AbortSignal },
  ): Promise<boolean> | undefined {
    if (!this.isLimiting) return undefined;
    const { sizeBytes, signal } = options;
    const nowMs = this.#follow();
    const { total, classes } = this.#bucketsOf(direction);
    const buckets = [total, classes[distance]];
    const tickets = buckets.map((bucket) => bucket.spend(sizeBytes, nowMs));
    const remainingMs = (atMs: number) =>
      Math.max(...buckets.map((bucket, place) => bucket.waitMs(tickets[place]!, atMs)));
    if (remainingMs(nowMs) === 0) return undefined;
    return this.#sleepUntil(remainingMs, signal).then((paid) => {
      if (!paid) { for (const bucket of buckets) bucket.giveBack(sizeBytes); }
      return paid;
    });
  }

  async #sleepUntil(
    remainingMs: (nowMs: number) => number,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    for (;;) {
      if (signal?.aborted === true) return false;
      const leftMs = remainingMs(this.#follow());
      if (leftMs === 0) return true;
      await sleep(this.#clock, Math.min(leftMs + TIMER_SLACK_MS, LONGEST_SLEEP_MS), signal);
    }
  }

  /** Sets the rates that hold now. @returns the clock's time. */
  #follow(): number {
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#nextLookMs) return nowMs;
    this.#nextLookMs = nowMs + SCHEDULE_INTERVAL_MS;
    const { up, down } = limitsAt(this.#limits, new Date(this.#clock.wallTimeMs()));
    setRates(this.#up, up, nowMs);
    setRates(this.#down, down, nowMs);
    return nowMs;
  }

  #bucketsOf(direction: Direction): Buckets {
    return direction === "up" ? this.#up : this.#down;
  }
}

function newBuckets(nowMs: number): Buckets {
  const newBucket = () => new TokenBucket(nowMs);
  return {
    total: newBucket(),
    classes: { rack: newBucket(), site: newBucket(), remote: newBucket() },
  };
}

function setRates({ total, classes }: Buckets, rates: Rates, nowMs: number): void {
  total.setRate(rates.total ?? Infinity, nowMs);
  classes.rack.setRate(rates.rack ?? Infinity, nowMs);
  classes.site.setRate(rates.site ?? Infinity, nowMs);
  classes.remote.setRate(rates.remote ?? Infinity, nowMs);
}
