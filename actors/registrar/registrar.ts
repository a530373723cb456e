/**
 * Keeps the host's entries in `/dc/current` and on the rosters: registers them in every new session, writes what the
 * service actors say, and makes the report that ends a switch. Nobody else writes these nodes.
 *
 * @module
 */

import {
  ensureSkeleton,
  HostNameTaken,
  joinRoster,
  refuseNamesake,
  registerHost,
  reportFailure,
  reportSwitch,
  writeHost,
} from "../../coordination/mod.ts";
import { type Current, SCHEMA_VERSION } from "../../rollout/mod.ts";
import { hasCode, type ZooKeeper } from "../../zookeeper/mod.ts";
import type { ActorContext, ActorDefinition, Subscribable } from "../runtime/mod.ts";
import type { SessionEvent } from "../session/session.ts";
import { firstEntry, patchEntry } from "./entry.ts";
import type { HostIdentity, RegistrarMessage, ReportOutcome } from "./messages.ts";

interface Registration {
  entry: Current;
  isRegistered: boolean;
  /** The entry in the tree may be another one. */
  isDirty: boolean;
  isWriting: boolean;
  /** Whether the entry in the tree is known to say that the host serves. */
  saidServing: boolean;
  /** When the last write began, on the monotonic clock. */
  writtenMs: number;
  /** What kept the last attempt to register from succeeding; said once. */
  problem: string | null;
}

interface State {
  /** `null` while there is no connection. */
  zookeeper: ZooKeeper | null;
  sessionId: bigint | null;
  readonly registrations: Map<string, Registration>;
  /** Counts sessions, so that the outcome of an attempt in an earlier one is told apart. */
  attempt: number;
}

interface Own {
  readonly identity: HostIdentity;
  readonly context: ActorContext<RegistrarMessage>;
}

/**
 * Least time between two writes of one entry. Progress changes many times a second; five writes a second are more than any
 * display needs and few enough for a thousand hosts.
 */
const WRITE_GAP_MS = 200;

/** Time before a registration that failed is tried again. */
const RETRY_MS = 2_000;

/** The registrar actor. */
export function registrarActor(
  identity: HostIdentity,
  session: Subscribable<SessionEvent>,
): ActorDefinition<State, RegistrarMessage> {
  return {
    name: "registrar",
    init(context) {
      session.subscribe(context.adapt((event: SessionEvent) => event));
      const nowMs = context.clock.wallTimeMs();
      const registrations = new Map(identity.services.map((service): [string, Registration] => [
        service,
        {
          entry: firstEntry(identity, nowMs),
          isRegistered: false,
          isDirty: false,
          isWriting: false,
          saidServing: false,
          writtenMs: Number.NEGATIVE_INFINITY,
          problem: null,
        },
      ]));
      return { zookeeper: null, sessionId: null, registrations, attempt: 0 };
    },
    receive(state, message, context) {
      receive(state, message, { identity, context });
      return state;
    },
    summarize: ({ registrations }) =>
      Object.fromEntries(
        [...registrations].map(([service, { isRegistered, problem, entry }]) => [
          service,
          isRegistered
            ? `${entry.version ?? "nothing"} ${entry.state}`
            : problem ?? "not registered yet",
        ]),
      ),
  };
}

function receive(state: State, message: RegistrarMessage, own: Own): void {
  const { identity, context } = own;
  switch (message.type) {
    case "session_connected":
      return onConnected(state, message, own);
    case "session_suspended":
      state.zookeeper = null;
      return;
    case "retry":
      return register(state, message.service, own);
    case "registered": {
      const registration = state.registrations.get(message.service);
      if (registration === undefined || message.attempt !== state.attempt) return;
      registration.isRegistered = true;
      registration.problem = null;
      context.log.info("{service}: registered as {host}", {
        service: message.service,
        host: identity.host,
      });
      return write(state, message.service, context);
    }
    case "not_registered":
      return onNotRegistered(state, message, own);
    case "list":
      message.replyTo.tell(
        [...state.registrations].map(([service, { entry }]) => ({ service, entry })),
      );
      return;
    case "endpoint":
      for (const service of state.registrations.keys()) {
        patch(state, service, { change: { endpoint: message.url }, context });
      }
      return;
    case "restore":
      if (state.registrations.get(message.service)?.isRegistered !== true) return;
      forgetWhatWasSaid(state, message.service);
      return markDirty(state, message.service, context);
    case "update":
      return patch(state, message.service, { change: message.patch, context });
    case "write_due":
      return write(state, message.service, context);
    case "written":
      return onWritten(state, message, own);
    case "report":
      return report(state, message, context);
    case "reported":
      // Should the transaction have failed, the entry is written without it: what the host runs is true in any case.
      // Should it have gone well, it may have overwritten what was said about the host meanwhile.
      forgetWhatWasSaid(state, message.service);
      markDirty(state, message.service, context);
      message.replyTo.tell(message.outcome);
      return;
  }
}

function onConnected(
  state: State,
  message: Extract<SessionEvent, { type: "session_connected" }>,
  own: Own,
): void {
  state.zookeeper = message.zookeeper;
  const isNew = message.sessionId !== state.sessionId;
  if (isNew) {
    state.sessionId = message.sessionId;
    state.attempt++;
  }
  for (const [service, registration] of state.registrations) {
    if (isNew) registration.isRegistered = registration.saidServing = false;
    if (registration.isRegistered) write(state, service, own.context);
    else register(state, service, own);
  }
}

function onNotRegistered(
  state: State,
  message: Extract<RegistrarMessage, { type: "not_registered" }>,
  { context }: Own,
): void {
  const { service, error } = message;
  const registration = state.registrations.get(service);
  // Without a connection the next one begins afresh.
  if (registration === undefined || message.attempt !== state.attempt || state.zookeeper === null) {
    return;
  }
  const problem = error instanceof Error ? error.message : String(error);
  if (problem !== registration.problem) {
    context.log.warn("{service}: not registered: {problem}", { service, problem });
  }
  registration.problem = problem;
  // Nobody but this agent's own status page can say it: the entry in the tree is not its own.
  if (error instanceof HostNameTaken) {
    patch(state, service, { change: { waitingFor: problem }, context });
  }
  context.timers.after(`retry ${service}`, RETRY_MS, { type: "retry", service });
}

function onWritten(
  state: State,
  message: Extract<RegistrarMessage, { type: "written" }>,
  own: Own,
): void {
  const { service, error } = message;
  const registration = state.registrations.get(service);
  if (registration === undefined) return;
  registration.isWriting = false;
  registration.saidServing = message.said === "serving";
  if (error !== null) {
    registration.isDirty = true;
    own.context.log.debug("{service}: entry not written: {error}", { service, error });
    // Somebody has removed the entry, such as a late request of an agent that died: it is made again.
    if (hasCode(error, "NO_NODE")) {
      registration.isRegistered = false;
      return register(state, service, own);
    }
  }
  if (registration.isDirty) markDirty(state, service, own.context);
}

function patch(
  state: State,
  service: string,
  own: {
    readonly change: Partial<Current>;
    readonly context: ActorContext<RegistrarMessage>;
  },
): void {
  const registration = state.registrations.get(service);
  if (registration === undefined) return;
  const next = patchEntry(registration.entry, {
    patch: own.change,
    nowMs: own.context.clock.wallTimeMs(),
  });
  if (next === registration.entry) return;
  registration.entry = next;
  markDirty(state, service, own.context);
}

/** A report writes the entry as well, and may have done so before or after a write that was on its way. */
function forgetWhatWasSaid(state: State, service: string): void {
  const registration = state.registrations.get(service);
  if (registration !== undefined) registration.saidServing = false;
}

function markDirty(state: State, service: string, context: ActorContext<RegistrarMessage>): void {
  const registration = state.registrations.get(service);
  if (registration === undefined) return;
  registration.isDirty = true;
  const key = `write ${service}`;
  if (!registration.isWriting && !context.timers.isActive(key)) {
    const waitedMs = context.clock.nowMs() - registration.writtenMs;
    const delayMs = Math.max(0, WRITE_GAP_MS - waitedMs);
    context.timers.after(key, delayMs, { type: "write_due", service });
  }
}

function write(state: State, service: string, context: ActorContext<RegistrarMessage>): void {
  const registration = state.registrations.get(service);
  const { zookeeper } = state;
  if (registration === undefined || zookeeper === null || !registration.isRegistered) return;
  if (registration.isWriting || !registration.isDirty) return;
  registration.isDirty = false;
  registration.isWriting = true;
  registration.writtenMs = context.clock.nowMs();
  const { entry, saidServing } = registration;
  context.pipeToSelf(
    () => writeHost(zookeeper, service, { entry, saidServing }),
    {
      ok: () => ({ type: "written", service, said: entry.state, error: null }),
      error: (error) => ({ type: "written", service, said: null, error }),
    },
  );
}

function register(state: State, service: string, { identity, context }: Own): void {
  const registration = state.registrations.get(service);
  const { zookeeper, attempt } = state;
  if (registration === undefined || zookeeper === null) return;
  const { entry } = registration;
  registration.isDirty = true;
  context.pipeToSelf(
    async () => {
      const { host, site, rack } = identity;
      await ensureSkeleton(zookeeper, context.clock.wallTimeMs());
      // Before anything is written, the roster included: it may be another machine's.
      await refuseNamesake(zookeeper, service, identity);
      await joinRoster(zookeeper, service, {
        host,
        roster: { schema: SCHEMA_VERSION, site, rack },
      });
      await registerHost(zookeeper, service, entry);
    },
    {
      ok: () => ({ type: "registered", service, attempt }),
      error: (error) => ({ type: "not_registered", service, attempt, error }),
    },
    { key: `register ${service}` },
  );
}

function report(
  state: State,
  message: Extract<RegistrarMessage, { type: "report" }>,
  context: ActorContext<RegistrarMessage>,
): void {
  const { service, slot, isFailure, replyTo } = message;
  patch(state, service, { change: message.patch, context });
  const registration = state.registrations.get(service);
  const { zookeeper } = state;
  if (registration === undefined || zookeeper === null || !registration.isRegistered) {
    replyTo.tell({ ok: false, reason: "the host is not registered in ZooKeeper" });
    return;
  }
  forgetWhatWasSaid(state, service);
  const { entry: current } = registration;
  const nowMs = context.clock.wallTimeMs();
  const reported = (outcome: ReportOutcome): RegistrarMessage => ({
    type: "reported",
    service,
    replyTo,
    outcome,
  });
  context.pipeToSelf<boolean>(
    async () => {
      if (isFailure) return await reportFailure(zookeeper, service, { slot, current, nowMs });
      await reportSwitch(zookeeper, service, { current, slot });
      return false;
    },
    {
      ok: (halted) => reported({ ok: true, halted }),
      error: (error) =>
        reported({ ok: false, reason: error instanceof Error ? error.message : String(error) }),
    },
  );
}
