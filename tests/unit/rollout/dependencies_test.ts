/** Tests of the wait for a service that another one depends on. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type AdmissionRequest,
  type Census,
  decideAdmission,
  decideFence,
  decodeDependencies,
  DEFAULT_POLICY,
  type DependencyCounts,
  dependencyPaths,
  encodeEntry,
  findDependencyBelowBudget,
  type FirstWave,
  servicePath,
  slotsPath,
  toCensus,
  transactions,
} from "../../../rollout/mod.ts";
import { fleet, must, roll, SERVICE } from "./memory_tree.ts";
import { current, slot, view, type ViewChanges, wave } from "./views.ts";

/** index: five hosts, of which one may be down. */
function index(counts: Partial<DependencyCounts> = {}): DependencyCounts {
  return {
    service: "index",
    policy: DEFAULT_POLICY,
    rosterCount: 5,
    newcomerCount: 0,
    servingCount: 5,
    slotsVersion: 7,
    ...counts,
  };
}

const BELOW = "dependency index is below its budget: 2 of 1 down";

Deno.test("findDependencyBelowBudget: more hosts are down than may be, and it says how many", () => {
  assert.equal(findDependencyBelowBudget([]), null);
  assert.equal(findDependencyBelowBudget([index()]), null);
  assert.equal(findDependencyBelowBudget([index({ servingCount: 4 })]), null);
  assert.equal(findDependencyBelowBudget([index(), index({ servingCount: 3 })]), BELOW);
  // Who has never served does not count, nor do markers of strangers.
  assert.equal(findDependencyBelowBudget([index({ servingCount: 3, newcomerCount: 1 })]), null);
  assert.equal(findDependencyBelowBudget([index({ servingCount: 9 })]), null);
  assert.equal(findDependencyBelowBudget([index({ rosterCount: 0, servingCount: 0 })]), null);
  const strict = { ...DEFAULT_POLICY, maxUnavailable: 3, minOnline: 5 };
  assert.equal(
    findDependencyBelowBudget([index({ servingCount: 4, policy: strict })]),
    "dependency index is below its budget: 1 of 0 down",
  );
});

function ask(dependencies: Census["dependencies"], changes: ViewChanges = {}, more = {}) {
  const request: AdmissionRequest = {
    host: "web-1",
    service: "A",
    version: "2",
    catchUp: false,
    behind: null,
    wallTimeMs: 0,
    ...more,
  };
  return decideAdmission({ ...toCensus(view(changes), "web-1"), dependencies }, request);
}

Deno.test("decideAdmission: nobody switches while a service that it depends on is below its budget", () => {
  const below = [index({ servingCount: 3 })];
  const waits = { admit: false, waitingFor: BELOW, isForUnnamed: false };
  assert.equal(ask([index()]).admit, true);
  assert.deepEqual(ask(below), waits);
  assert.deepEqual(ask(below, {}, { catchUp: true }), waits);
  assert.deepEqual(ask(below, { current: { "web-1": { state: "down" } } }), waits);
  // A rollback goes in reverse order: what is broken below comes later.
  assert.equal(ask(below, { wave: wave({ rollsBack: true }) }).admit, true);
});

Deno.test("decideFence: a dependency that has gone below its budget while the host drained", () => {
  const own = slot("web-1");
  const census = toCensus(view({ slots: [own] }), "web-1");
  const request = { slot: own, waveNodes: [own.wave ?? ""], committed: null };
  const decide = (dependencies: Census["dependencies"]) =>
    decideFence({ ...census, dependencies }, request);
  assert.deepEqual(decide([index()]), { stop: true });
  assert.deepEqual(decide([index({ servingCount: 3 })]), { stop: false, reason: BELOW });
});

Deno.test("takeSlot: is refused if a dependency has changed since it was counted", () => {
  const tree = fleet("web-1", "web-2");
  // A service that depends on this one.
  const data = encodeEntry({
    schema: 1,
    dependsOn: [SERVICE, "none"],
    policy: DEFAULT_POLICY,
    committed: null,
    withdrawn: [],
  });
  const paths = [servicePath("front"), slotsPath("front")];
  must(tree.apply(paths.map((path) => ({ op: "create", path, data }) as const)));
  const count = () => decodeDependencies("front", tree);
  assert.equal(dependencyPaths("front", tree).length, 8);
  const [dependency, none] = count();
  assert.deepEqual([dependency?.rosterCount, dependency?.servingCount], [2, 2]);
  assert.deepEqual([none?.rosterCount, none?.slotsVersion], [0, null]);
  const take = (dependencies: readonly DependencyCounts[], wave: FirstWave | null = null) => {
    const census = { ...tree.count().census, slotsVersion: 0, slots: new Map(), dependencies };
    const request = { service: "front", slot: slot("web-1"), wave, place: null };
    return tree.copy().apply(transactions.takeSlot(census, request));
  };
  const before = count();
  assert.equal(take(before), null);
  const entry = current("web-2", { state: "down" });
  const write = { entry, epoch: 0, markers: tree.markers(entry) };
  must(tree.apply(transactions.writeHost(SERVICE, write), "web-2"));
  assert.equal(take(before), "BAD_VERSION");
  assert.equal(take(count()), null);
  assert.equal(count()[0]?.servingCount, 1);
  roll(tree, "2");
  const [queued] = tree.read().waves;
  assert.equal(take(before, queued), "BAD_VERSION");
  assert.equal(take(before, { ...queued ?? assert.fail(), rollsBack: true }), null);
});

Deno.test("findDependencyBelowBudget: never holds anybody up for a service whose hosts all serve", () => {
  const numbers = fc.record({
    rosterCount: fc.nat(20),
    newcomerCount: fc.nat(20),
    servingCount: fc.nat(20),
    maxUnavailable: fc.nat(20),
  });
  fc.assert(fc.property(numbers, ({ maxUnavailable, ...counts }) => {
    const policy = { ...DEFAULT_POLICY, maxUnavailable };
    const isBelow = findDependencyBelowBudget([index({ ...counts, policy })]) !== null;
    const down = counts.rosterCount - counts.newcomerCount - counts.servingCount;
    assert.equal(isBelow, down > maxUnavailable);
  }));
});
