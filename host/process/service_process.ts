/**
 * The process of a service: started detached so that it outlives the agent (start_service.ts), found again by the next
 * agent, stopped together with all that it started. commands.ts says which program runs; the agent
 * decides when.
 *
 * @module
 */

import { formatDurationMs } from "../../base/duration.ts";
import { type Clock, sleep, systemClock } from "../../base/clock.ts";
import { HostError } from "../errors.ts";
import type { ChildExit, DetachedChild } from "./detached_spawn.ts";
import {
  bootId,
  isSameProcessRunning,
  type ProcessEntry,
  type ProcessIdentity,
  readProcess,
  runningProcesses,
  startedWith,
  writesTo,
} from "./process_table.ts";
import { signalProcess, type StopSignal } from "./signals.ts";
import {
  INSTANCE_VARIABLE,
  readServiceRecord,
  removeServiceRecord,
  type ServiceRecord,
} from "./service_record.ts";
import { differingSettings, digestSettings, type ServiceSettings } from "./service_settings.ts";

/** How often an adopted process is polled, since only a parent is told when a process ends. Each poll reads one file of /proc. */
const ADOPTED_POLL_MS = 250;

/** How often the processes of a service that is being stopped are listed. Each time all of /proc is scanned. */
const STOP_POLL_MS = 100;

/** How long processes may take to end after SIGKILL. Only one that hangs in the kernel takes longer. */
const KILL_TIMEOUT_MS = 10_000;

/** Grace for processes that a service has left behind when its first process died: they have no work to finish, only to clean up. */
const LEFT_OVER_GRACE_MS = 2000;

/** How a process ended. `unknown` for an adopted one: only a parent learns it. */
export type ServiceExit =
  | { type: "code"; code: number }
  | { type: "signal"; signal: string }
  | { type: "unknown" };

/** A service that was started or adopted. */
export interface ServiceProcess {
  readonly pid: number;
  readonly version: string;
  /** The restart that it was started by; null: none. */
  readonly restart: string | null;
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
   * Ends it: the process that was started gets the signal, so that a master can have its workers finish what they do. When
   * it has ended, what it has left behind gets SIGTERM; after the grace whatever remains gets SIGKILL. The processes are
   * its process group, and those that it started and that have left the group. Removes the record when all have ended. May
   * be called on a service that has ended: the children that it left behind are ended.
   *
   * @param options.signal default SIGTERM.
   * @throws {HostError} `SERVICE_STOP_FAILED` when something survives SIGKILL for 10 s (a process
   *   that hangs in the kernel). The record stays then.
   */
  stop(options: { graceMs: number; signal?: StopSignal | undefined }): Promise<void>;
  /** The settings in which it was started otherwise than these say, by name, such as `env PORT`. */
  differencesFrom(settings: ServiceSettings): string[];
  /**
   * Stops watching the process; the service goes on. The agent calls it when it ends and leaves the
   * service running, because watching keeps the agent's event loop alive.
   */
  detach(): void;
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
 * does not run, even if its children do: the next start of the service ends them first. A record is
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

/** What was started last as a service, also on a machine that has been down since. */
export interface StartedService {
  readonly version: string;
  /** The restart that it was started by; null: none. */
  readonly restart: string | null;
}

/** What the record of a service says that was started last; null: it was stopped since, or the record cannot be read. */
export function lastStarted(recordPath: string): StartedService | null {
  const record = readServiceRecord(recordPath);
  return record && { version: record.version, restart: record.restart ?? null };
}

/** Ends what an instance has left running after its first process had ended. */
export async function endLeftOvers(recordPath: string, clock: Clock): Promise<void> {
  const record = readServiceRecord(recordPath);
  if (record === null || record.bootId !== bootId()) return;
  const { pid, startTimeTicks } = record;
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

/** A record, and the process that it names. */
export interface RecordedService {
  record: ServiceRecord;
  identity: ProcessIdentity;
}

/** The running process of a record. */
export function findRecorded(
  recordPath: string,
  { logPath, onRefused }: Pick<AdoptServiceOptions, "logPath" | "onRefused">,
): RecordedService | null {
  const record = readServiceRecord(recordPath);
  if (record === null || record.bootId !== bootId()) return null;
  const { pid, startTimeTicks } = record;
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

function isMarked(entry: ProcessEntry, instance: string): boolean {
  return startedWith(entry.pid, { name: INSTANCE_VARIABLE, value: instance });
}

/** A service that was started by this agent (`child` is set) or adopted from an earlier one. */
export class DetachedService implements ServiceProcess {
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

  get restart(): string | null {
    return this.#record.restart ?? null;
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

  async stop({ graceMs, signal = "SIGTERM" }: Parameters<ServiceProcess["stop"]>[0]) {
    if (!await this.#endInOrder(signal, graceMs)) {
      if (!await this.#end(() => "SIGKILL", KILL_TIMEOUT_MS)) {
        const pids = this.#members().map((entry) => entry.pid).join(", ");
        throw new HostError("SERVICE_STOP_FAILED", {
          message: `stop ${this.#record.argv[0]}: expected its processes to end within ` +
            `${
              formatDurationMs(KILL_TIMEOUT_MS)
            } of SIGKILL, but ${pids} did not; such a process hangs in the ` +
            `kernel, usually on a disk or network file system`,
        });
      }
    }
    // It has ended; waits until its parent, this process, has been told, so that `exited` says how.
    await this.#child?.exited;
    this.detach();
    removeServiceRecord(this.#recordPath);
  }

  differencesFrom(settings: ServiceSettings): string[] {
    const { settings: started, instance } = this.#record;
    return started === undefined
      ? []
      : differingSettings(started, digestSettings(settings, instance));
  }

  detach(): void {
    this.#watching.abort();
    this.#child?.unref();
  }

  /**
   * Signals the first process, and the others when that one has ended, since they may be workers that it ends itself.
   * Resolves to false when the time is up.
   */
  async #endInOrder(first: StopSignal, graceMs: number): Promise<boolean> {
    const { pid, startTimeTicks } = this.#identity;
    return await this.#end((members) => {
      const main = this.#isOurs &&
        members.find((entry) => entry.pid === pid && entry.startTimeTicks === startTimeTicks);
      return main ? { only: main, signal: first } : "SIGTERM";
    }, graceMs);
  }

  /** Signals members, or one of them, until none is left (true) or the time is up (false). */
  async #end(
    choose: (
      members: readonly ProcessEntry[],
    ) => "SIGTERM" | "SIGKILL" | { only: ProcessEntry; signal: StopSignal },
    timeoutMs: number,
  ): Promise<boolean> {
    const deadline = this.#clock.nowMs() + timeoutMs;
    const signalled = new Set<number>();
    while (true) {
      const members = this.#members();
      if (members.length === 0) return true;
      const chosen = choose(members);
      const [targets, signal] = typeof chosen === "string"
        ? [members, chosen]
        : [[chosen.only], chosen.signal];
      for (const member of targets) {
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
