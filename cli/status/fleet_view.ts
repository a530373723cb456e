/**
 * The fleet as text for a terminal: what each host runs, how far it is with the next version, why it waits. Pure, so that
 * it can be tested without a fleet.
 *
 * @module
 */

import pc from "picocolors";
import type { Fleet, FleetService } from "../../coordination/mod.ts";
import type { Distribution } from "./distribution.ts";
import { renderDistribution, renderReceived, renderReused } from "./distribution_view.ts";
import { countOthers, notesOnHosts } from "./host_notes.ts";
import { type HostsViewOptions, renderHosts } from "./hosts_view.ts";
import { freezeAt, stopsOf } from "../../rollout/mod.ts";
import { formatTimeSpan } from "../shared/format.ts";
import { NO_HOSTS } from "../shared/no_hosts.ts";
import { plain } from "../shared/terminal_text.ts";
import { renderWaves } from "./waves_view.ts";

/** The width of the view, of which at least {@link MIN_COLUMNS} are used, and what is known besides the snapshot. */
export interface FleetViewOptions extends HostsViewOptions {
  /** How releases spread, as their trackers report. Default: no tracker was asked. */
  readonly distributions?: readonly Distribution[];
}

/** In fewer columns the view cannot be read. */
export const MIN_COLUMNS = 72;

/** Renders the whole fleet. */
export function renderFleet(told: Fleet, given: FleetViewOptions): string {
  const fleet = plain(told);
  const options = { ...given, columns: Math.max(MIN_COLUMNS, given.columns) };
  const sections = [renderHead(fleet, options)];
  for (const [name, service] of Object.entries(fleet.services)) {
    sections.push(renderService(name, service, { ...options, fleet }));
  }
  if (Object.keys(fleet.services).length === 0) {
    sections.push(NO_HOSTS);
  }
  for (const problem of fleet.problems) sections.push(pc.yellow(`! ${problem}`));
  return sections.join("\n\n");
}

function renderHead({ control, rollout, queue }: Fleet, { nowMs }: FleetViewOptions): string {
  const lines: string[] = [];
  if (rollout === null) lines.push("No rollout yet.");
  else {
    const state = rollout.state === "running" ? pc.cyan(rollout.state) : rollout.state;
    const tookMs = (rollout.endedMs ?? nowMs) - rollout.startedMs;
    lines.push(
      `Rollout ${pc.bold(rollout.id)} by ${rollout.by}: ${state}, ${formatTimeSpan(tookMs)}`,
    );
    if (rollout.reason !== undefined) lines.push(`Reason: ${rollout.reason}`);
    if (rollout.rollsBack !== undefined) lines.push(`Rollback of ${rollout.rollsBack}`);
    if (rollout.rolledBack !== undefined) {
      lines.push(`Rolled back by ${rollout.rolledBack.by}: ${rollout.rolledBack.reason}`);
    }
    // No rollback is held up by windows, and its own line says what it is.
    if (rollout.ignoresFreeze !== undefined && rollout.rollsBack === undefined) {
      const { by, reason } = rollout.ignoresFreeze;
      lines.push(`Freeze windows do not hold for it, by ${by}: ${reason}`);
    }
    lines.push(...renderWaves(rollout, queue));
  }
  if (control !== null && control.state !== "running") {
    const { halt, pause } = stopsOf(control);
    if (halt !== null) lines.push(pc.red(`HALTED by ${halt.by}${told(halt.reason)}`));
    if (pause !== null) lines.push(pc.yellow(`PAUSED by ${pause.by}${told(pause.reason)}`));
    const isTakenBack = halt !== null && control.onFailure === "rollback" && queue.length > 0;
    lines.push(
      isTakenBack
        ? "         the hosts roll it back, as its plan says"
        : "         rollcall rollout resume | abort | rollback",
    );
  }
  return lines.join("\n");
}

function told(reason: string | null): string {
  return reason === null ? "" : `: ${reason}`;
}

function renderService(
  name: string,
  service: FleetService,
  options: FleetViewOptions & { readonly fleet: Fleet },
): string {
  const { fleet } = options;
  const online = service.hosts.filter((host) => host.online).length;
  const serving = service.hosts.filter((host) => host.state === "serving").length;
  const committed = service.committed ?? "none";
  const needs = service.dependsOn.length === 0 ? "" : `, after ${service.dependsOn.join(", ")}`;
  const title = `${pc.bold(name)}${needs}: committed ${committed}, ` +
    `${serving} of ${service.hosts.length} serving, ${online} online`;
  const freeze = freezeAt(service.freeze, options.nowMs);
  const frozen = freeze === null ? [] : [pc.yellow(freeze.words)];
  const others = countOthers(name, fleet);
  const drift = others === 0
    ? ""
    : pc.yellow(`, ${others === 1 ? "one runs" : `${others} run`} another version`);
  const lines = [title + drift, ...frozen, ...renderSpreading(name, service, options)];
  return `${lines.join("\n")}\n${
    renderHosts(name, service, { ...options, notes: notesOnHosts(name, fleet) })
  }`;
}

/** What trackers report; without a report, the sum of what the hosts themselves have received. */
function renderSpreading(
  name: string,
  service: FleetService,
  { columns, distributions = [] }: FleetViewOptions,
): string[] {
  const own = distributions.filter((one) => one.service === name);
  const lines = own.flatMap((distribution) => renderDistribution(distribution, { columns }));
  const isReported = own.some(({ report }) => report?.hasTraffic === true);
  const told = [isReported ? null : renderReceived(service), renderReused(service)];
  return [...lines, ...told.filter((line) => line !== null).map((line) => pc.dim(line))];
}
