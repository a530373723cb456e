/**
 * `rollcall rollout history`: the rollouts that there were, and what happened in one of them.
 *
 * @module
 */

import { isRolloutId, readHistory, readRolloutHistory } from "../../coordination/mod.ts";
import { CommandError } from "../shared/errors.ts";
import { writeJson, writeLine } from "../shared/output.ts";
import { terminalColumns } from "../shared/terminal.ts";
import { withZooKeeper } from "../shared/zookeeper_session.ts";
import { renderEvents, renderHistory } from "./history_view.ts";

/** Columns where stdout is no terminal. */
const DEFAULT_COLUMNS = 120;

/** `rollout history [ID]`: all rollouts, the newest first, or each event of one. */
export async function historyCommand(
  id: string | undefined,
  options: { readonly zookeeper: string; readonly json: boolean },
): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const columns = terminalColumns(DEFAULT_COLUMNS);
    if (id === undefined) {
      const history = await readHistory(zookeeper);
      if (options.json) writeJson(history);
      else writeLine(renderHistory(history));
      return;
    }
    // Another name is no part of the history, and may be no path at all.
    const history = isRolloutId(id) ? await readRolloutHistory(zookeeper, id) : null;
    if (history === null || (history.rollout === null && history.problems.length === 0)) {
      throw new CommandError(
        `rollout history: there is no record of ${id}; those that there are: rollcall rollout history`,
      );
    }
    if (options.json) writeJson(history);
    else writeLine(renderEvents(history, { columns }));
  });
}
