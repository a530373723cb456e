/**
 * Asks trackers how the fleet's releases spread. Which trackers is said in ZooKeeper, with each release.
 *
 * @module
 */

import type { Fleet, FleetRelease, FleetService } from "../../coordination/mod.ts";
import { askTracker, type ReleaseReport } from "./tracker_client.ts";

/** How one release spreads: a report, or why there is none. */
export interface Distribution {
  readonly service: string;
  readonly version: string;
  /** 40 hexadecimal digits. */
  readonly infoHash: string;
  /** Whose report it is, such as `http://tracker:8000`; `null`: no tracker has one. */
  readonly tracker: string | null;
  readonly report: ReleaseReport | null;
  /** Why there is no report, in words for an operator. */
  readonly problem: string | null;
}

/** How to ask. */
export interface AskOptions {
  /** Announce URLs in place of those that the releases name. Default: none. */
  readonly trackers?: readonly string[];
  /** Ends it early. Default: only time does. */
  readonly signal?: AbortSignal;
}

/** Releases that are asked for at once: more than anybody reads, few enough to be one burst of small requests. */
const MAX_RELEASES = 32;

/** Trackers of one release that are asked; a feed names no more. */
const MAX_TRACKERS = 4;

/**
 * Asks for those releases that hosts fetch, or for the newest of a service where none does. Takes little longer than
 * one tracker may take to answer; never rejects.
 */
export async function askDistributions(
  fleet: Fleet,
  options: AskOptions = {},
): Promise<readonly Distribution[]> {
  return await Promise.all(releasesToAsk(fleet).map((asked) => askForRelease(asked, options)));
}

interface AskedRelease extends FleetRelease {
  readonly service: string;
}

/** Those that are being fetched first; the rest is left out above the limit. */
export function releasesToAsk({ services }: Fleet): AskedRelease[] {
  const fetched: AskedRelease[] = [];
  const newest: AskedRelease[] = [];
  for (const [service, entry] of Object.entries(services)) {
    const releases = entry.releases.filter(({ sizeBytes }) => sizeBytes > 0);
    const moving = releases.filter(({ version }) => isFetched(version, entry));
    fetched.push(...moving.map((release) => ({ ...release, service })));
    if (moving.length === 0) {
      newest.push(...releases.slice(0, 1).map((release) => ({ ...release, service })));
    }
  }
  return [...fetched, ...newest].slice(0, MAX_RELEASES);
}

function isFetched(version: string, { hosts }: FleetService): boolean {
  return hosts.some(({ online, preparation }) =>
    online && preparation?.version === version && preparation.phase === "fetching"
  );
}

async function askForRelease(
  { service, version, infoHash, trackers: named }: AskedRelease,
  { trackers = [], signal }: AskOptions,
): Promise<Distribution> {
  const release = { service, version, infoHash };
  const asked = (trackers.length > 0 ? trackers : named).slice(0, MAX_TRACKERS);
  if (asked.length === 0) {
    const problem = "its entry names no tracker to ask how it spreads; give --tracker URL";
    return { ...release, tracker: null, report: null, problem };
  }
  // Hosts announce to the first that answers, so the first that knows it has the whole; all are asked at once, so
  // that those that are away cost one wait and not one each.
  const ending = new AbortController();
  const signals = AbortSignal.any(signal === undefined ? [ending.signal] : [signal, ending.signal]);
  const answers = asked.map((url) => askTracker(url, infoHash, signals));
  const problems: string[] = [];
  try {
    for (const answering of answers) {
      const answer = await answering;
      if (answer.ok) {
        return { ...release, tracker: answer.tracker, report: answer.report, problem: null };
      }
      problems.push(answer.problem);
    }
  } finally {
    ending.abort();
    await Promise.all(answers);
  }
  const problem = `no report of how it spreads: tracker ${[...new Set(problems)].join("; ")}`;
  return { ...release, tracker: null, report: null, problem };
}
