/**
 * A service's hosts as a table for a terminal: what each runs, how far it is with the next version, why it waits. Pure.
 *
 * @module
 */

import pc from "picocolors";
import type { TransferDetail } from "../../actors/fetcher/transfers.ts";
import type { FleetHost, FleetService } from "../../coordination/mod.ts";
import {
  cut,
  formatBytes,
  formatCount,
  formatRate,
  formatTimeSpan,
  renderBar,
  wrapWords,
} from "../shared/format.ts";
import { describeDrained } from "./drained.ts";
import { RUNS_OTHERWISE } from "../../rollout/mod.ts";
import { columnsForWords, renderTable } from "../shared/table.ts";

/** The width of the view, and what is known besides the snapshot. */
export interface HostsViewOptions {
  /** Columns of the terminal. */
  readonly columns: number;
  /** The time, in milliseconds since 1970, from which ages are computed. */
  readonly nowMs: number;
  /** What is to be known of a host that it does not say itself, by host. Default: nothing. */
  readonly notes?: ReadonlyMap<string, string>;
  /** How fast a host fetches, as its agent reports; `null` when it did not. Default: no agent was asked. */
  readonly transferOf?: (
    host: string,
    of: { readonly service: string; readonly version: string },
  ) => TransferDetail | null;
}

const BAR_CELLS = 10;

const HEAD = ["host", "site/rack", "runs", "", "locked", "next"];

/** The most lines for what keeps a host from getting ready, since the end of the text says what to do. */
const TROUBLE_LINES = 6;

/** The most lines for why a host waits, most of which is short, on a terminal of 80 columns. */
const WAIT_LINES = 3;

const RELEASE = "rollcall hosts release-quarantine";

/** Hosts that have waited for less just wait for each other, in ms. */
const LEAST_AGE_MS = 1_000;

/** Renders the table with its heading. */
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
  const wordsColumns = columnsForWords([HEAD.slice(0, -1), ...rows], options.columns);
  return renderTable(
    HEAD.map((text) => pc.dim(text)),
    hosts.map((host, index) => [
      ...rows[index] ?? [],
      renderNext(host, { ...options, columns: wordsColumns, service }),
    ]),
  );
}

function renderState(host: FleetHost): string {
  if (!host.online) return pc.red("offline");
  if (host.slot !== null && host.slot.step !== "failed") return pc.cyan("switching");
  if (host.quarantined !== null) return pc.yellow("quarantined");
  if (host.drained !== null && host.state === "serving") return pc.yellow("drained");
  if (host.state === "serving") return pc.green("serving");
  return host.newcomer ? pc.cyan("new") : pc.red("down");
}

/** What the host is about to run, and why it does not run it yet. */
function renderNext(
  host: FleetHost,
  options: HostsViewOptions & { readonly service: string },
): string {
  const parts: string[] = [];
  const { preparation, waitingFor } = host;
  const waiting = waitingFor === null ? "" : waitingFor + renderAge(host, options);
  if (preparation !== null) {
    const { version, phase, pause } = preparation;
    const transfer = phase === "fetching"
      ? options.transferOf?.(host.host, { service: options.service, version }) ?? null
      : null;
    // What the agent reports is newer than its entry in the tree.
    const progress = transfer === null ? preparation.progress : shareOf(transfer);
    const bar = phase === "fetching" || phase === "verifying" || phase === "pinning"
      ? ` ${renderProgressBar(progress)}`
      : "";
    const isSkipped = phase === "failed" && host.slot?.skipped !== undefined;
    const state = pause !== undefined ? "paused" : isSkipped ? "skipped" : phase;
    const headline = `${version} ${state}${bar}`;
    const reused = reusedOf(host, version);
    const arrives = transfer !== null && transfer.downloadBytesPerSecond >= 1;
    const trouble = pause ?? (arrives ? undefined : preparation.obstacle);
    const speed = transfer === null || trouble !== undefined ? [] : [renderTransfer(transfer)];
    // There is room for it beside a word, but not beside a bar.
    const isBeside = bar === "" && `${headline}, ${reused}`.length <= options.columns;
    const details = [...isBeside ? [] : reused, ...speed].join(", ");
    const told = isBeside ? [headline, ...reused].join(", ") : headline;
    parts.push(trouble === undefined ? told : pc.yellow(told));
    if (details !== "") parts.push(pc.dim(cut(details, options.columns)));
    if (trouble !== undefined) parts.push(...renderTrouble(trouble, options));
  } else if (host.version !== null) {
    parts.push(...reusedOf(host, host.version).map((text) => pc.dim(`${host.version}: ${text}`)));
  }
  if (waitingFor !== null) {
    const isTrouble = preparation?.phase === "failed" || host.slot?.step === "failed";
    parts.push(...isTrouble ? renderTrouble(waiting, options) : renderWait(host, options));
  }
  if (waitingFor?.startsWith(RUNS_OTHERWISE)) {
    const advice = `one host after the other: rollcall restart ${options.service}`;
    parts.push(...renderWords(advice, options, WAIT_LINES));
  }
  if (host.quarantined !== null && host.online) {
    const advice = `it ends when that is well; at once: ${RELEASE} ${host.host}`;
    parts.push(...renderTrouble(advice, options));
  }
  const drained = describeDrained(host, options.nowMs);
  if (drained !== null) parts.push(...renderTrouble(drained, options));
  const note = options.notes?.get(host.host);
  if (note !== undefined) parts.push(...renderTrouble(note, options));
  if (host.restarts !== null) {
    parts.push(...renderWords(renderRestarts(host.restarts), options, WAIT_LINES));
  }
  if (!host.online && host.slot !== null && host.slot.step !== "failed") {
    const heldFor = formatTimeSpan(options.nowMs - host.slot.sinceMs);
    const advice = `dead for good? rollcall hosts forget ${host.host}`;
    parts.push(
      ...renderTrouble(`holds the slot for ${heldFor}, at ${host.slot.step}; ${advice}`, options),
    );
  }
  // While it is online, what it waits for says so as a rule, and in full.
  if (host.slot?.step === "failed" && !waitingFor?.includes(host.slot.reason ?? "failed")) {
    parts.push(pc.red(cut(host.slot.reason ?? "failed", options.columns)));
  }
  return parts.join("\n");
}

/** How long a host has waited: by two clocks, so it is not shown where it makes no sense. */
function renderAge(
  { waitingFor, waitingSinceMs }: FleetHost,
  { nowMs }: HostsViewOptions,
): string {
  // A gate says so itself, from when its wave is next.
  if (waitingFor?.startsWith("gate: ")) return "";
  const ageMs = waitingSinceMs === null ? 0 : nowMs - waitingSinceMs;
  return ageMs < LEAST_AGE_MS ? "" : `, for ${formatTimeSpan(ageMs)}`;
}

/**
 * Why a host waits. Whoever waits for control says the same as all others, and as the head of the view: that is cut, but for how
 * long it has waited.
 */
function renderWait(host: FleetHost, options: HostsViewOptions): string[] {
  const { waitingFor } = host;
  if (waitingFor === null) return [];
  const age = renderAge(host, options);
  if (waitingFor.startsWith("control is ")) {
    return [pc.dim(cut(waitingFor, options.columns - age.length) + age)];
  }
  return renderWords(waitingFor + age, options, WAIT_LINES);
}

/** How often the agent has started the service again since it began: also other versions than the one that runs. */
function renderRestarts({ crash, unwell }: NonNullable<FleetHost["restarts"]>): string {
  const crashes = formatCount(crash, "crash", "crashes");
  if (unwell === 0) return `${crashes} since its agent began`;
  const restarts = `${formatCount(crash + unwell, "restart")} since its agent began`;
  return `${restarts} (${crash === 0 ? "" : `${crashes}, `}${formatCount(unwell, "time")} unwell)`;
}

/** How much of that version the host has reused from other releases on its own disk, if it reports so. */
function reusedOf({ received }: FleetHost, version: string): string[] {
  const { reusedBytes = 0 } = received?.version === version ? received : {};
  return reusedBytes > 0 ? [`${formatBytes(reusedBytes)} reused`] : [];
}

function renderTrouble(text: string, { columns }: HostsViewOptions): string[] {
  return wrapWords(text, { columns, maxLines: TROUBLE_LINES }).map(pc.yellow);
}

function renderWords(text: string, { columns }: HostsViewOptions, maxLines: number): string[] {
  return wrapWords(text, { columns, maxLines }).map(pc.dim);
}

function shareOf({ verifiedBytes, totalBytes }: TransferDetail): number {
  return totalBytes === 0 ? 1 : verifiedBytes / totalBytes;
}

/** `312 MiB/s from 7 peers, 12.3 s left`. */
function renderTransfer(
  { verifiedBytes, totalBytes, downloadBytesPerSecond, peers }: TransferDetail,
): string {
  const from = `from ${formatCount(peers, "peer")}`;
  if (downloadBytesPerSecond < 1) return peers === 0 ? "no peers yet" : `nothing arrives ${from}`;
  const leftMs = (totalBytes - verifiedBytes) / downloadBytesPerSecond * 1_000;
  return `${formatRate(downloadBytesPerSecond)} ${from}, ${formatTimeSpan(leftMs)} left`;
}

/** A bar of ten cells, with the percentage rounded down: `█████░░░░░  50%`. */
export function renderProgressBar(progress: number): string {
  const share = Math.min(1, Math.max(0, progress));
  return `${renderBar(share, BAR_CELLS)}${`${Math.floor(share * 100)}%`.padStart(5)}`;
}
