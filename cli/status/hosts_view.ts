/**
 * A service's hosts as a table for a terminal: what each runs, how far it is with the next version, why it waits. Pure.
 *
 * @module
 */

import { stripVTControlCharacters } from "node:util";
import Table from "cli-table3";
import pc from "picocolors";
import type { TransferDetail } from "../../actors/fetcher/transfers.ts";
import type { FleetHost, FleetService } from "../../coordination/mod.ts";
import { cut, formatAge, formatBytes, wrapWords } from "../shared/format.ts";

/** What is known beside the snapshot. */
export interface HostsViewOptions {
  /** Columns of the terminal. */
  readonly columns: number;
  /** Now, milliseconds since the epoch, for ages. */
  readonly nowMs: number;
  /** How fast a host fetches, by its agent's own word; `null` when it did not say. Default: nobody says. */
  readonly transferOf?: (
    host: string,
    of: { readonly service: string; readonly version: string },
  ) => TransferDetail | null;
}

const BAR_CELLS = 10;

/** Fewer for the words would make nonsense of them. */
const MIN_WORDS_COLUMNS = 26;
const HEAD = ["host", "site/rack", "runs", "", "locked", "next"];
const GAP_COLUMNS = 2;

/** What keeps a host from getting ready is told in as many lines: the end says what to do. */
const TROUBLE_LINES = 4;

/** Renders the table, the heading first. */
export function renderHosts(
  service: string,
  { hosts }: FleetService,
  options: HostsViewOptions,
): string {
  const rows = hosts.map((host) => [
    host.host,
    `${host.site}/${host.rack}`,
    host.version ?? "-",
    renderState(host),
    host.pinnedBytes === 0 ? "-" : formatBytes(host.pinnedBytes),
  ]);
  const taken = [0, 1, 2, 3, 4].map((column) => {
    const cells = [HEAD, ...rows].map((row) => stripVTControlCharacters(row[column] ?? "").length);
    return Math.max(...cells) + GAP_COLUMNS;
  }).reduce((sum, width) => sum + width, 0);
  const wordsColumns = Math.max(MIN_WORDS_COLUMNS, options.columns - taken);
  const table = new Table({
    head: HEAD.map((text) => pc.dim(text)),
    style: {
      head: [],
      border: [],
      compact: true,
      "padding-left": 0,
      "padding-right": GAP_COLUMNS,
    },
    chars: NO_BORDERS,
  });
  hosts.forEach((host, index) => {
    table.push([
      ...rows[index] ?? [],
      renderNext(host, { ...options, columns: wordsColumns, service }),
    ]);
  });
  // The last column is padded too, which would wrap where it fills the line.
  return table.toString().split("\n").map((line) => line.trimEnd()).join("\n");
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
  options: HostsViewOptions & { readonly service: string },
): string {
  const parts: string[] = [];
  const { preparation, waitingFor } = host;
  if (preparation !== null) {
    const { version, phase, pause } = preparation;
    const transfer = phase === "fetching"
      ? options.transferOf?.(host.host, { service: options.service, version }) ?? null
      : null;
    // The agent's own word is newer.
    const progress = transfer === null ? preparation.progress : shareOf(transfer);
    const bar = phase === "fetching" || phase === "verifying" || phase === "pinning"
      ? ` ${renderBar(progress)}`
      : "";
    const headline = `${version} ${pause === undefined ? phase : "paused"}${bar}`;
    const reused = reusedOf(host, version);
    const speed = transfer === null || pause !== undefined ? [] : [renderTransfer(transfer)];
    // Beside a word there is room for it, beside a bar there is not.
    const isBeside = bar === "" && `${headline}, ${reused}`.length <= options.columns;
    const details = [...isBeside ? [] : reused, ...speed].join(", ");
    const told = isBeside ? [headline, ...reused].join(", ") : headline;
    parts.push(pause === undefined ? told : pc.yellow(told));
    if (details !== "") parts.push(pc.dim(cut(details, options.columns)));
    if (pause !== undefined) parts.push(...renderTrouble(pause, options));
  } else if (host.version !== null) {
    parts.push(...reusedOf(host, host.version).map((text) => pc.dim(`${host.version}: ${text}`)));
  }
  if (waitingFor !== null) {
    parts.push(
      ...preparation?.phase === "failed"
        ? renderTrouble(waitingFor, options)
        : [pc.dim(cut(waitingFor, options.columns))],
    );
  }
  if (!host.online && host.slot !== null && host.slot.step !== "failed") {
    const heldFor = formatAge(options.nowMs - host.slot.sinceMs);
    const advice = `dead for good? rollcall host forget ${host.host}`;
    parts.push(pc.yellow(`holds the slot for ${heldFor}, at ${host.slot.step}; ${advice}`));
  }
  if (host.slot?.step === "failed") {
    parts.push(pc.red(cut(host.slot.reason ?? "failed", options.columns)));
  }
  return parts.join("\n");
}

/** How much of that version the host found in others on its own disk, if it says so. */
function reusedOf({ received }: FleetHost, version: string): string[] {
  const { reusedBytes = 0 } = received?.version === version ? received : {};
  return reusedBytes > 0 ? [`${formatBytes(reusedBytes)} reused`] : [];
}

function renderTrouble(text: string, { columns }: HostsViewOptions): string[] {
  return wrapWords(text, { columns, maxLines: TROUBLE_LINES }).map(pc.yellow);
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

/** A bar of ten cells: `█████░░░░░ 50%`. */
export function renderBar(progress: number): string {
  const share = Math.min(1, Math.max(0, progress));
  const full = Math.round(share * BAR_CELLS);
  const percent = `${Math.floor(share * 100)}%`.padStart(5);
  return `${"█".repeat(full)}${"░".repeat(BAR_CELLS - full)}${percent}`;
}
