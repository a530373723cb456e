/**
 * `rollcall rollout pause`, `resume` and `abort`: orders to the whole fleet. Each says what it has changed, and fails if there was
 * nothing to change.
 *
 * @module
 */

import { abortRollout, pauseRollout, resumeRollout } from "../../coordination/mod.ts";
import { type Control, describeState, stopsOf } from "../../rollout/mod.ts";
import { operatorWord } from "../shared/operator.ts";
import { writeLine } from "../shared/output.ts";
import { withZooKeeper } from "../shared/zookeeper_session.ts";

/** Options of all of them. */
export interface OrderOptions {
  readonly zookeeper: string;
  /** Why, for the history, and of a pause for those who look at the status. */
  readonly reason?: string | undefined;
}

/** `rollout pause`: from now on no further host goes down. */
export async function pauseCommand(options: OrderOptions): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const word = operatorWord(options);
    const { before, after } = await pauseRollout(zookeeper, word);
    writeLine(`Control: ${describeChange(before, after)}, by ${word.by}${told(word.reason)}.`);
    const { halt } = stopsOf(after);
    if (halt !== null) writeLine(`The halt by ${halt.by} stands${told(halt.reason)}`);
    writeLine(
      "Hosts that are switching finish, nobody else goes down. Go on: rollcall rollout resume",
    );
  });
}

/** `rollout resume`: goes on after a pause or a halt. */
export async function resumeCommand(options: OrderOptions): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const word = operatorWord(options);
    const { before, after } = await resumeRollout(zookeeper, word);
    writeLine(`Control: ${describeChange(before, after)}, by ${word.by}${told(word.reason)}.`);
    const { halt, pause } = stopsOf(before);
    if (pause !== null) writeLine(`Lifted: the pause by ${pause.by}${told(pause.reason)}`);
    if (halt !== null) {
      writeLine(`Lifted: the halt by ${halt.by}${told(halt.reason)}`);
      writeLine("Hosts whose switch has failed, if any, try again.");
    }
  });
}

/** `rollout abort`: ends the rollout that is under way. */
export async function abortCommand(options: OrderOptions): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const { by, reason, sinceMs: nowMs } = operatorWord(options);
    const { id, before, after } = await abortRollout(zookeeper, { by, reason, nowMs });
    writeLine(
      `Aborted ${id}, by ${by}${
        told(reason)
      }. Hosts that have switched stay as they are; roll out another version to bring them in line.`,
    );
    const { halt, pause } = { ...stopsOf(before), pause: stopsOf(after).pause };
    if (halt !== null) {
      writeLine(`Control: ${describeChange(before, after)}. The halt by ${halt.by} is over.`);
    }
    if (pause !== null) {
      writeLine(
        `The pause by ${pause.by} stands${
          told(pause.reason)
        }; nothing is rolled out before rollcall rollout resume`,
      );
    }
  });
}

/** `running -> paused`. */
function describeChange(before: Control | null, after: Control): string {
  return `${describeState(before)} -> ${describeState(after)}`;
}

/** A reason behind what it is the reason of. */
function told(reason: string | null): string {
  return reason === null || reason === "" ? "" : `: ${reason}`;
}
