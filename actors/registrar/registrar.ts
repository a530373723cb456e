/**
 * The registrar: keeps the host's entries in `/dc/current` and on the rosters, and the markers by which the host is counted.
 * Patches come in from the service's actors and are written to the tree, progress less often than what others decide by; a new
 * session makes it register again; what begins the wait for a switch, and the report that ends it, are transactions. No other
 * actor writes these znodes.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import { HostNameTaken } from "../../coordination/mod.ts";
import type { Current } from "../../rollout/mod.ts";
import type { ActorDefinition, Subscribable } from "../runtime/mod.ts";
import type { SessionEvent } from "../session/session.ts";
import { isSameEntry, shownEntry } from "./entry.ts";
import type { HostIdentity, RegistrarMessage } from "./messages.ts";
import {
  type Context,
  firstRegistration,
  markDirty,
  note,
  patch,
  type Registration,
  type State,
} from "./registration.ts";
import { make, onGivenBack, onOutcome, onWritten, register, write } from "./writes.ts";

interface Deps {
  readonly identity: HostIdentity;
  readonly context: Context;
}

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
      const registrations = new Map(identity.services.map((service): [string, Registration] => [
        service,
        firstRegistration(identity, { service, nowMs }),
      ]));
      return { zookeeper: null, sessionId: null, suspendedMs: nowMs, registrations, attempt: 0 };
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
  const { context } = deps;
  switch (message.type) {
    case "session_connected":
      return onConnected(state, message, deps);
    case "session_suspended":
      state.zookeeper = null;
      state.suspendedMs ??= context.clock.wallTimeMs();
      return;
    case "retry":
      return register(state, message.service, deps);
    case "registered":
      return onRegistered(state, message, deps);
    case "not_registered":
      return onNotRegistered(state, message, deps);
    case "list":
      message.replyTo.tell(
        [...state.registrations].map(([service, registration]) => ({
          service,
          entry: ownEntry(state, registration),
          running: registration.running,
        })),
      );
      return;
    case "endpoint":
      for (const service of state.registrations.keys()) {
        patch(state, service, { change: { endpoint: message.url }, context });
      }
      return;
    case "restore": {
      const registration = state.registrations.get(message.service);
      if (registration?.isRegistered !== true) return;
      return markDirty(registration, message.service, { urgency: "state", context });
    }
    case "put_back": {
      const registration = state.registrations.get(message.service);
      if (registration === undefined) return;
      registration.isPutBack = true;
      patch(state, message.service, { change: { drained: undefined }, context });
      // What is under way there ends first: the next one has to know which markers stand.
      if (registration.isWriting) return;
      return register(state, message.service, deps);
    }
    case "update":
      patch(state, message.service, { change: message.patch, context });
      return note(state, message, context);
    case "running": {
      const registration = state.registrations.get(message.service);
      if (registration === undefined) return;
      const before = shownEntry(registration);
      registration.running = message.running;
      if (isSameEntry(shownEntry(registration), before)) return;
      const isOtherState = shownEntry(registration).quarantined !== before.quarantined;
      const urgency = isOtherState ? "state" : "words";
      return markDirty(registration, message.service, { urgency, context });
    }
    case "write_due":
      return write(state, message.service, deps);
    case "written":
      return onWritten(state, message, deps);
    case "report":
    case "join":
    case "give_back":
      return make(state, message, context);
    case "reported":
    case "joined":
      onOutcome(state, message, deps);
      answer(message);
      return;
    case "given_back":
      onGivenBack(state, message, deps);
      message.replyTo.tell(message.outcome);
      return;
  }
}

/** The entry for the host's own page: without ZooKeeper, whatever else it waits for, it waits for that. */
function ownEntry({ suspendedMs }: State, registration: Registration): Current {
  const entry = shownEntry(registration);
  if (suspendedMs === null) return entry;
  const before = entry.waitingFor === null ? "" : `; before: ${entry.waitingFor}`;
  const waitingFor = `ZooKeeper: there is no connection, what runs goes on${before}`;
  return { ...entry, waitingFor, waitingSinceMs: suspendedMs };
}

function answer(message: Extract<RegistrarMessage, { type: "reported" | "joined" }>): void {
  if (message.type === "reported") message.replyTo.tell(message.outcome);
  else message.replyTo.tell(message.outcome);
}

function onConnected(
  state: State,
  message: Extract<SessionEvent, { type: "session_connected" }>,
  deps: Deps,
): void {
  state.zookeeper = message.zookeeper;
  state.suspendedMs = null;
  const isNew = message.sessionId !== state.sessionId;
  if (isNew) {
    state.sessionId = message.sessionId;
    state.attempt++;
  }
  for (const [service, registration] of state.registrations) {
    if (isNew) registration.isRegistered = false;
    if (registration.isRegistered) write(state, service, deps);
    else register(state, service, deps);
  }
}

function onRegistered(
  state: State,
  message: Extract<RegistrarMessage, { type: "registered" }>,
  deps: Deps,
): void {
  const { identity: { host }, context } = deps;
  const { service, attempt, epoch, roster, markers, gone, isSlotElsewhere } = message;
  const registration = state.registrations.get(service);
  if (registration === undefined || attempt !== state.attempt) return;
  registration.isRegistered = true;
  registration.epoch = epoch;
  registration.roster = roster;
  // Also if an operator has drained it once more meanwhile: then it was put back for nothing.
  registration.isPutBack = false;
  registration.markers = markers;
  registration.isSlotElsewhere = isSlotElsewhere;
  // A wave may have ended while the host was busy with its switch. Its coordinator will say which there are.
  const { counted } = registration;
  const waves = counted.waves.filter(({ tally }) => !gone.has(tally));
  registration.counted = { ...counted, waves };
  registration.problem = null;
  context.log.info("{service}: registered as {host}", { service, host });
  write(state, service, deps);
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
  const problem = reasonOf(error);
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
