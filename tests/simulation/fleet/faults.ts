/**
 * What goes wrong in a run. Each fault is data: its kind, when it strikes, whom, and for how long; so that it can be left
 * out, counted and replayed.
 *
 * @module
 */

import { CONTROL, donePath, readyPath, slotsPath, wavePath } from "../../../rollout/mod.ts";
import type { PlannedService, Scenario } from "./scenario.ts";
import type { Link } from "./network.ts";
import type { RandomStream } from "./random.ts";
import type { Run } from "./run.ts";

/** One fault. */
export interface Fault {
  readonly kind: FaultKind;
  /** When it strikes, in ms after the rollout has begun. */
  readonly atMs: number;
  /** How long it lasts, where it lasts. */
  readonly forMs: number;
  readonly host: string;
  readonly service: string;
  /** How much, in the unit of its kind. */
  readonly amount: number;
  /** The other of two ways, where a kind has two. */
  readonly isOther: boolean;
}

/** One kind of fault. */
interface Kind {
  /** How often it is drawn, compared with others. */
  readonly weight: number;
  /** Bounds of `forMs`; small values are as likely as large ones on a logarithmic scale. */
  readonly forMs?: readonly [number, number];
  /** Bounds of `amount`, both included; drawn as `forMs`. */
  readonly amount?: readonly [number, number];
  /** Strikes. Returns what ends it, if it lasts. */
  strike(run: Run, fault: Fault): (() => void) | void;
}

function linksOf(run: Run, host: string): Link[] {
  return run.world.network.linksOf(host);
}

function serverPlaces(run: Run): string[] {
  return run.world.ensemble.servers.map(({ place }) => place);
}

function rackOf(run: Run, host: string): string[] {
  const rack = run.machineOf(host)?.rack;
  return run.world.machines.filter((machine) => machine.rack === rack).map(({ place }) => place);
}

/** A host whose switch has failed, or that was left out; null if there is none. */
function failedHost(run: Run, service: string): string | null {
  const { slots } = run.world.observer.tree.of(service);
  return [...slots].find(([, { step }]) => step === "failed")?.[0] ?? null;
}

function cut(run: Run, places: readonly string[], servers: readonly string[]): () => void {
  run.world.network.cut(places, servers);
  return () => run.world.network.heal(places, servers);
}

function powerCut(run: Run, places: readonly string[]): () => void {
  const machines = run.world.machines.filter(({ place }) => places.includes(place));
  for (const machine of machines) machine.powerOff();
  return () => machines.forEach((machine) => machine.powerOn());
}

/** All kinds of faults. */
export const KINDS = {
  /** The agent dies at the n-th call that it makes to its machine from now on, before the call or after it. */
  agent_crash: {
    weight: 6,
    amount: [1, 60],
    strike(run, { host, amount, isOther }) {
      const agent = run.machineOf(host)?.agent;
      if (agent) agent.crashPoint = { callsLeft: Math.round(amount), isAfter: isOther };
    },
  },
  /** The n-th call that the agent makes to its machine from now on fails with an error. */
  io_error: {
    weight: 2,
    amount: [1, 60],
    strike(run, { host, amount }) {
      const agent = run.machineOf(host)?.agent;
      if (agent) agent.failsIn = Math.round(amount);
    },
  },
  /**
   * One of the agent's actors fails at the n-th thing that it does from now on, and begins anew with those that depend on it, in
   * the same session. What a runner does is to start and to stop, so that its failures are in the middle of switches.
   */
  actor_failure: {
    weight: 2,
    amount: [1, 4],
    strike(run, { host, amount, isOther }) {
      const agent = run.machineOf(host)?.agent;
      if (!agent) return;
      const actor = isOther ? "runner" : "coordinator";
      agent.actorFailure = { actor, callsLeft: Math.round(amount) };
    },
  },
  /** The release that a host has ready is damaged just when its coordinator fails, and takes long to be had again. */
  lost_release: {
    weight: 1,
    forMs: [1_000, 40_000],
    strike(run, { host, service }) {
      const machine = run.machineOf(host);
      if (!machine?.agent) return;
      machine.changeFile(service, { isCurrent: false, isDamaged: true });
      machine.agent.actorFailure = { actor: "coordinator", callsLeft: 1 };
      machine.slowness = 100;
      return () => machine.slowness = 1;
    },
  },
  /** The agent dies at a moment. */
  agent_kill: {
    weight: 2,
    strike: (run, { host }) => run.machineOf(host)?.agent?.crash("by a signal"),
  },
  /**
   * The agent dies when it has just told a service to end, which takes a while, and an operator has the fleet stand still, or gives
   * the rollout up, before the next agent looks.
   */
  death_in_stop: {
    weight: 2,
    forMs: [2_000, 30_000],
    strike(run, { host, isOther }) {
      const machine = run.machineOf(host);
      if (!machine?.agent) return;
      machine.isSlowToEnd = true;
      machine.agent.crashPoint = {
        callsLeft: 1,
        isAfter: true,
        during: "stop ",
        atDeath: () => void run.operator.run({ kind: isOther ? "abort" : "pause" }),
      };
      return () => {
        machine.isSlowToEnd = false;
        void run.operator.run({ kind: "resume" });
      };
    },
  },
  /** The agent stands still, often for longer than its session lasts. */
  agent_pause: {
    weight: 3,
    forMs: [200, 30_000],
    strike(run, { host }) {
      const agent = run.machineOf(host)?.agent;
      run.world.trace(run.machineOf(host), "agent is paused");
      agent?.clock.pause();
      return () => agent?.clock.resume();
    },
  },
  /** A machine loses its power, and gets it back. */
  power_cut: {
    weight: 4,
    forMs: [500, 30_000],
    strike: (run, { host }) => powerCut(run, [host]),
  },
  /**
   * The agent, or the whole machine (`amount` from 2 on), goes down, and comes back without the journal of a switch, or with
   * one that cannot be read.
   */
  spoilt_journal: {
    weight: 2,
    amount: [1, 4],
    forMs: [500, 20_000],
    strike(run, { host, service, amount, isOther }) {
      const machine = run.machineOf(host);
      const end = amount < 2 ? undefined : powerCut(run, [host]);
      machine?.agent?.crash("by a signal");
      machine?.spoilJournal(service, { isUnreadable: isOther });
      return end;
    },
  },
  /** A rack loses its power. */
  power_cut_rack: {
    weight: 1,
    forMs: [500, 20_000],
    strike: (run, { host }) => powerCut(run, rackOf(run, host)),
  },
  /** All machines lose their power. */
  power_cut_all: {
    weight: 1,
    forMs: [500, 20_000],
    strike: (run) => powerCut(run, run.world.machines.map(({ place }) => place)),
  },
  /** A machine dies for good; an operator forgets it some time later. */
  host_death: {
    weight: 1,
    forMs: [5_000, 40_000],
    strike(run, { host }) {
      const machine = run.machineOf(host);
      const alive = run.world.machines.filter(({ isGone }) => !isGone);
      if (machine === null || machine.isGone || alive.length < 3) return;
      if (run.isLastOfCanary(host)) return;
      machine.isGone = true;
      machine.powerOff();
      return () => run.forgetLater(host);
    },
  },
  /** All hosts that go first die for good, and operators forget them. */
  canary_death: {
    weight: 1,
    forMs: [5_000, 20_000],
    strike(run, { service }) {
      const hosts = run.canaryOf(service);
      const machines = run.world.machines.filter(({ name, isGone }) =>
        hosts.includes(name) && !isGone
      );
      for (const machine of machines) {
        machine.isGone = true;
        machine.powerOff();
      }
      return () => machines.forEach(({ name }) => run.forgetLater(name));
    },
  },
  /** All hosts that go first are without power, until operators have given the rollout up. */
  canary_offline: {
    weight: 1,
    strike(run, { service }) {
      const hosts = run.canaryOf(service);
      for (const machine of run.world.machines.filter(({ name }) => hosts.includes(name))) {
        machine.isAwaited = true;
        machine.powerOff();
      }
    },
  },
  /** What the server says next is lost with the connection: the request has happened. */
  lost_reply: {
    weight: 3,
    strike(run, { host }) {
      for (const link of linksOf(run, host)) link.toClient.breaksNext = true;
    },
  },
  /** What the agent sends next is lost with the connection: the request has not happened. */
  lost_request: {
    weight: 1,
    strike(run, { host }) {
      for (const link of linksOf(run, host)) link.toServer.breaksNext = true;
    },
  },
  /** What the agent sends next arrives late. */
  late_request: {
    weight: 2,
    amount: [100, 10_000],
    strike(run, { host, amount }) {
      for (const link of linksOf(run, host)) link.toServer.holdNextMs = amount;
    },
  },
  /**
   * What the agent sends next, or its next transaction, arrives late, and it dies meanwhile: the request comes from an earlier
   * life of the host.
   */
  request_of_the_dead: {
    weight: 3,
    amount: [100, 10_000],
    forMs: [5, 500],
    strike(run, { host, amount, isOther }) {
      for (const link of linksOf(run, host)) {
        if (isOther) link.toServer.holdTransactionMs = amount;
        else link.toServer.holdNextMs = amount;
      }
      return () => run.machineOf(host)?.agent?.crash("with a request under way");
    },
  },
  /** Transactions take long, so that much happens between a reading and what was decided on it. */
  late_transactions: {
    weight: 3,
    amount: [10, 4_000],
    forMs: [1_000, 20_000],
    strike(run, { host, amount, forMs, isOther }) {
      const untilMs = run.world.time.nowMs + forMs;
      for (const link of linksOf(run, isOther ? "admin" : host)) {
        link.toServer.lateTransactions = { untilMs, byMs: amount };
      }
    },
  },
  /** Transactions of all hosts take long, each host's as long as it happens, as with a leader whose disk is slow. */
  slow_writes: {
    weight: 2,
    amount: [10, 4_000],
    forMs: [2_000, 30_000],
    strike(run, { amount, forMs }) {
      const untilMs = run.world.time.nowMs + forMs;
      for (const { place } of run.world.machines) {
        const byMs = amount * run.random.next();
        for (const link of linksOf(run, place)) link.toServer.lateTransactions = { untilMs, byMs };
      }
    },
  },
  /** The connection breaks. */
  connection_loss: {
    weight: 2,
    strike(run, { host }) {
      for (const link of linksOf(run, host)) link.reset();
    },
  },
  /** The session ends at the ensemble while its agent is alive. */
  session_expiry: {
    weight: 2,
    strike(run, { host }) {
      const id = run.machineOf(host)?.agent?.zookeeper?.sessionId ?? 0n;
      if (id !== 0n) run.world.ensemble.expire(id);
    },
  },
  /** Most sessions end at once. */
  session_expiry_all: {
    weight: 1,
    amount: [0.5, 1],
    strike(run, { amount, host }) {
      for (const machine of run.world.machines) {
        const id = machine.agent?.zookeeper?.sessionId ?? 0n;
        const isSpared = machine.name === host || run.random.next() > amount;
        if (id !== 0n && !isSpared) run.world.ensemble.expire(id);
      }
    },
  },
  /** A machine cannot reach some of the servers, or any. */
  partition: {
    weight: 2,
    forMs: [500, 30_000],
    strike(run, { host, isOther }) {
      const servers = serverPlaces(run);
      return cut(run, [host], isOther ? servers.slice(0, 1) : servers);
    },
  },
  /** A rack cannot reach the servers. */
  partition_rack: {
    weight: 1,
    forMs: [500, 30_000],
    strike: (run, { host }) => cut(run, rackOf(run, host), serverPlaces(run)),
  },
  /** Everything takes longer for a machine. */
  slow_network: {
    weight: 1,
    amount: [5, 2_000],
    forMs: [500, 20_000],
    strike(run, { host, amount }) {
      run.world.network.slow(host, amount);
      return () => run.world.network.slow(host, 0);
    },
  },
  /** The whole ensemble is down. */
  outage: {
    weight: 1,
    forMs: [500, 30_000],
    strike(run) {
      const { ensemble } = run.world;
      run.world.trace(null, "the ensemble is down");
      for (const server of ensemble.servers) ensemble.crash(server);
      return () => ensemble.servers.forEach((server) => ensemble.start(server));
    },
  },
  /** The leader dies. */
  leader_loss: {
    weight: 2,
    forMs: [500, 10_000],
    strike(run) {
      const { ensemble } = run.world;
      const { leader } = ensemble;
      if (leader === null) return;
      run.world.trace(null, "the leader dies");
      ensemble.crash(leader);
      return () => ensemble.start(leader);
    },
  },
  /** Servers apply late what is committed, so that they are read with what was. */
  lag: {
    weight: 2,
    amount: [10, 5_000],
    forMs: [1_000, 30_000],
    strike(run, { amount, isOther }) {
      const { servers } = run.world.ensemble;
      const late = isOther ? servers : servers.slice(0, 1);
      for (const server of late) server.lagMs = amount;
      return () => late.forEach((server) => server.lagMs = 0);
    },
  },
  /** A machine's time of day jumps. */
  clock_jump: {
    weight: 1,
    amount: [1_000, 100_000_000],
    strike(run, { host, amount, isOther }) {
      const machine = run.machineOf(host);
      if (machine !== null) {
        machine.wall.setMs = run.world.time.nowMs;
        machine.wall.offsetMs += isOther ? Math.round(amount) : -Math.round(amount);
      }
    },
  },
  /** The admin box's time of day jumps ahead, for a while. */
  admin_clock_jump: {
    weight: 1,
    amount: [60_000, 100_000_000],
    forMs: [1_000, 20_000],
    strike(run, { amount }) {
      run.adminWall.offsetMs += Math.round(amount);
      return () => run.adminWall.offsetMs -= Math.round(amount);
    },
  },
  /** A service fails its health checks for a while. */
  unwell: {
    weight: 3,
    forMs: [100, 10_000],
    strike(run, { host, service, forMs }) {
      run.world.trace(run.machineOf(host), `${service} is unwell`);
      run.machineOf(host)?.makeUnwell(service, run.world.time.nowMs + forMs);
    },
  },
  /** What a service needs everywhere is away: it fails its health checks on all hosts. */
  unwell_all: {
    weight: 1,
    forMs: [500, 10_000],
    strike(run, { service, forMs }) {
      run.world.trace(null, `${service} is unwell everywhere`);
      for (const machine of run.world.machines) {
        machine.makeUnwell(service, run.world.time.nowMs + forMs);
      }
    },
  },
  /** A service's process stands still (SIGSTOP): where the config says so, its agent has to start it again. */
  hang: {
    weight: 2,
    forMs: [500, 20_000],
    strike(run, { host, service }) {
      run.machineOf(host)?.hang(service);
      return () => run.machineOf(host)?.unhang(service);
    },
  },
  /** A service's process ends again and again, each time soon after its start. */
  flapping: {
    weight: 2,
    forMs: [5_000, 40_000],
    strike(run, { host, service, forMs }) {
      run.machineOf(host)?.makeFlap(service, run.world.time.nowMs + forMs);
    },
  },
  /** An operator ends the quarantine of a host, if it is in one. */
  release_quarantine: {
    weight: 1,
    strike: (run, { host, service }) =>
      void run.operator.run({ kind: "release_quarantine", host, service }),
  },
  /** A service's process ends by itself. */
  service_crash: {
    weight: 2,
    strike(run, { host, service }) {
      const machine = run.machineOf(host);
      const running = machine?.runningOf(service) ?? null;
      if (running !== null) machine?.crash(running);
    },
  },
  /** The new version crashes some time after each start: on one host, or everywhere. */
  late_crash: {
    weight: 2,
    amount: [1_000, 10_000],
    strike(run, { host, service, amount, isOther }) {
      for (const machine of run.world.machines) {
        if (isOther || machine.name === host) machine.lateDeathMs.set(service, amount);
      }
    },
  },
  /** A process that keeps a release locked is killed. */
  keeper_death: {
    weight: 1,
    strike: (run, { host, service }) => run.machineOf(host)?.killKeeper(service),
  },
  /** The new version fails its health checks, on one host or everywhere. */
  bad_version: {
    weight: 2,
    strike(run, { host, service, isOther }) {
      run.world.badVersions.push({ service, version: "v2", hosts: isOther ? null : [host] });
    },
  },
  /**
   * A machine loses its power, and comes back without something that the old version needs, and the new one does not: the old
   * one never gets healthy there again. Hosts that go first would wait for somebody to mend that, so all have to go at once.
   */
  old_version_breaks: {
    weight: 1,
    forMs: [500, 10_000],
    strike(run, { host, service }) {
      const machine = run.machineOf(host);
      if (machine === null || run.canaryOf(service).length > 0) return;
      run.world.badVersions.push({ service, version: "v1", hosts: [host] });
      machine.breakVersion(service, "v1");
      return powerCut(run, [host]);
    },
  },
  /** The hook before a stop fails. */
  hook_failure: {
    weight: 1,
    forMs: [5_000, 40_000],
    strike(run, { host }) {
      const drain = run.machineOf(host)?.drain;
      if (drain !== undefined) drain.mode = "fails";
      return () => drain !== undefined && (drain.mode = "works");
    },
  },
  /** The hook before a stop hangs. */
  hook_hang: {
    weight: 1,
    forMs: [5_000, 40_000],
    strike(run, { host }) {
      const drain = run.machineOf(host)?.drain;
      if (drain !== undefined) drain.mode = "hangs";
      return () => drain !== undefined && (drain.mode = "works");
    },
  },
  /** Fetches take longer. */
  slow_download: {
    weight: 1,
    amount: [2, 50],
    forMs: [1_000, 30_000],
    strike(run, { host, amount }) {
      const machine = run.machineOf(host);
      if (machine !== null) machine.slowness = amount;
      return () => machine !== null && (machine.slowness = 1);
    },
  },
  /** The next fetches bring bytes that are not right. */
  corrupt_download: {
    weight: 1,
    amount: [1, 4],
    strike(run, { host, amount }) {
      const machine = run.machineOf(host);
      if (machine !== null) machine.spoilsCount = Math.round(amount);
    },
  },
  /** A machine never gets the new version, for as long as a wave waits for it. */
  obstacle: {
    weight: 2,
    strike(run, { host, isOther }) {
      const machine = run.machineOf(host);
      if (machine !== null) machine.obstacle = isOther ? "no_seeder" : "corrupt";
    },
  },
  /** A disk is full. */
  disk_full: {
    weight: 1,
    forMs: [500, 30_000],
    strike(run, { host }) {
      const machine = run.machineOf(host);
      if (machine !== null) machine.isDiskFull = true;
      return () => machine !== null && (machine.isDiskFull = false);
    },
  },
  /** The build machine does not answer, and nobody sends anything. */
  build_away: {
    weight: 1,
    forMs: [500, 20_000],
    strike(run) {
      run.world.isBuildMachineAway = run.world.isSwarmStalled = true;
      return () => run.world.isBuildMachineAway = run.world.isSwarmStalled = false;
    },
  },
  /** A file of a release is touched, or changed: of the one that runs, or of another one. */
  file_change: {
    weight: 1,
    amount: [0.5, 1.5],
    strike(run, { host, service, amount, isOther }) {
      run.machineOf(host)?.changeFile(service, { isCurrent: isOther, isDamaged: amount > 1 });
    },
  },
  /** A second machine comes up with a copy of the disk, where the first one is cut off perhaps, so that it gets the name. */
  clone: {
    weight: 1,
    forMs: [3_000, 40_000],
    strike(run, { host, isOther }) {
      const clone = run.addClone(host);
      if (clone === null) return;
      clone.powerOn();
      const heal = isOther ? cut(run, [host], serverPlaces(run)) : () => {};
      return () => {
        heal();
        clone.isGone = true;
        clone.powerOff();
        // Then nobody has the name any more, and it is on the roster again.
        if (run.machineOf(host)?.isGone === true) run.forgetLater(host);
      };
    },
  },
  /** A new host joins the fleet. */
  host_join: {
    weight: 1,
    strike: (run) => run.addHost().powerOn(),
  },
  /** An operator forgets a host, which is refused while it is online. */
  forget: {
    weight: 1,
    strike: (run, { host }) => void run.operator.run({ kind: "forget", host }),
  },
  /** An operator forgets a host that has been away for long and comes back just then. */
  forget_returning: {
    weight: 1,
    forMs: [7_000, 15_000],
    amount: [300, 6_000],
    strike(run, { host, amount }) {
      const end = powerCut(run, [host]);
      return () => {
        const late = { untilMs: run.world.time.nowMs + 1_000, byMs: amount };
        for (const link of linksOf(run, "admin")) link.toServer.lateTransactions = late;
        void run.operator.run({ kind: "forget", host });
        end();
      };
    },
  },
  /** An operator leaves a host out of the rollout, any, or one that has failed. */
  skip: {
    weight: 2,
    strike(run, { host, service, isOther }) {
      const failed = isOther ? failedHost(run, service) : null;
      void run.operator.run({ kind: "skip", host: failed ?? host, service });
    },
  },
  /** An operator has a host try again that has failed, or was left out; or another one, which is refused. */
  retry: {
    weight: 2,
    strike(run, { host, service, isOther }) {
      const failed = isOther ? null : failedHost(run, service);
      void run.operator.run({ kind: "retry", host: failed ?? host, service });
    },
  },
  /** An operator drains a host, for a service or for all, beyond the budget in some cases; and has it put back later. */
  drain: {
    weight: 3,
    forMs: [200, 40_000],
    amount: [1, 4],
    strike(run, { host, service, amount, isOther: isForced }) {
      const what = { kind: "drain", host, isForced } as const;
      void run.operator.run(amount < 2 ? what : { ...what, service });
      return () => void run.operator.run({ kind: "undrain", host });
    },
  },
  /**
   * An operator drains a host, and forgets it while its agent is away, so that the word is gone; its service runs on. Another agent
   * comes back, or the same one.
   */
  forget_drained: {
    weight: 1,
    forMs: [9_000, 25_000],
    amount: [300, 4_000],
    strike(run, { host, amount, isOther }) {
      const machine = run.machineOf(host);
      void run.operator.run({ kind: "drain", host, isForced: true });
      let isOver = false;
      run.world.time.after(amount, () => {
        if (!isOver) machine?.agent?.clock.pause();
      });
      return () => {
        isOver = true;
        void run.operator.run({ kind: "forget", host }).then(() => {
          if (isOther) machine?.agent?.clock.resume();
          else machine?.agent?.crash("by a signal");
        });
      };
    },
  },
  /** An operator pauses, and resumes later. */
  pause: {
    weight: 2,
    forMs: [200, 20_000],
    strike(run) {
      void run.operator.run({ kind: "pause" });
      return () => void run.operator.run({ kind: "resume" });
    },
  },
  /** What the checks of gates look at is not as it should be. */
  gate_failure: {
    weight: 2,
    forMs: [200, 30_000],
    strike(run) {
      run.world.gateFaults++;
      return () => void run.world.gateFaults--;
    },
  },
  /** An operator opens a gate, whatever it waits for. */
  promote: {
    weight: 1,
    strike: (run) => void run.operator.run({ kind: "promote" }),
  },
  /** An operator resumes, whatever there is to resume. */
  resume: {
    weight: 1,
    strike: (run) => void run.operator.run({ kind: "resume" }),
  },
  /** An operator aborts the rollout. */
  abort: {
    weight: 2,
    strike: (run) => void run.operator.run({ kind: "abort" }),
  },
  /** An operator has a service started anew, which is refused while a rollout is under way; or aborts that first. */
  restart: {
    weight: 2,
    strike(run, { service, isOther }) {
      void (async () => {
        if (isOther) await run.operator.run({ kind: "abort" });
        await run.operator.run({ kind: "restart", service });
      })();
    },
  },
  /** An operator rolls the newest rollout back, whatever has become of it. */
  rollback: {
    weight: 2,
    strike: (run) => void run.operator.run({ kind: "rollback" }),
  },
  /** An operator starts another rollout, which is refused while one is under way. */
  second_rollout: {
    weight: 1,
    strike: (run) => void run.rollOut("v3"),
  },
  /** An operator aborts the rollout and starts another one at once. */
  supersede: {
    weight: 2,
    strike: (run) => void run.supersede("v3"),
  },
  /** As before, with other content under the same version; or so by an admin box of an earlier version, which does not look. */
  republish: {
    weight: 1,
    strike: (run, { isOther }) => void run.supersede("v2", { build: 2, isEarlier: isOther }),
  },
  /** The reply to what an operator asks next is lost. */
  operator_lost_reply: {
    weight: 1,
    strike(run) {
      for (const link of linksOf(run, "admin")) link.toClient.breaksNext = true;
    },
  },
  /**
   * Somebody writes by hand what is no entry: into the control node, the first wave, or the slot of a host; or makes a node
   * that is nobody's.
   */
  bad_entry: {
    weight: 1,
    amount: [1, 8],
    strike(run, { service, host, amount }) {
      const { tree } = run.world.observer;
      const wave = tree.firstWave;
      // On a logarithmic scale: the control node in a third of the cases, each of the others as often.
      if (amount < 2) run.operator.spoil(CONTROL);
      else if (amount < 4 && wave !== null) run.operator.spoil(wavePath(wave.node));
      else if (amount < 5.6 && tree.of(service).slots.has(host)) {
        run.operator.spoil(slotsPath(service, host));
      } else run.operator.makeStray(wavePath("nobody's"));
    },
  },
  /** Somebody makes nodes where the hosts of a wave are counted: under names of hosts, and under others. */
  strange_markers: {
    weight: 1,
    amount: [1, 8],
    strike(run, { service, host, amount, isOther }) {
      const wave = run.world.observer.tree.firstWave;
      if (wave === null || wave.service !== service || wave.tally === undefined) return;
      const at = isOther ? donePath : readyPath;
      for (let index = 0; index < Math.round(amount); index++) {
        const name = index === 0 ? host : `nobody-${index}`;
        run.operator.makeStray(at(service, wave.tally, name));
      }
    },
  },
} satisfies Record<string, Kind>;

/** The name of a kind of fault. */
export type FaultKind = keyof typeof KINDS;

/** All names. */
export const FAULT_KINDS = Object.keys(KINDS) as readonly FaultKind[];

/** A kind by its name. */
export function kindOf(name: FaultKind): Kind {
  return KINDS[name];
}

/** Draws the faults of a scenario: of some of the kinds, and so many that a rollout may still get somewhere. */
export function drawFaults(
  random: RandomStream,
  { hosts, services, kinds }: Pick<Scenario, "hosts"> & {
    readonly services: readonly PlannedService[];
    readonly kinds: readonly FaultKind[];
  },
): Fault[] {
  // A few kinds at a time: all of them at once would hide what only some of them together bring about.
  const chosen = random.some(kinds, random.between(1, 8));
  if (chosen.length === 0) return [];
  const bag = chosen.flatMap((kind) => Array.from({ length: kindOf(kind).weight }, () => kind));
  const withinMs = random.pick([4_000, 10_000, 30_000]);
  const count = Math.round(random.spread(1, 25));
  // Whoever was struck once is struck again more often than others: then faults meet.
  const victims = random.some(hosts, random.between(1, hosts.length));
  return Array.from({ length: count }, (): Fault => {
    const kind = random.pick(bag);
    const { forMs = [0, 0], amount = [0, 0] } = kindOf(kind);
    return {
      kind,
      atMs: Math.floor(random.next() * withinMs),
      forMs: forMs[1] === 0 ? 0 : Math.round(random.spread(...forMs as [number, number])),
      amount: amount[1] === 0 ? 0 : random.spread(...amount as [number, number]),
      host: random.pick(random.chance(0.7) ? victims : hosts).name,
      service: random.pick(services).name,
      isOther: random.chance(0.5),
    };
  }).sort((one, other) => one.atMs - other.atMs);
}
