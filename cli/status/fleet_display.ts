/**
 * Shows snapshots of the fleet as they come: as text that is redrawn in place on a terminal, as lines elsewhere, or as JSON
 * lines for programs.
 *
 * @module
 */

import type { Fleet, FleetHost } from "../../coordination/mod.ts";
import { systemClock } from "../../base/clock.ts";
import { describeStops, type Preparation } from "../../rollout/mod.ts";
import { MIN_COLUMNS, renderFleet } from "./fleet_view.ts";
import { DistributionPoller } from "./distribution_poller.ts";
import { createLiveText } from "../shared/live_text.ts";
import { TransferPoller } from "./transfer_poller.ts";
import { writeLine } from "../shared/output.ts";
import { terminalColumns } from "../shared/terminal.ts";
import { formatTimeOfDay } from "../shared/format.ts";
import { plain, terminalJson } from "../shared/terminal_text.ts";

/** Shows snapshots of the fleet. */
export interface FleetDisplay {
  /** Shows a snapshot in place of the one before. */
  show(fleet: Fleet): void;
  /** Says that ZooKeeper has not answered since that time, in milliseconds since 1970, until the next snapshot comes. */
  showStale(sinceMs: number): void;
  /** Ends the display and leaves the last snapshot on the terminal. */
  done(): void | Promise<void>;
}

/** How to show them. */
export interface DisplayOptions {
  readonly json: boolean;
  /** Announce URLs in place of those that the releases name. */
  readonly tracker: readonly string[];
}

/** Creates the display that suits stdout: a terminal, a pipe, or a program that reads JSON. */
export function createFleetDisplay({ json, tracker }: DisplayOptions): FleetDisplay {
  if (json) return jsonDisplay(tracker);
  return Deno.stdout.isTerminal() ? terminalDisplay(tracker) : lineDisplay();
}

/** Writes a line for each change, in the tree or in what trackers report. */
function jsonDisplay(trackers: readonly string[]): FleetDisplay {
  let last = "";
  let shown: Fleet | null = null;
  function write(): void {
    if (shown === null) return;
    const text = terminalJson({ ...shown, distributions: distributions.latest });
    if (text !== last) writeLine(text);
    last = text;
  }
  const distributions = new DistributionPoller({ trackers, onChange: write });
  return {
    show(fleet) {
      shown = fleet;
      distributions.follow(fleet);
      write();
    },
    // Each line is a snapshot, and there is none.
    showStale() {},
    async done() {
      shown = null;
      await distributions.close();
    },
  };
}

/** Shows each snapshot together with the rates of hosts that fetch, which their agents report, and with how releases spread. */
function terminalDisplay(trackers: readonly string[]): FleetDisplay {
  const live = createLiveText();
  let shown: Fleet | null = null;
  let staleSinceMs: number | undefined;
  function draw(): void {
    if (shown === null) return;
    live.update(renderFleet(shown, {
      columns: terminalColumns(MIN_COLUMNS),
      nowMs: systemClock.wallTimeMs(),
      transferOf: (host, of) => transfers.find(host, of),
      distributions: distributions.latest,
      staleSinceMs,
    }));
  }
  const transfers = new TransferPoller(draw);
  const distributions = new DistributionPoller({ trackers, onChange: draw });
  return {
    show(fleet) {
      shown = fleet;
      staleSinceMs = undefined;
      transfers.follow(fleet);
      distributions.follow(fleet);
      draw();
    },
    showStale(sinceMs) {
      staleSinceMs = sinceMs;
      draw();
    },
    async done() {
      shown = null;
      live.done();
      await Promise.all([transfers.close(), distributions.close()]);
    },
  };
}

/** That a host is drained, without how long ago: a line is written when something changes. */
function describeDrain({ drained }: Pick<FleetHost, "drained">): string {
  if (drained === null) return "";
  return drained.ended === undefined ? ", drained" : ", is being put back";
}

/** Writes a line for each host whose line has changed, so that a log shows the course of a rollout. */
function lineDisplay(): FleetDisplay {
  const last = new Map<string, string>();
  function say(key: string, line: string): void {
    if (last.get(key) === line) return;
    last.set(key, line);
    writeLine(line);
  }
  return {
    show(told) {
      const fleet = plain(told);
      const { rollout, control } = fleet;
      if (last.has(ZOOKEEPER)) say(ZOOKEEPER, "zookeeper: answers");
      if (rollout !== null) say("rollout", `rollout ${rollout.id}: ${rollout.state}`);
      if (control !== null) say("control", `control: ${describeStops(control)}`);
      for (const [service, { hosts }] of Object.entries(fleet.services)) {
        for (const host of hosts) {
          const phase = host.preparation === null ? "" : `, ${describePhase(host.preparation)}`;
          const state = host.online ? host.state : "offline";
          const step = host.slot?.step ?? "failed";
          const slot = step === "failed" ? "" : `, ${step.replace("_", " ")}`;
          const drained = describeDrain(host);
          say(
            `${service} ${host.host}`,
            `${service} ${host.host}: ${
              host.version ?? "nothing"
            } ${state}${phase}${slot}${drained}`,
          );
        }
      }
    },
    showStale(sinceMs) {
      say(ZOOKEEPER, `zookeeper: no answer since ${formatTimeOfDay(sinceMs)} UTC, asks again`);
    },
    done() {},
  };
}

/** The key of the line that says whether it answers. */
const ZOOKEEPER = " zookeeper";

function describePhase({ version, phase, pause, obstacle }: Preparation): string {
  if (pause !== undefined) return `${version} paused (${pause})`;
  return `${version} ${phase}${obstacle === undefined ? "" : ` (${obstacle})`}`;
}
