/**
 * What the tracker knows, for people and programs: made at most once a second, whoever asks however
 * often, since it visits every peer.
 */

import type { MonotonicClock } from "../../base/clock.ts";
import type { Counters } from "./counters.ts";
import type { HandoutSettings } from "../handout/handout_settings.ts";
import { reportOn, type SwarmReport } from "./swarm_report.ts";
import type { Swarms } from "../swarm/swarms.ts";

/** So old may an answer be. */
const MAX_AGE_MS = 1000;
/** Releases in one report, those with most peers first; the others are counted. */
const MAX_REPORTED = 50;

/** The tracker at a glance; also at `GET /stats.json`. */
export interface TrackerStats {
  readonly upSeconds: number;
  /** Releases that are served; those with most peers are in `swarms`. */
  readonly swarmCount: number;
  readonly peers: number;
  /** Since the last report, HTTP and UDP together. */
  readonly announcesPerSecond: number;
  readonly counters: Readonly<Counters>;
  readonly swarms: readonly SwarmReport[];
}

/** What the statistics are made of. */
export interface StatisticsOptions {
  readonly swarms: Swarms;
  readonly counters: Counters;
  readonly policy: HandoutSettings;
  readonly clock: MonotonicClock;
  /** What a release is called. */
  readonly nameOf?: ((infoHash: string) => string | undefined) | undefined;
}

/** One release's report, and when it was made. */
interface DatedReport {
  readonly madeMs: number;
  readonly report: SwarmReport;
}

/** See the file's head. */
export class Statistics {
  readonly #options: StatisticsOptions;
  readonly #beganMs: number;
  #madeMs = -Infinity;
  #announces = 0;
  #last: TrackerStats | undefined;
  /** Of single releases, of the last second; no more than there are swarms, since only of those one is made. */
  readonly #reports = new Map<string, DatedReport>();

  constructor(options: StatisticsOptions) {
    this.#options = options;
    this.#beganMs = options.clock.nowMs();
  }

  /** How it stands now, or stood a moment ago. */
  get(): TrackerStats {
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    if (this.#last !== undefined && nowMs - this.#madeMs < MAX_AGE_MS) return this.#last;
    return this.#last = this.#make(nowMs);
  }

  /** One release, however many there are; undefined if it has no peers. */
  find(infoHash: string): SwarmReport | undefined {
    const { clock, swarms, policy, nameOf } = this.#options;
    const nowMs = clock.nowMs();
    const known = this.#reports.get(infoHash);
    if (known !== undefined && nowMs - known.madeMs < MAX_AGE_MS) return known.report;
    for (const [hash, { madeMs }] of this.#reports) {
      if (nowMs - madeMs >= MAX_AGE_MS) this.#reports.delete(hash);
    }
    const swarm = swarms.find(infoHash);
    // Who has been silent for too long is not to be counted; true: nobody is left.
    if (swarm === undefined || swarm.sweep(nowMs)) return undefined;
    const report = reportOn(swarm, { policy, nowMs, name: nameOf?.(infoHash) });
    this.#reports.set(infoHash, { madeMs: nowMs, report });
    return report;
  }

  #make(nowMs: number): TrackerStats {
    const { swarms, counters, policy, nameOf } = this.#options;
    swarms.sweep();
    const announces = counters.httpAnnounces + counters.udpAnnounces;
    const seconds = (nowMs - Math.max(this.#madeMs, this.#beganMs)) / 1000;
    const announcesPerSecond = seconds > 0 ? (announces - this.#announces) / seconds : 0;
    this.#announces = announces;
    this.#madeMs = nowMs;
    const all = swarms.all;
    const largest = all.toSorted((left, right) => right.members.size - left.members.size);
    return {
      upSeconds: Math.round((nowMs - this.#beganMs) / 1000),
      swarmCount: all.length,
      peers: swarms.members,
      announcesPerSecond: Math.round(announcesPerSecond * 10) / 10,
      counters: { ...counters },
      swarms: largest.slice(0, MAX_REPORTED).map((swarm) =>
        reportOn(swarm, { policy, nowMs, name: nameOf?.(swarm.infoHash) })
      ),
    };
  }
}
