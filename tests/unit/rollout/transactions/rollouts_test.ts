/** What operators write. */

import assert from "node:assert/strict";
import {
  CONTROL,
  historyPath,
  parseSequentialName,
  RolloutError,
  servicePath,
  transactions,
} from "../../../../rollout/mod.ts";
import { fleet, type MemoryTree, must, releaseOf, roll, SERVICE } from "../memory_tree.ts";

function abort(tree: MemoryTree): transactions.Transaction {
  const { view, service, queue, offer } = tree.read();
  return transactions.abortRollout({
    control: { entry: view.control, znodeVersion: view.controlVersion },
    waves: queue.map(({ node }) => {
      const name = parseSequentialName(node);
      assert.ok(name && view.wave);
      const { version, hosts } = view.wave;
      const entry = { schema: 1, rollout: "r", service: SERVICE, version, hosts: null } as const;
      return { name, entry: { ...entry, hosts: hosts === null ? null : [...hosts] } };
    }),
    services: new Map([[SERVICE, {
      service,
      hasOffer: true,
      offered: offer,
    }]]),
    record: null,
  }, { by: "test", nowMs: 0 });
}

Deno.test("startRollout: of two at once the second is refused", () => {
  const tree = fleet("web-1");
  const { view, service } = tree.read();
  assert.ok(view.control && service);
  const start = {
    control: { entry: view.control, znodeVersion: view.controlVersion },
    waves: [],
    services: new Map([[SERVICE, service]]),
  };
  const plan = {
    id: "r-2",
    by: "test",
    nowMs: 0,
    services: new Map([[SERVICE, { version: "2", dependsOn: [], policy: service.entry.policy }]]),
    releases: new Map([[SERVICE, releaseOf("2")]]),
    waves: [{ service: SERVICE, version: "2", hosts: null }],
  };
  const first = transactions.startRollout(start, plan);
  const second = transactions.startRollout(start, { ...plan, id: "r-3" });
  must(tree.apply(first));
  assert.equal(tree.apply(second), "BAD_VERSION");
  const after = tree.read();
  assert.deepEqual([after.queue.length, after.offer?.version], [1, "2"]);
  assert.equal(tree.entry(CONTROL)?.["rollout"], "r-2");
});

Deno.test("startRollout: a word to ignore freeze windows stands in each wave, for the hosts, and in the record", () => {
  const tree = fleet("web-1");
  const { view, service } = tree.read();
  assert.ok(view.control && service);
  const start = {
    control: { entry: view.control, znodeVersion: view.controlVersion },
    waves: [],
    services: new Map([[SERVICE, service]]),
  };
  must(tree.apply(transactions.startRollout(start, {
    id: "rollout-2",
    by: "ann",
    nowMs: 0,
    services: new Map([[SERVICE, { version: "2", dependsOn: [], policy: service.entry.policy }]]),
    releases: new Map([[SERVICE, releaseOf("2")]]),
    waves: [{ service: SERVICE, version: "2", hosts: null }],
    ignoresFreeze: "an urgent fix",
  })));
  const word = { by: "ann", reason: "an urgent fix" };
  const [wave] = tree.read().waves;
  assert.equal(wave?.ignoresFreeze, true);
  assert.deepEqual(tree.entry(historyPath("rollout-2"))?.["ignoresFreeze"], word);
});

Deno.test("startRollout: not while one is under way, or control is not running", () => {
  const tree = fleet("web-1");
  roll(tree, "2");
  assert.throws(() => roll(tree, "3"), RolloutError);
  const { view, service } = tree.read();
  assert.ok(view.control && service);
  const plan = {
    id: "r-3",
    by: "test",
    nowMs: 0,
    services: new Map(),
    releases: new Map(),
    waves: [],
  };
  const control = { entry: view.control, znodeVersion: view.controlVersion };
  assert.throws(
    () =>
      transactions.startRollout({
        control,
        waves: [{ rollout: "r-2" }],
        services: new Map(),
      }, plan),
    (error) => error instanceof RolloutError && /r-2 is under way/.test(error.message),
  );
  const paused = { ...control, entry: { ...control.entry, state: "paused" as const } };
  assert.throws(
    () => transactions.startRollout({ control: paused, waves: [], services: new Map() }, plan),
    (error) => error instanceof RolloutError && /control is paused/.test(error.message),
  );
});

Deno.test("abortRollout: withdraws what was under way, once, and not if it has moved on", () => {
  const tree = fleet("web-1");
  roll(tree, "2");
  const late = abort(tree);
  must(tree.apply(abort(tree)));
  const { service, offer, queue } = tree.read();
  assert.deepEqual(service?.entry.withdrawn, ["2"]);
  assert.deepEqual([offer, queue.length], [null, 0]);
  assert.notEqual(tree.apply(late), null);
});

Deno.test("abortRollout: keeps the last hundred withdrawn versions, and a service that cannot be read", () => {
  const tree = fleet("web-1");
  for (let version = 100; version < 205; version++) {
    roll(tree, String(version));
    must(tree.apply(abort(tree)));
  }
  const withdrawn = tree.read().service?.entry.withdrawn ?? [];
  assert.deepEqual([withdrawn.length, withdrawn.at(0), withdrawn.at(-1)], [100, "105", "204"]);
  const before = tree.entry(servicePath(SERVICE));
  const found = { service: null, hasOffer: true, offered: null };
  const { control: entry, controlVersion: znodeVersion } = tree.read().view;
  const control = { entry, znodeVersion };
  const view = { control, waves: [], services: new Map([[SERVICE, found]]), record: null };
  must(tree.apply(transactions.abortRollout(view, { by: "test", nowMs: 0 })));
  assert.deepEqual(tree.entry(servicePath(SERVICE)), before);
});
