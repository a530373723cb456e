/**
 * What the upgrade coordinator knows between two messages.
 *
 * @module
 */

import type { ServiceReading } from "../../coordination/mod.ts";
import { type SwitchEntry, SwitchJournal } from "../../host/mod.ts";
import type { Current } from "../../rollout/mod.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import type { ServiceStatus } from "../runner/messages.ts";
import type { ActorContext } from "../runtime/mod.ts";
import type { CoordinatorMessage, CoordinatorOptions } from "./messages.ts";
import { ReadingProblems } from "./reading_problems.ts";
import type { Switch } from "./switch.ts";

/** The coordinator's own context. */
export type Context = ActorContext<CoordinatorMessage>;

/** What every part of the coordinator gets beside the state. */
export interface Own {
  readonly options: CoordinatorOptions;
  readonly context: Context;
}

/** The coordinator's state; changed only while it handles a message. */
export interface State {
  /** `null` while there is no connection. */
  zookeeper: ZooKeeper | null;
  sessionId: bigint | null;
  /** `null` until the runner has said how the service is. */
  status: ServiceStatus | null;
  locked: ReadonlyMap<string, number>;
  /** Whether the host has found itself in line with the fleet since its session began. */
  hasRejoined: boolean;
  /** A reading is under way; `isStale`: something happened since it began. */
  isReading: boolean;
  isStale: boolean;
  /** What in the tree could not be read, as far as it was told. */
  readonly readingProblems: ReadingProblems;
  /** A change of the tree is under way; nothing else is decided until it is known how it went. */
  isActing: boolean;
  preparing: string | null;
  /** The version that is on disk, verified and locked as asked. */
  prepared: string | null;
  /** Preparations, or starts, of `lastFailed` that failed in a row. */
  failures: number;
  /** The version that failed last; only that one is held back by the retry timer. */
  lastFailed: string | null;
  /** The node that the host waits for in the staging queue. */
  predecessor: string | null;
  /** The switch under way; `null` most of the time. */
  change: Switch | null;
  /** What the journal told at start of a switch that was under way. */
  interrupted: SwitchEntry | null;
  readonly journal: SwitchJournal;
  /** Why the last report did not get through; `null` when none is waiting. */
  reportProblem: string | null;
}

/** Key of the timer that asks for the next reading. */
export const LOOK_TIMER = "look";

/** Key of the timer that holds back what has just failed. */
export const RETRY_TIMER = "retry";

/** The state of a coordinator that has just started. */
export function firstState({ options, context }: Own): State {
  const journal = new SwitchJournal(options.store.layout.switchJournal);
  const found = journal.read();
  if (found.state === "corrupt") {
    context.log.error(
      "{service}: the journal of the last switch cannot be read, it counts as absent: {reason}",
      {
        service: options.service,
        reason: found.file.reason,
      },
    );
  }
  return {
    zookeeper: null,
    sessionId: null,
    status: null,
    locked: new Map(),
    hasRejoined: false,
    isReading: false,
    isStale: false,
    readingProblems: new ReadingProblems(),
    isActing: false,
    preparing: null,
    prepared: null,
    failures: 0,
    lastFailed: null,
    predecessor: null,
    change: null,
    interrupted: found.state === "present" ? found.entry : null,
    journal,
    reportProblem: null,
  };
}

/** The entry's part that the service's health decides, while no switch is under way. */
export function healthPatch({ status }: State): Pick<Current, "version" | "state"> {
  const isServing = status !== null && status.version !== null && status.health.ok;
  return { version: status?.wanted ?? null, state: isServing ? "serving" : "down" };
}

/** All locked bytes, of whichever version. */
export function lockedBytes({ locked }: State): number {
  return [...locked.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** Notes that a version failed, and holds it back for a while. */
export function holdBack(state: State, version: string, { context }: Own): number {
  state.failures = state.lastFailed === version ? state.failures + 1 : 1;
  state.lastFailed = version;
  const delayMs = backOffMs(state.failures);
  context.timers.after(RETRY_TIMER, delayMs, { type: "look_due" });
  return delayMs;
}

/** Says why the host is not moving. */
export function waitFor(waitingFor: string | null, { options }: Own): void {
  options.registrar.tell({ type: "update", service: options.service, patch: { waitingFor } });
}

/** Makes sure that the tree is read again after `delayMs`, spread out so that a fleet does not read in step. */
export function lookAfter(delayMs: number, { context }: Own): void {
  const jitter = 0.8 + 0.4 * context.random.next();
  context.timers.after(LOOK_TIMER, delayMs * jitter, { type: "look_due" });
}

/** Time before something that has failed `failures` times in a row is tried again. */
function backOffMs(failures: number): number {
  // A full disk or a dead build machine is mended in minutes; one look a minute finds that soon enough.
  return Math.min(60_000, 1_000 * 2 ** Math.min(failures, 10));
}

/** The tree as the last reading found it, for those who decide. */
export type Reading = ServiceReading;

/** The words of an error. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
