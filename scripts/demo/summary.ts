/**
 * What a person reads at the end: the table of the hosts, and a line for each measurement. Pure.
 *
 * @module
 */

import type { Colors } from "picocolors/types";
import { formatBytes, formatTimeSpan } from "../../cli/shared/format.ts";
import { type Column, layOutColumns } from "./columns.ts";
import { SERVICES } from "./fleet_layout.ts";
import type { DemoReport, HostReport } from "./report.ts";

const LABEL_WIDTH = 15;

/** Renders the report as text. No line but those of problems needs more than 80 columns. */
export function renderSummary(report: DemoReport, colors: Colors): string {
  const lines = report.hosts.length === 0 ? [] : ["", ...renderTable(report.hosts, colors), ""];
  for (const { label, text } of listFacts(report)) {
    lines.push(` ${colors.dim(label.padEnd(LABEL_WIDTH))} ${text}`);
  }
  lines.push("");
  if (report.ok) {
    lines.push(` ${colors.green("✓ every host runs v2, and every invariant held")}`);
  } else {
    for (const problem of report.problems) {
      const [first = "", ...more] = problem.split("\n");
      lines.push(` ${colors.red(`✗ ${first}`)}`, ...more.map((line) => `   ${line}`));
    }
  }
  return `${lines.join("\n")}\n`;
}

function renderTable(hosts: readonly HostReport[], colors: Colors): string[] {
  const hostWidth = Math.max(4, ...hosts.map(({ host }) => host.length));
  const columns: Column[] = [
    { head: "HOST", width: hostWidth },
    { head: "RACK", width: 5 },
    { head: "SERVICE", width: 7 },
    { head: "STATE", width: 8 },
    { head: "LOCKED", width: 10, align: "right" },
    { head: "FROM RACK", width: 10, align: "right" },
    { head: "FROM SITE", width: 10, align: "right" },
    { head: "FROM AFAR", width: 10, align: "right" },
  ];
  const rows = hosts.map((entry, index) => {
    const { host, site, rack, service, version, state, pinnedBytes, received } = entry;
    const isNewHost = hosts[index - 1]?.host !== host;
    const color = version === "v2" ? colors.green : colors.red;
    return [
      isNewHost ? colors.bold(host) : "",
      isNewHost ? colors.dim(`${site}/${rack}`) : "",
      `${service} ${color(version ?? "–")}`,
      state ?? "–",
      ...[pinnedBytes, received.rackBytes, received.siteBytes, received.remoteBytes].map(
        formatBytes,
      ),
    ];
  });
  return layOutColumns(
    columns.map((column) => ({ ...column, head: colors.dim(column.head) })),
    rows,
  );
}

function* listFacts(
  { rollout, distribution, memory, killed, inside }: DemoReport,
): Generator<{ label: string; text: string }> {
  if (rollout !== null) {
    const { order, durationMs, maxConcurrentDown, longestOutageMs, probesCount } = rollout;
    yield {
      label: "rolled out",
      text: `${order.join(", then ")}, in ${formatTimeSpan(durationMs)}`,
    };
    yield {
      label: "down at once",
      text: SERVICES.map((service) =>
        `${service} ${maxConcurrentDown[service]} (longest ${
          formatTimeSpan(longestOutageMs[service])
        })`
      ).join(", ") + `, asked ${probesCount} times`,
    };
  }
  if (distribution !== null) {
    const { crossSiteBytes, crossSiteOptimumBytes, crossSiteRatio } = distribution;
    const { crossRackBytes, crossRackOptimumBytes, crossRackRatio } = distribution;
    yield {
      label: "across sites",
      text: compare(crossSiteBytes, { leastBytes: crossSiteOptimumBytes, ratio: crossSiteRatio }),
    };
    yield {
      label: "across racks",
      text: compare(crossRackBytes, { leastBytes: crossRackOptimumBytes, ratio: crossRackRatio }),
    };
  }
  if (distribution !== null && distribution.reusedBytes > 0) {
    yield {
      label: "reused",
      text: `${formatBytes(distribution.reusedBytes)} of v2 from v1 on the hosts' own disks`,
    };
  }
  if (memory !== null) {
    yield {
      label: "locked",
      text: `${formatBytes(memory.pinnedBytes)} in memory (the kernel says ${
        formatBytes(memory.lockedBytes)
      })`,
    };
  }
  if (killed !== null) {
    const { host, awayMs, servicesKept, rejoinedOn } = killed;
    const versions = SERVICES.map((service) => `${service} ${rejoinedOn[service] ?? "nothing"}`);
    const services = servicesKept ? "services went on" : "services did not go on";
    yield {
      label: "agent killed",
      text: `${host}, away ${formatTimeSpan(awayMs)}, ${services}, rejoined on ${
        versions.join(", ")
      }`,
    };
  }
  if (inside !== null) {
    yield { label: "inside", text: `the agent of ${inside.host}: ${inside.actorsCount} actors` };
  }
}

function compare(
  bytes: number,
  { leastBytes, ratio }: { readonly leastBytes: number; readonly ratio: number | null },
): string {
  const times = ratio === null ? "" : ` (${ratio.toFixed(2)} ×)`;
  return `${formatBytes(bytes)}, least possible ${formatBytes(leastBytes)}${times}`;
}
