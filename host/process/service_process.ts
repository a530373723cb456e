/**
 * The process of a service: started detached so that it outlives the agent, found again by the next
 * agent, stopped together with all that it started. commands.ts says which program runs; the agent
 * decides when.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import { type Clock, sleep, systemClock } from "../../base/clock.ts";
import { HostError } from "../errors.ts";
import { type ChildExit, type DetachedChild, spawnDetached } from "./detached_spawn.ts";
import {
  bootId,
  identify,
  isSameProcessRunning,
  type ProcessEntry,
  type ProcessIdentity,
  readProcess,
  runningProcesses,
  startedWith,
  writesTo,
} from "./process_table.ts";
import { serviceEnvironment } from "./service_environment.ts";
import { findServiceUser, type ServiceUser } from "./service_user.ts";
import { signalProcess } from "./signals.ts";
import {
  INSTANCE_VARIABLE,
  readServiceRecord,
  removeServiceRecord,
  type ServiceRecord,
  writeServiceRecord,
} from "./service_record.ts";

/** How often an adopted process is polled, since only a parent is told when a process ends. Each poll reads one file of /proc. */
const ADOPTED_POLL_MS = 250;

/** How often the processes of a service that is being stopped are listed. Each time all of /proc is scanned. */
const STOP_POLL_MS = 100;

/** How long processes may take to end after SIGKILL. Only one that hangs in the kernel takes longer. */
const KILL_TIMEOUT_MS = 10_000;

/** Grace for processes that a service has left behind when its first process died: they have no work to finish, only to clean up. */
const LEFT_OVER_GRACE_MS = 2000;

/** How {@linkcode startService} starts a service. */
export interface StartServiceOptions {
  argv: readonly [string, ...string[]];
  /** Added to what a service gets of the agent's environment, see service_environment.ts. */
  env?: Readonly<Record<string, string>>;
  /** The user that it runs as: a name, `UID` or `UID:GID`. Default: the agent's own. Takes root. */
  user?: string | undefined;
  cwd: string;
  /** Standard output and error are appended to it. */
  logPath: string;
  /** Where the process is recorded, for {@linkcode adoptService}; one file per service. */
  recordPath: string;
  /** The version that runs, kept in the record. */
  version: string;
  clock?: Clock;
}

/** How a process ended. `unknown` for an adopted one: only a parent learns it. */
export type ServiceExit =
  | { type: "code"; code: number }
  | { type: "signal"; signal: string }
  | { type: "unknown" };

/** A service that was started or adopted. */
export interface ServiceProcess {
  readonly pid: number;
  readonly version: string;
  readonly argv: readonly string[];
  /** When it was started, milliseconds since 1970. */
  readonly startedAt: number;
  /** True when an earlier agent had started it. */
  readonly adopted: boolean;
  /**
   * Settles when the process that was started has ended; never rejects. After
   * {@linkcode detach} it may stay open for ever.
   */
  readonly exited: Promise<ServiceExit>;
  /** Whether the process that was started still runs; reads /proc. */
  isAlive(): boolean;
  /**
   * Sends SIGTERM to all of its processes (its process group, and those that it started and that have
   * left the group), and SIGKILL to those that remain after the grace; removes the record when all have
   * ended. May be called on a service that has ended: the children that it left behind are ended.
   *
   * @throws {HostError} `SERVICE_STOP_FAILED` when something survives SIGKILL for 10 s (a process
   *   that hangs in the kernel). The record stays then.
   */
  stop(options: { graceMs: number }): Promise<void>;
  /**
   * Stops watching the process; the service goes on. The agent calls it when it ends and leaves the
   * service running, because watching keeps the agent's event loop alive.
   */
  detach(): void;
}

/**
 * Starts a service in a session and process group of its own. Children that an instance before it
 * has left behind (and that may hold its port) are ended first.
 *
 * @throws {HostError} `SERVICE_RUNNING` when the record names a process of the service that lives,
 *   `SERVICE_STOP_FAILED` when left-over children cannot be ended, `SERVICE_START_FAILED` when the program
 *   or cwd is not there or may not be run, or not by that user.
 */
export async function startService(options: StartServiceOptions): Promise<ServiceProcess> {
  const { argv, recordPath, version, clock = systemClock } = options;
  const user = options.user === undefined ? null : findUserOrExplain(options, options.user);
  const running = findRecorded(recordPath, { logPath: options.logPath });
  if (running !== null) {
    throw new HostError("SERVICE_RUNNING", {
      message: `start ${argv[0]}: expected no instance of the service, but pid ` +
        `${running.identity.pid} (version ${running.record.version}) runs; adopt or stop it first`,
    });
  }
  await endLeftOvers(recordPath, clock);
  const instance = randomUUID();
  const intent: ServiceRecord = {
    instance,
    version,
    argv: [...argv],
    startedAt: clock.wallTimeMs(),
    bootId: bootId(),
  };
  writeServiceRecord(recordPath, intent);
  const child = await spawnOrExplain(options, {
    instance,
    user,
    undo: () => removeServiceRecord(recordPath),
  });
  // Read at once: as long as this process has not reaped it, even a dead child keeps its entry.
  const identity = identify(child.pid) ?? { pid: child.pid, startTimeTicks: -1, bootId: bootId() };
  const record = { ...intent, ...identity };
  writeServiceRecord(recordPath, record);
  return new DetachedService({ record, identity, recordPath, clock, child, isOurs: true });
}

function findUserOrExplain({ argv }: StartServiceOptions, name: string): ServiceUser {
  let reason: string;
  try {
    const user = findServiceUser(name);
    // Only root may: and only root can tell afterwards which processes of that user are the service.
    if (user.uid === Deno.uid() || Deno.uid() === 0) return user;
    reason =
      `expected root, to start it as ${name}, this is user ${Deno.uid()}; run the agent as root, ` +
      `or leave "user" out`;
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
  }
  throw new HostError("SERVICE_START_FAILED", { message: `start ${argv[0]}: ${reason}` });
}

async function spawnOrExplain(
  options: StartServiceOptions,
  { instance, user, undo }: { instance: string; user: ServiceUser | null; undo: () => void },
): Promise<DetachedChild> {
  try {
    return await spawnDetached({
      argv: options.argv,
      cwd: options.cwd,
      env: {
        ...serviceEnvironment(Deno.env.toObject(), user),
        ...options.env,
        [INSTANCE_VARIABLE]: instance,
      },
      logPath: options.logPath,
      user: user ?? undefined,
    });
  } catch (cause) {
    undo();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HostError("SERVICE_START_FAILED", {
      message: `start ${options.argv[0]} in ${options.cwd}: expected it to run, got: ${reason}; ` +
        `look whether the program and the folder exist and may be used by this user`,
      cause,
    });
  }
}

/** How {@linkcode adoptService} recognises a service. */
export interface AdoptServiceOptions {
  /** The service's log: a process that has overwritten its environment is told by it. */
  logPath?: string;
  /** Called when the record names a process that was not started here; it is left alone. */
  onRefused?: (reason: string) => void;
  clock?: Clock;
}

/**
 * The service that a record names, if it runs; null otherwise. One whose first process has ended
 * does not run, even if its children do: the next {@linkcode startService} ends them first. A record is
 * a file and may be forged, so it is believed only of a process that bears the mark of its instance, or
 * that writes the service's log.
 */
export function adoptService(
  recordPath: string,
  options: AdoptServiceOptions = {},
): ServiceProcess | null {
  const { clock = systemClock } = options;
  const found = findRecorded(recordPath, options);
  return found &&
    new DetachedService({ ...found, recordPath, clock, child: null, isOurs: true });
}

/** Ends what an instance has left running after its first process had ended. */
async function endLeftOvers(recordPath: string, clock: Clock): Promise<void> {
  const record = readServiceRecord(recordPath);
  if (record === null || record.bootId !== bootId()) return;
  // Without a pid in the record, only the instance's mark is left to go by.
  const { pid = -1, startTimeTicks = -1 } = record;
  const identity = { pid, startTimeTicks, bootId: record.bootId };
  // Whatever has that pid now is not ours: it would have been found as running.
  const ended = new DetachedService({
    record,
    identity,
    recordPath,
    clock,
    child: null,
    isOurs: false,
  });
  await ended.stop({ graceMs: LEFT_OVER_GRACE_MS });
}

interface RecordedService {
  record: ServiceRecord;
  identity: ProcessIdentity;
}

/** The running process of a record, also when the agent died after starting it and before noting its pid. */
function findRecorded(
  recordPath: string,
  { logPath, onRefused }: Pick<AdoptServiceOptions, "logPath" | "onRefused">,
): RecordedService | null {
  const record = readServiceRecord(recordPath);
  if (record === null || record.bootId !== bootId()) return null;
  const { pid, startTimeTicks } = record;
  if (pid !== undefined && startTimeTicks !== undefined) {
    const identity = { pid, startTimeTicks, bootId: record.bootId };
    if (!isSameProcessRunning(identity)) return null;
    const isOurs = startedWith(pid, { name: INSTANCE_VARIABLE, value: record.instance }) ||
      (logPath !== undefined && writesTo(pid, logPath));
    if (isOurs) return { record, identity };
    onRefused?.(
      `the record ${recordPath} names pid ${pid}, which was not started as this service: it has neither ` +
        `its mark nor its log; the process is left alone`,
    );
    return null;
  }
  // Of the marked processes, the one that we started leads its own session.
  const leader = runningProcesses().find((entry) =>
    entry.session === entry.pid && isMarked(entry, record.instance)
  );
  if (leader === undefined) return null;
  const identity = {
    pid: leader.pid,
    startTimeTicks: leader.startTimeTicks,
    bootId: record.bootId,
  };
  writeServiceRecord(recordPath, { ...record, ...identity });
  return { record, identity };
}

function isMarked(entry: ProcessEntry, instance: string): boolean {
  return startedWith(entry.pid, { name: INSTANCE_VARIABLE, value: instance });
}

/** A service that was started by this agent (`child` is set) or adopted from an earlier one. */
class DetachedService implements ServiceProcess {
  readonly exited: Promise<ServiceExit>;
  readonly adopted: boolean;
  readonly #record: ServiceRecord;
  readonly #identity: ProcessIdentity;
  readonly #recordPath: string;
  readonly #clock: Clock;
  readonly #child: DetachedChild | null;
  /** Whether the first process is known to be the service's. */
  readonly #isOurs: boolean;
  readonly #watching = new AbortController();
  /** The members when they were last listed: start time by pid. */
  #seen: ReadonlyMap<number, number> = new Map();

  constructor(
    options: RecordedService & {
      recordPath: string;
      clock: Clock;
      child: DetachedChild | null;
      isOurs: boolean;
    },
  ) {
    this.#record = options.record;
    this.#identity = options.identity;
    this.#recordPath = options.recordPath;
    this.#clock = options.clock;
    this.#child = options.child;
    this.#isOurs = options.isOurs;
    this.adopted = options.child === null;
    this.exited = options.child?.exited.then(toServiceExit) ?? this.#watch();
  }

  get pid(): number {
    return this.#identity.pid;
  }

  get version(): string {
    return this.#record.version;
  }

  get argv(): readonly string[] {
    return this.#record.argv;
  }

  get startedAt(): number {
    return this.#record.startedAt;
  }

  isAlive(): boolean {
    return isSameProcessRunning(this.#identity);
  }

  async stop(options: { graceMs: number }): Promise<void> {
    if (!await this.#end("SIGTERM", options.graceMs)) {
      if (!await this.#end("SIGKILL", KILL_TIMEOUT_MS)) {
        const pids = this.#members().map((entry) => entry.pid).join(", ");
        throw new HostError("SERVICE_STOP_FAILED", {
          message: `stop ${this.#record.argv[0]}: expected its processes to end within ` +
            `${KILL_TIMEOUT_MS} ms of SIGKILL, but ${pids} did not; such a process hangs in the ` +
            `kernel, usually on a disk or network file system`,
        });
      }
    }
    // It has ended; waits until its parent, this process, has been told, so that `exited` says how.
    await this.#child?.exited;
    this.detach();
    removeServiceRecord(this.#recordPath);
  }

  detach(): void {
    this.#watching.abort();
    this.#child?.unref();
  }

  /** Sends a signal to all members until none is left (true) or the time is up (false). */
  async #end(signal: "SIGTERM" | "SIGKILL", timeoutMs: number): Promise<boolean> {
    const deadline = this.#clock.nowMs() + timeoutMs;
    const signalled = new Set<number>();
    while (true) {
      const members = this.#members();
      if (members.length === 0) return true;
      for (const member of members) {
        // Once each, because many programs take a second SIGTERM for "end at once". Processes that are
        // forked meanwhile are signalled in a later round.
        if (signalled.has(member.pid)) continue;
        signalled.add(member.pid);
        signalProcess(member, signal);
      }
      if (this.#clock.nowMs() >= deadline) return this.#members().length === 0;
      await sleep(this.#clock, STOP_POLL_MS);
    }
  }

  /**
   * The running processes of this instance: those in the group or session of the first process while
   * that one is in the process table (afterwards its pid might belong to another program), those that
   * were found so before, and those that carry the instance's mark.
   */
  #members(): ProcessEntry[] {
    const { pid, startTimeTicks } = this.#identity;
    const numberIsOurs = this.#isOurs && readProcess(pid)?.startTimeTicks === startTimeTicks;
    const members = runningProcesses().filter((entry) =>
      (numberIsOurs && (entry.processGroup === pid || entry.session === pid)) ||
      this.#seen.get(entry.pid) === entry.startTimeTicks ||
      isMarked(entry, this.#record.instance)
    );
    this.#seen = new Map(members.map((entry) => [entry.pid, entry.startTimeTicks]));
    return members;
  }

  async #watch(): Promise<ServiceExit> {
    const { signal } = this.#watching;
    while (!signal.aborted && this.isAlive()) await sleep(this.#clock, ADOPTED_POLL_MS, signal);
    if (this.isAlive()) return await new Promise(() => {});
    return { type: "unknown" };
  }
}

function toServiceExit({ code, signal }: ChildExit): ServiceExit {
  if (signal !== null) return { type: "signal", signal };
  return code === null ? { type: "unknown" } : { type: "code", code };
}
