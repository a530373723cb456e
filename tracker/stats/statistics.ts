/**
 * What the tracker knows, for people and programs. It is made at most once a second, however often it is asked for, since
 * it visits every peer.
 */

import type { MonotonicClock } from "../../base/clock.ts";
import type { Counters } from "./counters.ts";
import type { HandoutSettings } from "../handout/mod.ts";
import { reportOn, type SwarmReport } from "./swarm_report.ts";
import type { Swarms } from "../swarm/mod.ts";

/** How old an answer may be at least. */
const MAX_AGE_MS = 1000;
/** An answer that took long to make is kept for so many times as long: it visits every peer, and announces have to wait. */
const AGE_PER_WORK = 20;
/** Releases in the statistics, those with most peers first; the others are only counted. */
const MAX_REPORTED = 50;
/** Racks in the statistics, of all releases together; a report on one release lists all of its racks. */
const MAX_RACKS = 2_000;

/** The tracker's statistics; also the answer to `GET /stats.json`. */
export interface TrackerStats {
  readonly upSeconds: number;
  /** Releases that are served; those with most peers are in `swarms`. */
  readonly swarmCount: number;
  readonly peers: number;
  /** Since the statistics before these, HTTP and UDP together. */
  readonly announcesPerSecond: number;
  readonly counters: Readonly<Counters>;
  readonly swarms: readonly SwarmReport[];
}

/** What the statistics are made of. */
export interface StatisticsOptions {
  readonly swarms: Swarms;
  readonly counters: Counters;
  readonly settings: HandoutSettings;
  readonly clock: MonotonicClock;
  /** "service version" of a release. Default: not known. */
  readonly nameOf?: ((infoHash: string) => string | undefined) | undefined;
}

/** One release's report, and when it was made. */
interface DatedReport {
  /** Until when it is handed out. */
  readonly untilMs: number;
  readonly report: SwarmReport;
}

/** Makes the statistics and keeps them for a second. */
export class Statistics {
  readonly #options: StatisticsOptions;
  readonly #beganMs: number;
  #madeMs = -Infinity;
  #untilMs = -Infinity;
  #announces = 0;
  #last: TrackerStats | undefined;
  /** Reports on single releases of the last second; no more than there are swarms, since others get none. */
  readonly #reports = new Map<string, DatedReport>();

  constructor(options: StatisticsOptions) {
    this.#options = options;
    this.#beganMs = options.clock.nowMs();
  }

  /** The statistics, at most a second old. */
  get(): TrackerStats {
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    if (this.#last !== undefined && nowMs < this.#untilMs) return this.#last;
    this.#last = this.#make(nowMs);
    this.#untilMs = this.#keepUntil(nowMs);
    return this.#last;
  }

  /** The report on one release, at most a second old; undefined if it has no peers. */
  find(infoHash: string): SwarmReport | undefined {
    const { clock, swarms, settings, nameOf } = this.#options;
    const nowMs = clock.nowMs();
    const known = this.#reports.get(infoHash);
    if (known !== undefined && nowMs < known.untilMs) return known.report;
    for (const [hash, { untilMs }] of this.#reports) {
      if (nowMs >= untilMs) this.#reports.delete(hash);
    }
    const swarm = swarms.find(infoHash);
    // Members that are due must not be counted; true means that nobody is left.
    if (swarm === undefined || swarm.sweep(nowMs)) return undefined;
    const report = reportOn(swarm, { settings, nowMs, name: nameOf?.(infoHash) });
    this.#reports.set(infoHash, { untilMs: this.#keepUntil(nowMs), report });
    return report;
  }

  #keepUntil(beganMs: number): number {
    const tookMs = this.#options.clock.nowMs() - beganMs;
    return beganMs + Math.max(MAX_AGE_MS, AGE_PER_WORK * tookMs);
  }

  #make(nowMs: number): TrackerStats {
    const { swarms, counters, settings, nameOf } = this.#options;
    swarms.sweep();
    const announces = counters.httpAnnounces + counters.udpAnnounces;
    const seconds = (nowMs - Math.max(this.#madeMs, this.#beganMs)) / 1000;
    const announcesPerSecond = seconds > 0 ? (announces - this.#announces) / seconds : 0;
    this.#announces = announces;
    this.#madeMs = nowMs;
    const all = swarms.all;
    let maxRacks = MAX_RACKS;
    const largest = all.toSorted((left, right) => right.members.size - left.members.size);
    return {
      upSeconds: Math.round((nowMs - this.#beganMs) / 1000),
      swarmCount: all.length,
      peers: swarms.members,
      announcesPerSecond: Math.round(announcesPerSecond * 10) / 10,
      counters: { ...counters },
      swarms: largest.slice(0, MAX_REPORTED).map((swarm) => {
        const name = nameOf?.(swarm.infoHash);
        const report = reportOn(swarm, { settings, nowMs, name, maxRacks });
        for (const { racks } of report.sites) maxRacks -= racks.length;
        return report;
      }),
    };
  }
}
