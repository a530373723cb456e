/**
 * The fleet as text for a terminal: what each host runs, how ready it is, why it waits. Pure, so that it can be tested
 * without a fleet.
 *
 * @module
 */

import Table from "cli-table3";
import pc from "picocolors";
import type { TransferDetail } from "../actors/fetcher/transfers.ts";
import type { Fleet, FleetHost, FleetService } from "../coordination/mod.ts";

/** How wide the view may be, and what is known beside the snapshot. */
export interface FleetViewOptions {
  /** Columns of the terminal; at least {@link MIN_COLUMNS} are used. */
  readonly columns: number;
  /** Now, milliseconds since the epoch, for ages. */
  readonly nowMs: number;
  /** How fast a host fetches, by its agent's own word; `null` when it did not say. Default: nobody says. */
  readonly transferOf?: (
    host: string,
    of: { readonly service: string; readonly version: string },
  ) => TransferDetail | null;
}

/** Narrower than this, nothing can be read any more. */
export const MIN_COLUMNS = 72;

const BAR_CELLS = 10;

/** Renders the whole fleet. */
export function renderFleet(fleet: Fleet, options: FleetViewOptions): string {
  const sections = [renderHead(fleet, options)];
  for (const [name, service] of Object.entries(fleet.services)) {
    sections.push(renderService(name, service, options));
  }
  if (Object.keys(fleet.services).length === 0) {
    sections.push(
      "No host is known yet. Start an agent (rollcall agent --config FILE); if some run, look whether the chroot in\n" +
        "--zookeeper is theirs.",
    );
  }
  for (const problem of fleet.problems) sections.push(pc.yellow(`! ${problem}`));
  return sections.join("\n\n");
}

function renderHead({ control, rollout }: Fleet, { nowMs }: FleetViewOptions): string {
  const lines: string[] = [];
  if (rollout === null) lines.push("No rollout yet.");
  else {
    const state = rollout.state === "running" ? pc.cyan(rollout.state) : rollout.state;
    const tookMs = (rollout.endedMs ?? nowMs) - rollout.startedMs;
    lines.push(`Rollout ${pc.bold(rollout.id)} by ${rollout.by}: ${state}, ${formatAge(tookMs)}`);
    const current = rollout.waves.findIndex((wave) => wave.finishedMs === null);
    const waves = rollout.waves.map((wave, index) => {
      const label = `${wave.service} ${wave.version}${
        wave.hosts === null ? "" : ` (${wave.hosts.length} hosts)`
      }`;
      if (wave.finishedMs !== null) return pc.green(`✔ ${label}`);
      return index === current && rollout.state === "running"
        ? pc.cyan(`▶ ${label}`)
        : pc.dim(`· ${label}`);
    });
    lines.push(`Waves    ${waves.join("   ")}`);
  }
  if (control !== null && control.state !== "running") {
    const reason = control.reason === null ? "" : `: ${control.reason}`;
    const color = control.state === "halted" ? pc.red : pc.yellow;
    lines.push(color(`${control.state.toUpperCase()} by ${control.by}${reason}`));
    lines.push("         rollcall rollout resume | abort");
  }
  return lines.join("\n");
}

function renderService(name: string, service: FleetService, options: FleetViewOptions): string {
  const online = service.hosts.filter((host) => host.online).length;
  const serving = service.hosts.filter((host) => host.state === "serving").length;
  const committed = service.committed ?? "none";
  const needs = service.dependsOn.length === 0 ? "" : `, after ${service.dependsOn.join(", ")}`;
  const title = `${pc.bold(name)}${needs}: committed ${committed}, ` +
    `${serving} of ${service.hosts.length} serving, ${online} online`;
  const traffic = renderTraffic(service);
  const table = new Table({
    head: ["host", "site/rack", "runs", "", "locked", "next"].map((text) => pc.dim(text)),
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 2 },
    chars: NO_BORDERS,
  });
  for (const host of service.hosts) {
    table.push([
      host.host,
      `${host.site}/${host.rack}`,
      host.version ?? "-",
      renderState(host),
      host.pinnedBytes === 0 ? "-" : formatBytes(host.pinnedBytes),
      renderNext(host, { ...options, service: name }),
    ]);
  }
  return `${title}${traffic === null ? "" : `\n${pc.dim(traffic)}`}\n${table.toString()}`;
}

/**
 * What the hosts received for the version on offer, or the committed one, from other sites and other racks, beside the
 * least that it takes: one copy for each site and rack but the build machine's own; where that is not known, for each
 * but one.
 */
function renderTraffic(
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

/** How many of these places take a copy from outside at least, where one of them may be where it begins. */
function copiesInto(places: ReadonlySet<string>, origin: string | undefined): number {
  return places.size - (origin === undefined || places.has(origin) ? 1 : 0);
}

const NO_BORDERS = Object.fromEntries(
  [
    "top",
    "top-mid",
    "top-left",
    "top-right",
    "bottom",
    "bottom-mid",
    "bottom-left",
    "bottom-right",
    "left",
    "left-mid",
    "mid",
    "mid-mid",
    "right",
    "right-mid",
    "middle",
  ].map((place) => [place, ""]),
);

function renderState(host: FleetHost): string {
  if (!host.online) return pc.red("offline");
  if (host.slot !== null && host.slot.step !== "failed") return pc.cyan("switching");
  return host.state === "serving" ? pc.green("serving") : pc.red("down");
}

/** What the host is about to run, and why it does not run it yet. */
function renderNext(
  host: FleetHost,
  options: FleetViewOptions & { readonly service: string },
): string {
  const parts: string[] = [];
  if (host.preparation !== null) {
    const { version, phase } = host.preparation;
    const transfer = phase === "fetching"
      ? options.transferOf?.(host.host, { service: options.service, version }) ?? null
      : null;
    // The agent's own word is newer.
    const progress = transfer === null ? host.preparation.progress : shareOf(transfer);
    const bar = phase === "fetching" || phase === "verifying" || phase === "pinning"
      ? ` ${renderBar(progress)}`
      : "";
    parts.push(`${version} ${phase}${bar}`);
    if (transfer !== null) {
      parts.push(pc.dim(cut(renderTransfer(transfer), waitColumns(options.columns))));
    }
  }
  if (host.waitingFor !== null) {
    parts.push(pc.dim(cut(host.waitingFor, waitColumns(options.columns))));
  }
  if (!host.online && host.slot !== null && host.slot.step !== "failed") {
    const heldFor = formatAge(options.nowMs - host.slot.sinceMs);
    const advice = `dead for good? rollcall host forget ${host.host}`;
    parts.push(pc.yellow(`holds the slot for ${heldFor}, at ${host.slot.step}; ${advice}`));
  }
  if (host.slot?.step === "failed") {
    parts.push(pc.red(cut(host.slot.reason ?? "failed", waitColumns(options.columns))));
  }
  return parts.join("\n");
}

function shareOf({ verifiedBytes, totalBytes }: TransferDetail): number {
  return totalBytes === 0 ? 1 : verifiedBytes / totalBytes;
}

/** `312 MiB/s from 7 peers, 12.3 s left`. */
function renderTransfer(
  { verifiedBytes, totalBytes, downloadBytesPerSecond, peers }: TransferDetail,
): string {
  const from = `from ${peers} peer${peers === 1 ? "" : "s"}`;
  if (downloadBytesPerSecond < 1) return peers === 0 ? "no peers yet" : `nothing arrives ${from}`;
  const leftMs = (totalBytes - verifiedBytes) / downloadBytesPerSecond * 1_000;
  return `${formatBytes(downloadBytesPerSecond)}/s ${from}, ${formatAge(leftMs)} left`;
}

/** The columns before take about 46; the rest of the terminal is for words. */
function waitColumns(columns: number): number {
  return Math.max(MIN_COLUMNS, columns) - 46;
}

/** A bar of ten cells: `█████░░░░░ 50%`. */
export function renderBar(progress: number): string {
  const share = Math.min(1, Math.max(0, progress));
  const full = Math.round(share * BAR_CELLS);
  const percent = `${Math.floor(share * 100)}%`.padStart(5);
  return `${"█".repeat(full)}${"░".repeat(BAR_CELLS - full)}${percent}`;
}

/** Bytes in the largest unit that leaves at least one before the point; powers of 1024, as in the configs. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** A time span in words: `850 ms`, `12.3 s`, `4 min 05 s`, `2 h 10 min`. */
export function formatAge(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.max(0, Math.round(durationMs))} ms`;
  const seconds = durationMs / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

function cut(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 1)}…`;
}
