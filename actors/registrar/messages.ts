/**
 * What the registrar hears and answers.
 *
 * @module
 */

import type { Current, Slot } from "../../rollout/mod.ts";
import type { ReplyTo } from "../runtime/mod.ts";
import type { SessionEvent } from "../session/session.ts";

/** What a service's actors may say about the host's part in it. */
export type EntryPatch = Partial<
  Pick<Current, "version" | "state" | "pinnedBytes" | "preparation" | "received" | "waitingFor">
>;

/** How a report went. */
export type ReportOutcome =
  | { readonly ok: true; readonly halted: boolean }
  /** Not now: no session, or the write failed. The caller tries again later. */
  | { readonly ok: false; readonly reason: string };

/** The host's entry for one service, as it stands or will be written next. */
export interface ServiceEntry {
  readonly service: string;
  readonly entry: Current;
}

/** What the registrar takes. */
export type RegistrarMessage =
  | { readonly type: "update"; readonly service: string; readonly patch: EntryPatch }
  | {
    readonly type: "report";
    readonly service: string;
    readonly patch: EntryPatch;
    /** The switch that is over, as its slot shows it. */
    readonly slot: Slot;
    /** Whether it failed, so that the slot stays as the record of it. */
    readonly isFailure: boolean;
    readonly replyTo: ReplyTo<ReportOutcome>;
  }
  /** The entry was not found as this host has written it: whoever has changed or removed it, it is written again. */
  | { readonly type: "restore"; readonly service: string }
  | { readonly type: "endpoint"; readonly url: string }
  | { readonly type: "list"; readonly replyTo: ReplyTo<readonly ServiceEntry[]> }
  | SessionEvent
  | { readonly type: "registered"; readonly service: string; readonly attempt: number }
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
    /** The state that was written; `null` if it is not known what the entry says now. */
    readonly said: Current["state"] | null;
    readonly error: unknown;
  }
  | { readonly type: "write_due"; readonly service: string }
  | {
    readonly type: "reported";
    readonly service: string;
    readonly replyTo: ReplyTo<ReportOutcome>;
    readonly outcome: ReportOutcome;
  };

/** Who this host is. */
export interface HostIdentity {
  readonly host: string;
  readonly site: string;
  readonly rack: string;
  /** Identity of the data directory: tells a second machine of the same name from this one. */
  readonly agent: string;
  readonly services: readonly string[];
}
