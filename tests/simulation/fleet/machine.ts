/**
 * A simulated machine: what its disk holds, which processes run on it, and what is wrong with it. This is the truth of a
 * run: the invariants are checked by what happens here, never by what somebody says about it.
 *
 * @module
 */

import type { AgentConfig } from "../../../actors/config/agent_config.ts";
import type { StartedService } from "../../../host/mod.ts";
import { AgentProcess } from "./agent_process.ts";
import { copyDisk, emptyDisk, losePower, type ServiceDisk, whatIsAt } from "./disk.ts";
import type { RandomStream } from "./random.ts";
import type { Surroundings } from "./surroundings.ts";

/** A service's process. It outlives the agent that has started it, and not its machine. */
export interface RunningService {
  readonly pid: number;
  readonly service: string;
  readonly version: string;
  /** The restart that it was started by, as its record says it. */
  readonly restart: string | null;
  readonly startedMs: number;
  /** When it can serve for the first time. */
  readonly readyMs: number;
  /** Whether its host held a slot when it was started. */
  readonly hadSlot: boolean;
  /** Whether it is an instance of a version that never gets healthy. */
  readonly isBad: boolean;
  isAlive: boolean;
  /** Whether it was told to end: then it does not serve any more. */
  isEnding: boolean;
  /** Whether it stands still, so that it answers nobody, until it is told to go on. */
  isHung: boolean;
  /** The checks in a row that it has passed: how many, and when the first of them was made; and whether it was well by that. */
  passed: { count: number; sinceMs: number };
  wasWell: boolean;
  readonly ended: Promise<void>;
  readonly end: () => void;
}

/** A process that keeps a release locked in memory. */
export interface Keeper {
  readonly pid: number;
  readonly service: string;
  readonly version: string;
  readonly statusPath: string;
  /** When it has locked all pages. */
  readonly lockedMs: number;
  isAlive: boolean;
}

/** How the hook behaves that is run before a service is stopped. */
export interface DrainBehaviour {
  mode: "works" | "fails" | "hangs";
  takesMs: number;
}

/** The version that is rolled out first to a fleet that runs another one. */
export const NEW_VERSION = "v2";

/** How much longer services take to end on a machine where they end slowly, in ms: as much as the grace allows. */
const SLOW_END_MS = 1_400;

/** Time that an agent has to notice that a keeper was killed, in ms. */
const REPIN_MS = 15_000;

/** A machine. */
export class Machine {
  readonly world: Surroundings;
  /** The name under which its agent registers. A clone has that of its original. */
  readonly name: string;
  /** Its place in the network, which nobody shares. */
  readonly place: string;
  readonly rack: string;
  readonly agentId: string;
  readonly config: AgentConfig;
  readonly random: RandomStream;
  /** What its wall clock adds to the time of the run. */
  readonly wall: { offsetMs: number; setMs?: number };
  readonly drain: DrainBehaviour = { mode: "works", takesMs: 50 };
  /** Lives of its agent so far. */
  lives = 0;
  /** How often it has been switched on. */
  boots = 0;
  isOn = false;
  /** It never comes back. */
  isGone = false;
  /** It does not come back before somebody has given up the rollout. */
  isAwaited = false;
  agent: AgentProcess | null = null;
  isDiskFull = false;
  canPin = true;
  /** How many of the next fetches bring bytes that are not right. */
  spoilsCount = 0;
  /** Why it never gets the new version: nobody sends it anything, or its content is never right; null: it does. */
  obstacle: "no_seeder" | "corrupt" | null = null;
  /** How long a service's new version runs until it crashes, each time, by service, in ms. */
  readonly lateDeathMs = new Map<string, number>();
  /** Whether services take long to end when they are told to. */
  isSlowToEnd = false;
  /** How much longer than usual fetches take. */
  slowness = 1;
  /** Until when each service fails its health checks. */
  readonly #unwellUntilMs = new Map<string, number>();
  /** Until when each service ends soon after its start. */
  readonly #flapsUntilMs = new Map<string, number>();
  /** Services that nobody sends work: the hook before a stop was run, and not the one after it since. */
  readonly #outOfWork = new Set<string>();
  /** Versions that were healthy here. */
  readonly #good = new Set<string>();
  readonly #disks = new Map<string, ServiceDisk>();
  readonly #running = new Map<string, RunningService>();
  /** What the records of its services say that was started last, by service. */
  readonly #started = new Map<string, StartedService>();
  readonly #keepers = new Map<string, Keeper>();
  #keeperKilledMs = Number.NEGATIVE_INFINITY;

  constructor(
    world: Surroundings,
    { name, place, rack, config, agentId, wallOffsetMs }: {
      readonly name: string;
      readonly place: string;
      readonly rack: string;
      readonly config: AgentConfig;
      readonly agentId: string;
      readonly wallOffsetMs: number;
    },
  ) {
    this.world = world;
    this.name = name;
    this.place = place;
    this.rack = rack;
    this.config = config;
    this.agentId = agentId;
    this.wall = { offsetMs: wallOffsetMs };
    this.random = world.random.fork(`machine ${place}`);
    for (const service of this.services) this.#disks.set(service, emptyDisk());
  }

  /** The services that it should run. */
  get services(): string[] {
    return Object.keys(this.config.services);
  }

  /** A service's part of the disk. */
  diskOf(service: string): ServiceDisk {
    const disk = this.#disks.get(service);
    if (disk === undefined) throw new Error(`${this.place} has no disk for ${service}`);
    return disk;
  }

  /** Takes over the disk of another machine: this one is its clone. */
  cloneDiskOf(other: Machine): void {
    for (const service of this.services) this.#disks.set(service, copyDisk(other.diskOf(service)));
  }

  /** The process of a service; null if none runs. */
  runningOf(service: string): RunningService | null {
    return this.#running.get(service) ?? null;
  }

  /** Whether a service serves right now. */
  isServing(service: string): boolean {
    const running = this.runningOf(service);
    return running !== null && this.isHealthy(service, running.version);
  }

  /** Whether a version of a service would pass a health check right now. */
  isHealthy(service: string, version: string): boolean {
    const running = this.#running.get(service);
    if (running === undefined || running.version !== version || running.isEnding) return false;
    if (running.isHung) return false;
    const { nowMs } = this.world.time;
    if (nowMs < running.readyMs || nowMs < (this.#unwellUntilMs.get(service) ?? 0)) return false;
    // What was once good here stays so: a version that turns bad later is no matter of a rollout.
    const key = `${service} ${version}`;
    const isBad = running.isBad && !this.#good.has(key) &&
      this.world.isBad(service, version, this.name);
    if (!isBad) this.#good.add(key);
    return !isBad;
  }

  /** Notes the result of a check that an agent was told. */
  noteCheck(service: string, isPassed: boolean): void {
    const running = this.#running.get(service);
    const health = this.config.services[service];
    if (running === undefined || health === undefined) return;
    const { nowMs } = this.world.time;
    const { passed } = running;
    if (!isPassed) passed.count = 0;
    else if (++passed.count === 1) passed.sinceMs = nowMs;
    running.wasWell ||= passed.count >= health.successThreshold &&
      nowMs - passed.sinceMs >= health.minHealthyTime;
  }

  /**
   * Whether its agent has reason to start the service anew, by the last check that it made: one that hangs is started anew after
   * enough of them, and it may have come back since the last one, or that may have failed for want of a process.
   */
  seemsHung(service: string): boolean {
    return this.#isRestartedWhenHung(service) && this.#running.get(service)?.passed.count === 0;
  }

  #isRestartedWhenHung(service: string): boolean {
    return this.config.services[service]?.restartAfterFailedChecks !== undefined;
  }

  /** The hook was run that takes the host out of what sends a service work, or puts it back. */
  setOut(service: string, isOut: boolean): void {
    if (isOut) this.#outOfWork.add(service);
    else this.#outOfWork.delete(service);
  }

  /** Whether nobody sends a service work here. */
  isOut(service: string): boolean {
    return this.#outOfWork.has(service);
  }

  /** Lets a service end soon after each start, and now, until then. */
  makeFlap(service: string, untilMs: number): void {
    this.#flapsUntilMs.set(service, untilMs);
    const running = this.#running.get(service);
    if (running !== undefined) this.#endSoonIfFlapping(running);
  }

  #endSoonIfFlapping(running: RunningService): void {
    const { time, pace } = this.world;
    const isFlapping = () => time.nowMs < (this.#flapsUntilMs.get(running.service) ?? 0);
    if (!isFlapping()) return;
    time.after(pace.readyMs(this.random) * 2, () => {
      if (isFlapping() && !running.isEnding) this.end(running, "crashes again");
    });
  }

  /** Stops a service's process where it stands. */
  hang(service: string): void {
    const running = this.#running.get(service);
    if (running !== undefined) running.isHung = true;
    this.world.trace(this, `${service} hangs`);
  }

  /** Lets a process that hangs go on, unless its agent has to start the service again. */
  unhang(service: string): void {
    const running = this.#running.get(service);
    const isLeft = !(this.#isRestartedWhenHung(service) && running?.wasWell);
    if (running !== undefined && isLeft) running.isHung = false;
  }

  /** Lets a service fail its health checks until then. */
  makeUnwell(service: string, untilMs: number): void {
    this.#unwellUntilMs.set(service, Math.max(untilMs, this.#unwellUntilMs.get(service) ?? 0));
  }

  /** Nothing fails its health checks any more, but for versions that are bad. */
  cure(): void {
    for (const service of this.services) this.unhang(service);
    this.#unwellUntilMs.clear();
    this.#flapsUntilMs.clear();
    this.isDiskFull = false;
    this.canPin = true;
    this.spoilsCount = 0;
    this.slowness = 1;
    this.isSlowToEnd = false;
    this.drain.mode = "works";
  }

  /** A version that was good here is not so any more. */
  breakVersion(service: string, version: string): void {
    this.#good.delete(`${service} ${version}`);
  }

  /** An agent starts a service. */
  start(
    service: string,
    { version, restart }: { readonly version: string; readonly restart: string | null },
    by: AgentProcess,
  ): RunningService {
    const { time, observer } = this.world;
    observer.starting(this, { service, version, by });
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const running: RunningService = {
      pid: ++this.world.pids,
      service,
      version,
      restart,
      startedMs: time.nowMs,
      readyMs: time.nowMs + this.world.pace.readyMs(this.random),
      hadSlot: observer.holdsSlot(service, this.name),
      isBad: this.world.isBad(service, version, this.name),
      isAlive: true,
      isEnding: false,
      isHung: false,
      passed: { count: 0, sinceMs: 0 },
      wasWell: false,
      ended,
      end,
    };
    by.noteRun(service, version);
    this.#running.set(service, running);
    this.#started.set(service, { version, restart });
    this.world.trace(this, `${service}: ${version} starts`);
    this.#endSoonIfFlapping(running);
    const lateDeathMs = version === NEW_VERSION ? this.lateDeathMs.get(service) : undefined;
    if (lateDeathMs !== undefined) {
      time.after(lateDeathMs, () => this.lateDeathMs.has(service) && this.crash(running));
    }
    return running;
  }

  /** What was started last as a service; null if it was stopped since. */
  lastStarted(service: string): StartedService | null {
    return this.#started.get(service) ?? null;
  }

  /** An agent tells a service to end. */
  terminate(running: RunningService): void {
    if (!running.isAlive || running.isEnding) return;
    this.world.observer.stopping(this, running);
    this.world.trace(this, `${running.service}: ${running.version} is stopped`);
    running.isEnding = true;
    const slowMs = this.isSlowToEnd ? SLOW_END_MS : 0;
    this.world.time.after(slowMs + this.world.pace.stopMs(this.random), () => {
      // Who stops a service takes its record away.
      if (running.isAlive) this.#started.delete(running.service);
      this.end(running, "ended");
    });
  }

  /** A service's process ends by itself. */
  crash(running: RunningService): void {
    if (!running.isAlive || running.isEnding) return;
    this.world.observer.crashed(this, running);
    this.end(running, "crashes");
  }

  /** A service's process ends. */
  end(running: RunningService, how: string): void {
    if (!running.isAlive) return;
    running.isAlive = false;
    this.#running.delete(running.service);
    this.world.trace(this, `${running.service}: ${running.version} ${how}`);
    running.end();
  }

  /** The keeper whose status is at that path; null if none has written one. */
  keeperAt(statusPath: string): Keeper | null {
    return this.#keepers.get(statusPath) ?? null;
  }

  /** Whether a release is locked in memory. */
  isPinned(service: string, version: string): boolean {
    for (const keeper of this.#keepers.values()) {
      if (keeper.service !== service || keeper.version !== version) continue;
      if (keeper.isAlive && this.world.time.nowMs >= keeper.lockedMs) return true;
    }
    return false;
  }

  /** Whether a release is locked, or cannot be expected to be: its keeper was killed, or nothing has to be locked. */
  isPinnedOrExcused(service: string, version: string): boolean {
    if (this.config.services[service]?.pin.mode !== "required") return true;
    const { nowMs } = this.world.time;
    return this.isPinned(service, version) || nowMs - this.#keeperKilledMs < REPIN_MS;
  }

  /** Starts a keeper, or finds one that runs. */
  startKeeper(statusPath: string): { keeper: Keeper; adopted: boolean } {
    const found = this.#keepers.get(statusPath);
    if (found?.isAlive === true) return { keeper: found, adopted: true };
    const keeper: Keeper = {
      pid: ++this.world.pids,
      ...whatIsAt(statusPath),
      statusPath,
      lockedMs: this.world.time.nowMs + this.world.pace.lockMs(this.random),
      isAlive: true,
    };
    this.#keepers.set(statusPath, keeper);
    return { keeper, adopted: false };
  }

  /** Ends a keeper on purpose. */
  endKeeper(statusPath: string): void {
    const keeper = this.#keepers.get(statusPath);
    if (keeper !== undefined) keeper.isAlive = false;
    this.#keepers.delete(statusPath);
  }

  /** Kills a keeper, which leaves its status file. */
  killKeeper(service: string): void {
    this.#keeperKilledMs = this.world.time.nowMs;
    for (const keeper of this.#keepers.values()) {
      if (keeper.service === service) keeper.isAlive = false;
    }
  }

  /** Somebody touches or changes a file of a release. */
  changeFile(
    service: string,
    { isCurrent, isDamaged }: { readonly isCurrent: boolean; readonly isDamaged: boolean },
  ): void {
    const { complete, current } = this.diskOf(service);
    for (const [version, folder] of complete) {
      if ((version === current) !== isCurrent) continue;
      folder.generation = ++this.world.generations;
      folder.changedMs = this.world.time.nowMs;
      folder.isDamaged ||= isDamaged && folder.content !== "";
      this.world.trace(this, `${service}: ${version} is ${isDamaged ? "changed" : "touched"}`);
      return;
    }
  }

  /** The journal of a service's switches is lost, or (`isUnreadable`) not what was written. */
  spoilJournal(service: string, { isUnreadable }: { readonly isUnreadable: boolean }): void {
    const disk = this.diskOf(service);
    if (disk.journal === null) return;
    this.world.trace(this, `${service}: the journal is ${isUnreadable ? "unreadable" : "lost"}`);
    if (isUnreadable) disk.isJournalSpoilt = true;
    else disk.journal = null;
  }

  /** How long the next fetch takes, in ms. */
  fetchMs(): number {
    return this.world.pace.fetchMs(this.random) * this.slowness;
  }

  /** Whether the next fetch brings bytes that are not right. */
  spoilsNext(): boolean {
    if (this.spoilsCount === 0) return false;
    this.spoilsCount--;
    return true;
  }

  /** The machine gets power, and starts its agent. */
  powerOn(): void {
    if (this.isOn || this.isGone || this.isAwaited) return;
    this.isOn = true;
    this.boots++;
    this.world.trace(this, "has power");
    this.#startAgentIn(this.world.pace.bootMs(this.random));
  }

  /** The machine loses its power: everything that runs ends, and what was not synced is lost. */
  powerOff(): void {
    if (!this.isOn) return;
    this.isOn = false;
    this.world.trace(this, "loses its power");
    this.agent?.vanish();
    this.agent = null;
    for (const running of [...this.#running.values()]) this.end(running, "gone");
    for (const keeper of this.#keepers.values()) keeper.isAlive = false;
    for (const disk of this.#disks.values()) losePower(disk);
  }

  /** Called by an agent that has ended; the init system starts it again. */
  onAgentEnded(agent: AgentProcess): void {
    if (this.agent !== agent) return;
    this.agent = null;
    if (this.isOn) this.#startAgentIn(this.world.pace.restartMs(this.random));
  }

  #startAgentIn(delayMs: number): void {
    this.world.time.after(delayMs, () => {
      if (!this.isOn || this.agent !== null) return;
      this.world.trace(this, "agent starts");
      this.agent = new AgentProcess(this, this.world);
    });
  }
}
