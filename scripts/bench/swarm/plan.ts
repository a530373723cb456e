/** The races and their sizes: small enough for two processors, large enough that the start does not matter. */

import type { Course } from "./measure.ts";

const MIB = 1024 * 1024;

/** A race over one network, which all contenders run in turns. */
export interface PlannedRace {
  readonly title: string;
  readonly hostCount: number;
  readonly racksPerSite: number;
  readonly hostBitsPerSecond: number;
  readonly sizeBytes: number;
  readonly course: "together" | "staggered" | "killed gateway" | "slow host";
  /** How often each contender runs. rsync, whose time grows with the number of hosts, runs once. */
  readonly rounds: number;
  readonly withRsync: boolean;
}

/** Two sites, since the traffic between sites is what matters. */
export const SITE_COUNT = 2;

/**
 * How many host links' worth a link of a rack or site carries. With two there is room for a copy for each rack, but not for
 * one for each host.
 */
export const BORDER_FACTOR = 2;

const FULL = { racksPerSite: 4, rounds: 2 } as const;
const SIXTEEN = { ...FULL, hostCount: 16, hostBitsPerSecond: 16e6, sizeBytes: 48 * MIB } as const;
/** Twice the hosts at half the speed, so that the load of the processors stays the same. */
const THIRTY_TWO = { ...FULL, hostCount: 32, hostBitsPerSecond: 8e6, sizeBytes: 24 * MIB } as const;

/** All races: some 75 minutes, of which rsync takes a fifth, although it runs with 16 hosts alone. */
export const FULL_PLAN: readonly PlannedRace[] = [
  { ...SIXTEEN, title: "16 hosts, together", course: "together", withRsync: true },
  { ...THIRTY_TWO, title: "32 hosts, together", course: "together", withRsync: false },
  { ...SIXTEEN, title: "16 hosts, staggered", course: "staggered", withRsync: false },
  { ...SIXTEEN, title: "16 hosts, a gateway killed", course: "killed gateway", withRsync: false },
  { ...SIXTEEN, title: "16 hosts, a slow one", course: "slow host", withRsync: false },
  {
    ...THIRTY_TWO,
    racksPerSite: 2,
    title: "32 hosts in racks of 8",
    course: "together",
    withRsync: false,
  },
  { ...THIRTY_TWO, title: "32 hosts, a slow one", course: "slow host", withRsync: false },
];

/** A short race of less than 50 s, in which the announces at the beginning still matter. */
export const QUICK_PLAN: readonly PlannedRace[] = [{
  title: "6 hosts",
  hostCount: 6,
  racksPerSite: 2,
  hostBitsPerSecond: 40e6,
  sizeBytes: 12 * MIB,
  course: "together",
  rounds: 1,
  withRsync: true,
}];

/** How the hosts of a race start, given the lower bound of its duration. */
export function courseOf(
  { course, racksPerSite }: Pick<PlannedRace, "course" | "racksPerSite">,
  boundSeconds: number,
): Course {
  switch (course) {
    case "together":
      return { kind: "together" };
    case "staggered":
      // The last host starts when the first one should be done.
      return { kind: "staggered", overMs: boundSeconds * 1_000 };
    case "killed gateway":
      // In the middle of the race, when its whole site depends on it.
      return { kind: "killed gateway", afterMs: boundSeconds * 400 };
    case "slow host":
      // The first host of the second site, which would be its gateway.
      return { kind: "slow host", host: `h${racksPerSite}`, share: 0.2 };
  }
}
