/**
 * The registrar's messages and answers.
 *
 * @module
 */

import type {
  CensusReading,
  CountedWave,
  Current,
  Quarantined,
  ReleaseIdentity,
  Restarts,
  Roster,
  Slot,
  transactions,
} from "../../rollout/mod.ts";
import type { ReplyTo } from "../runtime/mod.ts";
import type { SessionEvent } from "../session/session.ts";

/** The fields of the host's entry that a service's actors may change. */
export type EntryPatch = Partial<
  Pick<
    Current,
    | "version"
    | "infoHash"
    | "restart"
    | "state"
    | "pinnedBytes"
    | "preparation"
    | "received"
    | "waitingFor"
    | "drained"
  >
>;

/** The outcome of a report. */
export type ReportOutcome =
  | { readonly ok: true; readonly halted: boolean }
  /** Not yet: there is no session, or the write failed. The caller tries again later. */
  | { readonly ok: false; readonly reason: string };

/** What a host is counted by besides its entry. */
export interface Counted {
  /** The waves that cover it. */
  readonly waves: readonly CountedWave[];
  /** The release that it is ready to switch to, or whose switch has failed here; `null` if none. */
  readonly staged: ReleaseIdentity | null;
}

/** The outcome of joining the staging queue. `node`: the name of the host's place in it. */
export type JoinOutcome =
  | { readonly ok: true; readonly node: string }
  /** Not yet: there is no session, or the write failed. */
  | { readonly ok: false; readonly reason: string };

/** The outcome of giving a slot back. */
export type ReturnOutcome =
  /** It is gone, or something has changed since it was read: read again, decide again. */
  | { readonly ok: true }
  /** Not yet: there is no session, or the write failed. */
  | { readonly ok: false; readonly reason: string };

/** What is known of a service's process on this host. */
export interface Running {
  /** How often it was started again since the agent began. */
  readonly restarts: Pick<Restarts, "crash" | "unwell">;
  /** Why the host is not to be counted on; `null` if it is. */
  readonly quarantined: Pick<Quarantined, "reason" | "sinceMs"> | null;
  /** The settings in which it was started otherwise than the config says now. */
  readonly differences: readonly string[];
}

/** The host's entry for one service, as it is in the tree or will be written next, and what is known here besides. */
export interface ServiceEntry {
  readonly service: string;
  readonly entry: Current;
  readonly running: Running;
}

/** The messages of the registrar. */
export type RegistrarMessage =
  | {
    readonly type: "update";
    readonly service: string;
    readonly patch: EntryPatch;
    /** The slot that the host holds, at its present step; `null`: it holds none. Left out: as before. */
    readonly slot?: Slot | null;
    /** What the host is counted by besides its entry. Left out: as before. */
    readonly counted?: Counted;
  }
  | { readonly type: "running"; readonly service: string; readonly running: Running }
  /** The host is ready to switch to a release: it joins the staging queue. */
  | {
    readonly type: "join";
    readonly service: string;
    readonly release: transactions.ReadyRelease;
    /** Whether it may have a place already. */
    readonly mayStand: boolean;
    readonly replyTo: ReplyTo<JoinOutcome>;
  }
  | {
    readonly type: "report";
    readonly service: string;
    readonly patch: EntryPatch;
    /** The switch that is over, as its slot shows it. */
    readonly slot: Slot;
    /** Whether the host was given it. */
    readonly holdsSlot: boolean;
    /** The host's nodes in the staging queue; `null` if they are not known. */
    readonly places: readonly string[] | null;
    /** Whether the switch failed: the slot stays as the record of it. */
    readonly isFailure: boolean;
    /** What is told in the record of the rollout. Default: nothing. */
    readonly record?: transactions.SwitchRecord | null;
    readonly replyTo: ReplyTo<ReportOutcome>;
  }
  /** The host gives back the slot, or the record, that it has; what it is counted by without that was told before. */
  | {
    readonly type: "give_back";
    readonly service: string;
    readonly slot: Slot;
    /** The reading in which it stands. */
    readonly reading: Pick<CensusReading, "census" | "service">;
    readonly replyTo: ReplyTo<ReturnOutcome>;
  }
  /** The entry was not found as this host has written it: whoever has changed or removed it, it is written again. */
  | { readonly type: "restore"; readonly service: string }
  /** The host gets work again, as an operator has said or as it must before it counts: it registers so. */
  | { readonly type: "put_back"; readonly service: string }
  | { readonly type: "endpoint"; readonly url: string }
  | { readonly type: "list"; readonly replyTo: ReplyTo<readonly ServiceEntry[]> }
  | SessionEvent
  | {
    readonly type: "registered";
    readonly service: string;
    readonly attempt: number;
    readonly epoch: number;
    readonly roster: Roster;
    readonly markers: ReadonlySet<string>;
    /** Tallies of waves that were known to cover the host, and whose hosts are not counted any more. */
    readonly gone: ReadonlySet<string>;
    /** Whether another machine holds a slot in this host's name. */
    readonly isSlotElsewhere: boolean;
  }
  | {
    readonly type: "not_registered";
    readonly service: string;
    readonly attempt: number;
    readonly error: unknown;
  }
  | { readonly type: "retry"; readonly service: string }
  | {
    readonly type: "written";
    readonly service: string;
    readonly attempt: number;
    /** The markers that stand now; `null` if that is not known. */
    readonly markers: ReadonlySet<string> | null;
    /** The slot that was to be written as well; `null` if none was. */
    readonly slot: Slot | null;
    readonly error: unknown;
  }
  | { readonly type: "write_due"; readonly service: string }
  | {
    readonly type: "reported";
    readonly service: string;
    readonly attempt: number;
    readonly replyTo: ReplyTo<ReportOutcome>;
    readonly outcome: ReportOutcome;
    /** The markers that stand now; `null` if that is not known. */
    readonly markers: ReadonlySet<string> | null;
  }
  | {
    readonly type: "joined";
    readonly service: string;
    readonly attempt: number;
    readonly replyTo: ReplyTo<JoinOutcome>;
    readonly outcome: JoinOutcome;
    /** The markers that stand now; `null` if that is not known. */
    readonly markers: ReadonlySet<string> | null;
  }
  | {
    readonly type: "given_back";
    readonly service: string;
    readonly attempt: number;
    readonly replyTo: ReplyTo<ReturnOutcome>;
    readonly outcome: ReturnOutcome;
    /** The markers that stand now; `null` if that is not known. */
    readonly markers: ReadonlySet<string> | null;
    /** Whether nothing was written, since something had changed. */
    readonly isRefused: boolean;
  };

/** The identity of this host. */
export interface HostIdentity {
  readonly host: string;
  readonly site: string;
  readonly rack: string;
  /** What the host is besides, by name. Default: nothing. */
  readonly labels?: Roster["labels"];
  /** The checks of gates that its config has, by name. Default: none. */
  readonly checks?: Roster["checks"];
  /** Identity of the data directory: tells a second machine of the same name from this one. */
  readonly agent: string;
  /** The machine and its boot: tells a copy of the data directory from this one. */
  readonly machine?: Current["machine"];
  readonly services: readonly string[];
  /** Those of them that have a hook `undrain`: a newcomer counts once it was put back. Default: none. */
  readonly putBackFirst?: readonly string[];
}
