/** The trackers that are compared: Rollcall's as it is, and three others as models. */

import { silentLog } from "../../../base/log.ts";
import type { StripeDuty } from "../../../base/stripes.ts";
import type { Announce } from "../../../tracker/members/announce.ts";
import {
  defaultHandoutSettings,
  type HandoutSettings,
} from "../../../tracker/handout/handout_settings.ts";
import { pickRandom, type Random } from "../../../base/random.ts";
import { SubnetMap } from "../../../tracker/members/subnet_map.ts";
import { Swarm } from "../../../tracker/swarm/swarm.ts";
import { rackName } from "./fleet.ts";
import type { ReachLevel, State } from "./state.ts";

/** The milliseconds that a round stands for, unless the shape says otherwise: a piece of a large release over a fast link. */
export const ROUND_MS = 1000;
/** The number of peers that clients ask for. */
const WANTED = 50;

/** How many sources an announce has room for. */
const MAX_SOURCES = 8;

/** What a host is told. */
export interface Told {
  readonly peers: readonly number[];
  readonly reach: ReachLevel;
  readonly intervalRounds: number;
  /** What the host is to bring in, with stripes. */
  readonly duty?: StripeDuty | undefined;
}

/** A tracker in the simulation. */
export interface SimulatedTracker {
  announce(host: number, state: State, round: number): Told;
}

/** The names of the policies. */
export type PolicyName = "uniform random" | "nearest only" | "nearest and one" | "ours" | "stripes";

/** In the order of the pictures. */
export const policyNames: readonly PolicyName[] = [
  "uniform random",
  "nearest only",
  "nearest and one",
  "ours",
  "stripes",
];

/** What a tracker is made from. */
export interface TrackerOptions {
  readonly random: Random;
  /** The milliseconds that a round stands for. */
  readonly roundMs: number;
  /** In place of some of Rollcall's defaults. */
  readonly overrides: Partial<HandoutSettings>;
}

/** Makes a tracker of that policy. */
export function makeTracker(name: PolicyName, options: TrackerOptions): SimulatedTracker {
  const { random, roundMs, overrides } = options;
  switch (name) {
    case "ours":
      return new OurTracker(random, { ...defaultHandoutSettings, ...overrides }, roundMs);
    case "stripes": {
      const settings = { ...defaultHandoutSettings, importBy: "stripes", ...overrides } as const;
      return new OurTracker(random, settings, roundMs);
    }
    case "uniform random":
      return modelTracker(roundMs, (host, known) => pickOthers(host, known, WANTED, random));
    case "nearest only":
      return modelTracker(roundMs, (host, known, state) => nearest(host, known, { state, random }));
    case "nearest and one":
      return modelTracker(roundMs, (host, known, state) => {
        const outside = known.filter((one) => state.distance(one, host) > 0);
        const near = nearest(host, known, { state, random }).slice(0, WANTED - 1);
        return [...pickOthers(host, outside, 1, random), ...near];
      });
  }
}

/** The production code of a swarm, announced to as a frontend would. */
class OurTracker implements SimulatedTracker {
  readonly swarm: Swarm;
  readonly #roundMs: number;
  #round = 0;

  constructor(random: Random, policy: HandoutSettings, roundMs: number) {
    this.#roundMs = roundMs;
    this.swarm = new Swarm("0".repeat(40), {
      settings: policy,
      subnets: new SubnetMap([]),
      clock: { nowMs: () => this.#round * roundMs },
      random,
      log: silentLog,
    });
  }

  announce(index: number, state: State, round: number): Told {
    this.#round = round;
    const host = state.host(index);
    const sources = new Set(state.sources[index]?.splice(0).reverse());
    const announce: Announce = {
      infoHash: "",
      peerId: String(index),
      ip: addressOf(index),
      port: 6881,
      leftBytes: state.shape.pieces - (state.count[index] ?? 0),
      isStopped: false,
      wanted: WANTED,
      host: String(index),
      site: `s${host.site}`,
      rack: rackName(state.shape, host.rack),
      keepsReach: true,
      stripes: [],
      sources: [...sources].slice(0, MAX_SOURCES).map((from) => `${addressOf(from)}:6881`),
    };
    const answer = this.swarm.announce(announce);
    if ("refusal" in answer) throw new Error(`announce host ${index}: refused: ${answer.refusal}`);
    return {
      peers: answer.peers.map((member) => Number(member.host)),
      reach: answer.reach === "rack" ? 0 : answer.reach === "site" ? 1 : 2,
      intervalRounds: answer.intervalMs / this.#roundMs,
      duty: answer.duty,
    };
  }
}

function addressOf(index: number): string {
  return `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
}

/** Knows all hosts that are up and have announced; its intervals are the same as Rollcall's. */
function modelTracker(
  roundMs: number,
  choose: (host: number, known: readonly number[], state: State) => number[],
): SimulatedTracker {
  const known: number[] = [];
  const seen = new Set<number>();
  return {
    announce(host, state) {
      if (!seen.has(host)) {
        seen.add(host);
        known.push(host);
      }
      const peers = choose(host, known, state).filter((one) => state.isUp[one] === 1);
      const isHungry = state.count[host] === 0;
      const { hungryIntervalMs, leecherIntervalMs, seedIntervalMs } = defaultHandoutSettings;
      const intervalMs = state.isComplete(host)
        ? seedIntervalMs
        : isHungry
        ? hungryIntervalMs
        : leecherIntervalMs;
      return { peers, reach: 2, intervalRounds: intervalMs / roundMs };
    },
  };
}

function nearest(
  host: number,
  known: readonly number[],
  { state, random }: { state: State; random: Random },
): number[] {
  const chosen: number[] = [];
  for (const distance of [0, 1, 2] as const) {
    if (chosen.length >= WANTED) break;
    const ring = known.filter((one) => one !== host && state.distance(one, host) === distance);
    chosen.push(...pickRandom(ring, WANTED - chosen.length, random));
  }
  return chosen;
}

function pickOthers(
  host: number,
  known: readonly number[],
  count: number,
  random: Random,
): number[] {
  if (known.length <= 2 * count) {
    return pickRandom(known.filter((one) => one !== host), count, random);
  }
  const chosen = new Set<number>();
  while (chosen.size < count) {
    const one = known[Math.floor(random() * known.length)] ?? host;
    if (one !== host) chosen.add(one);
  }
  return [...chosen];
}
