/**
 * The upgrade coordinator's messages and options.
 *
 * @module
 */

import type { HealthCheck, HostPorts, Releases } from "../../host/mod.ts";
import type { AgentIdentity, CensusReading, Received, ReleaseIdentity } from "../../rollout/mod.ts";
import type { ServiceConfig } from "../config/agent_config.ts";
import type { FetcherMessage, FetchProgress } from "../fetcher/fetcher.ts";
import type { PinnedEvent, PinnerMessage, PinProgress } from "../pinner/messages.ts";
import type { JoinOutcome, RegistrarMessage, ReportOutcome } from "../registrar/messages.ts";
import type { HealthEvent, RunnerMessage } from "../runner/messages.ts";
import type { ActorRef, Subscribable } from "../runtime/mod.ts";
import type { SessionEvent, SessionMessage, ZnodeEvent } from "../session/session.ts";
import type { Word } from "./machine/drain.ts";
import type { Switch } from "./machine/switch.ts";

/** A release that has been prepared, or has not. */
type Named = ReleaseIdentity & { readonly version: string };

/** The messages of the upgrade coordinator. */
export type CoordinatorMessage =
  | SessionEvent
  | ZnodeEvent
  | HealthEvent
  | PinnedEvent
  | FetchProgress
  | PinProgress
  /** The tree has not been read for as long as a host without a service waits for it. */
  | { readonly type: "alone" }
  | { readonly type: "started_alone"; readonly result: string | null }
  /** Time to read the tree again. */
  | { readonly type: "read_due" }
  | { readonly type: "read"; readonly reading: CensusReading }
  | { readonly type: "read_failed"; readonly error: unknown }
  | { readonly type: "prepared"; readonly release: Named; readonly received: Received | null }
  | { readonly type: "not_prepared"; readonly release: Named; readonly error: unknown }
  /** What the host waits for in the staging queue has changed. */
  | { readonly type: "turn_changed"; readonly path: string }
  /** A watch on that is set; `isCurrent`: nothing has changed since the reading. */
  | { readonly type: "turn_watched"; readonly path: string; readonly isCurrent: boolean }
  | {
    readonly type: "queue_answer";
    readonly release: Named;
    readonly outcome: JoinOutcome;
  }
  | { readonly type: "left_queue" }
  /** The hook `undrain` has failed in a switch: nothing may send work to the host. */
  | { readonly type: "left_out" }
  /** The hook of a host that is drained, or put back, was run. `failure`: what is wrong; `null`: it has succeeded. */
  | {
    readonly type: "hook_run";
    readonly hook: "drain" | "undrain";
    readonly word: Word | null;
    readonly pid: number | null;
    readonly failure: string | null;
  }
  /** The record of a failure that came without a switch. */
  | { readonly type: "record_answer"; readonly outcome: ReportOutcome }
  /** Who is away, by name: of the service, or of a rack or site (`area`). */
  | {
    readonly type: "away_named";
    readonly area: string | null;
    readonly hosts: readonly string[];
  }
  /** Who is missing from the quorum of a wave, by name. */
  | {
    readonly type: "missing_named";
    readonly wave: string;
    readonly hosts: readonly string[];
  }
  /** The check of a gate was made. `problem`: what is wrong; `null`: it holds. */
  | { readonly type: "gate_checked"; readonly wave: string; readonly problem: string | null }
  | { readonly type: "gate_check_due" }
  /** A change of the tree has been made, or has failed. */
  | { readonly type: "acted"; readonly what: string; readonly error: unknown }
  | {
    readonly type: "slot_answer";
    readonly change: Switch;
    readonly isTaken: boolean;
    /** Whether the host has left the staging queue by that. */
    readonly leavesQueue: boolean;
  }
  /** Whether the service may be stopped; `false`: read again, decide again. */
  | { readonly type: "fence_answer"; readonly change: Switch; readonly isPassed: boolean }
  | { readonly type: "step_taken"; readonly change: Switch }
  | { readonly type: "step_failed"; readonly change: Switch; readonly error: unknown }
  | { readonly type: "report_due" }
  | { readonly type: "report_answer"; readonly outcome: ReportOutcome };

/** The options of one service's upgrade coordinator. */
export interface CoordinatorOptions {
  readonly host: string;
  /** Identity of the agent's data directory: tells this host's entry from that of another machine with the same name. */
  readonly agent: string;
  /** The machine that the agent runs on, as its entry says it. */
  readonly machine?: AgentIdentity["machine"];
  readonly service: string;
  readonly config: ServiceConfig;
  /** The checks of gates that this host can make, by name. Default: none. */
  readonly checks?: Readonly<Record<string, HealthCheck>>;
  readonly store: Releases;
  readonly session: ActorRef<SessionMessage>;
  readonly registrar: ActorRef<RegistrarMessage>;
  readonly runner: ActorRef<RunnerMessage>;
  readonly fetcher: ActorRef<FetcherMessage>;
  readonly pinner: ActorRef<PinnerMessage>;
  readonly sessionEvents: Subscribable<SessionEvent>;
  readonly healthEvents: Subscribable<HealthEvent>;
  readonly pinnedEvents: Subscribable<PinnedEvent>;
  /** What it does to its machine. Default: to the one that this program runs on. */
  readonly ports?: HostPorts;
}
