/**
 * Shows snapshots of the fleet as they come: as text that is drawn over itself, as lines where there is no terminal, or as
 * JSON lines.
 *
 * @module
 */

import type { Fleet } from "../../coordination/mod.ts";
import { systemClock } from "../../base/clock.ts";
import type { Preparation } from "../../rollout/mod.ts";
import { MIN_COLUMNS, renderFleet } from "./fleet_view.ts";
import { DistributionPoller } from "./distribution_poller.ts";
import { createLiveText } from "../shared/live_text.ts";
import { TransferPoller } from "./transfer_poller.ts";
import { writeLine } from "../shared/output.ts";

/** Shows snapshots. */
export interface FleetDisplay {
  show(fleet: Fleet): void;
  /** Leaves the last snapshot standing. */
  done(): void | Promise<void>;
}

/** What to show. */
export interface DisplayOptions {
  readonly json: boolean;
  /** Announce URLs in place of those that the releases name. */
  readonly tracker: readonly string[];
}

/** A display for stdout as it is: a terminal, a pipe, or a program that wants JSON. */
export function createDisplay({ json, tracker }: DisplayOptions): FleetDisplay {
  if (json) return jsonDisplay(tracker);
  return Deno.stdout.isTerminal() ? terminalDisplay(tracker) : lineDisplay();
}

/** A line for each change, be it of the tree or of what trackers report. */
function jsonDisplay(trackers: readonly string[]): FleetDisplay {
  let last = "";
  let shown: Fleet | null = null;
  function write(): void {
    if (shown === null) return;
    const text = JSON.stringify({ ...shown, distributions: distributions.latest });
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
    async done() {
      shown = null;
      await distributions.close();
    },
  };
}

/** Shows beside each snapshot how fast the hosts fetch that do, as their agents say, and how releases spread. */
function terminalDisplay(trackers: readonly string[]): FleetDisplay {
  const live = createLiveText();
  let shown: Fleet | null = null;
  function draw(): void {
    if (shown === null) return;
    live.update(renderFleet(shown, {
      columns: terminalColumns(),
      nowMs: systemClock.wallTimeMs(),
      transferOf: (host, of) => transfers.find(host, of),
      distributions: distributions.latest,
    }));
  }
  const transfers = new TransferPoller(draw);
  const distributions = new DistributionPoller({ trackers, onChange: draw });
  return {
    show(fleet) {
      shown = fleet;
      transfers.follow(fleet);
      distributions.follow(fleet);
      draw();
    },
    async done() {
      shown = null;
      live.done();
      await Promise.all([transfers.close(), distributions.close()]);
    },
  };
}

/** Without a terminal: a line for each host whose line has changed, so that a log tells the story. */
function lineDisplay(): FleetDisplay {
  const last = new Map<string, string>();
  function say(key: string, line: string): void {
    if (last.get(key) === line) return;
    last.set(key, line);
    writeLine(line);
  }
  return {
    show(fleet) {
      const { rollout, control } = fleet;
      if (rollout !== null) say("rollout", `rollout ${rollout.id}: ${rollout.state}`);
      if (control !== null) {
        say("control", `control: ${control.state}${control.reason ? ` (${control.reason})` : ""}`);
      }
      for (const [service, { hosts }] of Object.entries(fleet.services)) {
        for (const host of hosts) {
          const phase = host.preparation === null ? "" : `, ${describePhase(host.preparation)}`;
          const state = host.online ? host.state : "offline";
          const slot = host.slot === null ? "" : `, ${host.slot.step}`;
          say(
            `${service} ${host.host}`,
            `${service} ${host.host}: ${host.version ?? "nothing"} ${state}${phase}${slot}`,
          );
        }
      }
    },
    done() {},
  };
}

function describePhase({ version, phase, pause }: Preparation): string {
  return pause === undefined ? `${version} ${phase}` : `${version} paused (${pause})`;
}

function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    // Not a terminal any more.
    return MIN_COLUMNS;
  }
}
