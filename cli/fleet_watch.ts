/**
 * Follows the fleet: a fresh snapshot whenever something in the tree has changed, as text that is drawn over itself, as
 * lines where there is no terminal, or as JSON lines.
 *
 * @module
 */

import { type Fleet, readFleet } from "../coordination/mod.ts";
import { systemClock } from "../host/mod.ts";
import { ROOT } from "../rollout/mod.ts";
import { type ZooKeeper, ZooKeeperError } from "../zookeeper/mod.ts";
import { MIN_COLUMNS, renderFleet } from "./fleet_view.ts";
import { createLiveText } from "./live_text.ts";
import { LiveTransfers } from "./live_transfers.ts";
import { writeJson, writeLine } from "./output.ts";

/** Least time between two snapshots, so that a busy fleet costs the ensemble no more than a few reads a second. */
const SNAPSHOT_GAP_MS = 200;

/** Even if nothing changes, ages do; and a watch that was lost would be noticed. */
const SNAPSHOT_MAX_MS = 2_000;

/** Shows snapshots. */
export interface FleetDisplay {
  show(fleet: Fleet): void;
  /** Leaves the last snapshot standing. */
  done(): void | Promise<void>;
}

/** A display for stdout as it is: a terminal, a pipe, or a program that wants JSON. */
export function createDisplay(options: { readonly json: boolean }): FleetDisplay {
  if (options.json) return jsonDisplay();
  return Deno.stdout.isTerminal() ? terminalDisplay() : lineDisplay();
}

/**
 * Takes snapshots until `isOver` says so or the signal aborts.
 *
 * @returns The last snapshot.
 */
export async function watchFleet(
  zookeeper: ZooKeeper,
  options: {
    readonly display: FleetDisplay;
    readonly signal: AbortSignal;
    readonly isOver: (fleet: Fleet) => boolean;
  },
): Promise<Fleet> {
  const { display, signal, isOver } = options;
  let wake = () => {};
  const watch = await zookeeper.watch(ROOT, { recursive: true }, () => wake());
  try {
    for (;;) {
      const changed = new Promise<void>((resolve) => wake = resolve);
      const fleet = await readPatiently(zookeeper, signal);
      display.show(fleet);
      if (isOver(fleet) || signal.aborted) return fleet;
      await pause(SNAPSHOT_GAP_MS, signal);
      const idle = new AbortController();
      await Promise.race([changed, pause(SNAPSHOT_MAX_MS, AbortSignal.any([signal, idle.signal]))]);
      idle.abort();
    }
  } finally {
    await display.done();
    await watch.remove().catch(() => {});
  }
}

/** A lost connection is the ensemble's affair and passes; the view waits for it. */
async function readPatiently(zookeeper: ZooKeeper, signal: AbortSignal): Promise<Fleet> {
  for (;;) {
    try {
      return await readFleet(zookeeper);
    } catch (error) {
      const isPassing = error instanceof ZooKeeperError &&
        (error.code === "CONNECTION_LOSS" || error.code === "OPERATION_TIMEOUT" ||
          error.code === "SESSION_EXPIRED");
      if (!isPassing || signal.aborted) throw error;
      await pause(SNAPSHOT_GAP_MS, signal);
    }
  }
}

function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return systemClock.sleep(durationMs, { signal }).catch(() => {});
}

function jsonDisplay(): FleetDisplay {
  let last = "";
  return {
    show(fleet) {
      const text = JSON.stringify(fleet);
      if (text !== last) writeJson(fleet);
      last = text;
    },
    done() {},
  };
}

/** Shows beside each snapshot how fast the hosts fetch that do, as their agents say. */
function terminalDisplay(): FleetDisplay {
  const live = createLiveText();
  let shown: Fleet | null = null;
  function draw(): void {
    if (shown !== null) live.update(render(shown, transfers));
  }
  const transfers = new LiveTransfers(draw);
  return {
    show(fleet) {
      shown = fleet;
      transfers.follow(fleet);
      draw();
    },
    async done() {
      shown = null;
      live.done();
      await transfers.close();
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
          const phase = host.preparation === null
            ? ""
            : `, ${host.preparation.version} ${host.preparation.phase}`;
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

function render(fleet: Fleet, transfers: LiveTransfers): string {
  let columns = MIN_COLUMNS;
  try {
    columns = Deno.consoleSize().columns;
  } catch {
    // Not a terminal any more.
  }
  return renderFleet(fleet, {
    columns,
    nowMs: systemClock.now(),
    transferOf: (host, of) => transfers.find(host, of),
  });
}
