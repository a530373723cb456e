/**
 * The transactions of the registrar, one at a time for each service: each changes the markers, and the next one has to know
 * which stand. If the outcome of one is not known, the host registers again, which looks.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import {
  ensureSkeleton,
  giveSlotBack,
  joinRoster,
  joinStaging,
  refuseNamesake,
  registerHost,
  reportFailure,
  reportSwitch,
  writeHost,
} from "../../coordination/mod.ts";
import { type Roster, SCHEMA_VERSION } from "../../rollout/mod.ts";
import { hasCode } from "../../zookeeper/mod.ts";
import { inTime, OverdueError } from "../session/in_time.ts";
import { shownEntry } from "./entry.ts";
import { furthest } from "./furthest.ts";
import type { HostIdentity, RegistrarMessage } from "./messages.ts";
import {
  type Context,
  markDirty,
  markerChange,
  markersFor,
  needsRegistering,
  patch,
  type Registration,
  type Request,
  type State,
  writeTimer,
} from "./registration.ts";

/** Whose entries these are, and the registrar's context. */
interface Deps {
  readonly identity: HostIdentity;
  readonly context: Context;
}

/** Registers the host for a service: anew, or since it is not known what stands in the tree. */
export function register(
  state: State,
  service: string,
  { identity, context }: Deps,
): void {
  const registration = state.registrations.get(service);
  const { zookeeper, attempt } = state;
  if (registration === undefined) return;
  registration.isRegistered = false;
  registration.isDirty = true;
  if (zookeeper === null) return;
  const { counted, isPutBack, countsAtOnce } = registration;
  const entry = shownEntry(registration);
  const enter = async () => {
    const { host, site, rack, labels = {}, checks = [] } = identity;
    await ensureSkeleton(zookeeper, context.clock.wallTimeMs());
    // Before anything is written, the roster included: the name may belong to another machine.
    await refuseNamesake(zookeeper, service, identity);
    const roster: Roster = { schema: SCHEMA_VERSION, site, rack, labels, checks };
    const enrolled = await joinRoster(zookeeper, service, { host, roster });
    const how = { ...counted, isPutBack, countsAtOnce };
    return await registerHost(zookeeper, service, { entry, ...enrolled, ...how });
  };
  context.pipeToSelf(
    (signal) => inTime(enter(), { clock: context.clock, signal }),
    {
      ok: (registered) => ({ type: "registered", service, attempt, ...registered }),
      error: (error) => ({ type: "not_registered", service, attempt, error }),
    },
    { key: `register ${service}` },
  );
}

/** Writes the entry, if that is due and possible; a request that waits goes first. */
export function write(state: State, service: string, deps: Deps): void {
  const { context } = deps;
  const registration = state.registrations.get(service);
  if (registration === undefined || registration.isWriting) return;
  for (const [type, request] of registration.waiting) {
    registration.waiting.delete(type);
    return make(state, request, context);
  }
  const { zookeeper, attempt } = state;
  const { epoch, isRegistered, isDirty } = registration;
  if (zookeeper === null || !isRegistered || epoch === null || !isDirty) return;
  if (needsRegistering(registration)) return register(state, service, deps);
  begin(registration, service, context);
  const slot = registration.isSlotElsewhere ? null : registration.slot;
  const entry = shownEntry(registration);
  registration.slot = null;
  const markers = markerChange(registration, service);
  const { counted, prepared: before } = registration;
  const prepared = furthest(before, entry, counted.waves);
  const preparedFor = prepared === before ? null : prepared.tally;
  registration.prepared = prepared;
  context.pipeToSelf(
    (signal) =>
      inTime(writeHost(zookeeper, service, { entry, epoch, slot, markers, preparedFor }), {
        clock: context.clock,
        signal,
      }),
    {
      ok: () => ({
        type: "written",
        service,
        attempt,
        markers: markers.wanted,
        slot,
        error: null,
      }),
      error: (error) => ({ type: "written", service, attempt, markers: null, slot, error }),
    },
  );
}

/** Makes a report, joins the staging queue, or gives a slot back, once nothing else is under way. */
export function make(state: State, request: Request, context: Context): void {
  const { service } = request;
  const registration = state.registrations.get(service);
  if (request.type === "report") patch(state, service, { change: request.patch, context });
  if (registration?.isWriting) {
    // Who asks again has given up on the answer to the first one.
    registration.waiting.set(request.type, request);
    return;
  }
  if (registration === undefined || !registration.isRegistered || state.zookeeper === null) {
    request.replyTo.tell({ ok: false, reason: "the host is not registered in ZooKeeper" });
    return;
  }
  switch (request.type) {
    case "report":
      return report(state, registration, { request, context });
    case "join":
      return join(state, registration, { request, context });
    case "give_back":
      return giveBack(state, registration, { request, context });
  }
}

function report(
  state: State,
  registration: Registration,
  { request, context }: {
    readonly request: Extract<RegistrarMessage, { type: "report" }>;
    readonly context: Context;
  },
): void {
  const { service, slot, places, isFailure, record = null, replyTo } = request;
  const holdsSlot = request.holdsSlot && !registration.isSlotElsewhere;
  const { zookeeper, attempt } = state;
  const { epoch } = registration;
  const entry = shownEntry(registration);
  if (zookeeper === null || epoch === null) return;
  begin(registration, service, context);
  registration.slot = null;
  const markers = markerChange(registration, service);
  const nowMs = context.clock.wallTimeMs();
  const make = async () => {
    if (isFailure) {
      return await reportFailure(zookeeper, service, {
        slot,
        entry,
        epoch,
        markers,
        nowMs,
        record,
      });
    }
    const report = { entry, slot, epoch, markers, holdsSlot, places, record };
    await reportSwitch(zookeeper, service, report);
    return false;
  };
  context.pipeToSelf<boolean>(
    (signal) => inTime(make(), { clock: context.clock, signal }),
    {
      ok: (halted): RegistrarMessage => {
        const outcome = { ok: true, halted } as const;
        return { type: "reported", service, attempt, replyTo, outcome, markers: markers.wanted };
      },
      error: (error): RegistrarMessage => {
        const outcome = { ok: false, reason: reasonOf(error) } as const;
        return { type: "reported", service, attempt, replyTo, outcome, markers: null };
      },
    },
  );
}

function join(
  state: State,
  registration: Registration,
  { request, context }: {
    readonly request: Extract<RegistrarMessage, { type: "join" }>;
    readonly context: Context;
  },
): void {
  const { service, release, mayStand, replyTo } = request;
  const { zookeeper, attempt } = state;
  const { epoch, counted } = registration;
  const entry = shownEntry(registration);
  if (zookeeper === null || epoch === null) return;
  begin(registration, service, context);
  const wanted = markersFor(registration, service, { ...counted, staged: release });
  const markers = { standing: registration.markers, wanted };
  context.pipeToSelf(
    (signal) =>
      inTime(joinStaging(zookeeper, service, { entry, epoch, markers, release, mayStand }), {
        clock: context.clock,
        signal,
      }),
    {
      ok: (node): RegistrarMessage => {
        const outcome = { ok: true, node } as const;
        return { type: "joined", service, attempt, replyTo, outcome, markers: wanted };
      },
      error: (error): RegistrarMessage => {
        const outcome = { ok: false, reason: reasonOf(error) } as const;
        return { type: "joined", service, attempt, replyTo, outcome, markers: null };
      },
    },
  );
}

function giveBack(
  state: State,
  registration: Registration,
  { request, context }: {
    readonly request: Extract<RegistrarMessage, { type: "give_back" }>;
    readonly context: Context;
  },
): void {
  const { service, slot, reading, replyTo } = request;
  const { zookeeper, attempt } = state;
  const { epoch } = registration;
  const entry = shownEntry(registration);
  if (zookeeper === null || epoch === null) return;
  begin(registration, service, context);
  const markers = markerChange(registration, service);
  const held = { slot, reading, write: { entry, epoch, markers } };
  context.pipeToSelf(
    (signal) => inTime(giveSlotBack(zookeeper, service, held), { clock: context.clock, signal }),
    {
      ok: (isGone): RegistrarMessage => ({
        type: "given_back",
        service,
        attempt,
        replyTo,
        outcome: { ok: true },
        markers: isGone ? markers.wanted : markers.standing,
        isRefused: !isGone,
      }),
      error: (error): RegistrarMessage => {
        const outcome = { ok: false, reason: reasonOf(error) } as const;
        const unknown = { markers: null, isRefused: false } as const;
        return { type: "given_back", service, attempt, replyTo, outcome, ...unknown };
      },
    },
  );
}

/** A transaction begins, which writes the entry as it is. */
function begin(registration: Registration, service: string, context: Context): void {
  registration.isWriting = true;
  registration.isDirty = false;
  registration.urgency = "progress";
  context.timers.cancel(writeTimer(service));
  registration.writtenMs = context.clock.nowMs();
}

/** Handles the outcome of a transaction: notes what stands, or registers again, and goes on with what waits. */
export function onOutcome(
  state: State,
  { service, attempt, markers }: {
    readonly service: string;
    readonly attempt: number;
    readonly markers: ReadonlySet<string> | null;
  },
  deps: Deps,
): void {
  const registration = state.registrations.get(service);
  if (registration === undefined) return;
  registration.isWriting = false;
  // A new session has begun with registering.
  if (attempt === state.attempt && registration.isRegistered) {
    if (markers !== null) registration.markers = markers;
    if (markers === null || needsRegistering(registration)) register(state, service, deps);
  }
  if (registration.waiting.size > 0) write(state, service, deps);
  if (registration.isDirty) {
    markDirty(registration, service, { urgency: registration.urgency, context: deps.context });
  }
}

/**
 * Handles the outcome of giving a slot back. If it was refused, the entry and the markers are written without that, at once: it
 * may be the epoch or a marker that is not as it was thought, of which that write finds out.
 */
export function onGivenBack(
  state: State,
  message: Extract<RegistrarMessage, { type: "given_back" }>,
  deps: Deps,
): void {
  const { service, isRefused } = message;
  onOutcome(state, message, deps);
  const registration = state.registrations.get(service);
  if (registration === undefined || !isRefused) return;
  registration.isDirty = true;
  write(state, service, deps);
}

/** Handles the outcome of a write. */
export function onWritten(
  state: State,
  message: Extract<RegistrarMessage, { type: "written" }>,
  deps: Deps,
): void {
  const { service, slot, error } = message;
  const registration = state.registrations.get(service);
  if (registration === undefined) return;
  if (error !== null) {
    registration.isDirty = true;
    registration.urgency = "state";
    const level = error instanceof OverdueError ? "warn" : "debug";
    deps.context.log[level]("{service}: entry not written: {error}", { service, error });
    // If it is the slot that is gone, an operator has removed it.
    const isRefused = hasCode(error, "NO_NODE", "BAD_VERSION", "NODE_EXISTS");
    if (!isRefused && registration.slot === null) registration.slot = slot;
  }
  onOutcome(state, message, deps);
}
