/** Tests of the transaction that rolls a rollout back. */

import assert from "node:assert/strict";
import {
  CONTROL,
  historyPath,
  parseSequentialName,
  RolloutError,
  rolloutEventSchema,
  rolloutSchema,
  servicePath,
  serviceSchema,
  transactions,
  wavePath,
} from "../../../../rollout/mod.ts";
import { fleet, type MemoryTree, must, roll, SERVICE } from "../memory_tree.ts";

/** What is read of a rollout of version 2. */
function viewOf(tree: MemoryTree, hasBegun = true): transactions.RollBackView {
  const { view, service, queue, offer } = tree.read();
  const id = view.control?.rollout ?? "";
  const node = tree.node(historyPath(id));
  assert.ok(service && node && "version" in node);
  const record = rolloutSchema.parse(tree.entry(historyPath(id)));
  return {
    control: { entry: view.control, znodeVersion: view.controlVersion },
    waves: queue.flatMap(({ node }) => {
      const name = parseSequentialName(node);
      return name === null ? [] : [{ name }];
    }),
    services: new Map([[SERVICE, {
      service,
      offered: offer,
      hasBegun,
      slotsVersion: view.slotsVersion,
    }]]),
    record: { entry: record, znodeVersion: node.version, id },
  };
}

const WORD = { id: "back-1", by: "web-1", reason: "2 has failed", nowMs: 5 };

/** A fleet with version 1 committed, in a rollout of version 2. */
function rolling(onFailure: "halt" | "rollback" = "rollback"): MemoryTree {
  const tree = fleet("web-1", "web-2");
  roll(tree, "2", {}, null, onFailure);
  return tree;
}

function entryOf(tree: MemoryTree) {
  return serviceSchema.parse(tree.entry(servicePath(SERVICE)));
}

Deno.test("rollBack: the release from before is committed, on offer and queued, and the new one withdrawn", () => {
  const tree = rolling();
  must(tree.apply(transactions.rollBack(viewOf(tree), WORD)));
  const { waves, offer, view } = tree.read();
  assert.deepEqual(waves.map(({ version, hosts }) => [version, hosts]), [["1", null]]);
  assert.equal(offer?.version, "1");
  assert.deepEqual(offer.replaces, { version: "2", infoHash: null, restart: null });
  const { committed, withdrawn, abandoned } = entryOf(tree);
  assert.deepEqual([committed?.version, withdrawn, abandoned], ["1", ["2"], []]);
  assert.equal(view.control?.state, "running");
  // A rollback that fails is not rolled back.
  assert.deepEqual([view.control.rollout, view.control.onFailure], ["back-1", "halt"]);
  const taken = rolloutSchema.parse(tree.entry(historyPath("rollout-2")));
  assert.deepEqual([taken.state, taken.rolledBack], ["aborted", {
    by: "back-1",
    reason: "2 has failed",
  }]);
  const events = tree.children(historyPath("rollout-2"));
  assert.deepEqual(
    events.map((node) =>
      rolloutEventSchema.parse(tree.entry(`${historyPath("rollout-2")}/${node}`))
    ),
    [{ schema: 1, kind: "order", order: "rollback", by: "web-1", reason: "2 has failed" }],
  );
  const back = rolloutSchema.parse(tree.entry(historyPath("back-1")));
  assert.deepEqual([back.state, back.rollsBack], ["running", "rollout-2"]);
  // It takes a change back, and so does not wait for the end of a freeze.
  assert.equal(waves[0]?.ignoresFreeze, true);
  assert.deepEqual(back.ignoresFreeze, { by: "web-1", reason: "2 has failed" });
});

Deno.test("rollBack, startRollout: how many hosts may fail on all services is of one rollout alone", () => {
  const tree = rolling();
  const allow = (maxFailures: number) =>
    must(tree.apply([transactions.setControl(viewOf(tree).control, { maxFailures })]));
  allow(3);
  must(tree.apply(transactions.rollBack(viewOf(tree), WORD)));
  assert.equal(tree.read().view.control?.maxFailures, undefined);
  allow(3);
  for (const { node } of tree.read().queue) {
    must(tree.apply([{ op: "delete", path: wavePath(node) }]));
  }
  roll(tree, "3");
  assert.equal(tree.read().view.control?.maxFailures, undefined);
});

Deno.test("rollBack: of two at once the second is refused, and so is one after an operator's word", () => {
  const tree = rolling();
  const [one, other] = [viewOf(tree), viewOf(tree)].map((view, index) =>
    transactions.rollBack(view, { ...WORD, id: `back-${index}` })
  );
  must(tree.apply(one ?? []));
  assert.equal(tree.apply(other ?? []), "BAD_VERSION");
});

Deno.test("rollBack: where nothing has begun, nothing goes back, and nobody may be admitted meanwhile", () => {
  const tree = rolling();
  const operations = transactions.rollBack(viewOf(tree, false), WORD);
  const late = tree.copy();
  must(tree.apply(operations));
  assert.equal(tree.read().waves.length, 0);
  const back = rolloutSchema.parse(tree.entry(historyPath("back-1")));
  assert.equal(back.state, "finished");
  assert.deepEqual(entryOf(tree).withdrawn, ["2"]);
  must(late.apply([transactions.bumpCounter(SERVICE)]));
  assert.equal(late.apply(operations), "BAD_VERSION");
});

Deno.test("rollBack: not of what is over where nothing has begun: there is nothing to take back", () => {
  const tree = rolling();
  const view = viewOf(tree, false);
  const entry = { ...view.record.entry, state: "aborted" } as const;
  assert.throws(
    () => transactions.rollBack({ ...view, record: { ...view.record, entry } }, WORD),
    /no host has begun with rollout-2, and it is aborted: there is nothing to take back/,
  );
});

Deno.test("rollBack: not of a rollback, and not where nothing was committed before", () => {
  const tree = rolling();
  const view = viewOf(tree);
  must(tree.apply(transactions.rollBack(view, WORD)));
  assert.throws(() => transactions.rollBack(viewOf(tree), { ...WORD, id: "b" }), RolloutError);
  const { before: _, ...entry } = view.record.entry;
  const record = { ...view.record, entry };
  assert.throws(() => transactions.rollBack({ ...view, record }, WORD), /nothing was committed/);
});

Deno.test("startRollout: a rollout of what is committed already has nothing to be rolled back to", () => {
  const tree = fleet("web-1");
  roll(tree, "1", {}, null, "rollback");
  const control = tree.entry(CONTROL) as { onFailure?: string };
  assert.equal(control.onFailure, "halt");
});

Deno.test("finishWave: what was left behind before is no place to stay once a version is committed", () => {
  const tree = rolling();
  const reading = tree.count("web-1");
  assert.ok(reading.service);
  const wave = { schema: 1, rollout: "rollout-2", version: "2", hosts: null } as const;
  const finish = {
    service: SERVICE,
    wave: { ...wave, service: SERVICE },
    record: null,
    nowMs: 0,
  };
  const entry = { ...reading.service.entry, withdrawn: ["0"], abandoned: ["0"] };
  const operations = transactions.finishWave(
    { ...reading, service: { ...reading.service, entry } },
    finish,
  );
  must(tree.apply(operations ?? []));
  assert.deepEqual([entryOf(tree).withdrawn, entryOf(tree).abandoned], [["0"], []]);
});
