/** What is raced, with which sizes: small enough for two processors, large enough that beginnings do not count. */

import type { Course } from "./measure.ts";

const MIB = 1024 * 1024;

/** Races over one network, all contenders in turns. */
export interface PlannedRace {
  readonly title: string;
  readonly hostCount: number;
  readonly racksPerSite: number;
  readonly hostBitsPerSecond: number;
  readonly sizeBytes: number;
  readonly course: "together" | "staggered" | "killed gateway";
  /** How often each contender runs; rsync, which takes longer as many times as there are hosts, runs once. */
  readonly rounds: number;
  readonly withRsync: boolean;
}

/** Two: what crosses between them is what matters. */
export const SITE_COUNT = 2;

/**
 * Links between racks and sites carry two hosts' worth, as in data centers that are built for neighbours: enough for a
 * copy each, not for everybody's.
 */
export const BORDER_FACTOR = 2;

const FULL = { racksPerSite: 4, rounds: 2 } as const;
const SIXTEEN = { ...FULL, hostCount: 16, hostBitsPerSecond: 16e6, sizeBytes: 48 * MIB } as const;
/** Twice the hosts at half the speed: the processors have as much to do. */
const THIRTY_TWO = { ...FULL, hostCount: 32, hostBitsPerSecond: 8e6, sizeBytes: 24 * MIB } as const;

/** All of it: some 35 minutes, a fifth of them rsync's, which runs at 16 hosts alone. */
export const FULL_PLAN: readonly PlannedRace[] = [
  { ...SIXTEEN, title: "16 hosts, together", course: "together", withRsync: true },
  { ...THIRTY_TWO, title: "32 hosts, together", course: "together", withRsync: false },
  { ...SIXTEEN, title: "16 hosts, staggered", course: "staggered", withRsync: false },
  { ...SIXTEEN, title: "16 hosts, a gateway killed", course: "killed gateway", withRsync: false },
];

/** A look within 50 s: the announces at the beginning still count for much. */
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

/** How the hosts of a race begin, given how long the fastest takes. */
export function courseOf(course: PlannedRace["course"], boundSeconds: number): Course {
  switch (course) {
    case "together":
      return { kind: "together" };
    case "staggered":
      // The last one begins when the first should be done.
      return { kind: "staggered", overMs: boundSeconds * 1_000 };
    case "killed gateway":
      // In the middle, when everybody depends on it.
      return { kind: "killed gateway", afterMs: boundSeconds * 400 };
  }
}
