/**
 * The hosts of a fleet as a table for a terminal, a line for each host and service. Pure.
 *
 * @module
 */

import type { Fleet, FleetHost } from "../coordination/mod.ts";
import { describeDrained } from "./status/drained.ts";
import { notesOnHosts } from "./status/host_notes.ts";
import { wrapWords } from "./shared/format.ts";
import { NO_HOSTS } from "./shared/no_hosts.ts";
import { columnsForWords, renderTable } from "./shared/table.ts";

const HEAD = ["host", "site/rack", "service", "runs", "state", ""];

/** The most lines for what is to be known of a host. */
const WORDS_LINES = 6;

/**
 * The table, by host, with a heading; the last column says what is to be known of a host.
 *
 * @param how.nowMs By which ages are computed.
 * @param how.columns Of the terminal. Infinity: each host has one line.
 */
export function listHosts(
  fleet: Pick<Fleet, "services" | "queue">,
  { nowMs, columns }: { readonly nowMs: number; readonly columns: number },
): string {
  const rows = Object.entries(fleet.services).flatMap(([service, { hosts }]) => {
    const notes = notesOnHosts(service, fleet);
    return hosts.map((host) => [
      host.host,
      `${host.site}/${host.rack}`,
      service,
      host.version ?? "-",
      host.online ? host.newcomer && host.state === "down" ? "new" : host.state : "offline",
      describe(host, nowMs) || notes.get(host.host) || "",
    ]);
  }).sort((one, other) => compare(one, other));
  if (rows.length === 0) return NO_HOSTS;
  const cells = [HEAD, ...rows].map((row) => row.slice(0, -1));
  const free = columnsForWords(cells, columns);
  return renderTable(
    HEAD,
    rows.map((row) => [
      ...row.slice(0, -1),
      wrapWords(row.at(-1) ?? "", { columns: free, maxLines: WORDS_LINES }).join("\n"),
    ]),
  );
}

function compare([host = "", , service = ""]: string[], [other = "", , of = ""]: string[]): number {
  if (host !== other) return host < other ? -1 : 1;
  return service < of ? -1 : 1;
}

function describe(host: FleetHost, nowMs: number): string {
  const { slot, quarantined } = host;
  const about = [
    ...[describeDrained(host, nowMs) ?? []].flat(),
    ...(quarantined === null ? [] : [`in quarantine: ${quarantined.reason}`]),
    ...(slot === null ? [] : [describeSlot(slot)]),
  ];
  return about.join("; ");
}

function describeSlot(slot: NonNullable<FleetHost["slot"]>): string {
  if (slot.step === "failed") {
    return slot.skipped === undefined ? `${slot.to} failed` : `${slot.to} skipped`;
  }
  return `holds its slot (${slot.step}, to ${slot.to})`;
}
