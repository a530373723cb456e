/**
 * What an agent's actors do to their machine, as interfaces: the processes of services, the keepers of locked pages, the
 * releases on disk and the journal of a switch. `thisHost` is the machine that the agent runs on. A simulation hands in
 * machines of its own, so that the same actors run on them.
 *
 * @module
 */

import {
  awaitPinned,
  checkPinnable,
  pinStatus,
  rankKeeper,
  releasePin,
  startPin,
  whyPinEnded,
} from "./pinning/mod.ts";
import { adoptService, checkHealth, lastLines, lastStarted, startService } from "./process/mod.ts";
import { type ReleaseStore, SwitchJournal } from "./releases/mod.ts";

/** The releases of one service on the disk. */
export type Releases = Pick<ReleaseStore, keyof ReleaseStore>;

/** The journal of one service's switch. */
export type Journal = Pick<SwitchJournal, "read" | "write" | "clear">;

/** The processes of services, and the commands that look at them. */
export interface ServiceProcesses {
  /** Finds the process that an earlier agent has started; null if none runs. */
  readonly adopt: typeof adoptService;
  /** What was started last, running or not; null: it was stopped since. */
  readonly lastStarted: typeof lastStarted;
  /** Starts a service's process. */
  readonly start: typeof startService;
  /** Runs one health check, or a hook: a command whose exit status says how it went. */
  readonly checkHealth: typeof checkHealth;
  /** The last lines that a service has written to its log. */
  readonly lastLines: typeof lastLines;
}

/** The processes that keep releases locked in memory. */
export interface PinKeepers {
  /** Says whether a release could be locked. */
  readonly check: typeof checkPinnable;
  /** Starts or adopts the keeper of a release. */
  readonly start: typeof startPin;
  /** Waits until a keeper has locked all pages. */
  readonly locked: typeof awaitPinned;
  /** Reads a keeper's status. */
  readonly status: typeof pinStatus;
  /** Ends a keeper. */
  readonly release: typeof releasePin;
  /** Says why a keeper has ended that was not told to. Default: nobody can tell. */
  readonly whyEnded?: typeof whyPinEnded;
  /** Says whether a service runs on what a keeper holds. Default: the kernel is told nothing. */
  readonly rank?: typeof rankKeeper;
}

/** A machine, as the actors of its agent see it. */
export interface HostPorts {
  /** The processes of its services. */
  readonly processes: ServiceProcesses;
  /** The keepers of its locked pages. */
  readonly keepers: PinKeepers;
  /** Opens the journal at that path. */
  readonly openJournal: (path: string) => Journal;
}

/** The machine that this program runs on. */
export const thisHost: HostPorts = {
  processes: { adopt: adoptService, lastStarted, start: startService, checkHealth, lastLines },
  keepers: {
    check: checkPinnable,
    start: startPin,
    locked: awaitPinned,
    status: pinStatus,
    release: releasePin,
    whyEnded: whyPinEnded,
    rank: rankKeeper,
  },
  openJournal: (path) => new SwitchJournal(path),
};
