/**
 * The progress of a transfer as text for a terminal: a bar that is coloured by how far the bytes came, the rate, the time
 * left, peers by distance. Pure.
 *
 * @module
 */

import { stripVTControlCharacters } from "node:util";
import pc from "picocolors";
import { totalBytes } from "../../base/locality.ts";
import type { TransferProgress } from "../../torrent/mod.ts";
import { cut, formatBytes, formatCount, formatRate, formatTimeSpan } from "../shared/format.ts";
import { plain } from "../shared/terminal_text.ts";

/** The phase that a command is in with a release. */
export type TransferPhase = "reusing" | "fetching" | "verifying" | "seeding";

/** What the view shows. */
export interface ProgressView {
  /** Such as `web v2`. */
  readonly name: string;
  readonly fileCount: number;
  /** The folder of the content, relative to the working directory. */
  readonly root: string;
  readonly phase: TransferPhase;
  readonly progress: TransferProgress;
  /** While reusing: bytes that were copied. While verifying: bytes whose SHA-256 has been computed. */
  readonly checkedBytes: number;
  /** Taken from earlier releases on this machine before anything was fetched. */
  readonly reusedBytes: number;
  /** Milliseconds since this phase began. */
  readonly phaseMs: number;
  /** What keeps the transfer from going on, in a few words: no peers, a tracker that does not answer. */
  readonly obstacle: string | undefined;
  /** The goal at which seeding ends, in words; `undefined`: it ends at Ctrl-C alone. */
  readonly seedGoal: string | undefined;
}

/** On a narrower terminal the lines wrap. */
export const MIN_VIEW_COLUMNS = 40;
/** A bar is easier to read when it does not fill the widest terminals. */
const MAX_BAR_COLUMNS = 100;
/** A longer forecast is too uncertain to be shown. */
const MAX_FORECAST_MS = 100 * 3_600_000;
const FULL = "━";
const HALF = "╸";

/** One colour for each distance, in all commands: calm for near, loud for far. */
const DISTANCES = [
  { name: "rack", key: "rackBytes", paint: pc.green },
  { name: "site", key: "siteBytes", paint: pc.cyan },
  { name: "remote", key: "remoteBytes", paint: pc.yellow },
] as const;

/** Renders the view in two to four lines, none of them wider than the terminal. */
export function renderProgress(told: ProgressView, { columns }: { columns: number }): string {
  const view = plain(told);
  const width = Math.max(MIN_VIEW_COLUMNS, columns);
  const lines = [renderTitle(view, width)];
  if (view.phase === "seeding") lines.push(...renderSeeding(view));
  else lines.push(renderBarLine(view, width), renderRates(view));
  lines.push(renderPeers(view));
  if (view.obstacle !== undefined) lines.push(pc.yellow(view.obstacle));
  return lines.map((line) => fit(line, width)).join("\n");
}

/** Renders the view as one line, for logs and pipes. */
export function renderProgressLine(told: ProgressView): string {
  const view = plain(told);
  const { name, phase, progress, obstacle: trouble } = view;
  const parts = phase === "seeding"
    ? [`gave ${formatBytes(totalBytes(progress.sent))}`, formatRate(progress.uploadBytesPerSecond)]
    : [
      `${percentOf(view)} of ${formatBytes(progress.totalBytes)}`,
      ...(phase === "fetching"
        ? [formatRate(progress.downloadBytesPerSecond), ...forecast(view)]
        : []),
    ];
  const peers = formatCount(progress.peers, "peer");
  const ending = trouble === undefined ? "" : ` (${trouble})`;
  return `${name}: ${phase}, ${parts.join(", ")}, ${peers}${ending}`;
}

/** Milliseconds until all pieces are verified, at the present rate; `undefined` when nothing moves. */
export function timeLeftMs(progress: TransferProgress): number | undefined {
  const leftBytes = progress.totalBytes - progress.verifiedBytes;
  if (leftBytes <= 0) return 0;
  if (progress.downloadBytesPerSecond < 1) return undefined;
  const leftMs = leftBytes / progress.downloadBytesPerSecond * 1_000;
  return leftMs > MAX_FORECAST_MS ? undefined : leftMs;
}

function renderTitle(view: ProgressView, width: number): string {
  const { name, progress, fileCount, root } = view;
  const what = `${formatBytes(progress.totalBytes)} in ${formatCount(fileCount, "file")}`;
  const used = `${name}  ${what} → `.length;
  return `${pc.bold(name)}  ${pc.dim(`${what} →`)} ${shortenPath(root, width - used)}`;
}

/** The bar, with the percentage at its end. */
function renderBarLine(view: ProgressView, width: number): string {
  const percent = percentOf(view).padStart(5);
  const cells = Math.min(MAX_BAR_COLUMNS, width) - percent.length - 1;
  return `${renderBar(view, cells)} ${pc.bold(percent)}`;
}

function renderBar(view: ProgressView, cells: number): string {
  const halves = Math.floor(shareOf(view) * cells * 2);
  const full = Math.floor(halves / 2);
  const hasHalf = halves % 2 === 1;
  const rest = pc.dim(pc.gray(FULL.repeat(cells - full - (hasHalf ? 1 : 0))));
  const filled = FULL.repeat(full) + (hasHalf ? HALF : "");
  if (view.phase === "verifying") return pc.magenta(filled) + rest;
  if (view.phase === "reusing") return pc.dim(filled) + rest;
  return paintByDistance(filled, view) + rest;
}

/** Paints the filled part in proportion to how far the bytes came; bytes that were there before are dim. */
function paintByDistance(filled: string, { progress }: ProgressView): string {
  const { received } = progress;
  const sources = [
    { bytes: received.resumedBytes, paint: pc.dim },
    ...DISTANCES.map(({ key, paint }) => ({ bytes: received[key], paint })),
  ];
  const allBytes = sources.reduce((total, { bytes }) => total + bytes, 0);
  if (allBytes === 0) return pc.green(filled);
  let text = "";
  let passedBytes = 0;
  let from = 0;
  for (const { bytes, paint } of sources) {
    passedBytes += bytes;
    const to = Math.round(passedBytes / allBytes * filled.length);
    text += paint(filled.slice(from, to));
    from = to;
  }
  return text;
}

function renderRates(view: ProgressView): string {
  const { phase, progress, checkedBytes, reusedBytes } = view;
  if (phase === "reusing") {
    return `from earlier releases on this machine: ${formatBytes(checkedBytes)}`;
  }
  if (phase === "verifying") {
    return `SHA-256 of every file: ${formatBytes(checkedBytes)} of ${
      formatBytes(progress.totalBytes)
    }`;
  }
  const amount = `${formatBytes(progress.verifiedBytes)} of ${formatBytes(progress.totalBytes)}`;
  const rate = pc.bold(formatRate(progress.downloadBytesPerSecond));
  const up = pc.dim(`↑ ${formatRate(progress.uploadBytesPerSecond)}`);
  const reused = reusedBytes === 0 ? [] : [pc.dim(`${formatBytes(reusedBytes)} reused`)];
  return [amount, rate, ...forecast(view), up, ...reused].join("   ");
}

function forecast({ progress }: ProgressView): string[] {
  const leftMs = timeLeftMs(progress);
  return leftMs === undefined || leftMs === 0 ? [] : [`${formatLeft(leftMs)} left`];
}

/** In whole seconds, because the tenths of a forecast change all the time. */
function formatLeft(leftMs: number): string {
  return leftMs < 60_000 ? `${Math.ceil(leftMs / 1_000)} s` : formatTimeSpan(leftMs);
}

function renderSeeding(view: ProgressView): string[] {
  const { progress, phaseMs, seedGoal: until } = view;
  const sentBytes = totalBytes(progress.sent);
  const ratio = progress.totalBytes === 0 ? 0 : sentBytes / progress.totalBytes;
  const flow = [
    `${pc.green("▲")} ${pc.bold(formatRate(progress.uploadBytesPerSecond))}`,
    `gave ${formatBytes(sentBytes)}, ratio ${ratio.toFixed(2)}`,
    pc.dim(`${formatTimeSpan(Math.floor(phaseMs / 1_000) * 1_000)}, ${until ?? "Ctrl-C ends it"}`),
  ];
  return [flow.join("   ")];
}

/** The connected peers by distance, and the bytes that each distance sent or received. */
function renderPeers({ phase, progress }: ProgressView): string {
  const { peersByDistance: counts, peers } = progress;
  const bytes = phase === "seeding" ? progress.sent : progress.received;
  const shares = DISTANCES.map(({ name, key, paint }) => {
    const count = counts === undefined ? "" : `${counts[name]} `;
    const moved = bytes[key] === 0 ? "" : pc.dim(` ${formatBytes(bytes[key])}`);
    const label = `${count}${name}`;
    return (counts?.[name] === 0 && bytes[key] === 0 ? pc.dim(label) : paint(label)) + moved;
  });
  const who = counts === undefined ? `${peers} peers: ` : "peers ";
  return `${pc.dim(who)}${shares.join(pc.dim(" · "))}`;
}

function shareOf(view: ProgressView): number {
  const { totalBytes } = view.progress;
  return totalBytes === 0 ? 1 : Math.min(1, doneBytes(view) / totalBytes);
}

/** Rounded down, so that 100 % means all of it. Multiplies before it divides, because 0.29 times 100 is less than 29. */
function percentOf(view: ProgressView): string {
  const { totalBytes } = view.progress;
  const percent = totalBytes === 0 ? 100 : Math.floor(doneBytes(view) * 100 / totalBytes);
  return `${Math.min(100, percent)} %`;
}

function doneBytes({ phase, progress, checkedBytes }: ProgressView): number {
  return phase === "verifying" || phase === "reusing" ? checkedBytes : progress.verifiedBytes;
}

/** Cuts a path at its beginning, because its end says more. */
function shortenPath(path: string, columns: number): string {
  return path.length <= columns || columns < 8 ? path : `…${path.slice(path.length - columns + 1)}`;
}

/** Cuts a line that would wrap. A line that is cut loses its colours, since the cut could fall into their codes. */
function fit(line: string, width: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length <= width ? line : cut(plain, width);
}
