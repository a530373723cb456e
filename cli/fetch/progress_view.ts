/**
 * A transfer as text for a terminal: a bar that is coloured by where the bytes came from, the rate, the time left, peers
 * by distance. Pure.
 *
 * @module
 */

import { stripVTControlCharacters } from "node:util";
import pc from "picocolors";
import type { BytesByDistance } from "../../base/locality.ts";
import type { TransferProgress } from "../../torrent/mod.ts";
import { formatAge, formatBytes } from "../shared/format.ts";

/** What a command is doing with a release. */
export type TransferPhase = "reusing" | "fetching" | "verifying" | "seeding";

/** All that the view shows. */
export interface TransferView {
  /** Such as `web v2`. */
  readonly name: string;
  readonly fileCount: number;
  /** Where the content lies, as the user would write it. */
  readonly root: string;
  readonly phase: TransferPhase;
  readonly progress: TransferProgress;
  /** While reusing: bytes that were taken. While verifying: bytes of which the SHA-256 has been formed. */
  readonly checkedBytes: number;
  /** Taken from earlier releases on this machine before anything was fetched. */
  readonly reusedBytes: number;
  /** Since this phase began. */
  readonly phaseMs: number;
  /** What keeps it from going on, in a few words: no peers, a tracker that does not answer. */
  readonly trouble: string | undefined;
  /** When seeding ends by itself, in words; `undefined`: only by Ctrl-C. */
  readonly until: string | undefined;
}

/** Narrower terminals get lines that wrap. */
export const MIN_VIEW_COLUMNS = 40;
/** A bar is easier to read when it does not fill the widest terminals. */
const MAX_BAR_COLUMNS = 100;
/** Longer than that is no forecast any more. */
const MAX_FORECAST_MS = 100 * 3_600_000;
const FULL = "━";
const HALF = "╸";

/** One colour for each distance, everywhere: near is calm, far is loud. */
const DISTANCES = [
  { name: "rack", key: "rackBytes", paint: pc.green },
  { name: "site", key: "siteBytes", paint: pc.cyan },
  { name: "remote", key: "remoteBytes", paint: pc.yellow },
] as const;

/** Renders the view, two to four lines, none wider than the terminal. */
export function renderTransfer(view: TransferView, { columns }: { columns: number }): string {
  const width = Math.max(MIN_VIEW_COLUMNS, columns);
  const lines = [renderTitle(view, width)];
  if (view.phase === "seeding") lines.push(...renderSeeding(view));
  else lines.push(renderBarLine(view, width), renderFlow(view));
  lines.push(renderPeers(view));
  if (view.trouble !== undefined) lines.push(pc.yellow(view.trouble));
  return lines.map((line) => fit(line, width)).join("\n");
}

/** One line, for logs and pipes. */
export function renderTransferLine(view: TransferView): string {
  const { name, phase, progress, trouble } = view;
  const parts = phase === "seeding"
    ? [`gave ${formatBytes(sum(progress.sent))}`, formatRate(progress.uploadBytesPerSecond)]
    : [
      `${percentOf(view)} of ${formatBytes(progress.totalBytes)}`,
      ...(phase === "fetching"
        ? [formatRate(progress.downloadBytesPerSecond), ...forecast(view)]
        : []),
    ];
  const peers = `${progress.peers} peer${progress.peers === 1 ? "" : "s"}`;
  const ending = trouble === undefined ? "" : ` (${trouble})`;
  return `${name}: ${phase}, ${parts.join(", ")}, ${peers}${ending}`;
}

/** Milliseconds until every piece is there at the present rate; `undefined` when nothing moves. */
export function timeLeftMs(progress: TransferProgress): number | undefined {
  const leftBytes = progress.totalBytes - progress.verifiedBytes;
  if (leftBytes <= 0) return 0;
  if (progress.downloadBytesPerSecond < 1) return undefined;
  const leftMs = leftBytes / progress.downloadBytesPerSecond * 1_000;
  return leftMs > MAX_FORECAST_MS ? undefined : leftMs;
}

/** `48.3 MiB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(Math.max(0, Math.round(bytesPerSecond)))}/s`;
}

/** Bytes of all distances. */
export function sum(bytes: Readonly<BytesByDistance>): number {
  return bytes.rackBytes + bytes.siteBytes + bytes.remoteBytes;
}

function renderTitle(view: TransferView, width: number): string {
  const { name, progress, fileCount, root } = view;
  const files = `${fileCount} file${fileCount === 1 ? "" : "s"}`;
  const what = `${formatBytes(progress.totalBytes)} in ${files}`;
  const used = `${name}  ${what} → `.length;
  return `${pc.bold(name)}  ${pc.dim(`${what} →`)} ${shortenPath(root, width - used)}`;
}

/** The bar, with the percentage at its end. */
function renderBarLine(view: TransferView, width: number): string {
  const percent = percentOf(view).padStart(5);
  const cells = Math.min(MAX_BAR_COLUMNS, width) - percent.length - 1;
  return `${renderBar(view, cells)} ${pc.bold(percent)}`;
}

function renderBar(view: TransferView, cells: number): string {
  const halves = Math.floor(shareOf(view) * cells * 2);
  const full = Math.floor(halves / 2);
  const hasHalf = halves % 2 === 1;
  const rest = pc.dim(pc.gray(FULL.repeat(cells - full - (hasHalf ? 1 : 0))));
  const filled = FULL.repeat(full) + (hasHalf ? HALF : "");
  if (view.phase === "verifying") return pc.magenta(filled) + rest;
  if (view.phase === "reusing") return pc.dim(filled) + rest;
  return paintByOrigin(filled, view) + rest;
}

/** The filled part in the colours of where the bytes came from, in proportion; what was there before is plain. */
function paintByOrigin(filled: string, { progress }: TransferView): string {
  const { received } = progress;
  const origins = [
    { bytes: received.resumedBytes, paint: pc.dim },
    ...DISTANCES.map(({ key, paint }) => ({ bytes: received[key], paint })),
  ];
  const totalBytes = origins.reduce((total, { bytes }) => total + bytes, 0);
  if (totalBytes === 0) return pc.green(filled);
  let text = "";
  let passedBytes = 0;
  let from = 0;
  for (const { bytes, paint } of origins) {
    passedBytes += bytes;
    const to = Math.round(passedBytes / totalBytes * filled.length);
    text += paint(filled.slice(from, to));
    from = to;
  }
  return text;
}

function renderFlow(view: TransferView): string {
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

function forecast({ progress }: TransferView): string[] {
  const leftMs = timeLeftMs(progress);
  return leftMs === undefined || leftMs === 0 ? [] : [`${formatLeft(leftMs)} left`];
}

/** Whole seconds: tenths of a forecast only flicker. */
function formatLeft(leftMs: number): string {
  return leftMs < 60_000 ? `${Math.ceil(leftMs / 1_000)} s` : formatAge(leftMs);
}

function renderSeeding(view: TransferView): string[] {
  const { progress, phaseMs, until } = view;
  const sentBytes = sum(progress.sent);
  const ratio = progress.totalBytes === 0 ? 0 : sentBytes / progress.totalBytes;
  const flow = [
    `${pc.green("▲")} ${pc.bold(formatRate(progress.uploadBytesPerSecond))}`,
    `gave ${formatBytes(sentBytes)}, ratio ${ratio.toFixed(2)}`,
    pc.dim(`${formatAge(Math.floor(phaseMs / 1_000) * 1_000)}, ${until ?? "Ctrl-C ends it"}`),
  ];
  return [flow.join("   ")];
}

/** Who is there, and what they brought or took. */
function renderPeers({ phase, progress }: TransferView): string {
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

function shareOf(view: TransferView): number {
  const { totalBytes } = view.progress;
  return totalBytes === 0 ? 1 : Math.min(1, doneBytes(view) / totalBytes);
}

/** Rounded down: 100 % means all of it. Multiplied first: 0.29 times 100 is less than 29. */
function percentOf(view: TransferView): string {
  const { totalBytes } = view.progress;
  const percent = totalBytes === 0 ? 100 : Math.floor(doneBytes(view) * 100 / totalBytes);
  return `${Math.min(100, percent)} %`;
}

function doneBytes({ phase, progress, checkedBytes }: TransferView): number {
  return phase === "verifying" || phase === "reusing" ? checkedBytes : progress.verifiedBytes;
}

/** The end of a path says more than its beginning. */
function shortenPath(path: string, columns: number): string {
  return path.length <= columns || columns < 8 ? path : `…${path.slice(path.length - columns + 1)}`;
}

/** Cuts a line that would wrap; without its colours then, which a cut would tear. */
function fit(line: string, width: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length <= width ? line : `${plain.slice(0, width - 1)}…`;
}
