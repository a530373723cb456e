/**
 * `rollcall rollout`: checks a plan and starts it, shows the rollout that is under way, pauses, resumes and aborts it. A
 * plan comes in as YAML, the releases that it names come from the feed, and all orders go out as transactions on the tree;
 * the agents carry them out.
 *
 * @module
 */

import {
  abortRollout,
  activeRollout,
  createRolloutId,
  type Fleet,
  newestRollout,
  setControl,
  startRollout,
} from "../../coordination/mod.ts";
import { systemClock } from "../../base/clock.ts";
import type { ZooKeeper } from "../../zookeeper/mod.ts";
import { withZooKeeper } from "../shared/zookeeper_session.ts";
import { CommandError } from "../shared/errors.ts";
import { createFleetDisplay } from "../status/fleet_display.ts";
import { watchFleet } from "../status/fleet_watch.ts";
import { writeLine } from "../shared/output.ts";
import { listenForStop } from "../shared/stop_signal.ts";
import { type CheckedPlanFile, checkPlanFile, describeOrder, readPlanFile } from "./plan_file.ts";

/** Options of `rollout start`, as `rollcall rollout --help` explains them. */
export interface StartOptions {
  readonly zookeeper: string;
  readonly feed?: string | undefined;
  /** Start only what `rollout plan` has shown: the version that it printed. */
  readonly planVersion?: string | undefined;
  readonly detach: boolean;
  readonly json: boolean;
  /** Announce URLs to ask how releases spread, in place of those that the releases name. */
  readonly tracker: readonly string[];
}

/** `rollout start`: checks the plan, starts it, and shows the rollout until it ends. */
export async function startRolloutCommand(planPath: string, options: StartOptions): Promise<void> {
  const request = await readPlanFile(planPath, options.feed);
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const plan = await checkPlanFile(zookeeper, request);
    const id = await begin(zookeeper, plan, options.planVersion);
    if (!options.json) writeLine(`Rollout ${id}: ${describeOrder(plan)}`);
    if (!options.detach) await follow(zookeeper, id, options);
  });
}

/** `rollout watch`: shows the rollout that is under way, or the last one, until it ends. */
export async function watchRolloutCommand(
  options: Pick<StartOptions, "zookeeper" | "json" | "tracker">,
): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const id = await activeRollout(zookeeper) ?? await newestRollout(zookeeper);
    if (id === null) throw new CommandError("rollout watch: there has been no rollout yet");
    await follow(zookeeper, id, options);
  });
}

/** `rollout pause`: from now on no further host goes down. */
export async function pauseCommand(
  options: { zookeeper: string; reason?: string | undefined },
): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const change = {
      state: "paused",
      by: operator(),
      reason: options.reason ?? null,
      sinceMs: systemClock.wallTimeMs(),
    } as const;
    await setControl(zookeeper, change);
    writeLine(
      "Paused. Hosts that are switching finish, nobody else goes down. Go on: rollcall rollout resume",
    );
  });
}

/** `rollout resume`: goes on after a pause or a halt. */
export async function resumeCommand(options: { zookeeper: string }): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const change = {
      state: "running",
      by: operator(),
      reason: null,
      sinceMs: systemClock.wallTimeMs(),
    } as const;
    const before = await setControl(zookeeper, change);
    writeLine(
      before?.state === "running"
        ? "It was running already."
        : `Running again (it was ${before?.state ?? "an entry that could not be read"}).`,
    );
  });
}

/** `rollout abort`: ends the rollout that is under way. */
export async function abortCommand(options: { zookeeper: string }): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const id = await abortRollout(zookeeper, { by: operator(), nowMs: systemClock.wallTimeMs() });
    writeLine(
      `Aborted ${id}. Hosts that have switched stay as they are; roll out another version to bring them in line.`,
    );
  });
}

async function begin(
  zookeeper: ZooKeeper,
  { services, waves, releases }: CheckedPlanFile,
  planVersion: string | undefined,
): Promise<string> {
  const nowMs = systemClock.wallTimeMs();
  const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
  const id = createRolloutId(nowMs, () => number / 2 ** 32);
  const rollout = { services, waves, releases, id, by: operator(), nowMs };
  await startRollout(zookeeper, rollout, planVersion);
  return id;
}

/** Shows one rollout until it ends. Ctrl-C ends the view alone: the agents carry on with the rollout. */
async function follow(
  zookeeper: ZooKeeper,
  id: string,
  options: Pick<StartOptions, "json" | "tracker">,
): Promise<void> {
  using stop = listenForStop();
  const fleet = await watchFleet(zookeeper, {
    display: createFleetDisplay(options),
    signal: stop.signal,
    isOver: (snapshot) => hasEnded(snapshot, id) || snapshot.control?.state === "halted",
  });
  if (hasEnded(fleet, id)) {
    if (fleet.rollout?.id === id && fleet.rollout.state === "aborted") {
      throw new CommandError(`rollout ${id}: aborted`);
    }
    return;
  }
  if (fleet.control?.state === "halted") {
    throw new CommandError(
      `rollout ${id}: halted by ${fleet.control.by}: ${
        fleet.control.reason ?? "no reason given"
      }; ` +
        "mend it and resume (rollcall rollout resume), or abort (rollcall rollout abort)",
    );
  }
  if (!options.json) {
    writeLine(`Rollout ${id} goes on without this terminal. See it again: rollcall rollout watch`);
  }
}

function hasEnded({ rollout }: Fleet, id: string): boolean {
  // The fleet shows the rollout that was started last. Another one can only have been started after the end of this one.
  return rollout !== null && (rollout.id !== id || rollout.state !== "running");
}

/** The user who gives the order, for the rollout's record. */
function operator(): string {
  const user = Deno.env.get("SUDO_USER") ?? Deno.env.get("USER") ?? "somebody";
  return `${user}@${Deno.hostname()}`;
}
