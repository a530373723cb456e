/**
 * The registrar: keeps the host's entries in `/dc/current` and on the rosters. Patches come in from the service's actors
 * and are written to the tree, progress less often than what others decide by; a new session makes it register again; the
 * report that ends a switch is a transaction. No other actor writes these znodes.
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
import { patchEntry, shownEntry, type Urgency, urgencyOf } from "./entry.ts";
import type { HostIdentity, RegistrarMessage, ReportOutcome } from "./messages.ts";
import { firstRegistration, type Registration } from "./registration.ts";

interface State {
  /** `null` while there is no connection. */
  zookeeper: ZooKeeper | null;
  sessionId: bigint | null;
  readonly registrations: Map<string, Registration>;
  /** Counts sessions, so that outcomes of attempts in earlier sessions are ignored. */
  attempt: number;
}

interface Deps {
  readonly identity: HostIdentity;
  readonly context: ActorContext<RegistrarMessage>;
}

/** Least time between two writes of one entry, by what is new in it; see `urgencyOf`. */
const WRITE_GAP_MS: Readonly<Record<Urgency, number>> = {
  // What others decide by, and the steps that they follow: at once, except where steps take no time.
  state: 200,
  // Why a host waits: soon enough for who looks at it.
  words: 1_000,
  // Progress changes many times a second, on every host of a fleet at once. Live figures come from the agents themselves.
  progress: 10_000,
};

/** Time before a registration that failed is tried again. */
const RETRY_MS = 2_000;

/** Makes the registrar actor. */
export function registrarActor(
  identity: HostIdentity,
  session: Subscribable<SessionEvent>,
): ActorDefinition<State, RegistrarMessage> {
  return {
    name: "registrar",
    init(context) {
      session.subscribe(context.adapt((event: SessionEvent) => event));
      const nowMs = context.clock.wallTimeMs();
      const registrations = new Map(
        identity.services.map((service) => [service, firstRegistration(identity, nowMs)]),
      );
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

function receive(state: State, message: RegistrarMessage, deps: Deps): void {
  const { identity, context } = deps;
  switch (message.type) {
    case "session_connected":
      return onConnected(state, message, deps);
    case "session_suspended":
      state.zookeeper = null;
      return;
    case "retry":
      return register(state, message.service, deps);
    case "registered": {
      const registration = state.registrations.get(message.service);
      if (registration === undefined || message.attempt !== state.attempt) return;
      registration.isRegistered = true;
      registration.epoch = message.epoch;
      registration.problem = null;
      context.log.info("{service}: registered as {host}", {
        service: message.service,
        host: identity.host,
      });
      return write(state, message.service, context);
    }
    case "not_registered":
      return onNotRegistered(state, message, deps);
    case "list":
      message.replyTo.tell(
        [...state.registrations].map(([service, registration]) => ({
          service,
          entry: shownEntry(registration),
          running: registration.running,
        })),
      );
      return;
    case "endpoint":
      for (const service of state.registrations.keys()) {
        patch(state, service, { change: { endpoint: message.url }, context });
      }
      return;
    case "restore":
      if (state.registrations.get(message.service)?.isRegistered !== true) return;
      forgetWrittenState(state, message.service);
      return markDirty(state, message.service, { urgency: "state", context });
    case "update":
      showSlot(state, message, context);
      return patch(state, message.service, { change: message.patch, context });
    case "running": {
      const registration = state.registrations.get(message.service);
      if (registration === undefined) return;
      const before = shownEntry(registration).waitingFor;
      registration.running = message.running;
      if (shownEntry(registration).waitingFor === before) return;
      return markDirty(state, message.service, { urgency: "words", context });
    }
    case "write_due":
      return write(state, message.service, context);
    case "written":
      return onWritten(state, message, deps);
    case "report":
      return report(state, message, context);
    case "reported":
      // If the transaction failed, the entry is written without it: what the host runs is true in any case.
      // If it succeeded, it may have overwritten a patch that came in the meantime.
      forgetWrittenState(state, message.service);
      markDirty(state, message.service, { urgency: "state", context });
      message.replyTo.tell(message.outcome);
      return;
  }
}

function onConnected(
  state: State,
  message: Extract<SessionEvent, { type: "session_connected" }>,
  deps: Deps,
): void {
  state.zookeeper = message.zookeeper;
  const isNew = message.sessionId !== state.sessionId;
  if (isNew) {
    state.sessionId = message.sessionId;
    state.attempt++;
  }
  for (const [service, registration] of state.registrations) {
    if (isNew) {
      registration.isRegistered = false;
      registration.said = null;
    }
    if (registration.isRegistered) write(state, service, deps.context);
    else register(state, service, deps);
  }
}

function onNotRegistered(
  state: State,
  message: Extract<RegistrarMessage, { type: "not_registered" }>,
  { context }: Deps,
): void {
  const { service, error } = message;
  const registration = state.registrations.get(service);
  // Without a connection, the next connection registers again.
  if (registration === undefined || message.attempt !== state.attempt || state.zookeeper === null) {
    return;
  }
  const problem = error instanceof Error ? error.message : String(error);
  if (problem !== registration.problem) {
    context.log.warn("{service}: not registered: {problem}", { service, problem });
  }
  registration.problem = problem;
  // Only this agent's own status page can show it: the entry in the tree belongs to another agent.
  if (error instanceof HostNameTaken) {
    patch(state, service, { change: { waitingFor: problem }, context });
  }
  context.timers.after(`retry ${service}`, RETRY_MS, { type: "retry", service });
}

function onWritten(
  state: State,
  message: Extract<RegistrarMessage, { type: "written" }>,
  deps: Deps,
): void {
  const { service, error } = message;
  const registration = state.registrations.get(service);
  if (registration === undefined) return;
  registration.isWriting = false;
  registration.said = message.said;
  if (error !== null) {
    registration.isDirty = true;
    deps.context.log.debug("{service}: entry not written: {error}", { service, error });
    if (hasCode(error, "NO_NODE", "BAD_VERSION")) {
      if (message.slot === null) {
        // The entry is gone, or the host is off the roster: register again.
        registration.isRegistered = false;
        return register(state, service, deps);
      }
      // It may be the slot that is gone, which an operator may remove. If it is not, the next write tells.
    } else if (message.slot !== null && registration.slot === null) {
      registration.slot = message.slot;
    }
  }
  if (registration.isDirty) {
    markDirty(state, service, { urgency: "state", context: deps.context });
  }
}

function patch(
  state: State,
  service: string,
  deps: {
    readonly change: Partial<Current>;
    readonly context: ActorContext<RegistrarMessage>;
  },
): void {
  const registration = state.registrations.get(service);
  if (registration === undefined) return;
  const next = patchEntry(registration.entry, {
    patch: deps.change,
    nowMs: deps.context.clock.wallTimeMs(),
  });
  if (next === registration.entry) return;
  const urgency = urgencyOf(registration.entry, next);
  registration.entry = next;
  markDirty(state, service, { urgency, context: deps.context });
}

/** Notes the slot that is to be shown; the step of a switch is. */
function showSlot(
  state: State,
  { service, slot }: Extract<RegistrarMessage, { type: "update" }>,
  context: ActorContext<RegistrarMessage>,
): void {
  const registration = state.registrations.get(service);
  if (registration === undefined || slot === undefined) return;
  registration.slot = slot;
  if (slot !== null) markDirty(state, service, { urgency: "state", context });
}

/** A report writes the entry as well, before or after a write that was under way: its state is not known any more. */
function forgetWrittenState(state: State, service: string): void {
  const registration = state.registrations.get(service);
  if (registration !== undefined) registration.said = null;
}

function markDirty(
  state: State,
  service: string,
  { urgency, context }: {
    readonly urgency: Urgency;
    readonly context: ActorContext<RegistrarMessage>;
  },
): void {
  const registration = state.registrations.get(service);
  if (registration === undefined) return;
  registration.isDirty = true;
  if (registration.isWriting) return;
  const key = `write ${service}`;
  const dueMs = registration.writtenMs + WRITE_GAP_MS[urgency];
  if (context.timers.isActive(key) && registration.dueMs <= dueMs) return;
  registration.dueMs = dueMs;
  const delayMs = Math.max(0, dueMs - context.clock.nowMs());
  context.timers.after(key, delayMs, { type: "write_due", service });
}

function write(state: State, service: string, context: ActorContext<RegistrarMessage>): void {
  const registration = state.registrations.get(service);
  const { zookeeper } = state;
  if (registration === undefined || zookeeper === null || !registration.isRegistered) return;
  const { epoch } = registration;
  if (epoch === null || registration.isWriting || !registration.isDirty) return;
  registration.isDirty = false;
  registration.isWriting = true;
  registration.writtenMs = context.clock.nowMs();
  const { said, slot } = registration;
  const entry = shownEntry(registration);
  registration.slot = null;
  context.pipeToSelf(
    () => writeHost(zookeeper, service, { entry, said, epoch, slot }),
    {
      ok: () => ({ type: "written", service, said: entry.state, slot, error: null }),
      error: (error) => ({ type: "written", service, said: null, slot, error }),
    },
  );
}

function register(state: State, service: string, { identity, context }: Deps): void {
  const registration = state.registrations.get(service);
  const { zookeeper, attempt } = state;
  if (registration === undefined || zookeeper === null) return;
  const entry = shownEntry(registration);
  registration.isDirty = true;
  context.pipeToSelf(
    async () => {
      const { host, site, rack } = identity;
      await ensureSkeleton(zookeeper, context.clock.wallTimeMs());
      // Before anything is written, the roster included: the name may belong to another machine.
      await refuseNamesake(zookeeper, service, identity);
      const epoch = await joinRoster(zookeeper, service, {
        host,
        roster: { schema: SCHEMA_VERSION, site, rack },
      });
      await registerHost(zookeeper, service, { entry, epoch });
      return epoch;
    },
    {
      ok: (epoch) => ({ type: "registered", service, attempt, epoch }),
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
  const epoch = registration?.epoch ?? null;
  if (
    registration === undefined || epoch === null || zookeeper === null || !registration.isRegistered
  ) {
    replyTo.tell({ ok: false, reason: "the host is not registered in ZooKeeper" });
    return;
  }
  forgetWrittenState(state, service);
  registration.slot = null;
  const current = shownEntry(registration);
  const nowMs = context.clock.wallTimeMs();
  const reported = (outcome: ReportOutcome): RegistrarMessage => ({
    type: "reported",
    service,
    replyTo,
    outcome,
  });
  context.pipeToSelf<boolean>(
    async () => {
      if (isFailure) {
        return await reportFailure(zookeeper, service, { slot, current, epoch, nowMs });
      }
      await reportSwitch(zookeeper, service, { current, slot, epoch });
      return false;
    },
    {
      ok: (halted) => reported({ ok: true, halted }),
      error: (error) =>
        reported({ ok: false, reason: error instanceof Error ? error.message : String(error) }),
    },
  );
}
