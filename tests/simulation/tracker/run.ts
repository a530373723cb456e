/** Runs one scenario under one policy, from the same seed always the same way. */

import type { HandoutSettings } from "../../../tracker/handout/handout_settings.ts";
import { mulberry32 } from "./random.ts";
import { type FleetShape, layOut } from "./fleet.ts";
import { isMeasured, leastRounds, type ScenarioName, stage } from "./scenarios.ts";
import { State } from "./state.ts";
import { makeTracker, type PolicyName, ROUND_MS, type Told } from "./trackers.ts";
import { Transfers } from "./transfers.ts";

/** Intervals vary by up to this share, as the announcer's do. */
const JITTER = 0.1;
/** A run is given up after so many times the least possible rounds. */
export const GIVE_UP = 12;

/** What is run. */
export interface RunOptions {
  readonly shape: FleetShape;
  readonly scenario: ScenarioName;
  readonly policy: PolicyName;
  readonly seed: number;
  /** Whether hosts fetch from no farther than they are told to. Default: true. */
  readonly honoursReach?: boolean;
  /** Whether gateways whose rack is behind send to nobody else. Default: true. */
  readonly ownRackFirst?: boolean;
  /** In place of some of the tracker's defaults. */
  readonly policyOverrides?: Partial<HandoutSettings>;
  /** Notes after each round how far every rack is. */
  readonly onRound?: (round: number, state: State) => void;
}

/** The result of a run. Times are in rounds. */
export interface RunResult {
  readonly least: number;
  /** When the first, the middle and the last measured host were complete; Infinity: never. */
  readonly first: number;
  readonly median: number;
  readonly last: number;
  /** Copies that came into sites without one, and into racks from their own site, over the least possible. */
  readonly acrossSites: number;
  readonly acrossRacks: number;
  /** The most announces in one round, but for the first. */
  readonly announcesPerRound: number;
  /** The share of the measured hosts that are complete, after each round. */
  readonly completed: readonly number[];
}

/** Runs until every measured host is complete, or the run is given up. */
export function run(options: RunOptions): RunResult {
  const { shape } = options;
  const random = mulberry32(options.seed);
  const hosts = layOut(shape);
  stage(options.scenario, { shape, hosts, random });
  const state = new State(shape, hosts);
  const tracker = makeTracker(options.policy, {
    random,
    roundMs: shape.roundMs ?? ROUND_MS,
    overrides: options.policyOverrides ?? {},
  });
  const transfers = new Transfers(state, { random, ownRackFirst: options.ownRackFirst ?? true });
  const measured = hosts.filter((host) => host.index > 0 && isMeasured(host, shape));
  const least = leastRounds(options.scenario, shape, hosts);
  const nextAnnounce = new Float64Array(hosts.length).fill(Infinity);
  const completedAt = new Float64Array(hosts.length).fill(Infinity);
  const completed: number[] = [];
  let [done, announcesPerRound] = [0, 0];

  function announce(index: number, round: number): void {
    const told: Told = tracker.announce(index, state, round);
    state.reach[index] = options.honoursReach ?? true ? told.reach : 2;
    state.setDuty(index, told.duty);
    for (const peer of told.peers) state.connect(index, peer, random);
    const jitter = 1 + JITTER * (2 * random() - 1);
    nextAnnounce[index] = round + Math.max(1, told.intervalRounds * jitter);
  }

  for (let round = 0; round < least * GIVE_UP && done < measured.length; round++) {
    state.round = round;
    let announces = 0;
    for (const { index, joins, dies } of hosts) {
      if (dies === round) {
        state.kill(index);
        nextAnnounce[index] = Infinity;
      }
      if (joins === round) {
        state.isUp[index] = 1;
        if (index === 0) {
          for (let piece = 0; piece < shape.pieces; piece++) state.give(0, piece);
          state.joinedAsSeed[0] = 1;
        }
        nextAnnounce[index] = round;
      }
      if ((nextAnnounce[index] ?? Infinity) <= round) {
        announce(index, round);
        announces++;
      }
    }
    if (round > 0) announcesPerRound = Math.max(announcesPerRound, announces);
    for (const index of transfers.round()) {
      completedAt[index] = round + 1;
      if (isMeasured(state.host(index), shape)) done++;
      announce(index, round + 1);
      for (const other of [...state.linksOf(index)]) {
        if (state.isComplete(other)) state.disconnect(index, other);
      }
    }
    completed.push(done / measured.length);
    options.onRound?.(round + 1, state);
  }
  const times = measured.map(({ index }) => completedAt[index] ?? Infinity).sort((a, b) => a - b);
  const sites = shape.sites - 1;
  const racks = shape.sites * shape.racksPerSite - sites;
  return {
    least,
    first: times[0] ?? Infinity,
    median: times[times.length >> 1] ?? Infinity,
    last: times.at(-1) ?? Infinity,
    acrossSites: sum(state.intoSite) / (shape.pieces * sites),
    acrossRacks: sum(state.intoRack) / (shape.pieces * racks),
    announcesPerRound,
    completed,
  };
}

function sum(values: Int32Array): number {
  return values.reduce((total, value) => total + value, 0);
}
