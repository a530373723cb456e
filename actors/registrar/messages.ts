/**
 * The registrar's messages and answers.
 *
 * @module
 */

import type { Current, Slot } from "../../rollout/mod.ts";
import type { ReplyTo } from "../runtime/mod.ts";
import type { SessionEvent } from "../session/session.ts";

/** The fields of the host's entry that a service's actors may change. */
export type EntryPatch = Partial<
  Pick<
    Current,
    "version" | "infoHash" | "state" | "pinnedBytes" | "preparation" | "received" | "waitingFor"
  >
>;

/** The outcome of a report. */
export type ReportOutcome =
  | { readonly ok: true; readonly halted: boolean }
  /** Not yet: there is no session, or the write failed. The caller tries again later. */
  | { readonly ok: false; readonly reason: string };

/** What is known of a service's process on this host. It is not in the tree. */
export interface Running {
  /** How often it was started again since the agent began. */
  readonly restarts: number;
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
  }
  | { readonly type: "running"; readonly service: string; readonly running: Running }
  | {
    readonly type: "report";
    readonly service: string;
    readonly patch: EntryPatch;
    /** The switch that is over, as its slot shows it. */
    readonly slot: Slot;
    /** Whether the switch failed: the slot stays as the record of it. */
    readonly isFailure: boolean;
    readonly replyTo: ReplyTo<ReportOutcome>;
  }
  /** The entry was not found as this host has written it: whoever has changed or removed it, it is written again. */
  | { readonly type: "restore"; readonly service: string }
  | { readonly type: "endpoint"; readonly url: string }
  | { readonly type: "list"; readonly replyTo: ReplyTo<readonly ServiceEntry[]> }
  | SessionEvent
  | {
    readonly type: "registered";
    readonly service: string;
    readonly attempt: number;
    readonly epoch: number;
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
    /** The state that was written; `null` if it is not known which state the entry in the tree has now. */
    readonly said: Current["state"] | null;
    /** The slot that was to be written as well; `null` if none was. */
    readonly slot: Slot | null;
    readonly error: unknown;
  }
  | { readonly type: "write_due"; readonly service: string }
  | {
    readonly type: "reported";
    readonly service: string;
    readonly replyTo: ReplyTo<ReportOutcome>;
    readonly outcome: ReportOutcome;
  };

/** The identity of this host. */
export interface HostIdentity {
  readonly host: string;
  readonly site: string;
  readonly rack: string;
  /** Identity of the data directory: tells a second machine of the same name from this one. */
  readonly agent: string;
  /** The machine and its boot: tells a copy of the data directory from this one. */
  readonly machine?: Current["machine"];
  readonly services: readonly string[];
}
