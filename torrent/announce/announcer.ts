/**
 * Keeps one transfer known to its trackers and asks them for peers, until it is stopped. A tracker
 * that is down, dies in mid-reply or talks nonsense is asked again with back-off, the next one of
 * the list first; the transfer goes on with the peers that it has.
 */

import {
  announce,
  type AnnounceReply,
  type AnnounceRequest,
  type AnnounceState,
} from "./announce_request.ts";
import { type Clock, sleep } from "../../base/clock.ts";
import type { Locality } from "../../base/locality.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";

/** After the first failure; doubled by every further one. */
const FIRST_RETRY_MS = 500;
/** A tracker that comes back is found within that time, and fleets do not hammer it until then. */
const MAX_RETRY_MS = 15_000;
/**
 * Hosts that announce to different trackers do not see each other, so whoever was driven to another one
 * goes back to the first that answers; it is tried that often.
 */
const RETURN_MS = 60_000;
/** A farewell that takes longer is not worth waiting for: the tracker forgets us by itself. */
const FAREWELL_MS = 1000;
/** Hosts that began together should not stay in step: intervals vary by up to this part. */
const JITTER = 0.1;

/** What an announcer needs. */
export interface AnnouncerOptions {
  /** In order of preference; without any, nothing is announced. */
  readonly trackers: readonly string[];
  readonly infoHash: string;
  readonly peerId: string;
  readonly port: number;
  readonly locality: Locality;
  /** See `AnnounceRequest.keepsReach`. */
  readonly keepsReach?: boolean | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How the transfer stands now. */
  readonly state: () => AnnounceState;
  /** Whether it has nobody to fetch from: then the tracker is asked as often as it allows. */
  readonly isLonely: () => boolean;
  readonly onReply: (reply: AnnounceReply) => void;
  readonly onFailure: (message: string) => void;
}

/** See the file's head. */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #stop = new AbortController();
  /** Replaced at every turn; aborting it ends the pause between two announces. */
  #pause = new AbortController();
  /** The same for the part of the pause that the tracker does not insist on. */
  #patience = new AbortController();
  #event: "started" | "completed" | undefined = "started";
  #trackerIndex = 0;
  #everReached = false;
  #running: Promise<void> | undefined;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** Begins; to be called once. */
  start(): void {
    if (this.#options.trackers.length > 0) this.#running = this.#run();
  }

  /** Says at once that everything is there. */
  completed(): void {
    // One that was never heard of begins as a seed, which the first announce shows by itself.
    if (this.#event === undefined) this.#event = "completed";
    this.#pause.abort();
  }

  /** Asks for peers as soon as the tracker allows: those that there are do not help. */
  hurry(): void {
    this.#patience.abort();
  }

  /** Ends, and says good-bye if a tracker knows us. It never rejects and takes about a second at most. */
  async stop(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#pause.abort();
    await this.#running;
    if (this.#everReached) await this.#sayFarewell(this.#tracker);
  }

  /** The tracker would otherwise hand us out until it misses us. */
  async #sayFarewell(tracker: string): Promise<void> {
    const signal = AbortSignal.timeout(FAREWELL_MS);
    await announce({ ...this.#request("stopped", signal), tracker }).catch(() => {});
  }

  async #run(): Promise<void> {
    let failures = 0;
    let movedMs = 0;
    /** Where it was announced to before it tried to go back. */
    let left: string | undefined;
    while (!this.#stop.signal.aborted) {
      this.#pause = new AbortController();
      this.#patience = new AbortController();
      let pauseMs: number;
      let minPauseMs: number;
      if (this.#trackerIndex > 0 && this.#options.clock.nowMs() - movedMs >= RETURN_MS) {
        left ??= this.#tracker;
        this.#trackerIndex = 0;
        this.#event ??= "started";
      }
      const event = this.#event;
      try {
        const reply = await announce(this.#request(event, this.#stop.signal));
        failures = 0;
        this.#everReached = true;
        if (this.#event === event) this.#event = undefined;
        this.#options.onReply(reply);
        if (left !== undefined && left !== this.#tracker) await this.#sayFarewell(left);
        left = undefined;
        minPauseMs = reply.minIntervalMs;
        pauseMs = this.#options.isLonely() ? minPauseMs : reply.intervalMs;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        failures++;
        this.#reportFailure(error);
        this.#trackerIndex = (this.#trackerIndex + 1) % this.#options.trackers.length;
        movedMs = this.#options.clock.nowMs();
        pauseMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10), MAX_RETRY_MS);
        minPauseMs = pauseMs;
      }
      const jitter = 1 + JITTER * (2 * this.#options.random() - 1);
      await sleep(this.#options.clock, minPauseMs * jitter, this.#pause.signal);
      const rest = AbortSignal.any([this.#pause.signal, this.#patience.signal]);
      await sleep(this.#options.clock, (pauseMs - minPauseMs) * jitter, rest);
    }
  }

  #reportFailure(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#options.log.debug("announce of {infoHash} to {tracker} failed: {message}", {
      infoHash: this.#options.infoHash,
      tracker: this.#tracker,
      message,
    });
    this.#options.onFailure(`announce to ${this.#tracker}: ${message}`);
  }

  get #tracker(): string {
    return this.#options.trackers[this.#trackerIndex] ?? "";
  }

  #request(
    event: "started" | "completed" | "stopped" | undefined,
    signal: AbortSignal,
  ): AnnounceRequest {
    const { infoHash, peerId, port, locality, keepsReach } = this.#options;
    return {
      tracker: this.#tracker,
      infoHash,
      peerId,
      port,
      locality,
      keepsReach,
      ...this.#options.state(),
      ...(event === undefined ? {} : { event }),
      signal,
    };
  }
}
