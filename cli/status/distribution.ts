/**
 * Asks trackers how the fleet's releases spread. The release's offer in ZooKeeper names the trackers to ask.
 *
 * @module
 */

import type { Fleet, FleetRelease, FleetService } from "../../coordination/mod.ts";
import { askTracker, type ReleaseReport } from "./tracker_client.ts";

/** How one release spreads: its tracker's report, or why there is none. */
export interface Distribution {
  readonly service: string;
  readonly version: string;
  /** 40 hexadecimal digits. */
  readonly infoHash: string;
  /** The tracker that gave the report, such as `http://tracker:8000`; `null`: none did. */
  readonly tracker: string | null;
  readonly report: ReleaseReport | null;
  /** Why there is no report, in words for an operator. */
  readonly problem: string | null;
}

/** Options of {@link askDistributions}. */
export interface AskOptions {
  /** Announce URLs in place of those that the releases name. Default: none. */
  readonly trackers?: readonly string[];
  /** Aborts the requests. Default: they end by their time limit alone. */
  readonly signal?: AbortSignal;
}

/** The most releases that are asked for at once: more than anybody reads, and few enough for one burst of small requests. */
const MAX_RELEASES = 32;

/** The most trackers that are asked about one release; a feed names no more. */
const MAX_TRACKERS = 4;

/**
 * Asks for the releases that hosts fetch, and for the newest one of a service of which nobody fetches any. It takes little
 * longer than one tracker may take to answer, and never rejects.
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

/** Which releases to ask for: those that are being fetched come first, and what is above the limit is left out. */
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
  // Hosts announce to the first tracker that answers, so the first one that knows the release knows all its peers. All are
  // asked at once, so that trackers that do not answer cost one wait together and not one each.
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
