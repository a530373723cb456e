/**
 * Keeps the host's entries in `/dc/current` and on the rosters: registers them in every new session, writes what the
 * service actors say, and makes the report that ends a switch. Nobody else writes these nodes.
 *
 * @module
 */

import { ensureSkeleton, joinRoster, reportFailure, reportSwitch } from "../../coordination/mod.ts";
import {
  type Current,
  currentPath,
  currentSchema,
  decodeEntry,
  encodeEntry,
  SCHEMA_VERSION,
  type Slot,
} from "../../rollout/mod.ts";
import { hasCode, registerEphemeral, type ZooKeeper } from "../../zookeeper/mod.ts";
import type { ActorContext, ActorDefinition, ReplyTo, Subscribable } from "../runtime/mod.ts";
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
    /** The slot whose switch failed; left out when it went well. */
    readonly failure?: { readonly slot: Slot };
    readonly replyTo: ReplyTo<ReportOutcome>;
  }
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
  | { readonly type: "written"; readonly service: string; readonly error: unknown }
  | { readonly type: "write_due"; readonly service: string }
  | {
    readonly type: "reported";
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

interface Registration {
  entry: Current;
  isRegistered: boolean;
  isDirty: boolean;
  isWriting: boolean;
}

interface State {
  zookeeper: ZooKeeper | null;
  sessionId: bigint | null;
  readonly registrations: Map<string, Registration>;
  /** Counts sessions, so that the outcome of an attempt in an earlier one is told apart. */
  attempt: number;
}

/**
 * Least time between two writes of one entry. Progress changes many times a second; five writes a second are more than any
 * display needs and few enough for a thousand hosts.
 */
const WRITE_GAP_MS = 200;

/** Time before a registration that failed is tried again. */
const RETRY_MS = 2_000;

/** Another agent holds the entry under this host's name. */
class HostNameTaken extends Error {
  readonly code = "HOST_NAME_TAKEN";
  override readonly name = "HostNameTaken";
}

/** The registrar actor. */
export function registrarActor(
  identity: HostIdentity,
  session: Subscribable<SessionEvent>,
): ActorDefinition<State, RegistrarMessage> {
  return {
    name: "registrar",
    init(context) {
      session.subscribe(context.adapt((event: SessionEvent) => event));
      const nowMs = context.clock.nowMs();
      const registrations = new Map(identity.services.map((service) => [service, {
        entry: firstEntry(identity, nowMs),
        isRegistered: false,
        isDirty: false,
        isWriting: false,
      }]));
      return { zookeeper: null, sessionId: null, registrations, attempt: 0 };
    },
    receive(state, message, context) {
      switch (message.type) {
        case "session_connected":
          state.zookeeper = message.zookeeper;
          if (message.sessionId !== state.sessionId) {
            state.sessionId = message.sessionId;
            state.attempt++;
            for (const [service, registration] of state.registrations) {
              registration.isRegistered = false;
              register(state, service, { identity, context });
            }
          } else {
            for (const service of state.registrations.keys()) write(state, service, context);
          }
          return state;
        case "session_suspended":
          state.zookeeper = null;
          return state;
        case "retry":
          register(state, message.service, { identity, context });
          return state;
        case "registered": {
          const registration = state.registrations.get(message.service);
          if (registration !== undefined && message.attempt === state.attempt) {
            registration.isRegistered = true;
            context.log.info("{service}: registered as {host}", {
              service: message.service,
              host: identity.host,
            });
            write(state, message.service, context);
          }
          return state;
        }
        case "not_registered":
          if (message.attempt === state.attempt && state.zookeeper !== null) {
            context.log.warn("{service}: not registered: {error}", {
              service: message.service,
              error: message.error,
            });
            context.timers.after(`retry ${message.service}`, RETRY_MS, {
              type: "retry",
              service: message.service,
            });
          }
          return state;
        case "list":
          message.replyTo.tell(
            [...state.registrations].map(([service, { entry }]) => ({ service, entry })),
          );
          return state;
        case "endpoint":
          for (const [service, registration] of state.registrations) {
            registration.entry = { ...registration.entry, endpoint: message.url };
            markDirty(state, service, context);
          }
          return state;
        case "update":
          if (
            applyPatch(state, message.service, {
              patch: message.patch,
              nowMs: context.clock.nowMs(),
            })
          ) {
            markDirty(state, message.service, context);
          }
          return state;
        case "write_due":
          write(state, message.service, context);
          return state;
        case "written": {
          const registration = state.registrations.get(message.service);
          if (registration === undefined) return state;
          registration.isWriting = false;
          if (message.error !== null) {
            registration.isDirty = true;
            // Somebody has removed the entry, such as a late request of an agent that died: it is made again.
            if (hasCode(message.error, "NO_NODE")) {
              register(state, message.service, { identity, context });
            }
            context.log.debug("{service}: entry not written: {error}", {
              service: message.service,
              error: message.error,
            });
          }
          if (registration.isDirty) markDirty(state, message.service, context);
          return state;
        }
        case "report":
          report(state, message, context);
          return state;
        case "reported":
          message.replyTo.tell(message.outcome);
          return state;
      }
    },
  };
}

function firstEntry(identity: HostIdentity, nowMs: number): Current {
  return {
    schema: SCHEMA_VERSION,
    host: identity.host,
    agent: identity.agent,
    site: identity.site,
    rack: identity.rack,
    version: null,
    state: "down",
    sinceMs: nowMs,
    pinnedBytes: 0,
    preparation: null,
    received: null,
    waitingFor: "starting",
    endpoint: null,
  };
}

/** @returns Whether anything changed. */
function applyPatch(
  state: State,
  service: string,
  change: { patch: EntryPatch; nowMs: number },
): boolean {
  const registration = state.registrations.get(service);
  if (registration === undefined) return false;
  const { patch, nowMs } = change;
  const { entry } = registration;
  const isOtherState = (patch.state !== undefined && patch.state !== entry.state) ||
    (patch.version !== undefined && patch.version !== entry.version);
  const next: Current = { ...entry, ...patch, sinceMs: isOtherState ? nowMs : entry.sinceMs };
  if (JSON.stringify(next) === JSON.stringify(entry)) return false;
  registration.entry = next;
  return true;
}

function markDirty(state: State, service: string, context: ActorContext<RegistrarMessage>): void {
  const registration = state.registrations.get(service);
  if (registration === undefined) return;
  registration.isDirty = true;
  const key = `write ${service}`;
  if (!registration.isWriting && !context.timers.isActive(key)) {
    context.timers.after(key, WRITE_GAP_MS, { type: "write_due", service });
  }
}

function write(state: State, service: string, context: ActorContext<RegistrarMessage>): void {
  const registration = state.registrations.get(service);
  const { zookeeper } = state;
  if (registration === undefined || zookeeper === null || !registration.isRegistered) return;
  if (registration.isWriting || !registration.isDirty) return;
  registration.isDirty = false;
  registration.isWriting = true;
  const { entry } = registration;
  context.pipeToSelf(
    () => zookeeper.set(currentPath(service, entry.host), encodeEntry(entry)),
    {
      ok: () => ({ type: "written", service, error: null }),
      error: (error) => ({ type: "written", service, error }),
    },
  );
}

function register(
  state: State,
  service: string,
  own: { identity: HostIdentity; context: ActorContext<RegistrarMessage> },
): void {
  const { identity, context } = own;
  const registration = state.registrations.get(service);
  const { zookeeper, attempt } = state;
  if (registration === undefined || zookeeper === null) return;
  const { entry } = registration;
  registration.isDirty = true;
  context.pipeToSelf(
    async () => {
      await ensureSkeleton(zookeeper, context.clock.nowMs());
      const roster = { schema: SCHEMA_VERSION, site: identity.site, rack: identity.rack } as const;
      await joinRoster(zookeeper, service, { host: identity.host, roster });
      await refuseNamesake(zookeeper, service, identity);
      await registerEphemeral(zookeeper, currentPath(service, identity.host), {
        data: encodeEntry(entry),
      });
    },
    {
      ok: () => ({ type: "registered", service, attempt }),
      error: (error) => ({ type: "not_registered", service, attempt, error }),
    },
    { key: `register ${service}` },
  );
}

/** A ghost of this agent's own earlier session may be replaced; the entry of another machine must not be. */
async function refuseNamesake(
  zookeeper: ZooKeeper,
  service: string,
  identity: HostIdentity,
): Promise<void> {
  const path = currentPath(service, identity.host);
  let standing: Current;
  try {
    standing = decodeEntry(currentSchema, (await zookeeper.get(path)).data, path);
  } catch (error) {
    if (hasCode(error, "NO_NODE")) return;
    throw error;
  }
  if (standing.agent === identity.agent) return;
  throw new HostNameTaken(
    `register ${identity.host} for ${service}: another agent is online under that name ` +
      `(${standing.site}/${standing.rack}, ${
        standing.endpoint ?? "no endpoint"
      }); give one of them another host name`,
  );
}

function report(
  state: State,
  message: Extract<RegistrarMessage, { type: "report" }>,
  context: ActorContext<RegistrarMessage>,
): void {
  const { service, patch, failure, replyTo } = message;
  const registration = state.registrations.get(service);
  const { zookeeper } = state;
  const nowMs = context.clock.nowMs();
  applyPatch(state, service, { patch, nowMs });
  if (registration === undefined || zookeeper === null || !registration.isRegistered) {
    replyTo.tell({ ok: false, reason: "no ZooKeeper session" });
    return;
  }
  const { entry } = registration;
  // Should the transaction fail, the entry is written without it: what the host runs is true in any case.
  markDirty(state, service, context);
  context.pipeToSelf<boolean>(
    async () => {
      if (failure !== undefined) {
        return await reportFailure(zookeeper, service, { ...failure, current: entry, nowMs });
      }
      await reportSwitch(zookeeper, service, entry);
      return false;
    },
    {
      ok: (halted) => ({ type: "reported", replyTo, outcome: { ok: true, halted } }),
      error: (error) => ({
        type: "reported",
        replyTo,
        outcome: { ok: false, reason: error instanceof Error ? error.message : String(error) },
      }),
    },
  );
}
