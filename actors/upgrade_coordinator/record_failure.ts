/**
 * Records in the tree that a release has failed on this host without a switch of its own: it counts like a switch that has
 * failed, and halts the rollout if the policy allows no more.
 *
 * @module
 */

import { thisHost } from "../../host/mod.ts";
import { EVENT_LINES_MAX, SCHEMA_VERSION, type Slot, type SwitchEvent } from "../../rollout/mod.ts";
import type { RegistrarMessage, ReportOutcome } from "../registrar/messages.ts";
import type { CoordinatorMessage } from "./messages.ts";
import type { HostNow, Next } from "./machine/next.ts";
import { lookAfter } from "./look.ts";
import { afterActing } from "./machine/phase.ts";
import { readTree } from "./read_tree.ts";
import { type Deps, shorten, type State } from "./state.ts";

/** How long the record may take. The transaction takes milliseconds, but the connection may have to be made again. */
const RECORD_TIMEOUT_MS = 30_000;

/** Time before a record that could not be made is made again. */
const RECORD_RETRY_MS = 1_000;

/** Begins to record a failure. `sinceMs`: since when the host has tried, by the wall clock: it tells the record from an earlier one. */
export function recordFailure(
  state: State,
  next: Extract<Next, { kind: "record_failure" }>,
  { now, replaced, rollout, sinceMs, deps }: {
    readonly now: HostNow;
    /** The version that was committed before the one on offer; `null` if none was. */
    readonly replaced: string | null;
    /** Id of the rollout in whose record it is told; left out: in none. */
    readonly rollout: string | undefined;
    readonly sinceMs: number;
    readonly deps: Deps;
  },
): State {
  const { options: { registrar, service, host, store, ports: { processes } = thisHost }, context } =
    deps;
  const { version, infoHash, restart, cause, wave } = next;
  const reason = shorten(next.reason);
  const slot: Slot = {
    schema: SCHEMA_VERSION,
    host,
    ...now.identity,
    from: cause === "watch" ? replaced : now.running?.version ?? null,
    to: version,
    infoHash,
    ...(typeof restart === "string" ? { restart } : {}),
    step: "failed",
    sinceMs,
    wave,
    reason,
    cause,
  };
  context.log.error("{service}: {reason}; it counts as a failure of {version}", {
    service,
    reason,
    version,
  });
  const lines = processes.lastLines(store.layout.serviceLog, EVENT_LINES_MAX);
  state.phase = { kind: "acting", interrupted: null };
  context.ask<RegistrarMessage, ReportOutcome>(
    registrar,
    (replyTo) => ({
      type: "report",
      service,
      patch: { waitingFor: reason },
      slot,
      holdsSlot: false,
      places: null,
      isFailure: true,
      record: rollout === undefined ? null : {
        rollout,
        event: { ...toEvent(slot, service), cause, ...(cause === "watch" ? { lines } : {}) },
      },
      replyTo,
    }),
    {
      timeoutMs: RECORD_TIMEOUT_MS,
      ok: (outcome) => ({ type: "record_answer", outcome }),
      error: ({ message }) => ({ type: "record_answer", outcome: { ok: false, reason: message } }),
    },
  );
  return state;
}

/** What is told of a failure that came without a switch, and so without steps. */
function toEvent({ host, from, to, infoHash, reason }: Slot, service: string): SwitchEvent {
  const about = { service, host, from, to, infoHash };
  return {
    schema: SCHEMA_VERSION,
    kind: "switch",
    ...about,
    outcome: "failed",
    reason,
    steps: [],
  };
}

/** Handles the outcome. If it was not made, or its reply was lost, the next reading says so. */
export function onRecorded(
  state: State,
  { outcome }: Extract<CoordinatorMessage, { type: "record_answer" }>,
  deps: Deps,
): State {
  const { options: { service }, context } = deps;
  state.phase = afterActing(state.phase);
  state.isFreshNeeded = true;
  if (!outcome.ok) {
    context.log.debug("{service}: failure not recorded yet: {reason}", {
      service,
      reason: outcome.reason,
    });
    lookAfter(RECORD_RETRY_MS, deps);
    return state;
  }
  if (outcome.halted) {
    context.log.error("{service}: the rollout is halted by that", { service });
  }
  return readTree(state, deps);
}
