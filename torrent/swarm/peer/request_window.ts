/**
 * The request window: how many bytes one peer may be asked for at a time, which is bandwidth × delay within bounds.
 * With too few the connection is idle between an answer and the next request; too many tie pieces to a peer that others
 * could have brought, and wait in queues that all connections share. The window is steered by the delay of answers, of
 * which one request at a time is a probe. Pure.
 */

import type { Distance } from "../../../base/locality.ts";
import { BLOCK_BYTES } from "../wire/messages.ts";

/** Smallest window: enough to notice that a peer has become faster. */
export const MIN_WINDOW_BYTES = 4 * BLOCK_BYTES;
/** Window of a peer whose rate is not known yet: a tenth of a second at 20 Mbit/s. */
const FIRST_WINDOW_BYTES = 256 * 1024;
/**
 * Largest window by distance. Within a data center a round trip takes well below a millisecond, and 2 MiB take 1.7 ms
 * at 10 Gbit/s: more was slower on loopback (it no longer fits the processor's cache), and made a seed send the same
 * pieces more often (1.9 instead of 1.2 copies to eight hosts). Between sites a round trip takes tens of milliseconds:
 * 16 MiB fill 1 Gbit/s at 100 ms.
 */
const MAX_WINDOW_BYTES: Readonly<Record<Distance, number>> = {
  rack: 2 * 1024 * 1024,
  site: 2 * 1024 * 1024,
  remote: 16 * 1024 * 1024,
};
/**
 * The delay of answers that the window is steered to. It covers the queues of full links in both directions and a
 * process that is busy with something else: with less, a host that sends all it can would never fetch at full speed.
 * Between sites the longest round trip comes on top.
 */
const DELAY_MS: Readonly<Record<Distance, number>> = { rack: 400, site: 400, remote: 800 };
/** An immediate answer doubles the window. */
const MAX_GROWTH = 1;
/** A late answer halves it at most. */
const MAX_SHRINK = -0.5;
/** An answer says nothing about the window if less than this part of it was in use. */
const MIN_USED_PART = 0.5;
/** A probe whose request was cancelled is never answered: after this time the next one takes its place. */
const LOST_PROBE_MS = 30_000;

/** Weight of the last second in the average rate, which so follows within about three seconds. */
const SMOOTHING = 0.5;
/** Factor per second on the best rate: what a peer has shown half a minute ago still counts for half. */
const DECAY = 0.98;

/** The request whose answer is timed. */
interface Probe {
  readonly request: unknown;
  readonly sentMs: number;
  /** The most bytes that were outstanding since then. */
  mostOutstandingBytes: number;
  /** Bytes that have arrived since then. */
  arrivedBytes: number;
}

/** The request window of one peer. */
export class RequestWindow {
  /** How far away the peer is; it decides the largest window and the delay. */
  distance: Distance = "remote";
  #limitBytes = FIRST_WINDOW_BYTES;
  #probe: Probe | undefined;
  #sinceTickBytes = 0;
  #bytesPerSecond = 0;
  #bestBytesPerSecond = 0;

  /** How many bytes may be outstanding at a time. */
  get limitBytes(): number {
    return Math.min(this.#limitBytes, MAX_WINDOW_BYTES[this.distance]);
  }

  /** The peer's rate, averaged over the last seconds. */
  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  /** The best rate that was seen, decaying slowly. */
  get bestBytesPerSecond(): number {
    return this.#bestBytesPerSecond;
  }

  /** A request was sent, with which `outstandingBytes` are outstanding. */
  onRequested(request: unknown, outstandingBytes: number, nowMs: number): void {
    const probe = this.#probe;
    if (probe !== undefined && nowMs - probe.sentMs < LOST_PROBE_MS) {
      probe.mostOutstandingBytes = Math.max(probe.mostOutstandingBytes, outstandingBytes);
      return;
    }
    this.#probe = {
      request,
      sentMs: nowMs,
      mostOutstandingBytes: outstandingBytes,
      arrivedBytes: 0,
    };
  }

  /** Counts bytes of blocks that have arrived. */
  onBytes(sizeBytes: number): void {
    this.#sinceTickBytes += sizeBytes;
    if (this.#probe !== undefined) this.#probe.arrivedBytes += sizeBytes;
  }

  /** Ends the measurement if this request, which was answered in full, is the one that it times. */
  onAnswered(request: unknown, nowMs: number): void {
    const probe = this.#probe;
    if (probe === undefined || probe.request !== request) return;
    this.#probe = undefined;
    if (probe.mostOutstandingBytes < MIN_USED_PART * this.limitBytes) return;
    const change = DELAY_MS[this.distance] / Math.max(nowMs - probe.sentMs, 1) - 1;
    // What has arrived meanwhile is about one window, so the window at most doubles per round trip.
    const bytes = probe.arrivedBytes * Math.max(Math.min(change, MAX_GROWTH), MAX_SHRINK);
    this.#limitBytes = Math.min(
      Math.max(this.limitBytes + bytes, MIN_WINDOW_BYTES),
      MAX_WINDOW_BYTES[this.distance],
    );
  }

  /** Updates the rates; `seconds` have passed since the last call. */
  onTick(seconds: number): void {
    const bytesPerSecond = this.#sinceTickBytes / seconds;
    this.#sinceTickBytes = 0;
    this.#bytesPerSecond += SMOOTHING * (bytesPerSecond - this.#bytesPerSecond);
    this.#bestBytesPerSecond = Math.max(
      this.#bestBytesPerSecond * DECAY,
      this.#bytesPerSecond,
    );
  }

  /** The peer has stalled: the smallest window suffices to notice when it goes on. */
  onStall(): void {
    this.#limitBytes = MIN_WINDOW_BYTES;
    this.#probe = undefined;
    this.#bytesPerSecond = 0;
    this.#sinceTickBytes = 0;
  }
}
