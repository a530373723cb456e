/**
 * How a release spreads, as lines for a terminal: bytes across borders beside the least possible, copies per site and
 * rack, gateways, who is slow and why. Pure.
 *
 * @module
 */

import pc from "picocolors";
import type { FleetService } from "../../coordination/mod.ts";
import type { Distribution } from "./distribution.ts";
import type { BorderReport, GroupReport, SiteReport } from "../../tracker/stats/swarm_report.ts";
import type { ReleaseReport } from "./tracker_client.ts";
import { cut, formatBytes, formatCount, layOut, wrapWords } from "../shared/format.ts";
import { plain } from "../shared/terminal_text.ts";

/** The most sites that get a line each. */
const MAX_SITES = 8;
/** The most racks that are named for a site; with more, racks whose hosts all hold a copy are only counted. */
const MAX_RACKS = 12;
/** The most slow hosts that are named, those that lack most first. */
const MAX_SLOW = 5;
/** The most lines for one slow host and the reason. */
const SLOW_LINES = 2;
/** The most lines for the reason why there is no report: enough for the answers of four trackers on a wide terminal. */
const PROBLEM_LINES = 6;
/** From this multiple of the least possible on, a border is highlighted, as on the tracker's page. */
const MUCH = 1.2;
const GAP = "  ";
const DOT = " · ";

/** Renders how a release spreads, no line wider than `columns`. A release that all its peers hold, none of them slow, takes two lines. */
export function renderDistribution(
  distribution: Distribution,
  { columns }: { readonly columns: number },
): string[] {
  const { version, tracker, report, problem } = plain(distribution);
  if (report === null) {
    const text = `${version}: ${problem ?? "no report"}`;
    return wrapWords(text, { columns, maxLines: PROBLEM_LINES }).map(pc.yellow);
  }
  const at = tracker === null ? [] : [pc.dim(`(${tracker})`)];
  const lay = (parts: readonly string[]) => layOut(parts, { columns, indent: 2, gap: pc.dim(DOT) });
  const lines = lay([...renderState(version, report), ...at]);
  lines.push(...lay(renderBorders(report)));
  if (report.leechers > 0) lines.push(...renderSites(report, columns));
  for (const slow of report.slow.slice(0, MAX_SLOW)) {
    const { host, address, site, rack, leftBytes, why } = slow;
    const place = site === undefined ? "" : ` ${site}/${rack ?? "?"}`;
    const left = leftBytes === undefined ? "" : `, ${formatBytes(leftBytes)} to fetch`;
    const told = wrapWords(`slow ${host ?? address}${place}${left}: ${why}`, {
      columns,
      maxLines: SLOW_LINES,
    });
    lines.push(...told.map(pc.yellow));
  }
  const more = report.slow.length - MAX_SLOW;
  if (more > 0) lines.push(pc.yellow(`and ${more} more that are slow`));
  return lines;
}

/**
 * The bytes that the hosts report to have received of the version on offer, or of the committed one, from other sites and
 * racks, beside the least possible: one copy for each site and rack but the build machine's own (where that is not known,
 * for each but one). It is shown when no tracker has a report. `null`: no host has received anything.
 */
export function renderReceived(
  { hosts, offer, committed, sizeBytes, origin }: FleetService,
): string | null {
  const version = offer ?? committed;
  const received = hosts.flatMap((host) =>
    host.received?.version === version ? [host.received] : []
  );
  if (received.length === 0 || sizeBytes === 0) return null;
  const remoteBytes = received.reduce((sum, bytes) => sum + bytes.remoteBytes, 0);
  const siteBytes = received.reduce((sum, bytes) => sum + bytes.siteBytes, 0);
  const inSites = copiesInto(new Set(hosts.map(({ site }) => site)), origin?.site);
  const inRacks = copiesInto(
    new Set(hosts.map(({ site, rack }) => `${site}/${rack}`)),
    origin === null ? undefined : `${origin.site}/${origin.rack}`,
  );
  return `${version} moved ${formatBytes(remoteBytes)} across sites (at least ${
    formatBytes(inSites * sizeBytes)
  }), ${formatBytes(remoteBytes + siteBytes)} across racks (at least ${
    formatBytes(inRacks * sizeBytes)
  })`;
}

/** How many of these sites or racks need at least one copy from outside. `origin`, the build machine's, needs none. */
function copiesInto(places: ReadonlySet<string>, origin: string | undefined): number {
  return places.size - (origin === undefined || places.has(origin) ? 1 : 0);
}

/** The bytes that the hosts report to have reused from other releases on their own disks. `null`: none. */
export function renderReused({ hosts, offer, committed }: FleetService): string | null {
  const version = offer ?? committed;
  const reusedBytes = hosts.reduce(
    (sum, { received }) => sum + (received?.version === version ? received?.reusedBytes ?? 0 : 0),
    0,
  );
  return reusedBytes === 0
    ? null
    : `${formatBytes(reusedBytes)} of ${version} reused from the hosts' own disks`;
}

function* renderState(version: string, report: ReleaseReport): Generator<string> {
  const { seeds, leechers, progress, gateways, replacedGateways, strangers } = report;
  const peers = seeds + leechers;
  if (leechers === 0) {
    yield pc.green(
      `${version}: ${peers === 1 ? "its only peer holds" : `all ${peers} peers hold`} a copy`,
    );
  } else {
    yield pc.cyan(`${version}: ${percent(progress)} there`);
    yield `${seeds} of ${peers} peers hold a copy`;
  }
  if (gateways.length > 0) yield formatCount(gateways.length, "gateway");
  if (replacedGateways > 0) yield `${formatCount(replacedGateways, "gateway")} replaced`;
  if (strangers > 0) yield `${strangers} at an unknown place`;
}

function renderBorders({ hasTraffic, acrossSites, acrossRacks }: ReleaseReport): string[] {
  if (!hasTraffic) return [pc.dim("its peers do not say what they receive")];
  return [renderBorder("across sites", acrossSites), renderBorder("across racks", acrossRacks)];
}

function renderBorder(name: string, { bytes, leastBytes, ratio }: BorderReport): string {
  // Without a ratio nothing had to cross so far, or the first peer that holds something has not announced itself yet.
  if (ratio === undefined) return `${name} ${formatBytes(bytes)}`;
  const times = `${ratio.toFixed(2)} ×`;
  return `${name} ${formatBytes(bytes)}, least ${formatBytes(leastBytes)} (${
    ratio > MUCH ? pc.yellow(times) : pc.green(times)
  })`;
}

function renderSites({ sites }: ReleaseReport, columns: number): string[] {
  const present = sites.filter(({ peers }) => peers > 0);
  // Where there are too many, those that lack most come first.
  const shown = present.length <= MAX_SITES
    ? present
    : present.toSorted((one, other) => one.progress - other.progress).slice(0, MAX_SITES);
  const width = Math.min(24, Math.max(0, ...shown.map(({ name }) => name.length)));
  const lines = shown.flatMap((site) =>
    layOut([`${cut(site.name, width).padEnd(width)} ${renderPlace(site)}`, ...renderRacks(site)], {
      columns,
      indent: width + 1,
      gap: GAP,
    })
  );
  const more = present.length - shown.length;
  return more > 0 ? [...lines, pc.dim(`and ${formatCount(more, "site")} more`)] : lines;
}

function* renderRacks({ racks }: SiteReport): Generator<string> {
  const present = racks.filter(({ peers }) => peers > 0);
  const isShort = present.length <= MAX_RACKS;
  const named = isShort ? present : present.filter((rack) => rack.copies < rack.peers);
  for (const rack of named.slice(0, MAX_RACKS)) yield `${rack.name} ${renderPlace(rack)}`;
  if (named.length > MAX_RACKS) {
    yield pc.dim(`${formatCount(named.length - MAX_RACKS, "rack")} more`);
  }
  if (!isShort) yield pc.dim(`${formatCount(present.length - named.length, "rack")} done`);
}

/** `2/3 by web-4`: hosts with a copy, all hosts, and the gateways that fetch for them across the border. */
function renderPlace({ copies, peers, gateways }: GroupReport): string {
  const count = `${copies}/${peers}`;
  const by = gateways.length === 0 ? "" : pc.dim(` by ${gateways.map(shortName).join(", ")}`);
  return `${copies === peers ? pc.green(count) : pc.cyan(count)}${by}`;
}

/** The host's name in "host (address)", or the address where the host did not give its name. */
function shortName(gateway: string): string {
  const match = /^(.*) \((.*)\)$/.exec(gateway);
  if (match === null) return gateway;
  return (match[1] === "unnamed" ? match[2] : match[1]) ?? gateway;
}

/** Rounded down, so that 100 % means all of it. */
function percent(part: number): string {
  return `${Math.floor(part * 100)}%`;
}
