/**
 * How many bytes may be asked for and not yet here, per peer: bandwidth × delay, within bounds. Too
 * few leave the connection idle between an answer and the next request; too many tie pieces to a peer
 * that others could have brought, and wait in queues that all share. So it is steered by how long an
 * answer takes, of which one request at a time is a probe. Pure.
 */

import type { Distance } from "../../../base/locality.ts";
import { BLOCK_BYTES } from "../wire/messages.ts";

/** Enough to see that a peer has become faster. */
export const MIN_WINDOW_BYTES = 4 * BLOCK_BYTES;
/** For a peer that has not shown anything yet: a tenth of a second at 20 Mbit/s. */
const FIRST_WINDOW_BYTES = 256 * 1024;
/**
 * By distance. Within a data center a round trip takes well below a millisecond, and 2 MiB take 1.7 ms
 * at 10 Gbit/s: more was slower on loopback (it no longer fits the processor's cache), and made a
 * seeder send the same pieces more often (1.9 instead of 1.2 copies to eight hosts). Between sites it
 * is tens of milliseconds: 16 MiB fill 1 Gbit/s at 100 ms.
 */
const MAX_WINDOW_BYTES: Readonly<Record<Distance, number>> = {
  rack: 2 * 1024 * 1024,
  site: 2 * 1024 * 1024,
  remote: 16 * 1024 * 1024,
};
/**
 * So long an answer may take. Queues of full links, in both directions, and a process that was busy with something else
 * are within it: with less, a host that sends all it can would never get to fetch at full speed. Between sites the
 * longest way round comes on top.
 */
const DELAY_MS: Readonly<Record<Distance, number>> = { rack: 400, site: 400, remote: 800 };
/** An answer that came at once doubles the window, a late one takes at most half of it. */
const MOST_GROWTH = 1;
const MOST_LOSS = -0.5;
/** A window of which less was in use says nothing about another one. */
const IN_USE = 0.5;
/** A probe that was withdrawn never comes back; the next one takes its place. */
const LOST_PROBE_MS = 30_000;

/** Of the rate: weight of the last second, so that the average follows within about three. */
const SMOOTHING = 0.5;
/** Per second; what a peer has shown half a minute ago still counts for half. */
const FORGETTING = 0.98;

interface Probe {
  readonly request: unknown;
  readonly askedMs: number;
  /** The most that was out since. */
  mostBytes: number;
  arrivedBytes: number;
}

/** See the file's head. */
export class RequestWindow {
  distance: Distance = "remote";
  #limitBytes = FIRST_WINDOW_BYTES;
  #probe: Probe | undefined;
  #sinceTickBytes = 0;
  #bytesPerSecond = 0;
  #bestBytesPerSecond = 0;

  /** The most to have asked for at a time. */
  get limitBytes(): number {
    return Math.min(this.#limitBytes, MAX_WINDOW_BYTES[this.distance]);
  }

  /** Averaged over the last seconds. */
  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  /** The most that was seen, slowly forgotten. */
  get bestBytesPerSecond(): number {
    return this.#bestBytesPerSecond;
  }

  /** That was asked for; with it so many bytes are out. */
  onAsked(request: unknown, outstandingBytes: number, nowMs: number): void {
    const probe = this.#probe;
    if (probe !== undefined && nowMs - probe.askedMs < LOST_PROBE_MS) {
      probe.mostBytes = Math.max(probe.mostBytes, outstandingBytes);
      return;
    }
    this.#probe = { request, askedMs: nowMs, mostBytes: outstandingBytes, arrivedBytes: 0 };
  }

  /** Bytes of blocks have arrived. */
  onBytes(sizeBytes: number): void {
    this.#sinceTickBytes += sizeBytes;
    if (this.#probe !== undefined) this.#probe.arrivedBytes += sizeBytes;
  }

  /** That is here in full. */
  onAnswered(request: unknown, nowMs: number): void {
    const probe = this.#probe;
    if (probe === undefined || probe.request !== request) return;
    this.#probe = undefined;
    if (probe.mostBytes < IN_USE * this.limitBytes) return;
    const change = DELAY_MS[this.distance] / Math.max(nowMs - probe.askedMs, 1) - 1;
    // What came in meanwhile is about one window: so it doubles per round trip.
    const bytes = probe.arrivedBytes * Math.max(Math.min(change, MOST_GROWTH), MOST_LOSS);
    this.#limitBytes = Math.min(
      Math.max(this.limitBytes + bytes, MIN_WINDOW_BYTES),
      MAX_WINDOW_BYTES[this.distance],
    );
  }

  /** So much time has passed since the last call. */
  onTick(seconds: number): void {
    const bytesPerSecond = this.#sinceTickBytes / seconds;
    this.#sinceTickBytes = 0;
    this.#bytesPerSecond += SMOOTHING * (bytesPerSecond - this.#bytesPerSecond);
    this.#bestBytesPerSecond = Math.max(
      this.#bestBytesPerSecond * FORGETTING,
      this.#bytesPerSecond,
    );
  }

  /** The peer has not answered for long: only enough to see when it comes back. */
  onStall(): void {
    this.#limitBytes = MIN_WINDOW_BYTES;
    this.#probe = undefined;
    this.#bytesPerSecond = 0;
    this.#sinceTickBytes = 0;
  }
}
