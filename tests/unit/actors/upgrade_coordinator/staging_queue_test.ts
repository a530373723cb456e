/** The host's place in the staging queue, as it sees it by few nodes. */

import assert from "node:assert/strict";
import { VirtualClock } from "../../../../actors/runtime/mod.ts";
import type { HostNow } from "../../../../actors/upgrade_coordinator/machine/next.ts";
import {
  noteReady,
  placeNow,
  placesToAskFor,
  wakeHead,
} from "../../../../actors/upgrade_coordinator/staging_queue.ts";
import type { Deps, Place, Reading, State } from "../../../../actors/upgrade_coordinator/state.ts";
import { type QueueSize, type ReleaseIdentity, transactions } from "../../../../rollout/mod.ts";
import type { ZooKeeper } from "../../../../zookeeper/mod.ts";
import { fleet, must, roll, SERVICE } from "../../rollout/memory_tree.ts";
import { current } from "../../rollout/views.ts";

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

Deno.test("placeNow: where more have left than were before it, the names are read again", () => {
  // Regression, found by the simulation: sessions had expired of hosts behind it, which joined at the end again, and it took their
  // leaving for that of those before it.
  const state = waiting();
  // Nine of the ten before it have left, and two behind it.
  assert.equal(placeNow(state, reading([], { count: 2, changes: 24 }), DEPS), "not_read");
  assert.equal(state.place?.ahead, null);
});

Deno.test("placeNow: a reading of all hosts tells who stands before the nearest ones, which have gone", () => {
  // Regression, found by the simulation: hosts that had lost their power came back to the end of the queue, and the next one
  // behind their places overtook those before them.
  const all = { ...reading(AHEAD.slice(0, 2), { count: 3, changes: 23 }), queueSize: null };
  const found = placeNow(waiting(), { ...all, view: {} } as unknown as Reading, DEPS);
  assert.deepEqual(found, { release: { version: "v2" }, stands: true, behind: "web-2" });
});

Deno.test("noteReady, wakeHead: who completes the quorum by what it runs moves the counter on that the head watches, once", () => {
  // Where a part of a fleet is taken back, most run the version of the wave already, and rest. The head waited for ten seconds.
  const tree = fleet("web-1", "web-2", "web-3");
  roll(tree, "2", { quorum: 2 });
  const looks: string[] = [];
  const sent: unknown[] = [];
  const zookeeper = {
    multi: (operations: unknown) => Promise.resolve(void sent.push(operations)),
  } as unknown as ZooKeeper;
  const context = {
    random: { next: () => 0.5 },
    timers: { after: (key: string) => looks.push(key) },
    pipeToSelf: (begin: (signal: AbortSignal) => unknown) => begin(new AbortController().signal),
    clock: new VirtualClock(),
  };
  const deps = { options: { service: SERVICE, host: "web-1" }, context } as unknown as Deps;
  const state = { gotReadyBelowQuorum: false, readyFor: null } as unknown as State;
  const rests = (running: ReleaseIdentity | null) => {
    const reading = tree.count("web-1");
    const wakes = wakeHead(state, reading, { zookeeper, deps });
    if (!wakes) noteReady(state, reading, { now: { running } as HostNow, deps });
    return wakes;
  };

  assert.equal(rests({ version: "1" }), false);
  assert.deepEqual(looks, [], "it is not ready");
  assert.equal(rests({ version: "2" }), false);
  assert.equal(looks.length, 1, "its entry is being written");
  for (const host of ["web-1", "web-2"]) {
    const entry = current(host, { version: "2" });
    const write = { entry, epoch: 0, markers: tree.markers(entry), slot: null };
    must(tree.apply(transactions.writeHost(SERVICE, write), host));
  }
  assert.equal(rests({ version: "2" }), true);
  assert.equal(sent.length, 1);
  assert.equal(rests({ version: "2" }), false, "once for each wave");
  assert.equal(looks.length, 1);
});
