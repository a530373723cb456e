/**
 * Reads what the coordinator decides on, one reading at a time.
 *
 * @module
 */

import { readService } from "../../coordination/mod.ts";
import { fromFullReading } from "../../rollout/mod.ts";
import { inTime } from "../session/in_time.ts";
import { needsQueueNames, placesToAskFor } from "./staging_queue.ts";
import type { Deps, State } from "./state.ts";

/**
 * Reads the tree. If a reading is under way, one more follows it. From the fence to the report of a switch nothing is decided,
 * so nothing is read.
 *
 * What is started where nothing runs, and what a switch of an earlier life is resumed by, is enforced by no transaction, so it
 * has to be fresh. Where most others serve, what is started depends on what each of them runs, so all of them are read.
 */
export function readTree(state: State, { options, context }: Deps): State {
  const { zookeeper, phase, status } = state;
  const isPastFence = phase.kind === "switching" || phase.kind === "reporting";
  if (isPastFence) state.hasMissed = true;
  if (zookeeper === null || isPastFence) return state;
  state.isStale = state.isReading;
  if (state.isReading) return state;
  state.isReading = true;
  state.hasMissed = false;
  const { service, host } = options;
  const { isQueueNew } = state;
  const isDown = status === null || status.wanted === null;
  const areAllNeeded = state.areAllNeeded || (isDown && state.areVotesNeeded);
  const isRefused = state.isFreshNeeded;
  const isFresh = isRefused || isDown || phase.kind === "interrupted";
  state.areAllNeeded = false;
  state.isFreshNeeded = false;
  state.isQueueNew = false;
  const places = placesToAskFor(state);
  const isQueueNamed = needsQueueNames(state);
  state.askedPlaces = places;
  const { census } = state;
  const read = async () =>
    areAllNeeded
      ? fromFullReading(await readService(zookeeper, service), host)
      : await census.read(zookeeper, { service, host, places, isQueueNamed }, {
        isFresh,
        isRefused,
        isQueueNew,
      });
  context.pipeToSelf(
    (signal) => inTime(read(), { clock: context.clock, signal }),
    {
      ok: (reading) => ({ type: "read", reading }),
      error: (error) => ({ type: "read_failed", error }),
    },
  );
  return state;
}
