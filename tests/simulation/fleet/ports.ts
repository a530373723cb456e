/**
 * The ports through which the actors of one life of an agent reach their simulated machine: processes, keepers and the
 * journal of a switch.
 *
 * @module
 */

import {
  HostError,
  type HostPorts,
  type ObservedPin,
  type Pin,
  type ServiceProcess,
  type SwitchEntry,
} from "../../../host/mod.ts";
import type { AgentProcess } from "./agent_process.ts";
import { whatIsAt } from "./disk.ts";
import type { Keeper, RunningService } from "./machine.ts";

/** The program of the check that a gate may name. */
export const GATE_CHECK = "gate";

/** Makes the ports of one life of an agent. */
export function portsOf(process: AgentProcess): HostPorts {
  const { machine, world } = process;

  /** A running service, as this life of the agent sees it. */
  function seen(running: RunningService, adopted: boolean): ServiceProcess {
    return {
      pid: running.pid,
      version: running.version,
      restart: running.restart,
      argv: [running.service],
      startedAt: running.startedMs,
      adopted,
      exited: process.clock.deliver(running.ended.then(() => ({ type: "unknown" as const }))),
      isAlive: () => running.isAlive,
      stop: ({ graceMs }) =>
        process.call(`stop ${running.service}`, async () => {
          machine.terminate(running);
          // The process that stops it sends SIGKILL when the grace is over, if it is still there.
          process.clock.after(graceMs, () => machine.end(running, "killed"));
          await running.ended;
        }),
      differencesFrom: () => [],
      detach() {},
    };
  }

  function pinOf(keeper: Keeper, adopted: boolean): Pin {
    return {
      pid: keeper.pid,
      startTimeTicks: keeper.pid,
      bootId: "boot",
      root: "",
      statusPath: keeper.statusPath,
      adopted,
    };
  }

  function statusOf(keeper: Keeper): ObservedPin {
    const isLocked = world.time.nowMs >= keeper.lockedMs;
    return {
      schema: 1,
      pid: keeper.pid,
      startTimeTicks: keeper.pid,
      bootId: "boot",
      root: "",
      rootIdentity: "",
      state: isLocked ? "locked" : "locking",
      filesCount: 1,
      totalBytes: 1,
      lockedBytes: isLocked ? 1 : 0,
      vmLckBytes: 1,
      residentBytes: 1,
      updatedAt: 0,
      alive: keeper.isAlive,
    };
  }

  return {
    processes: {
      lastLines: () => [],
      lastStarted: (recordPath) =>
        process.callNow(
          "read what was started",
          () => machine.lastStarted(whatIsAt(recordPath).service),
        ),
      adopt(recordPath) {
        return process.callNow("adopt", () => {
          process.failIfTold("runner");
          const running = machine.runningOf(whatIsAt(recordPath).service);
          if (running === null) return null;
          process.noteRun(running.service, running.version);
          return seen(running, true);
        });
      },
      start: ({ recordPath, version, restart }) => {
        const { service } = whatIsAt(recordPath);
        return process.call(`start ${service} ${version}`, () => {
          if (machine.runningOf(service) !== null) {
            throw new HostError("SERVICE_RUNNING", { message: `start ${service}: it runs` });
          }
          return seen(
            machine.start(service, { version, restart: restart ?? null }, process),
            false,
          );
        }, world.pace.spawnMs(process.random));
      },
      checkHealth: (check, { signal } = {}) => {
        if (check.type === "http" || check.type === "exec" && check.argv[0] === GATE_CHECK) {
          return process.call("check gate", checkGate);
        }
        const [what = "", service = "", version = ""] = check.type === "exec" ? check.argv : [];
        if (what === "drain" || what === "undrain") {
          return runHook(what, service, { timeoutMs: check.timeoutMs, signal });
        }
        const checked = process.call("check health", () => {
          const isHealthy = machine.isHealthy(service, version);
          machine.noteCheck(service, isHealthy);
          return isHealthy ? { ok: true as const } : { ok: false as const, reason: "not healthy" };
        });
        return checked.catch((error) => {
          machine.noteCheck(service, false);
          throw error;
        });
      },
    },
    keepers: {
      check() {
        if (!machine.canPin) throw new HostError("PIN_LIMIT", { message: "pin: not permitted" });
      },
      start: ({ statusPath }) =>
        process.call("start keeper", () => {
          const { keeper, adopted } = machine.startKeeper(statusPath);
          return pinOf(keeper, adopted);
        }, 1),
      async locked({ statusPath, pid }, { signal } = {}) {
        for (;;) {
          signal?.throwIfAborted();
          const keeper = machine.keeperAt(statusPath);
          if (keeper?.pid !== pid || !keeper.isAlive) {
            throw new HostError("PIN_KEEPER_DIED", { message: "pin: its keeper has ended" });
          }
          if (world.time.nowMs >= keeper.lockedMs) return statusOf(keeper);
          await process.call("wait for keeper", () => {}, keeper.lockedMs - world.time.nowMs + 1);
        }
      },
      status(statusPath) {
        const keeper = machine.keeperAt(statusPath);
        return keeper === null ? null : statusOf(keeper);
      },
      release: (statusPath) =>
        process.call("release keeper", () => machine.endKeeper(statusPath), 1),
    },
    openJournal(path) {
      const { service } = whatIsAt(path);
      return {
        read: () =>
          process.callNow("read journal", () => {
            process.noteNewCoordinator(service);
            const { journal: entry, isJournalSpoilt } = machine.diskOf(service);
            if (isJournalSpoilt) {
              return { state: "corrupt", file: { path, reason: "it is not what was written" } };
            }
            return entry === null ? { state: "absent" } : { state: "present", entry };
          }),
        write(entry) {
          process.callNow("write journal", () => {
            if (machine.isDiskFull) throw new Error("write journal: no space left on device");
            setJournal(service, entry);
          });
        },
        clear: () => process.callNow("clear journal", () => setJournal(service, null)),
      };
    },
  };

  function setJournal(service: string, entry: SwitchEntry | null): void {
    const disk = machine.diskOf(service);
    disk.journal = entry;
    disk.isJournalSpoilt = false;
  }

  function checkGate() {
    return world.checkGate(machine)
      ? { ok: true as const }
      : { ok: false as const, reason: "too many errors" };
  }

  async function runHook(
    what: "drain" | "undrain",
    service: string,
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal | undefined },
  ) {
    const { mode, takesMs } = machine.drain;
    world.trace(machine, `${service}: ${what}s`);
    // What sends work knows a host by its name: a clone puts the other one back as well.
    const done = () => {
      if (mode !== "works") return;
      if (what === "drain") return machine.setOut(service, true);
      for (const namesake of world.machinesNamed(machine.name)) namesake.setOut(service, false);
    };
    await process.call(what, done, mode === "hangs" ? timeoutMs : takesMs);
    signal?.throwIfAborted();
    return mode === "works"
      ? { ok: true as const }
      : { ok: false as const, reason: mode === "hangs" ? "no answer" : "exit status 1" };
  }
}
