/**
 * Lists what happened between two snapshots, a line for each event: for logs and pipes, where nothing can be redrawn. Pure.
 *
 * @module
 */

import { findHost, type FleetSnapshot, type HostSnapshot, phaseOf } from "./snapshot.ts";

/** The events between two snapshots, while the fleet goes to the version `target`. */
export function listEvents(
  before: FleetSnapshot | null,
  now: FleetSnapshot,
  target: string | null,
): string[] {
  const events: string[] = [];
  const control = now.control?.state ?? "running";
  if (control !== (before?.control?.state ?? "running")) {
    events.push(`control is ${control}`);
  }
  for (const [service, { hosts }] of Object.entries(now.services)) {
    for (const host of hosts) {
      const event = describeChange(findHost(before, { service, host: host.host }), host, target);
      if (event !== null) events.push(`${host.host} ${service}: ${event}`);
    }
  }
  return events;
}

function describeChange(
  before: HostSnapshot | null,
  now: HostSnapshot,
  target: string | null,
): string | null {
  const phase = phaseOf(now, target);
  const isNews = before === null || phaseOf(before, target) !== phase ||
    before.version !== now.version || before.slot?.step !== now.slot?.step;
  if (!isNews) return null;
  switch (phase) {
    case "current":
      return `runs ${now.version}`;
    case "switching":
      return now.slot === null
        ? "switching"
        : `${now.slot.step} (${now.slot.from ?? "nothing"} to ${now.slot.to})`;
    case "fetching":
    case "verifying":
    case "pinning":
    case "staged":
    case "failed":
      return `${phase} ${now.preparation?.version ?? ""}`.trimEnd();
    case "offline":
    case "down":
      return phase;
    case "waiting":
    case "absent":
      return before === null ? "announced itself" : null;
  }
}
