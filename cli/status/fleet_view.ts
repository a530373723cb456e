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
import { freezeAt } from "../../rollout/mod.ts";
import { formatTimeOfDay, wrapWords } from "../shared/format.ts";
import { renderHead } from "./head_view.ts";
import { NO_HOSTS } from "../shared/no_hosts.ts";
import { plain } from "../shared/terminal_text.ts";

/** The width of the view, of which at least {@link MIN_COLUMNS} are used, and what is known besides the snapshot. */
export interface FleetViewOptions extends HostsViewOptions {
  /** How releases spread, as their trackers report. Default: no tracker was asked. */
  readonly distributions?: readonly Distribution[];
  /** Since when ZooKeeper has not answered, in milliseconds since 1970; all else is as it was then. Default: it answers. */
  readonly staleSinceMs?: number | undefined;
}

/** In fewer columns the view cannot be read. */
export const MIN_COLUMNS = 72;

/** Renders the whole fleet. */
export function renderFleet(told: Fleet, given: FleetViewOptions): string {
  const fleet = plain(told);
  const options = { ...given, columns: Math.max(MIN_COLUMNS, given.columns) };
  const sections = [...renderStale(options), renderHead(fleet, options)];
  for (const [name, service] of Object.entries(fleet.services)) {
    sections.push(renderService(name, service, { ...options, fleet }));
  }
  if (Object.keys(fleet.services).length === 0) {
    sections.push(NO_HOSTS);
  }
  for (const problem of fleet.problems) sections.push(pc.yellow(`! ${problem}`));
  return sections.join("\n\n");
}

/** What is shown must not pass for what is: without ZooKeeper nobody knows more than there was. */
function renderStale({ staleSinceMs, columns }: FleetViewOptions): string[] {
  if (staleSinceMs === undefined) return [];
  const text = `! ZooKeeper does not answer; this is how it was at ${
    formatTimeOfDay(staleSinceMs)
  } UTC. Services run on, nothing changes, and it is asked again.`;
  return [wrapWords(text, { columns, maxLines: 3 }).map(pc.yellow).join("\n")];
}

function renderService(
  name: string,
  service: FleetService,
  options: FleetViewOptions & { readonly fleet: Fleet },
): string {
  const { fleet } = options;
  const online = service.hosts.filter((host) => host.online).length;
  const isDrained = (host: FleetService["hosts"][number]) => host.drained !== null;
  const serving =
    service.hosts.filter((host) => host.state === "serving" && !isDrained(host)).length;
  const drainedCount = service.hosts.filter(isDrained).length;
  const drained = drainedCount === 0 ? "" : `, ${drainedCount} drained`;
  const committed = service.committed ?? "none";
  const needs = service.dependsOn.length === 0 ? "" : `, after ${service.dependsOn.join(", ")}`;
  const title = `${pc.bold(name)}${needs}: committed ${committed}, ` +
    `${serving} of ${service.hosts.length} serving${drained}, ${online} online`;
  const freeze = freezeAt(service.freeze, options.nowMs);
  const isIgnored = fleet.rollout?.ignoresFreeze !== undefined &&
    fleet.queue.some((wave) => wave.service === name);
  const frozen = freeze === null
    ? []
    : [pc.yellow(`${freeze.words}${isIgnored ? " (this rollout does not wait for that)" : ""}`)];
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
