import assert from "node:assert/strict";
import { decideAtFence } from "../../../../../actors/upgrade_coordinator/machine/at_fence.ts";
import {
  decideNext,
  type HostNow,
} from "../../../../../actors/upgrade_coordinator/machine/next.ts";
import { newSwitch, toSlot } from "../../../../../actors/upgrade_coordinator/machine/switch.ts";
import { DEFAULT_POLICY, transactions } from "../../../../../rollout/mod.ts";
import { fleet, type MemoryTree, must, roll, SERVICE } from "../../../rollout/memory_tree.ts";
import { current } from "../../../rollout/views.ts";

const HOST = "web-1";

/** web-1, which serves version 1, and has version 2 on its disk. */
const NOW: HostNow = {
  host: HOST,
  identity: { agent: current(HOST).agent },
  service: SERVICE,
  running: { version: "1" },
  isServing: true,
  hasRejoined: false,
  ready: { version: "2", infoHash: null },
  unstarted: null,
};

function kind(tree: MemoryTree, now: Partial<HostNow> = {}): string {
  return decideNext({ ...NOW, ...now }, tree.read()).next.kind;
}

function rolling(): MemoryTree {
  const tree = fleet(HOST, "web-2");
  roll(tree, "2");
  return tree;
}

function join(tree: MemoryTree, host: string): void {
  const place = { host, version: "2", infoHash: null, standing: [] };
  must(tree.apply(transactions.joinStaging(SERVICE, place).operations, host));
}

Deno.test("decideNext: prepares, joins the queue, takes a slot", () => {
  const tree = rolling();
  assert.equal(kind(tree, { ready: null }), "prepare");
  assert.equal(kind(tree), "join_queue");
  join(tree, HOST);
  assert.equal(kind(tree), "take_slot");
});

Deno.test("decideNext: who is not the head of the queue waits for it", () => {
  const tree = rolling();
  join(tree, "web-2");
  join(tree, HOST);
  const { next } = decideNext(NOW, tree.read());
  assert.ok(next.kind === "wait");
  assert.match(next.waitingFor, /web-2/);
});

Deno.test("decideNext: nothing is taken by an entry that does not say what is true", () => {
  const tree = rolling();
  join(tree, HOST);
  assert.equal(kind(tree, { isServing: false }), "await_entry");
});

Deno.test("decideNext: changes nothing before it is registered, or under another machine's entry", () => {
  const tree = rolling();
  const identity = { agent: "another" };
  assert.deepEqual(decideNext({ ...NOW, identity }, tree.read()).next, {
    kind: "register",
    isNamesake: true,
  });
  tree.expire(HOST);
  assert.deepEqual(decideNext(NOW, tree.read()).next, { kind: "register", isNamesake: false });
});

Deno.test("decideNext: a host that is done leaves the queue, rests, and the last one ends the wave", () => {
  const tree = rolling();
  const running = { version: "2", infoHash: null };
  const write = (host: string) =>
    must(tree.apply(
      transactions.writeHost(SERVICE, {
        entry: current(host, { version: "2" }),
        epoch: 0,
        said: null,
        slot: null,
      }),
    ));
  join(tree, HOST);
  write(HOST);
  assert.equal(kind(tree, { running }), "leave_queue");
  tree.expire(HOST);
  must(tree.apply(
    transactions.registerHost(SERVICE, {
      entry: current(HOST, { version: "2" }),
      epoch: 0,
    }),
    HOST,
  ));
  assert.equal(kind(tree, { running }), "rest");
  write("web-2");
  assert.equal(kind(tree, { running }), "end_wave");
});

Deno.test("decideAtFence: asks once it has drained, and turns back without its slot", () => {
  const tree = rolling();
  const { view } = tree.read();
  const { wave } = view;
  const change = newSwitch({ version: "1" }, { version: "2", infoHash: null }, {
    policy: DEFAULT_POLICY,
    sinceMs: 5,
    wave,
  });
  const look = (isDrained: boolean, now: Partial<HostNow> = {}) =>
    decideAtFence({ ...NOW, ...now }, tree.read(), { change, isDrained });
  assert.equal(look(true).kind, "turn_back");
  const slot = toSlot(change, HOST);
  must(tree.apply(transactions.takeSlot(view, { service: SERVICE, slot, wave })));
  assert.deepEqual(look(false), { kind: "drain" });
  assert.deepEqual(look(true), { kind: "ask", isDown: false });
  assert.deepEqual(look(true, { isServing: false }), { kind: "await_entry" });
  assert.equal(look(true, { identity: { agent: "another" } }).kind, "turn_back");
});
