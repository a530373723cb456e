/** The host's place in the staging queue, as it sees it by few nodes. */

import assert from "node:assert/strict";
import { placeNow, placesToAskFor } from "../../../../actors/upgrade_coordinator/staging_queue.ts";
import type { Deps, Place, Reading, State } from "../../../../actors/upgrade_coordinator/state.ts";
import type { QueueSize } from "../../../../rollout/mod.ts";

const OWN = "web-11-0000000011";
const AHEAD = Array.from({ length: 10 }, (_, index) => `web-${index + 1}-000000000${index}`);
const DEPS = { options: { service: "web" } } as unknown as Deps;

/** A host behind ten others, with what it asks for next. */
function waiting(): State {
  const named = { aheadCount: AHEAD.length, size: { count: 11, changes: 11 } };
  const place: Place = { node: OWN, release: { version: "v2" }, ahead: AHEAD, named };
  const state = { place, covered: null, ahead: null } as unknown as State;
  state.askedPlaces = placesToAskFor(state);
  return state;
}

/** A census in which these places stand. */
function reading(places: readonly string[], queueSize: QueueSize): Reading {
  return {
    census: { wave: { service: "web", hosts: null } },
    places: new Set([OWN, ...places]),
    stagingQueue: null,
    queueSize,
    view: null,
  } as unknown as Reading;
}

Deno.test("placeNow: a host is behind the nearest one that stands", () => {
  const state = waiting();
  assert.deepEqual(state.askedPlaces, [OWN, ...AHEAD.slice(-4)]);
  const found = placeNow(state, reading(AHEAD.slice(6, 8), { count: 9, changes: 13 }), DEPS);
  assert.deepEqual(found, { release: { version: "v2" }, stands: true, behind: "web-8" });
});

Deno.test("placeNow: a host is the first one once as many have left as were before it", () => {
  const found = placeNow(waiting(), reading([], { count: 3, changes: 23 }), DEPS);
  assert.deepEqual(found, { release: { version: "v2" }, stands: true, behind: null });
});

Deno.test("placeNow: where the nearest ones have gone and not all can have, the names are read again", () => {
  // Regression, found by the simulation: when a rack had lost its power, a host of another one overtook forty others.
  const state = waiting();
  // Five have left, and two have joined behind it.
  assert.equal(placeNow(state, reading([], { count: 8, changes: 18 }), DEPS), "not_read");
  assert.equal(state.place?.ahead, null);
});

Deno.test("placeNow: a reading of all hosts tells who stands before the nearest ones, which have gone", () => {
  // Regression, found by the simulation: hosts that had lost their power came back to the end of the queue, and the next one
  // behind their places overtook those before them.
  const all = { ...reading(AHEAD.slice(0, 2), { count: 3, changes: 23 }), queueSize: null };
  const found = placeNow(waiting(), { ...all, view: {} } as unknown as Reading, DEPS);
  assert.deepEqual(found, { release: { version: "v2" }, stands: true, behind: "web-2" });
});
