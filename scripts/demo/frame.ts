/**
 * The frame that a terminal shows while the demo runs: the steps, and what each host does. Pure.
 *
 * @module
 */

import type { Colors } from "picocolors/types";
import { formatBytes, formatTimeSpan, renderBar } from "../../cli/shared/format.ts";
import { type Column, GAP, layOutColumns } from "./columns.ts";
import { type DemoHost, type ServiceName, SERVICES } from "./fleet_layout.ts";
import {
  findHost,
  type FleetSnapshot,
  type HostSnapshot,
  type Phase,
  phaseOf,
} from "./snapshot.ts";
import { type Step, targetOf } from "./steps.ts";

/** What the frame shows. */
export interface FrameView {
  readonly hosts: readonly DemoHost[];
  /** Size of a release in bytes; 0 while it is not known. */
  readonly releaseBytes: number;
  readonly steps: readonly Step[];
  readonly snapshot: FleetSnapshot | null;
  readonly nowMs: number;
  /** Whether the hosts are shown, or the head alone. */
  readonly showsHosts: boolean;
}

/** The size of the terminal. */
export interface FrameSize {
  readonly columns: number;
  readonly rows: number;
}

const SERVICE_BAR_WIDTH = 10;
const HOST_BAR_WIDTH = 6;
/** On a narrower terminal the table of hosts could not be read, and is cut off at the right instead. */
const MIN_COLUMNS = 60;

/** Renders the frame, no line of which is longer than the terminal is wide, and which is never taller than the terminal. */
export function renderFrame(view: FrameView, colors: Colors, size: FrameSize): string {
  const columns = Math.max(MIN_COLUMNS, size.columns);
  const head = [...renderHead(view, colors, columns), ""];
  if (!view.showsHosts) return head.join("\n").trimEnd();
  // The last row stays free, since a terminal scrolls when it is written to.
  const hostLines = renderHosts(view, colors, { columns, rows: size.rows - head.length - 1 });
  return [...head, ...hostLines].join("\n");
}

function renderHead(view: FrameView, colors: Colors, columns: number): string[] {
  const { hosts, steps, releaseBytes, nowMs } = view;
  const sites = new Set(hosts.map(({ site }) => site)).size;
  const racks = new Set(hosts.map(({ site, rack }) => `${site}/${rack}`)).size;
  const facts = [`${hosts.length} hosts`, `${sites} sites`, `${racks} racks`];
  if (releaseBytes > 0) facts.push(`releases of ${formatBytes(releaseBytes)}`);
  const spent = `${Math.floor((nowMs - (steps[0]?.beganMs ?? nowMs)) / 1000)} s`;
  const title = ` Rollcall · ${facts.join(" · ")}`;
  const done = steps.filter(({ endedMs }) => endedMs !== null).map((
    { label, beganMs, endedMs },
  ) => ({
    text: `✓ ${label} ${formatTimeSpan((endedMs ?? nowMs) - beganMs)}`,
  }));
  const lines = [
    colors.bold(title) + colors.dim(spent.padStart(Math.max(1, columns - title.length))),
    ...wrap(done.map(({ text }) => text), columns - 1).map((line) => ` ${colors.green(line)}`),
  ];
  const current = steps.find(({ endedMs }) => endedMs === null);
  if (current === undefined) return lines;
  const bars = renderServiceBars(view, targetOf(current.label), colors);
  return [...lines, ` ${colors.cyan(`▸ ${current.label}`)}${bars}`];
}

function renderServiceBars(
  { hosts, snapshot }: FrameView,
  target: string | null,
  colors: Colors,
): string {
  if (target === null) return "";
  return SERVICES.map((service) => {
    const onTarget = hosts.filter(({ name }) =>
      findHost(snapshot, { service, host: name })?.version === target
    ).length;
    const bar = renderBar(onTarget / hosts.length, SERVICE_BAR_WIDTH);
    return `   ${service} ${colors.green(bar)} ${onTarget}/${hosts.length}`;
  }).join("");
}

interface Row {
  readonly host: DemoHost;
  readonly service: ServiceName;
  readonly entry: HostSnapshot | null;
  readonly phase: Phase;
}

function renderHosts(view: FrameView, colors: Colors, { columns, rows }: FrameSize): string[] {
  const { hosts, snapshot, steps } = view;
  const target = targetOf(steps.at(-1)?.label);
  const all: Row[] = hosts.flatMap((host) =>
    SERVICES.map((service) => {
      const entry = findHost(snapshot, { service, host: host.name });
      return { host, service, entry, phase: phaseOf(entry, target) };
    })
  );
  // One line is for the headings, and another for the count of rows that are left out, if there are any.
  const shown = all.length + 1 <= rows ? all : chooseRows(all, Math.max(0, rows - 2));
  const hidden = all.filter((row) => !shown.includes(row));
  const hostWidth = Math.max(...hosts.map(({ name }) => name.length), 4);
  const fixed: Column[] = [
    { head: "HOST", width: hostWidth },
    { head: "RACK", width: 5 },
    { head: "SERVICE", width: 9 },
  ];
  const usedWidth = fixed.reduce((sum, { width }) => sum + width + GAP.length, 1);
  const layout = [...fixed, { head: "DOES", width: Math.max(21, columns - usedWidth) }];
  const cells = shown.map((row, index) => {
    const { host, service, entry } = row;
    const isNewHost = shown[index - 1]?.host !== host;
    return [
      isNewHost ? colors.bold(host.name) : "",
      isNewHost ? colors.dim(`${host.site}/${host.rack}`) : "",
      `${service} ${describeVersion(entry)}`,
      describePhase(row, colors) + (entry?.waitingFor ? colors.dim(`  ${entry.waitingFor}`) : ""),
    ];
  });
  const lines = layOutColumns(
    layout.map((column) => ({ ...column, head: colors.dim(column.head) })),
    cells,
  );
  return hidden.length === 0 ? lines : [...lines, colors.dim(` … ${countPhases(hidden)}`)];
}

/** Chooses rows: those of hosts that are busy come first. The chosen ones stay in the order of the hosts. */
function chooseRows(all: readonly Row[], count: number): Row[] {
  const isQuiet = ({ phase }: Row) =>
    phase === "current" || phase === "waiting" || phase === "absent";
  const isReady = ({ phase }: Row) => phase === "staged";
  const urgency = (row: Row) => (isQuiet(row) ? 2 : isReady(row) ? 1 : 0);
  const chosen = new Set(
    [...all].sort((one, other) => urgency(one) - urgency(other)).slice(0, count),
  );
  return all.filter((row) => chosen.has(row));
}

function countPhases(rows: readonly Row[]): string {
  const counts = Map.groupBy(rows, ({ phase }) => phase);
  return [...counts].map(([phase, { length }]) => `${length} more ${phase}`).join(", ");
}

function describeVersion(entry: HostSnapshot | null): string {
  const from = entry?.version ?? "–";
  const to = entry?.slot?.to ?? entry?.preparation?.version ?? from;
  return to === from ? from : `${from} → ${to}`;
}

function describePhase({ entry, phase }: Row, colors: Colors): string {
  const progress = entry?.preparation?.progress ?? 0;
  switch (phase) {
    case "fetching":
    case "verifying":
    case "pinning": {
      const color = phase === "fetching" ? colors.cyan : colors.blue;
      const percent = `${Math.floor(progress * 100)}%`.padStart(4);
      return color(`${phase.padEnd(9)} ${renderBar(progress, HOST_BAR_WIDTH)} ${percent}`);
    }
    case "staged":
      return colors.magenta("✓ staged");
    case "switching":
      return colors.yellow(`↻ ${entry?.slot?.step ?? "switching"}`);
    case "current":
      return colors.green("● current");
    case "failed":
    case "down":
    case "offline":
      return colors.red(`✗ ${phase}`);
    case "waiting":
    case "absent":
      return colors.dim("○");
  }
}

function wrap(parts: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + GAP.length + part.length <= width) {
      lines[lines.length - 1] = `${last}${GAP}${part}`;
    } else {
      lines.push(part);
    }
  }
  return lines;
}
