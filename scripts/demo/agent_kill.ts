/**
 * Kills one agent in the middle of a rollout and starts it again: its services go on without it, and when it is back, the
 * host takes the version that most hosts run.
 *
 * @module
 */

import { pause } from "./deadlines.ts";
import type { Fleet } from "./fleet.ts";
import { type ServiceName, SERVICES } from "./fleet_layout.ts";
import type { Sampler } from "./sampler.ts";
import { findHost, type FleetSnapshot } from "./snapshot.ts";

/** What happened to the host whose agent was killed. */
export interface AgentKill {
  readonly host: string;
  readonly signal: "SIGKILL";
  /** How long the host was without an agent. */
  readonly awayMs: number;
  /** Whether the fleet noticed that the host was gone. */
  readonly seenOffline: boolean;
  /** Whether the host's services were still the same processes when the new agent had announced itself. */
  readonly servicesKept: boolean;
  /** Those services; one that was about to switch at that moment is not among them. */
  readonly keptServices: readonly ServiceName[];
  /** The versions that the host ran when its new agent announced itself. */
  readonly cameBackWith: Readonly<Record<ServiceName, string | null>>;
}

/** What the kill depends on. */
export interface AgentKillOptions {
  readonly host: string;
  readonly sampler: Sampler;
  readonly signal: AbortSignal;
  /** Settles when the rollout is over, which may be before its middle was seen. */
  readonly rolloutEnd: Promise<void>;
  readonly say: (text: string) => void;
}

/** How long the host may take to rejoin. */
const REJOIN_DEADLINE_MS = 60_000;
/** How long the fleet may take to notice: several session timeouts. After that, the agent is started all the same. */
const NOTICE_DEADLINE_MS = 20_000;
/** How long the agent stays away after that: long enough to be seen on the screen. */
const AWAY_MS = 500;
/** How long half of the fleet may take to switch. */
const MIDDLE_DEADLINE_MS = 180_000;

/** Waits for the middle of the rollout, kills the agent, waits until the fleet has noticed, starts it again. */
export async function killInTheMiddle(fleet: Fleet, options: AgentKillOptions): Promise<AgentKill> {
  const { host, sampler, signal, rolloutEnd, say } = options;
  const isOver = rolloutEnd.then(() => {}, () => {});
  const middle = fleet.status.waitFor({
    what: "half of the hosts to run v2 of A",
    deadlineMs: MIDDLE_DEADLINE_MS,
    until: (snapshot) => countOn(snapshot, "v2") >= Math.max(1, Math.floor(fleet.hosts.length / 2)),
  });
  middle.catch(() => {});
  await Promise.race([middle, isOver]);

  const processesOf = () =>
    SERVICES.map((service) => sampler.log({ service, host }).answer?.sinceMs ?? null);
  const before = processesOf();
  const killedMs = Date.now();
  await fleet.killAgent(host);
  say(`${host}: agent killed (SIGKILL), its services go on`);
  const seenOffline = await noticed(fleet, host);
  await pause(AWAY_MS, signal);
  say(`${host}: agent started again`);
  await fleet.startAgent(host);
  const awayMs = Date.now() - killedMs;
  const back = await fleet.status.waitFor({
    what: `${host} to rejoin`,
    deadlineMs: REJOIN_DEADLINE_MS,
    until: (snapshot) =>
      SERVICES.every((service) => findHost(snapshot, { service, host })?.online === true),
  });
  const after = processesOf();
  const keptServices = SERVICES.filter((_, index) =>
    before[index] !== null && before[index] === after[index]
  );
  const cameBackWith = {
    A: findHost(back, { service: "A", host })?.version ?? null,
    B: findHost(back, { service: "B", host })?.version ?? null,
  };
  say(
    `${host}: back with A ${cameBackWith.A ?? "nothing"} and B ${cameBackWith.B ?? "nothing"}`,
  );
  return {
    host,
    signal: "SIGKILL",
    awayMs,
    seenOffline,
    servicesKept: keptServices.length === SERVICES.length,
    keptServices,
    cameBackWith,
  };
}

async function noticed(fleet: Fleet, host: string): Promise<boolean> {
  const isOffline = (snapshot: FleetSnapshot) =>
    SERVICES.every((service) => findHost(snapshot, { service, host })?.online === false);
  return await fleet.status.waitFor({
    what: `the fleet to notice that ${host} is gone`,
    deadlineMs: NOTICE_DEADLINE_MS,
    until: isOffline,
  }).then(() => true, () => false);
}

function countOn(snapshot: FleetSnapshot, version: string): number {
  return snapshot.services.A?.hosts.filter((host) => host.version === version).length ?? 0;
}
