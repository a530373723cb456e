/** Taking a slot, passing the fence, showing a step, giving the slot back. */

import assert from "node:assert/strict";
import {
  encodeEntry,
  historyPath,
  type Rollout,
  slotsPath,
  transactions,
  type Wave,
  wavePath,
} from "../../../../rollout/mod.ts";
import { fleet, type MemoryTree, must, roll, SERVICE } from "../memory_tree.ts";
import { current, slot } from "../views.ts";

/** The slot of web-1 for the first wave. */
function slotFor(tree: MemoryTree) {
  return slot("web-1", { wave: tree.read().view.wave?.node ?? null });
}

function takeSlot(tree: MemoryTree): transactions.Transaction {
  const { census } = tree.count();
  const request = { service: SERVICE, slot: slotFor(tree), wave: census.wave, place: null };
  return transactions.takeSlot(census, request);
}

function rolling(): MemoryTree {
  const tree = fleet("web-1", "web-2");
  roll(tree, "2");
  return tree;
}

/** What may happen between a reading and a transaction that rests on it. */
const CHANGES: Readonly<Record<string, (tree: MemoryTree) => transactions.Transaction>> = {
  "control is set": (tree) => {
    const { control: entry, controlVersion: znodeVersion } = tree.read().view;
    return [transactions.setControl({ entry, znodeVersion }, { state: "paused" })];
  },
  "the wave is gone": (tree) => {
    const node = tree.read().view.wave?.node ?? "";
    return [{ op: "delete", path: wavePath(node) }];
  },
  "another host is down": (tree) => {
    const entry = current("web-2", { state: "down" });
    return transactions.writeHost(SERVICE, { entry, epoch: 0, markers: tree.markers(entry) });
  },
  "a host joins the roster": () =>
    transactions.joinRoster(SERVICE, {
      host: "web-3",
      roster: { schema: 1, site: "north", rack: "r1" },
    }),
  "another host takes a slot": (tree) => {
    const { census } = tree.count("web-2");
    const taken = slot("web-2", { wave: census.wave?.node ?? null });
    const request = { service: SERVICE, slot: taken, wave: census.wave, place: null };
    return transactions.takeSlot(census, request);
  },
};

for (const [what, change] of Object.entries(CHANGES)) {
  Deno.test(`takeSlot: refused if meanwhile ${what}`, () => {
    const tree = rolling();
    const operations = takeSlot(tree);
    must(tree.apply(change(tree)));
    assert.notEqual(tree.apply(operations), null);
    assert.equal(tree.read().view.slots.has("web-1"), false);
  });

  Deno.test(`passFence: refused if meanwhile ${what}`, () => {
    const tree = rolling();
    must(tree.apply(takeSlot(tree)));
    const step = { ...slotFor(tree), step: "stopping" } as const;
    const operations = transactions.passFence(tree.count(), { service: SERVICE, slot: step });
    must(tree.apply(change(tree)));
    assert.notEqual(tree.apply(operations ?? []), null);
    assert.equal(tree.read().view.slots.get("web-1")?.step, "draining");
  });
}

Deno.test("takeSlot, passFence: happen if nothing has changed, and only once", () => {
  const tree = rolling();
  const taking = takeSlot(tree);
  must(tree.apply(taking));
  assert.equal(tree.apply(taking), "BAD_VERSION", "as after a lost reply");
  const step = { ...slotFor(tree), step: "stopping" } as const;
  const passing = transactions.passFence(tree.count(), { service: SERVICE, slot: step });
  must(tree.apply(passing ?? []));
  assert.deepEqual(tree.read().view.slots.get("web-1"), step);
  assert.equal(tree.apply(passing ?? []), "BAD_VERSION");
});

Deno.test("takeSlot: outside of any wave it rests on no wave", () => {
  const tree = fleet("web-1");
  const { census } = tree.count();
  const alone = slot("web-1", { wave: null });
  const request = { service: SERVICE, slot: alone, wave: null, place: null };
  must(tree.apply(transactions.takeSlot(census, request)));
  assert.equal(tree.read().view.slots.get("web-1")?.wave, null);
});

Deno.test("passFence: outside of waves, refused once another version is committed", () => {
  const tree = fleet("web-1");
  const catchUp = slot("web-1", { wave: null });
  const request = { service: SERVICE, slot: catchUp, wave: null, place: null };
  must(tree.apply(transactions.takeSlot(tree.count().census, request)));
  const operations = transactions.passFence(tree.count(), { service: SERVICE, slot: catchUp });
  roll(tree, "3");
  assert.equal(tree.apply(operations ?? []), "BAD_VERSION");
});

Deno.test("passFence: not without its wave", () => {
  const tree = rolling();
  const gone = slot("web-1", { wave: "A-0000000099" });
  assert.equal(transactions.passFence(tree.count(), { service: SERVICE, slot: gone }), null);
});

Deno.test("giveSlotBack: moves the counter on, and leaves a later slot alone", () => {
  const tree = rolling();
  must(tree.apply(takeSlot(tree)));
  const reading = tree.count();
  const { census } = reading;
  const later = { ...slotFor(tree), sinceMs: 9 };
  assert.equal(transactions.giveSlotBack(reading, { service: SERVICE, slot: later }), null);
  const operations = transactions.giveSlotBack(reading, { service: SERVICE, slot: slotFor(tree) });
  must(tree.apply(operations ?? []));
  const after = tree.read().view;
  assert.equal(after.slots.size, 0);
  assert.equal(after.slotsVersion, census.slotsVersion + 1);
});

Deno.test("giveSlotBack: a record stands if its wave has ended since the service was read", () => {
  // Regression: a wave ended while it was read. It was gone, and by the entry of the service its version was not the fleet's yet;
  // so a host that an operator had left out took that for over, and caught up with the version.
  const tree = rolling();
  const record = { ...slotFor(tree), step: "failed" } as const;
  const data = encodeEntry(record);
  must(tree.apply([{ op: "create", path: slotsPath(SERVICE, "web-1"), data }]));
  const reading = tree.count();
  const operations = transactions.giveSlotBack(reading, { service: SERVICE, slot: record });
  const wave = tree.entry(wavePath(tree.read().view.wave?.node ?? "")) as Wave;
  const history = { entry: tree.entry(historyPath(wave.rollout)) as Rollout, znodeVersion: 0 };
  const finish = { service: SERVICE, wave, record: history, nowMs: 9 };
  must(tree.apply(transactions.finishWave(reading, finish) ?? []));
  assert.equal(tree.count().census.slotsVersion, reading.census.slotsVersion);
  assert.equal(tree.apply(operations ?? []), "BAD_VERSION");
  assert.equal(tree.read().view.slots.get("web-1")?.step, "failed");
});

Deno.test("takeSlot: leaves its place in the staging queue, if it says so", () => {
  const tree = rolling();
  const entry = current("web-1");
  const release = { version: "2" };
  const markers = tree.markers(entry, release);
  const join = { entry, epoch: 0, markers, release, places: [] };
  must(tree.apply(transactions.joinStaging(SERVICE, join).operations, "web-1"));
  const [place = null] = tree.read().stagingNodes.map(({ node }) => node);
  const { census } = tree.count();
  const request = { service: SERVICE, slot: slotFor(tree), wave: census.wave, place };
  must(tree.apply(transactions.takeSlot(census, request)));
  assert.deepEqual(tree.read().stagingNodes, []);
});
