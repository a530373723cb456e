/**
 * Announces one transfer to its trackers and asks them for peers, until it is stopped. After a tracker that is down, dies
 * in the middle of a reply or replies with nonsense, the next one of the list is asked, with back-off; the transfer goes
 * on with the peers that it has.
 */

import { reasonOf } from "../../base/reason.ts";
import {
  announce,
  AnnounceRefused,
  type AnnounceReply,
  type AnnounceRequest,
  type AnnounceState,
} from "./announce_request.ts";
import { type Clock, sleep } from "../../base/clock.ts";
import type { Locality } from "../../base/locality.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";

/** The pause after the first failure; doubled after every further one. */
const FIRST_RETRY_MS = 500;
/** The longest pause: a tracker that comes back is found within it, and a fleet does not overload it. */
const MAX_RETRY_MS = 15_000;
/**
 * How often an announcer that had to go to a later tracker tries the first one of the list again: hosts that announce to
 * different trackers do not see each other.
 */
const RETURN_MS = 60_000;
/** The longest wait for the reply to "stopped": without it the tracker forgets us by itself. */
const STOPPED_DEADLINE_MS = 1000;
/** Intervals vary at random by up to this share, so that hosts that began together do not stay in step. */
const JITTER = 0.1;

/** What an announcer needs. */
export interface AnnouncerOptions {
  /** Announce URLs in order of preference; without any, nothing is announced. */
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
  /** The transfer's state now. */
  readonly state: () => AnnounceState;
  /** Whether the transfer has nobody to fetch from; then the tracker is asked as often as it allows. */
  readonly hasNoPeers: () => boolean;
  readonly onReply: (reply: AnnounceReply) => void;
  /** Called after an announce that failed. */
  readonly onFailure: (failure: AnnounceFailure) => void;
}

/** An announce that has failed. */
export interface AnnounceFailure {
  /** The tracker and the reason, for people. */
  readonly message: string;
  /** Whether the tracker has answered, and does not take this announce. */
  readonly isRefusal: boolean;
  /** How many have failed in a row, at whichever tracker. */
  readonly failures: number;
}

/** How the trackers of a transfer answer at present. */
export type AnnounceStanding =
  /** The first question is under way. */
  | { readonly kind: "asking"; readonly url: string }
  /** That many peers were named by the last answer. */
  | { readonly kind: "answered"; readonly url: string; readonly peerCount: number }
  /** None has answered since, by this machine's clock. */
  | { readonly kind: "failing"; readonly message: string; readonly sinceWallMs: number };

/** Announces one transfer until it is stopped. */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #stop = new AbortController();
  /** Aborting it ends the pause between two announces; replaced at every turn. */
  #pause = new AbortController();
  /** The same for the part of the pause that the tracker does not require. */
  #optionalPause = new AbortController();
  #event: "started" | "completed" | undefined = "started";
  #trackerIndex = 0;
  #everReached = false;
  #standing: AnnounceStanding | null = null;
  #running: Promise<void> | undefined;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** Begins to announce; to be called once. */
  start(): void {
    if (this.#options.trackers.length === 0) return;
    this.#standing = { kind: "asking", url: this.#tracker };
    this.#running = this.#run();
  }

  /** How the trackers answer; `null`: there is none to ask. */
  get standing(): AnnounceStanding | null {
    return this.#standing;
  }

  /** Announces at once that the transfer is complete. */
  completed(): void {
    // Before the first announce there is nothing to complete: it announces a seed from the start.
    if (this.#event === undefined) this.#event = "completed";
    this.#pause.abort();
  }

  /** Announces as soon as the tracker allows, because more peers are needed. */
  announceSoon(): void {
    this.#optionalPause.abort();
  }

  /** Ends, and announces "stopped" if a tracker knows us. It never rejects and takes about a second at most. */
  async stop(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#pause.abort();
    await this.#running;
    if (this.#everReached) await this.#announceStopped(this.#tracker);
  }

  /** Without it the tracker would hand us out until our time-out. */
  async #announceStopped(tracker: string): Promise<void> {
    const signal = AbortSignal.timeout(STOPPED_DEADLINE_MS);
    await announce({ ...this.#request("stopped", signal), tracker }).catch(() => {});
  }

  async #run(): Promise<void> {
    let failures = 0;
    let movedMs = 0;
    /** The tracker that was announced to before the first one was tried again. */
    let formerTracker: string | undefined;
    while (!this.#stop.signal.aborted) {
      this.#pause = new AbortController();
      this.#optionalPause = new AbortController();
      let pauseMs: number;
      let minPauseMs: number;
      if (this.#trackerIndex > 0 && this.#options.clock.nowMs() - movedMs >= RETURN_MS) {
        formerTracker ??= this.#tracker;
        this.#trackerIndex = 0;
        this.#event ??= "started";
      }
      const event = this.#event;
      try {
        const reply = await announce(this.#request(event, this.#stop.signal));
        failures = 0;
        this.#everReached = true;
        if (this.#event === event) this.#event = undefined;
        const peerCount = reply.peers.length;
        this.#standing = { kind: "answered", url: this.#tracker, peerCount };
        this.#options.onReply(reply);
        if (formerTracker !== undefined && formerTracker !== this.#tracker) {
          await this.#announceStopped(formerTracker);
        }
        formerTracker = undefined;
        minPauseMs = reply.minIntervalMs;
        pauseMs = this.#options.hasNoPeers() ? minPauseMs : reply.intervalMs;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        failures++;
        this.#reportFailure(error, failures);
        this.#trackerIndex = (this.#trackerIndex + 1) % this.#options.trackers.length;
        movedMs = this.#options.clock.nowMs();
        pauseMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10), MAX_RETRY_MS);
        minPauseMs = pauseMs;
      }
      const jitter = 1 + JITTER * (2 * this.#options.random() - 1);
      await sleep(this.#options.clock, minPauseMs * jitter, this.#pause.signal);
      const rest = AbortSignal.any([this.#pause.signal, this.#optionalPause.signal]);
      await sleep(this.#options.clock, (pauseMs - minPauseMs) * jitter, rest);
    }
  }

  #reportFailure(error: unknown, failures: number): void {
    const message = reasonOf(error);
    this.#options.log.debug("announce of {infoHash} to {tracker} failed: {message}", {
      infoHash: this.#options.infoHash,
      tracker: this.#tracker,
      message,
    });
    const described = `announce to ${this.#tracker}: ${message}`;
    const sinceWallMs = this.#standing?.kind === "failing"
      ? this.#standing.sinceWallMs
      : this.#options.clock.wallTimeMs();
    this.#standing = { kind: "failing", message: described, sinceWallMs };
    const isRefusal = error instanceof AnnounceRefused;
    this.#options.onFailure({ message: described, isRefusal, failures });
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
